"""Undo of a repair after later acts of Hermes on the session: the counters are what Hermes' lists mean by them.

Mutants that these guards were seen to catch:
- `_is_touched` giving False: a compaction in place leaves 0 messages
- `_is_touched` giving True: a counter that counted otherwise is not what it was
- `active_counts` with inactive rows: an undone message is counted
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store import SessionDB
from tests.builders import jsonl, say
from tests.hermes_acts import Hermes
from tests.store.sqlite_files import run

LOST = [say("user", "lost 1"), say("assistant", "lost 2")]


def _append(hermes: Hermes) -> None:
    hermes.call("after")


def _go_on(hermes: Hermes) -> None:
    hermes.rewind(3)
    hermes.call("again")


def _compact_untimed(hermes: Hermes) -> None:
    hermes.compact(2, 4, timed=False)
    hermes.call("after")


def _compact_and_rewind(hermes: Hermes) -> None:
    hermes.compact(1, 2)
    hermes.rewind(hermes.turn("undo me")[0])


ACTS: dict[str, Callable[[Hermes], None]] = {
    "append": _append,
    "rewind": lambda hermes: hermes.rewind(3),
    "rewind and go on": _go_on,
    "replace": lambda hermes: hermes.replace(hermes.active()[1:3]),
    "compact": lambda hermes: hermes.compact(1, 2),
    "compact all away": lambda hermes: hermes.compact(0, 0),
    "compact, untimed": _compact_untimed,
    "compact, superseding": lambda hermes: hermes.compact(1, 3, superseded=True),
    "compact and rewind": _compact_and_rewind,
    "clear": lambda hermes: hermes.clear(),
    "split": lambda hermes: hermes.split("s2", 2),
}


@pytest.fixture
def hermes(tmp_path: Path) -> Hermes:
    """Two turns, the second with a call."""
    (tmp_path / "sessions").mkdir()
    agent = Hermes(tmp_path / "state.db")
    agent.turn("one")
    agent.call("two")
    return agent


@pytest.fixture
def db(hermes: Hermes) -> Iterator[SessionDB]:
    """Its store, whose session was repaired: two messages were lost before the second turn."""
    store = SessionDB(hermes.path)
    rows = [{**row, "tool_calls": row["tool_calls"]} for row in hermes.active()]
    jsonl(hermes.path.parent, "s1", [*rows[:2], *LOST, *rows[2:]])
    yield store
    store.close()


def repaired(db: SessionDB) -> str:
    """The operation of a repair of the session."""
    receipt = db.repair(db.plan("s1"))
    assert receipt.inserted == 2
    assert receipt.operation is not None
    return receipt.operation


@pytest.mark.slow
@pytest.mark.parametrize("act", ACTS)
def test_the_counters_are_those_of_the_active_messages(hermes: Hermes, db: SessionDB, act: str) -> None:
    operation = repaired(db)
    ACTS[act](hermes)
    hermes.session_id = "s1"
    db.undo(operation)
    assert hermes.counters() == hermes.counted()


@pytest.mark.slow
@pytest.mark.parametrize("act", ["delete", "prune"])
def test_a_session_that_was_deleted_stays_so(hermes: Hermes, db: SessionDB, act: str) -> None:
    operation = repaired(db)
    assert act
    hermes.delete()
    db.undo(operation)
    assert db.get_session("s1") is None


@pytest.mark.slow
def test_a_counter_that_counted_otherwise_is_given_back_as_it_was(hermes: Hermes, db: SessionDB) -> None:
    """In February tool rows were counted as calls, and session_meta was counted as a message."""
    run(hermes.path, "UPDATE sessions SET message_count = 9, tool_call_count = 5")
    db.undo(repaired(db))
    assert hermes.counters() == (9, 5)


@pytest.mark.parametrize("without_digest", [False, True])
def test_a_description_that_is_not_as_it_was_written_sets_no_counter(
    hermes: Hermes, db: SessionDB, without_digest: bool
) -> None:
    """Mutant: the description used without its digest."""
    run(hermes.path, "UPDATE sessions SET message_count = 9, tool_call_count = 5")
    operation = repaired(db)
    path = hermes.path.parent / "backups" / "hermes-tui" / operation / "session.json"
    about = json.loads(path.read_text())
    if without_digest:
        del about["digest"]
    else:
        about["session"]["title"] = "another"
    path.write_text(json.dumps(about))
    db.undo(operation)
    assert hermes.counters() == hermes.counted()


@pytest.mark.slow
def test_session_meta_is_not_counted(hermes: Hermes, db: SessionDB) -> None:
    operation = repaired(db)
    hermes.append({"role": "session_meta", "content": None})
    db.undo(operation)
    assert hermes.counters() == (6, 1)


@pytest.mark.slow
def test_a_plan_numbers_messages_as_they_are_shown_copies_once(tmp_path: Path) -> None:
    hermes = Hermes(tmp_path / "state.db")
    for number in range(6):
        hermes.turn(f"question {number}")
    kept = [say(message["role"], message["content"]) for message in hermes.active()]
    hermes.compact(2, 4)
    hermes.turn("after")
    (tmp_path / "sessions").mkdir()
    jsonl(tmp_path, "s1", [*kept, say("user", "after"), say("assistant", "answer to after"), *LOST])

    store = SessionDB(hermes.path, read_only=True)
    [run] = store.plan("s1", merge=True).runs
    store.close()

    assert (run.after, run.number) == (15, 2)
