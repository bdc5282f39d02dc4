"""Where among a session's rows the messages of the spool belong, which could not be written when they were said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from ..base.models import Message


def insert_positions(times: Sequence[float | None], waiting: Sequence[Message]) -> list[int]:
    """Give for each message the place of the row that it stands before, the number of rows for the end.

    That is the first row from which on all are younger; a message never stands before the one ahead of it in the spool,
    and goes to the end where the first of them has no time.

    Args:
        times: Of the rows in id order; None says nothing.
        waiting: In the order of the spool.
    """
    known = [float("inf") if time is None else time for time in times]
    oldest_from = list(accumulate(reversed(known), min))[::-1]
    found: list[int] = []
    for message in waiting:
        ahead = found[-1] if found else 0
        if message.timestamp is not None:
            found.append(max(ahead, bisect_right(oldest_from, message.timestamp)))
        else:
            found.append(ahead if found else len(times))
    return found
