"""The app on a session that Hermes changes: the screen shows what reopening would show, and the reader stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_tui.feed import questions
from hermes_tui.feed.answers import SectionArrived
from store import SessionDB
from store.models import Head
from tests.builders import home
from tests.hermes_acts import Hermes
from tests.hermes_tui.browsing import WIDE, Stage, browsing
from tests.store.sqlite_files import run


def reopened(path: Path) -> list[Head]:
    """What the screen would be given if the session were opened now."""
    db = SessionDB(path, read_only=True)
    found = questions.transcript(db, 1, "s1", None)
    heads = [head for answer in found if isinstance(answer, SectionArrived) for head in answer.heads]
    db.close()
    return heads


def on_screen(stage: Stage) -> list[Head]:
    """What the transcript holds."""
    return list(stage.widgets.transcript.cursor.layout.index.heads)


@pytest.mark.slow
async def test_each_act_of_hermes_is_seen_and_the_reader_stays(tmp_path: Path) -> None:
    """Mutants: no look at the versions: the undo is not seen; `replace` that begins anew: the reader is at the top;
    no comparison of the bodies: the edited text stays."""
    folder = home(tmp_path)
    hermes = Hermes(folder / "state.db")
    for number in range(12):
        hermes.turn(f"question {number}")
    async with browsing(folder, WIDE) as stage:
        await stage.press("enter")
        await stage.shows("question 0")
        for _ in range(6):
            await stage.press("J")
        cursor = stage.widgets.transcript.cursor
        here = cursor.layout.index.heads[cursor.bar].id
        last = max(head.id for head in on_screen(stage))
        for act in (
            lambda: hermes.rewind(last - 1),
            lambda: hermes.turn("again"),
            lambda: hermes.compact(2, 3),
            lambda: hermes.turn("after"),
            lambda: hermes.compact(2, 3, timed=False),
            lambda: hermes.replace(hermes.active()[:-1], active_only=True),
        ):
            act()
            await stage.until(lambda: on_screen(stage) == reopened(folder / "state.db"), seconds=20)
            assert stage.widgets.transcript.cursor.layout.index.heads[stage.widgets.transcript.cursor.bar].id == here
        run(folder / "state.db", f"UPDATE messages SET content = 'edited in place' WHERE id = {here}")
        await stage.shows("edited in place")
        hermes.delete()
        await stage.until(lambda: stage.state.reading.error is not None, seconds=20)
