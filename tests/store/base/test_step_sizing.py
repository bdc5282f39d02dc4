"""How much a step writes and how long it rests.

Mutants that these tests were seen to catch: steps that never shrink; a text's size left out; a rest that ends early;
a large single message that no step would take.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from store import SessionDB
from store.base import step_sizing
from store.base.step_sizing import StepSizer
from store.sqlite.rows import session_version
from tests.builders import db, home, sqlite_of, store, talk


@pytest.fixture(autouse=True)
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was slept."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


def test_steps_grow_while_they_are_quick_and_shrink_when_one_is_slow() -> None:
    own, sizes = StepSizer(), [10] * 1_000
    begun = own.rows_in_next_step(sizes, 0)
    for _ in range(5):
        own.pause(0.001)
    grown = own.rows_in_next_step(sizes, 0)
    own.pause(step_sizing.HOLD * 2)
    halved = own.rows_in_next_step(sizes, 0)
    for _ in range(9):
        own.pause(1.0)

    assert begun == step_sizing.MIN_ROWS
    assert grown == step_sizing.STEP_ROWS
    assert halved == step_sizing.STEP_ROWS // 2
    assert own.rows_in_next_step(sizes, 0) == step_sizing.MIN_ROWS
    assert own.longest_lock == 1.0


def test_a_step_takes_no_more_text_than_it_may_but_always_a_message() -> None:
    own = StepSizer()
    room = step_sizing.STEP_BYTES * step_sizing.MIN_ROWS // step_sizing.STEP_ROWS

    assert own.rows_in_next_step([room // 2, room // 2, 1], 0) == 2
    assert own.rows_in_next_step([10**9, 1], 0) == 1
    assert own.rows_in_next_step([1, 10**9], 0) == 1
    assert own.rows_in_next_step([1, 1, 1], 1) == 2
    assert own.rows_in_next_step([], 0) == 0


def test_others_have_the_lock_as_long_as_a_step_had_it(rests: list[float]) -> None:
    own = StepSizer()
    for held in (0.0001, 0.03, 9.0):
        own.pause(held)

    assert rests == [step_sizing.MIN_PAUSE, 0.03, step_sizing.MAX_PAUSE]


@pytest.mark.parametrize("more", ["", "CREATE INDEX later ON messages(session_id, id)"])
def test_counting_a_session_under_the_lock_reads_no_row_of_it(tmp_path: Path, more: str) -> None:
    """Newer files have an index that a planner takes for a bound on ids, and that lacks `active`.

    Mutant: `id <= ?` as a bound for the planner.
    """
    folder = home(tmp_path)
    with closing(db(folder)) as database:
        store(database, "s1", talk(5))
    connection = apsw.Connection(str(folder / "state.db"))
    connection.execute(more)
    asked: list[str] = []

    def trace(_: apsw.Cursor, sql: str, __: object) -> bool:
        asked.append(sql)
        return True

    with closing(SessionDB(folder / "state.db", read_only=True)) as database:
        layout = sqlite_of(database).reader.layout
    connection.exec_trace = trace
    assert session_version.version_of(connection, layout, "s1", up_to=3).rows == 3
    connection.exec_trace = None
    plans = [str(row[3]) for sql in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", ("s1", 3))]
    connection.close()
    assert plans
    assert all("COVERING INDEX" in plan for plan in plans), plans
