"""Waiting items of a request, the latest first."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

AT_ONCE = 64
"""Messages or rows that are read in one step, so that those on the screen come before those that were on it."""

Item = TypeVar("Item")


class LatestFirst(Generic[Item]):
    """Items that any thread adds and one thread takes off; an item that is added again moves to the front."""

    def __init__(self) -> None:
        self._items: dict[Item, None] = {}
        self._lock = threading.Lock()

    def add(self, items: Sequence[Item]) -> None:
        """Put items before those that wait."""
        with self._lock:
            self._items = dict.fromkeys([*items, *self._items])

    def steps(self) -> Iterator[list[Item]]:
        """Take all items off, `AT_ONCE` at most in a step; what is added meanwhile comes with the next step."""
        while items := self._taken():
            yield items

    def _taken(self) -> list[Item]:
        with self._lock:
            items = list(islice(self._items, AT_ONCE))
            for item in items:
                del self._items[item]
        return items
