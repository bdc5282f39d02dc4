"""Insert positions of spooled messages among the rows of a session."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from ..base.models import Message


def insert_positions(times: Sequence[float | None], waiting: Sequence[Message]) -> list[int]:
    """For each spooled message the index of the row it belongs before, the number of rows for the end.

    That is the first row from which on all are younger; the order of the spool is kept, and the messages go to the end
    where the first of them has no time.

    Args:
        times: Of the rows in id order, None where unknown.
        waiting: In the order of the spool.
    """
    known = [float("inf") if time is None else time for time in times]
    oldest_from = list(accumulate(reversed(known), min))[::-1]
    positions: list[int] = []
    for message in waiting:
        previous = positions[-1] if positions else 0
        if message.timestamp is not None:
            positions.append(max(previous, bisect_right(oldest_from, message.timestamp)))
        else:
            positions.append(previous if positions else len(times))
    return positions
