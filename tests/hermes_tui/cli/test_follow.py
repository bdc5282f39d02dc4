"""`show --follow`: whoever puts its lines together, message by message, has what `show` prints.

Mutants that these guards were seen to catch: state of a known message not read again; nothing said of what is gone.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from hermes_tui.cli import follow
from hermes_tui.cli.follow import Follower, Removed
from store import Message, SessionDB
from tests.builders import home
from tests.hermes_acts import Hermes
from tests.hermes_tui.feed.test_live_transcript import ACTS


def reopened(db: SessionDB) -> dict[int | None, Message]:
    """What `show` would print now, by id."""
    return {change.id: change for change in Follower(db, "s1").changes() if isinstance(change, Message)}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_its_lines_are_what_show_prints_after_any_acts(tmp_path: Path, seed: int) -> None:
    hermes = Hermes(tmp_path / "state.db")
    for word in ("one", "two", "three"):
        hermes.turn(word)
    rng = Random(seed)
    with closing(SessionDB(hermes.path, read_only=True)) as db:
        follower, printed = Follower(db, "s1"), dict[int | None, Message]()
        for _ in range(10):
            for change in follower.changes():
                if isinstance(change, Removed):
                    del printed[change.message.id]
                else:
                    printed[change.id] = change
            assert printed == reopened(db)
            ACTS[rng.choice(list(ACTS))](hermes)


def test_what_is_written_while_the_first_messages_are_printed_is_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: with the watch begun behind the first look, the undo is never printed."""
    hermes = Hermes(tmp_path / "state.db")
    ids = hermes.turn("one")
    polls = iter(range(9))
    monkeypatch.setattr(follow, "time", SimpleNamespace(sleep=lambda _: next(polls), monotonic=time.monotonic))
    with closing(SessionDB(hermes.path, read_only=True)) as db:
        changes = Follower(db, "s1").follow()
        first = [next(changes) for _ in ids]
        hermes.rewind(ids[0])
        undone = [next(changes) for _ in ids]
    assert [change.active for change in first if isinstance(change, Message)] == [True, True]
    assert [change.active for change in undone if isinstance(change, Message)] == [False, False]


@pytest.mark.slow
def test_the_verb_prints_what_an_act_changes_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    folder = home(tmp_path)
    hermes = Hermes(folder / "state.db")
    ids = hermes.turn("one")
    command = [sys.executable, "-m", "hermes_tui", "--home", str(folder), "show", "s1", "--follow", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as verb:
        assert verb.stdout is not None
        lines = [json.loads(verb.stdout.readline()) for _ in ids]
        assert [line["text"] for line in lines] == ["one", "answer to one"]
        hermes.rewind(ids[0])
        undone = [json.loads(verb.stdout.readline()) for _ in ids]
        assert [(line["id"], line["active"]) for line in undone] == [(message_id, False) for message_id in ids]
        hermes.clear()
        gone = [json.loads(verb.stdout.readline()) for _ in ids]
        assert [(line["id"], line["removed"]) for line in gone] == [(message_id, True) for message_id in ids]
        verb.send_signal(signal.SIGINT)
        assert verb.wait(30) == 0
