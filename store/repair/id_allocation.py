"""Which ids the messages of a mended session get. Pure.

Ids stay positive, and a session reads by them (docs/decisions/0008 and docs/decisions/0011).
A run of missing messages takes free ids between its neighbours where deletions left enough of them.
From the first run that finds none, everything that comes later goes to a block of ids above all that were ever used:
the last message first, so that the session reads in order after each one, and so that what an agent appends meanwhile
comes after the block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Free = Callable[[int, int, int], list[int] | None]
"""(above, below, number) -> that many free ids between them, lowest first, or None."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """A block of ids that a stopped repair has begun to fill from its end."""

    first: int
    stop: int
    """The lowest id that is in use in it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A message that is written: a missing one, or one that gets another id."""

    source: int | None
    """Which of the missing messages, from 0; None for a move."""
    old: int | None
    """The id that a moved one has."""
    at: int
    """Its id; in a new block the place in it, from 1."""
    in_block: bool = False


def place(kept: Sequence[int], gaps: Sequence[int], free: Free, *, reserved: Reserved | None = None) -> list[Place]:
    """Find an id for each missing message.

    Args:
        kept: Ids of the session's rows, rising.
        gaps: For each missing message, in order, how many rows come before it; rising.
        free: Looks for free ids.
        reserved: A block to go on with.

    Returns:
        What is written, in the order of the session.
    """
    runs = _runs(gaps)
    fitted: list[Place] = []
    for start, run in runs:
        ids = _fitting(kept, start, len(run), free)
        if ids is None:
            return fitted + _in_a_block(kept, gaps, run[0], reserved)
        fitted += [Place(source, None, at) for source, at in zip(run, ids, strict=True)]
    return fitted


def _runs(gaps: Sequence[int]) -> list[tuple[int, list[int]]]:
    """(rows before it, missing messages) of each run."""
    runs: list[tuple[int, list[int]]] = []
    for source, before in enumerate(gaps):
        if not runs or runs[-1][0] != before:
            runs.append((before, []))
        runs[-1][1].append(source)
    return runs


def _fitting(kept: Sequence[int], before: int, number: int, free: Free) -> list[int] | None:
    """Free ids between two rows; behind the last one there is no bound that others respect."""
    if before == len(kept):
        return None
    return free(kept[before - 1] if before else 0, kept[before], number)


def _in_a_block(kept: Sequence[int], gaps: Sequence[int], first: int, reserved: Reserved | None) -> list[Place]:
    """Everything from a missing message on, in a block: the rest of the reserved one where it fits exactly."""
    end = len(kept)
    if reserved is not None:
        end = sum(1 for one in kept if one < reserved.first)
    order = _merged(kept[:end], gaps, first)
    if reserved is not None and _fits(kept, gaps, end, len(order), reserved):
        return [Place(source, old, reserved.first + at) for at, (source, old) in enumerate(order)]
    order = _merged(kept, gaps, first)
    return [Place(source, old, at, in_block=True) for at, (source, old) in enumerate(order, 1)]


def _fits(kept: Sequence[int], gaps: Sequence[int], end: int, number: int, reserved: Reserved) -> bool:
    """True where what is left of a block is as much as is left to do, and nothing is missing behind it."""
    lower = end < len(kept) and kept[end] == reserved.stop
    return lower and reserved.stop - reserved.first == number and gaps[-1] <= end


def _merged(kept: Sequence[int], gaps: Sequence[int], first: int) -> list[tuple[int | None, int | None]]:
    """(missing message, None) and (None, row) in order, from a missing message on."""
    order: list[tuple[int | None, int | None]] = []
    row = gaps[first]
    for source in range(first, len(gaps)):
        order += [(None, one) for one in kept[row : gaps[source]]]
        row = max(row, gaps[source])
        order.append((source, None))
    return order + [(None, one) for one in kept[row:]]
