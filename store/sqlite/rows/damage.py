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
