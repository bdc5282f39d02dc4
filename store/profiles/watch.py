"""Watch on every profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base.errors import Locked, StoreError
from ..base.models import Change

if TYPE_CHECKING:
    from ..browse.protocol import Watcher
    from .naming import ProfileNames


class ProfilesWatch:
    """Changes of all profiles since the last poll."""

    def __init__(self, watches: Sequence[Watcher], names: ProfileNames) -> None:
        self._watches, self._names = watches, names

    def poll(self) -> Change | None:
        """Changes in any profile since the last poll; an unreadable profile was reported at its last request."""
        changes = [(place, change) for place in range(len(self._watches)) if (change := self._poll(place))]
        if not changes:
            return None
        return Change(
            frozenset(self._names.renamed(place, own) for place, change in changes for own in change.sessions),
            frozenset(self._names.renamed(place, own) for place, change in changes for own in change.files),
            any(change.store for _, change in changes),
            any(change.replaced for _, change in changes),
            max(self._names.row(place, change.newest_id) for place, change in changes),
        )

    def _poll(self, place: int) -> Change | None:
        try:
            return self._watches[place].poll()
        except Locked:
            raise
        except StoreError:
            return None
