"""Counts of a session: exact after each act, and no more work a row than counting takes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from store import Session, SessionDB
from tests.counting import asked_of_sqlite
from tests.store.sqlite_files import add, make, run

STEPS = 12
"""Steps of SQLite's machine for a row that is counted; 24 where the states and ids of all are summed up too."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = make(tmp_path, *map(str, range(400)))
    add(made, *map(str, range(800)), session="s2")
    return made


def test_a_row_of_a_session_without_undone_messages_is_only_counted(path: Path) -> None:
    """Mutants: the whole version of every session; the rows of one session grouped."""
    steps = []
    for session_id in "s1", "s2":
        with asked_of_sqlite() as asked, closing(SessionDB(path, read_only=True)) as database:
            database.session(session_id)
        steps.append(asked.steps)
    assert (steps[1] - steps[0]) / 400 < STEPS


def test_counts_are_exact_after_each_act_in_a_store_that_stays_open(path: Path) -> None:
    """Mutants: active rows taken for undone ones; the second look left out, or without its sums."""
    again = (
        "INSERT INTO messages (session_id, role, content, timestamp) SELECT 's1', role, content, timestamp"
        " FROM messages WHERE session_id = 's1' AND id BETWEEN 295 AND 299"
    )
    acts = (
        "UPDATE messages SET active = 0 WHERE session_id = 's1' AND id > 390",
        "UPDATE messages SET active = 1 WHERE session_id = 's1' AND id = 395",
        "UPDATE messages SET active = 0, compacted = 1 WHERE session_id = 's1' AND id < 300",
        again,
        "UPDATE messages SET active = id = 295, compacted = 0 WHERE id IN (295, 350)",
        "DELETE FROM messages WHERE session_id = 's1' AND id BETWEEN 100 AND 120",
        "UPDATE messages SET id = 50000 WHERE id = 3",
        "UPDATE messages SET active = 1 WHERE session_id = 's1'",
    )
    with closing(SessionDB(path, read_only=True)) as database:
        for act in acts:
            run(path, act)
            ids = [int(str(row[0])) for row in run(path, "SELECT id FROM messages WHERE session_id = 's1' ORDER BY id")]
            alone = database.session("s1")
            assert alone is not None
            assert _numbers(alone)[1:] == (len(ids), ids[0], ids[-1])
            with closing(SessionDB(path, read_only=True)) as fresh:
                assert alone == fresh.session("s1")
            listed = {session.id: session for session in database.sessions(limit=10).items}
            assert _numbers(listed["s1"]) == _numbers(alone)
            assert _numbers(listed["s2"]) == (800, 800, 401, 1200)


def _numbers(session: Session) -> tuple[int, int, int | None, int | None]:
    return session.messages, session.rows, session.first_id, session.last_id
