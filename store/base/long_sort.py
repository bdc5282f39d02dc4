"""A sort of many items that lets other threads run: `sorted` holds the interpreter until the last one is in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import merge
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")

AT_ONCE = 4_096
"""Items that are sorted without a pause: some milliseconds."""


def highest_first(items: Iterable[T], key: Callable[[T], Any]) -> list[T]:
    """The items as `sorted(items, key=key, reverse=True)` gives them."""
    source, pieces = iter(items), list[list[T]]()
    while piece := list(islice(source, AT_ONCE)):
        pieces.append(sorted(piece, key=key, reverse=True))
    return pieces[0] if len(pieces) == 1 else list(merge(*pieces, key=key, reverse=True))
