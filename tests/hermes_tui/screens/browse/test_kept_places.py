"""Places of a reader: a session opens where it was left, what came since is marked; the cursor begins there.

Mutants that these tests are for: a place of a session that was only looked at; no place kept where another session is
opened; the start of a live session in place of its end.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from hermes_tui.feed import KeptState
from tests import builders
from tests.hermes_tui.browsing import WIDE, Stage, browsing


def here(stage: Stage) -> int:
    """The id of the message with the bar."""
    cursor = stage.widgets.transcript.cursor
    return cursor.layout.index.heads[cursor.bar].id


def row_of(stage: Stage, title: str) -> str:
    """The row of a session in the list."""
    return next(line for line in stage.lines[3:] if title in line)[:50]


@pytest.mark.slow
async def test_a_session_opens_where_it_was_left_and_says_what_is_new(tmp_path: Path) -> None:
    home, kept = builders.home(tmp_path), KeptState(None)
    with closing(builders.db(home)) as db:
        for name in ("older", "newer", "alive"):
            builders.store(db, name, builders.talk(40, word=name))
        db.end_session("older", "done")
        db.end_session("newer", "done")
    async with browsing(home, WIDE, kept=kept) as stage:
        await stage.press("tab", "G")
        await stage.until(lambda: stage.widgets.transcript.session_id == "older")
        await stage.press("enter", "J", "J", "J")
        left = here(stage)
        await stage.press("escape", "k")
        await stage.until(lambda: stage.widgets.transcript.session_id == "newer")
        assert set(kept.home(str(home)).all.places) == {"older"}, "the newer one was only looked at"
    with closing(builders.db(home)) as db:
        db.append_messages("older", [builders.say("user", "and one more")])
    async with browsing(home, WIDE, kept=kept) as stage:
        await stage.until(lambda: stage.widgets.transcript.session_id == "older")
        assert here(stage) == left
        assert "•" in row_of(stage, "older 0")
        assert "•" not in row_of(stage, "newer 0")
        await stage.press("tab", "enter", "G")
        await stage.shows("new since ")
        assert "and one more" in stage.text
        await stage.press("escape")
        await stage.until(lambda: "•" not in row_of(stage, "older 0"))
        await stage.press("g")
        await stage.until(lambda: stage.widgets.transcript.session_id == "alive")
        await stage.shows("alive 39")
        assert stage.state.reading.following
