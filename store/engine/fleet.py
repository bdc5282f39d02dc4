"""Databases of one server, and what they answer at once: asked one by one, a thousand would take a second each time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple, Protocol

AT_ONCE = 50
"""Databases that one request is about."""

LATE = 1_024
"""Ids below the highest among which a row may appear late, since ids precede the commit."""


class State(NamedTuple):
    """What changes with any commit in a database."""

    version: Hashable
    newest_id: int
    """The highest id of a message; 0 for none."""


class Fleet(Protocol):
    """Databases of one server, each named by its place among them; a request is about `AT_ONCE` of them at most."""

    def newest(self, places: Sequence[int]) -> list[float | None]:
        """Times that no session and no message of each is newer than, where its rows were written in the order of
        their times; infinity where it cannot be said, None where it cannot be read now.
        """

    def stamp(self) -> Hashable:
        """What changes with any commit on the server; raises `StoreError`."""

    def states(self, places: Sequence[int]) -> list[State | None]:
        """The state of each; None where it cannot be read. What only looks changed is asked again by itself."""
