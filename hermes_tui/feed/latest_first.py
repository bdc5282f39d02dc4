"""Waiting items of a request, the latest first."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

AT_ONCE = 64
"""Messages or rows that are read in one step, so that those on the screen come before those that were on it."""

Item = TypeVar("Item")


class LatestFirst(Generic[Item]):
    """Items that any thread adds and one thread takes off; an item that is added again moves to the front."""

    def __init__(self) -> None:
        self._batches: list[tuple[int, list[Item]]] = []
        """Numbers of the requests that wait, and their items from the last to the first."""
        self._latest: dict[Item, int] = {}
        """The last request of each item that waits."""
        self._number = 0
        self._lock = threading.Lock()

    def add(self, items: Sequence[Item]) -> None:
        """Put items before those that wait."""
        unique = dict.fromkeys(items)
        with self._lock:
            self._number += 1
            self._latest.update(dict.fromkeys(unique, self._number))
            self._batches.append((self._number, list(reversed(unique))))

    def steps(self) -> Iterator[list[Item]]:
        """Take all items off, `AT_ONCE` at most in a step; what is added meanwhile comes with the next step."""
        while items := self._taken():
            yield items

    def _taken(self) -> list[Item]:
        taken: list[Item] = []
        with self._lock:
            while self._batches and len(taken) < AT_ONCE:
                number, items = self._batches[-1]
                if items and self._latest.get(items[-1]) == number:
                    del self._latest[items[-1]]
                    taken.append(items[-1])
                if items:
                    items.pop()
                else:
                    self._batches.pop()
        return taken


class LatestBatches(Generic[Item]):
    """The same for batches of many items, each item in one of them alone: nothing is kept beside the batches."""

    def __init__(self) -> None:
        self._batches: list[tuple[Sequence[Item], int]] = []
        """Batches that wait, and how many items of each were taken off."""
        self._lock = threading.Lock()

    def add(self, items: Sequence[Item]) -> None:
        """Put items before those that wait."""
        with self._lock:
            self._batches.append((items, 0))

    def steps(self) -> Iterator[list[Item]]:
        """Take all items off, `AT_ONCE` at most in a step; what is added meanwhile comes with the next step."""
        while taken := self._taken():
            yield taken

    def _taken(self) -> list[Item]:
        with self._lock:
            while self._batches:
                items, start = self._batches.pop()
                if taken := [*items[start : start + AT_ONCE]]:
                    self._batches.append((items, start + len(taken)))
                    return taken
        return []
