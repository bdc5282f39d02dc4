"""Watch on every profile."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..base.errors import Locked, StoreError
from ..base.models import Change
from ..engine.fleet import AT_ONCE, LATE

if TYPE_CHECKING:
    from ..browse.protocol import Watcher
    from ..engine.fleet import Fleet, State
    from .naming import ProfileNames


MOST_AT_ONCE = 32
"""Profiles that every poll looks at."""
POLL_SECONDS = 0.01
"""Time of a poll of more, after the first: it looks at as many as it can, and the next one goes on there."""
MOST_POLLS = 8
"""Of one profile at a time; one that changes all the time is looked at again with the next commit."""


class FleetWatch:
    """Profiles of one server; nothing of them is looked at before something was committed there.

    Args:
        watches: Of the profiles, by their places.
        fleet: Asks them at once.
    """

    def __init__(self, watches: Mapping[int, Watcher], fleet: Fleet) -> None:
        self._places, self._fleet = tuple(watches), fleet
        self._stamp: Hashable = None
        """Of the last look at all of them."""
        self._next_stamp: Hashable = None
        self._states: list[State | None] = []
        """Of each at the last look."""
        self._at = len(watches)
        """Where the look at all of them goes on; at its end there is none."""

    @property
    def is_looking(self) -> bool:
        """True where not all were looked at since the last commit that is known."""
        return self._at < len(self._places)

    def look_again(self, place: int) -> None:
        """Report a profile with the next look, whatever its state is then."""
        self._states[self._places.index(place)] = self._stamp = None

    def changed(self) -> list[tuple[int, State | None, State | None]]:
        """Some of the places whose state is another than it was, with both; raises `StoreError`."""
        if not self.is_looking:
            self._next_stamp = self._fleet.stamp()
            if self._next_stamp == self._stamp:
                return []
            self._at = 0
        some = range(self._at, min(self._at + AT_ONCE, len(self._places)))
        found = self._fleet.states(some)
        known = self._states[some.start : some.stop] or [None] * len(some)
        self._states[some.start : some.stop] = found
        self._at = some.stop
        if not self.is_looking:
            self._stamp = self._next_stamp
        changed = [(self._places[at], old, new) for at, old, new in zip(some, known, found, strict=True)]
        return [(place, old, new) for place, old, new in changed if new is None or old != new]


class ProfilesWatch:
    """Changes of all profiles since the last poll, and of very many of some at a time.

    Args:
        fleets: Profiles that are asked at once: their places, and what asks them.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        watches: Sequence[Watcher],
        names: ProfileNames,
        fleets: Sequence[tuple[Sequence[int], Fleet]] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watches, self._names, self._clock = watches, names, clock
        self._fleets = [FleetWatch({place: watches[place] for place in places}, fleet) for places, fleet in fleets]
        together = {place for places, _ in fleets for place in places}
        self._alone = deque(place for place in range(len(watches)) if place not in together)
        """Places of the others, the one that is looked at next first."""
        self._until = math.inf
        """Seconds that a poll may take."""

    def poll(self) -> Change | None:
        """Changes in any profile since the last poll; an unreadable profile was reported at its last request."""
        changes, began = list[tuple[int, Change]](), self._clock()
        for _ in range(len(self._alone)):
            place = self._alone.popleft()
            self._alone.append(place)
            try:
                changes += self._poll(place)
            except Locked:
                raise
            except StoreError:  # reported at its last request
                pass
            if self._clock() - began > self._until:
                break
        for fleet in self._fleets:
            changes += self._changed(fleet)
            while fleet.is_looking and self._clock() - began <= self._until:
                changes += self._changed(fleet)
        self._until = POLL_SECONDS if len(self._watches) > MOST_AT_ONCE else math.inf
        return self._joined(changes) if changes else None

    def _joined(self, changes: Sequence[tuple[int, Change]]) -> Change:
        return Change(
            frozenset(self._names.renamed(place, own) for place, change in changes for own in change.sessions),
            frozenset(self._names.renamed(place, own) for place, change in changes for own in change.files),
            any(change.store for _, change in changes),
            any(change.replaced for _, change in changes),
            max(self._names.row(place, change.newest_id) for place, change in changes),
            any(change.late for _, change in changes),
        )

    def _changed(self, fleet: FleetWatch) -> Iterator[tuple[int, Change]]:
        """Changes of some profiles; of very many each is watched by itself from its first change on."""
        try:
            changed = fleet.changed()
        except Locked:
            raise
        except StoreError:
            return
        for place, old, new in changed:
            if new is None:
                continue
            if old is None and len(self._watches) > MOST_AT_ONCE:
                yield place, Change(store=True, newest_id=new.newest_id)
                continue
            try:
                yield from self._polled(place, **({} if old is None else {"after": old.newest_id - LATE}))
            except StoreError:
                fleet.look_again(place)

    def _polled(self, place: int, **first: int) -> Iterator[tuple[int, Change]]:
        """All changes of one profile: rows that were committed late, and of very many, are reported by later polls."""
        for number in range(MOST_POLLS):
            changes = list(self._poll(place, **({} if number else first)))
            yield from changes
            if not changes:
                return

    def _poll(self, place: int, **first: int) -> Iterator[tuple[int, Change]]:
        change = self._watches[place].poll(**first)
        if change is not None:
            yield place, change
