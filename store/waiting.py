"""Where in a session's rows the messages of the spool belong, which could not be written when they were said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TypeVar

from .models import Message

Row = TypeVar("Row")


def interleaved(
    rows: Sequence[Row], times: Sequence[float | None], waiting: Sequence[Message]
) -> Iterator[tuple[Sequence[Row], Sequence[Message]]]:
    """Give stretches of rows, each with the messages that follow it; every row and every message once and in order.

    A message stands before the first row from which on all are younger; one without a time follows the one before it,
    and goes to the end where all are such.

    Args:
        rows: In id order.
        times: Of each row; None where it has none.
        waiting: In the order of the spool.
    """
    # How old the rows are from each place on; rows without a time say nothing.
    youngest = [time if time is not None else float("inf") for time in times]
    oldest_from = list(accumulate(reversed(youngest), min))[::-1]
    done, place = 0, 0
    for index, message in enumerate(waiting):
        place = max(place, len(rows) if message.timestamp is None and not index else place)
        if message.timestamp is not None:
            place = max(place, bisect_right(oldest_from, message.timestamp))
        yield rows[done:place], (message,)
        done = place
    yield rows[done:], ()
