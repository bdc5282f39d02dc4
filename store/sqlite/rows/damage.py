"""Reads around damaged pages: keys are split until only those on a damaged page fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ...base.errors import Damaged

K = TypeVar("K")
T = TypeVar("T")


def around_damage(
    read: Callable[[Sequence[K]], Iterable[T]], keys: Sequence[K], damaged: Callable[[K, Damaged], Iterable[T]]
) -> list[T]:
    """What is read by keys, in as few parts as damage allows.

    Args:
        read: Reads the rows of some keys; raises Damaged.
        damaged: The result for a single key that cannot be read.
    """
    try:
        return list(read(keys))
    except Damaged as error:
        if len(keys) <= 1:
            return [row for key in keys for row in damaged(key, error)]
    half = len(keys) // 2
    return [*around_damage(read, keys[:half], damaged), *around_damage(read, keys[half:], damaged)]


def readable_below(can_read: Callable[[int], bool], below: int) -> int | None:
    """A bound under one below which damage begins: the row next to it can be read, the one above it cannot.

    Args:
        can_read: True where the first row under a bound can be read, or there is none.
        below: A bound for which it is False; positive.

    Returns:
        None where no row above 0 can be read. Bounds are tried in doubling steps, so damage that lies closer to this
        one than this one is large is passed over with it.
    """
    unreadable, step = below, 1
    while not can_read(max(below - step, 1)):
        if below - step <= 1:
            return None
        unreadable, step = below - step, step * 2
    readable = max(below - step, 1)
    while unreadable - readable > 1:
        middle = (readable + unreadable) // 2
        if can_read(middle):
            readable = middle
        else:
            unreadable = middle
    return readable
