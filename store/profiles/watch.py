"""Watch on every profile."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..base.errors import Locked, StoreError
from ..base.models import Change

if TYPE_CHECKING:
    from ..browse.protocol import Watcher
    from .naming import ProfileNames


MOST_AT_ONCE = 32
"""Profiles that every poll looks at."""
POLL_SECONDS = 0.01
"""Time of a poll of more, after the first: it looks at as many as it can, and the next one goes on there."""


class ProfilesWatch:
    """Changes of all profiles since the last poll, and of very many of some at a time.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(
        self, watches: Sequence[Watcher], names: ProfileNames, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._watches, self._names, self._clock = watches, names, clock
        self._following = 0
        """Place of the profile that is looked at next."""
        self._until = math.inf
        """Seconds that a poll may take."""

    def poll(self) -> Change | None:
        """Changes in any profile since the last poll; an unreadable profile was reported at its last request."""
        changes, began = list[tuple[int, Change]](), self._clock()
        for _ in self._watches:
            place, self._following = self._following, (self._following + 1) % len(self._watches)
            if change := self._poll(place):
                changes.append((place, change))
            if self._clock() - began > self._until:
                break
        self._until = POLL_SECONDS if len(self._watches) > MOST_AT_ONCE else math.inf
        if not changes:
            return None
        return Change(
            frozenset(self._names.renamed(place, own) for place, change in changes for own in change.sessions),
            frozenset(self._names.renamed(place, own) for place, change in changes for own in change.files),
            any(change.store for _, change in changes),
            any(change.replaced for _, change in changes),
            max(self._names.row(place, change.newest_id) for place, change in changes),
            any(change.late for _, change in changes),
        )

    def _poll(self, place: int) -> Change | None:
        try:
            return self._watches[place].poll()
        except Locked:
            raise
        except StoreError:
            return None
