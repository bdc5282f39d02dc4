"""The hits of one search, grouped by session."""

from __future__ import annotations

from collections.abc import Callable

from hermes_tui.widgets.hit_list import HitGroup
from hermes_tui.widgets.session_list import SessionRow
from store.models import Batch, Hit, Session


class Results:
    """What a search has found so far: no hit twice, the session of the newest hit first."""

    def __init__(self) -> None:
        self._groups: dict[str, list[Hit]] = {}
        self._known: set[tuple[str, int, str]] = set()
        self.ranked = False
        """The sessions with the most hits first, instead of the newest."""
        self.done = False
        self.capped = False
        self.fallback: str | None = None
        self.sought = 0
        self.milliseconds = 0

    @property
    def hits(self) -> int:
        """All hits that have arrived."""
        return len(self._known)

    @property
    def sessions(self) -> int:
        """The sessions that they are in."""
        return len(self._groups)

    def take(self, batch: Batch, milliseconds: int, *, standing: bool = False) -> bool:
        """Take a batch in; what was found because the store grew goes before what was there.

        Returns:
            Whether it had a hit that is new here.
        """
        if not standing:
            self.done, self.capped = batch.done, self.capped or batch.capped
            self.fallback, self.sought, self.milliseconds = batch.fallback, batch.sought, milliseconds
        fresh = [hit for hit in batch.hits if _key(hit) not in self._known]
        self._known.update(_key(hit) for hit in fresh)
        for hit in reversed(fresh) if standing else fresh:
            hits = self._groups.setdefault(hit.session_id, [])
            hits.insert(0 if standing else len(hits), hit)
        return bool(fresh)

    def groups(self, row_of: Callable[[str], SessionRow | None]) -> list[HitGroup]:
        """The groups in their order; a session that the list does not know yet is drawn from its hit."""
        groups = [
            HitGroup(row_of(session_id) or SessionRow(session_of(hits[0]), None, None), tuple(hits), len(hits))
            for session_id, hits in self._groups.items()
        ]
        if self.ranked:
            return sorted(groups, key=lambda group: -group.total)
        return sorted(groups, key=lambda group: -(group.hits[0].timestamp or 0.0))

    def find(self, session_id: str, message_id: int) -> Hit | None:
        """The hit with that message."""
        return next((hit for hit in self._groups.get(session_id, ()) if hit.message_id == message_id), None)

    def place(self, session_id: str, message_id: int) -> tuple[int, int]:
        """Which of its session's hits a hit is, from 1, and how many there are."""
        ids = [hit.message_id for hit in self._groups.get(session_id, ())]
        return (ids.index(message_id) + 1 if message_id in ids else 0), len(ids)


def session_of(hit: Hit) -> Session:
    """As much of a session as one of its hits tells."""
    return Session(
        hit.session_id,
        source=hit.source,
        title=hit.title,
        model=hit.model,
        last_active=hit.timestamp,
        messages=1,
        origin=hit.origin,
    )


def _key(hit: Hit) -> tuple[str, int, str]:
    return hit.session_id, hit.message_id, hit.origin
