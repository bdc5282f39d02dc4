"""Orders of the list of sessions, and the months over a list by time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hermes_tui.state.ordered_ids import Rows
from hermes_tui.state.rows import SessionRow
from hermes_tui.state.session_order import Order, arranged, months, order_named
from store.models import Drift, Outline, Session, Status

NOW = datetime(2026, 11, 23, 17, 2, tzinfo=UTC)


def at(year: int, month: int, day: int) -> float:
    """Noon of a day."""
    return datetime(year, month, day, 12, tzinfo=UTC).timestamp()


def row(
    name: str, when: float, *, title: str | None = None, messages: int = 1, drift: Drift | None = None
) -> SessionRow:
    session = Session(name, title=title, started_at=when or None, messages=messages)
    return SessionRow(session, Outline(Status.DONE, "first words"), drift)


ROWS = (
    row("a", at(2026, 11, 22), title="zebra", messages=3),
    row("b", at(2026, 10, 18), title="Anna", messages=9, drift=Drift.DIVERGED),
    row("c", at(2026, 10, 2)),
    row("d", at(2025, 10, 2), title="berry", drift=Drift.JSONL_ONLY, messages=9),
    row("e", 0.0, title="later"),
)


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        (Order.NEWEST, "abcde"),
        (Order.OLDEST, "edcba"),
        (Order.LONGEST, "bdace"),
        (Order.FLAGGED, "bdace"),
        (Order.TITLE, "bdcea"),
    ],
)
def test_equal_sessions_stay_newest_first_in_every_order(order: Order, ids: str) -> None:
    assert "".join(row.session.id for row in arranged(ROWS, order)) == ids


def test_the_orders_follow_each_other_and_an_unknown_name_is_the_first() -> None:
    first = order_named("by luck")
    assert [first, first.next, first.next.next.next.next.next] == [Order.NEWEST, Order.OLDEST, Order.NEWEST]
    assert order_named("by title") is Order.TITLE


def test_each_month_stands_once_over_its_sessions_and_none_over_the_last_four_weeks() -> None:
    """Mutant: with the end of a month a day late the first of the next one has no rule."""
    days = [row(f"{month}-{day}", at(2026, month, day)) for month in (9, 8) for day in (30, 1)]
    assert [*months(ROWS, Order.NEWEST, NOW)] == [(1, "October 2026"), (3, "October 2025")]
    assert [*months(ROWS[::-1], Order.OLDEST, NOW)] == [(1, "October 2025"), (2, "October 2026")]
    assert [*months(days, Order.NEWEST, NOW)] == [(0, "September 2026"), (2, "August 2026")]
    assert [*months(days[::-1], Order.OLDEST, NOW)] == [(0, "August 2026"), (2, "September 2026")]


def test_the_months_of_a_long_list_are_found_without_a_walk_through_it() -> None:
    """Mutant: with a look at each row a picture of 500,000 sessions costs half a second."""
    looked: list[str] = []

    def _row(session_id: str) -> SessionRow:
        looked.append(session_id)
        return row(session_id, at(2026, 10, 1) - 600 * int(session_id))

    rows = Rows([f"{number}" for number in range(20_000)], _row)
    assert len([*months(rows, Order.NEWEST, NOW)]) == 6
    assert len(looked) < 200
