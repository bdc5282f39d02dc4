"""Reads around damaged pages: keys are split until only those on a damaged page fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ...base.errors import Damaged

K = TypeVar("K")
T = TypeVar("T")


def around_damage(read: Callable[[Sequence[K]], T], keys: Sequence[K], damaged: Callable[[K, Damaged], T]) -> list[T]:
    """Results of reading keys in as few parts as damage allows.

    Args:
        read: Reads the rows of some keys; raises Damaged.
        damaged: The result for a single key that cannot be read.
    """
    try:
        return [read(keys)]
    except Damaged as error:
        if len(keys) <= 1:
            return [damaged(key, error) for key in keys]
    half = len(keys) // 2
    return [*around_damage(read, keys[:half], damaged), *around_damage(read, keys[half:], damaged)]
