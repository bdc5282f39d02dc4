"""The hits of one search, grouped by session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from hermes_tui.widgets.hit_rows import HitGroup
from hermes_tui.widgets.session_list import SessionRow
from store.models import Batch, Count, Hit, Session

Key = tuple[str, int, str]
LAST = 1 << 30
"""The place of what was not ranked."""


class Results:
    """What a search has found so far: no hit twice, the session of the newest hit first, or that of the best."""

    def __init__(self) -> None:
        self._groups: dict[str, list[Hit]] = {}
        self._known: set[Key] = set()
        self._best: dict[Key, int] = {}
        self._since: dict[Key, int] = {}
        self._counted: Count | None = None
        self._newest: tuple[str | None, int] = (None, 0)
        self._ranking: tuple[str | None, int] = (None, 0)
        self.ranked = False
        """The best first, instead of the newest."""
        self.done = False
        self.rows_scanned = 0
        self._capped = False

    @property
    def hits(self) -> int:
        """All hits there are, as far as they are known."""
        return max(len(self._known), self._counted.hits if self._counted else 0)

    @property
    def sessions(self) -> int:
        """The sessions that they are in."""
        return max(len(self._groups), self._counted.sessions if self._counted else 0)

    @property
    def capped(self) -> bool:
        """There are more hits than are known."""
        return self._capped if self._counted is None else self._counted.capped

    @property
    def fallback(self) -> str | None:
        """How an index was gone round for what is shown."""
        return self._told[0]

    @property
    def milliseconds(self) -> int:
        """How long it took to find what is shown, or to rank it."""
        return self._told[1]

    @property
    def _told(self) -> tuple[str | None, int]:
        return self._ranking if self.ranked else self._newest

    @property
    def can_rank(self) -> bool:
        """The best are known."""
        return bool(self._best)

    def take(self, batch: Batch, milliseconds: int, *, standing: bool = False) -> bool:
        """Take a batch in; what was found because the store grew goes before what was there.

        Returns:
            Whether it had a hit that is new here.
        """
        if not standing:
            self.done, self._capped = batch.done, self._capped or batch.capped
            self._newest, self.rows_scanned = (batch.fallback, milliseconds), batch.rows_scanned
        fresh = self._keep(batch.hits, first=standing)
        if standing and self._counted is not None:
            sessions = max(self._counted.sessions, len(self._groups))
            self._counted = replace(self._counted, hits=self._counted.hits + fresh, sessions=sessions)
        return fresh > 0

    def rank(self, batch: Batch, milliseconds: int) -> None:
        """Take the best in; whether they go first is for `ranked` to say."""
        self._keep(batch.hits)
        self._best = {_key(hit): place for place, hit in enumerate(batch.hits)}
        self._ranking = batch.fallback, milliseconds

    def count(self, count: Count) -> None:
        """Take in how many there are."""
        self._counted = count

    def groups(self, row_of: Callable[[str], SessionRow | None]) -> list[HitGroup]:
        """The groups in their order; a session that the list does not know yet is drawn from its hit."""
        listed = ((session_id, self._in_order(hits)) for session_id, hits in self._groups.items())
        groups = [
            HitGroup(row_of(session_id) or SessionRow(session_of(hits[0]), None, None), tuple(hits), len(hits))
            for session_id, hits in listed
        ]
        return sorted(groups, key=lambda group: self._place(group.hits[0]))

    def _keep(self, hits: Sequence[Hit], *, first: bool = False) -> int:
        """Take hits in that are new here, and say how many were."""
        fresh = [hit for hit in hits if _key(hit) not in self._known]
        self._known.update(_key(hit) for hit in fresh)
        for hit in reversed(fresh) if first else fresh:
            group = self._groups.setdefault(hit.session_id, [])
            group.insert(0 if first else len(group), hit)
            if first:
                self._since[_key(hit)] = -1 - len(self._since)
        return len(fresh)

    def _in_order(self, hits: list[Hit]) -> list[Hit]:
        """Hits of one session: as they came, or the best first."""
        return sorted(hits, key=self._worth) if self.ranked else hits

    def _place(self, hit: Hit) -> tuple[int, float]:
        return self._worth(hit) if self.ranked else LAST, -(hit.timestamp or 0.0)

    def _worth(self, hit: Hit) -> int:
        """What has come since the search goes first, else nobody would see it; then the best."""
        key = _key(hit)
        return self._since.get(key, self._best.get(key, LAST))

    def find(self, session_id: str, message_id: int) -> Hit | None:
        """The hit with that message."""
        return next((hit for hit in self._groups.get(session_id, ()) if hit.message_id == message_id), None)

    def place(self, session_id: str, message_id: int) -> tuple[int, int]:
        """Which of its session's hits a hit is, from 1, and how many there are."""
        ids = [hit.message_id for hit in self._in_order(self._groups.get(session_id, []))]
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


def _key(hit: Hit) -> Key:
    return hit.session_id, hit.message_id, hit.origin
