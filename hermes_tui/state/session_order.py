"""Order of the list of sessions, and the months of a list by time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from hermes_tui.render.time import AGES_TO, month
from hermes_tui.state.rows import SessionRow
from hermes_tui.state.session_catalog import place_of, timestamp_of


class Order(StrEnum):
    """An order, as the rule over the list names it."""

    NEWEST = "newest first"
    OLDEST = "oldest first"
    LONGEST = "longest first"
    FLAGGED = "flagged first"
    TITLE = "by title"

    @property
    def next(self) -> Order:
        """The one that a key leads to."""
        every: list[Order] = [*Order]
        return every[(every.index(self) + 1) % len(every)]

    @property
    def is_by_time(self) -> bool:
        """Months may stand over the rows."""
        return self in {Order.NEWEST, Order.OLDEST}


def order_named(name: object) -> Order:
    """The order of a name that was kept; newest first for anything else."""
    return next((order for order in Order if order.value == name), Order.NEWEST)


def arranged(newest_first: Sequence[SessionRow], order: Order) -> Sequence[SessionRow]:
    """Sessions in an order; equal ones stay newest first.

    Args:
        newest_first: The sessions as the catalog has them.
        order: The order.
    """
    match order:
        case Order.OLDEST:
            return newest_first[::-1]
        case Order.LONGEST:
            return sorted(newest_first, key=lambda row: -row.shown)
        case Order.FLAGGED:
            return sorted(newest_first, key=lambda row: row.drift is None)
        case Order.TITLE:
            return sorted(newest_first, key=_name)
    return newest_first


def months(rows: Sequence[SessionRow], order: Order, now: datetime) -> Iterator[tuple[int, str]]:
    """The months that begin in a list by time, each with the place of its first session: `October 2026`.

    What is younger than four weeks has no month over it, nor has what has no time. Each is found by halving.
    """
    newest, is_rising = now.timestamp() - AGES_TO, order is Order.OLDEST
    key = (lambda row: place_of(row.session)) if is_rising else (lambda row: -place_of(row.session))
    at = bisect_right(rows, 0.0, key=key) if is_rising else bisect_left(rows, -newest, key=key)
    while at < len(rows) and 0.0 < (timestamp := timestamp_of(rows[at].session)) <= newest:
        start, end = _month_around(timestamp, now)
        yield at, month(now, timestamp)
        at = bisect_left(rows, end, at, key=key) if is_rising else bisect_right(rows, -start, at, key=key)


def _month_around(timestamp: float, now: datetime) -> tuple[float, float]:
    """Start and end of a month of the reader's, in seconds since 1970."""
    start = datetime.fromtimestamp(timestamp, now.tzinfo).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start.timestamp(), (start + timedelta(days=32)).replace(day=1).timestamp()


def _name(row: SessionRow) -> tuple[bool, str]:
    """What a session is sorted by: those without any name last."""
    name = row.session.title or (row.outline.first_words if row.outline else "") or ""
    return not name, name.casefold()
