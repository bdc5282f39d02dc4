"""Ids of the messages of a repaired session. Pure.

Ids stay positive, and a session reads by them (docs/decisions/0008 and docs/decisions/0011).
A run of missing messages takes free ids between its neighbours where deletions left enough of them.
From the first run without enough free ids on, all later messages get a block of ids above every id ever used: the last
message first, so that the session reads in order after each write, and messages that an agent appends in the meantime
come after the block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

Free = Callable[[int, int, int], list[int] | None]
"""(above, below, number) -> that many free ids between them, lowest first, or None."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """A block of ids that a stopped repair has partly filled from its end."""

    first: int
    stop: int
    """The lowest used id in it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A message to write: a missing one, or one that gets a new id."""

    source: int | None
    """Number of the missing message, from 0; None for a move."""
    old: int | None
    """The present id of a moved message."""
    at: int
    """The new id; in a new block the position in the block, from 1."""
    in_block: bool = False


def place(kept: Sequence[int], gaps: Sequence[int], free: Free, *, reserved: Reserved | None = None) -> list[Place]:
    """Find an id for each missing message.

    Args:
        kept: Ids of the session's rows, rising.
        gaps: For each missing message, in order, the number of rows before it; rising.
        free: Finds free ids.
        reserved: A block to continue.

    Returns:
        The messages to write, in the order of the session.
    """
    fitted: list[Place] = []
    for before, group in groupby(range(len(gaps)), key=gaps.__getitem__):
        run = list(group)
        ids = _fitting(kept, before, len(run), free)
        if ids is None:
            return fitted + _in_a_block(kept, gaps, run[0], reserved)
        fitted += [Place(source, None, at) for source, at in zip(run, ids, strict=True)]
    return fitted


def _fitting(kept: Sequence[int], before: int, number: int, free: Free) -> list[int] | None:
    """Free ids between two rows; None after the last row, where agents append."""
    if before == len(kept):
        return None
    return free(kept[before - 1] if before else 0, kept[before], number)


def _in_a_block(kept: Sequence[int], gaps: Sequence[int], first: int, reserved: Reserved | None) -> list[Place]:
    """All messages from a missing one on, in a block: the rest of the reserved one where it fits exactly."""
    end = len(kept)
    if reserved is not None:
        end = sum(1 for row_id in kept if row_id < reserved.first)
    order = _merged(kept[:end], gaps, first)
    if reserved is not None and _fits(kept, gaps, end, len(order), reserved):
        return [Place(source, old, reserved.first + at) for at, (source, old) in enumerate(order)]
    order = _merged(kept, gaps, first)
    return [Place(source, old, at, in_block=True) for at, (source, old) in enumerate(order, 1)]


def _fits(kept: Sequence[int], gaps: Sequence[int], end: int, number: int, reserved: Reserved) -> bool:
    """True where the rest of a block has exactly the ids that are left to write, and nothing is missing after it."""
    lower = end < len(kept) and kept[end] == reserved.stop
    return lower and reserved.stop - reserved.first == number and gaps[-1] <= end


def _merged(kept: Sequence[int], gaps: Sequence[int], first: int) -> list[tuple[int | None, int | None]]:
    """(missing message, None) and (None, row) in order, from a missing message on."""
    order: list[tuple[int | None, int | None]] = []
    row = gaps[first]
    for source in range(first, len(gaps)):
        order += [(None, row_id) for row_id in kept[row : gaps[source]]]
        row = max(row, gaps[source])
        order.append((source, None))
    return order + [(None, row_id) for row_id in kept[row:]]
