"""Hits of one search, grouped by session."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from hermes_tui.state.rows import HitGroup, HitKey, SessionRow, hit_key, in_reading_order
from store.base.late_dataclass import dataclass, replace
from store.files.home import DEFAULT_PROFILE
from store.models import Batch, Count, Hit, Session

LAST = 1 << 30
"""The rank of a hit that was not ranked."""


@dataclass(frozen=True, slots=True)
class Without:
    """A query of one word less than one that has no hits."""

    word: str
    """As typed."""
    text: str
    """The query without it."""
    hits: int
    capped: bool = False
    """There are more hits than were counted."""


class Results:
    """The hits of a search so far: none twice, the session of the newest hit first, or that of the best."""

    def __init__(self) -> None:
        self._groups: dict[str, list[Hit]] = {}
        self._known: set[HitKey] = set()
        self._best: dict[HitKey, int] = {}
        self._since: dict[HitKey, int] = {}
        self.counted: Count | None = None
        """The number of all hits, where there are more than were asked for."""
        self._listed: frozenset[HitKey] | None = None
        """The hits that are listed, None for all."""
        self._newest = self._ranking = (Batch(()), 0)
        self.ranked = False
        """The best first, instead of the newest."""
        self.done = False
        self._capped = False

    @property
    def hits(self) -> int:
        """All hits there are, as far as they are known."""
        return max(len(self._known), self.counted.hits if self.counted else 0)

    @property
    def sessions(self) -> int:
        """The sessions that they are in."""
        return max(len(self._groups), self.counted.sessions if self.counted else 0)

    @property
    def capped(self) -> bool:
        """There are more hits than are known."""
        return self._capped if self.counted is None else self.counted.capped

    @property
    def shown(self) -> tuple[Batch, int]:
        """The last batch of the search and its milliseconds, or the ranking where that is shown."""
        return self._ranking if self.ranked else self._newest

    @property
    def can_rank(self) -> bool:
        """The best hits are known."""
        return bool(self._best)

    def add(self, batch: Batch, milliseconds: int, *, standing: bool = False) -> bool:
        """Add a batch; hits that were found because the store grew go before the others.

        Returns:
            Whether it had a new hit.
        """
        if not standing:
            self.done, self._capped = batch.done, self._capped or batch.capped
            self._newest = batch, milliseconds
        fresh = self._keep(batch.hits, first=standing)
        if standing and self.counted is not None:
            sessions = max(self.counted.sessions, len(self._groups))
            self.counted = replace(self.counted, hits=self.counted.hits + fresh, sessions=sessions)
        return fresh > 0

    def rank(self, batch: Batch, milliseconds: int) -> None:
        """Add the best hits; `ranked` says whether they go first."""
        self._keep(batch.hits)
        self._best = {hit_key(hit): place for place, hit in enumerate(batch.hits)}
        self._ranking = batch, milliseconds

    def hold(self) -> None:
        """List the hits that are known and no other until `release`: their rows would move those that are read."""
        self._listed = frozenset(self._known)

    def release(self) -> bool:
        """List all hits; False where they are."""
        held, self._listed = self._listed is not None and len(self._listed) < len(self._known), None
        return held

    def groups(self, row_of: Callable[[str], SessionRow | None]) -> list[HitGroup]:
        """The groups in their order; the row of a session that is not listed yet is made from its hit."""
        listed = ((session_id, self._in_order(self._held(hits))) for session_id, hits in self._groups.items())
        groups = [
            HitGroup(
                row_of(session_id) or SessionRow(session_of(hits[0]), None, None),
                tuple(hits),
                len(self._groups[session_id]),
            )
            for session_id, hits in listed
            if hits
        ]
        return sorted(groups, key=lambda group: self._group_order(group.hits[0]))

    def every(self) -> Iterator[Hit]:
        """All hits that are known."""
        return (hit for hits in self._groups.values() for hit in hits)

    def _keep(self, hits: Sequence[Hit], *, first: bool = False) -> int:
        """Add the hits that are new, and return their number."""
        fresh = [hit for hit in hits if hit_key(hit) not in self._known]
        self._known.update(hit_key(hit) for hit in fresh)
        for hit in reversed(fresh) if first else fresh:
            group = self._groups.setdefault(hit.session_id, [])
            group.insert(0 if first else len(group), hit)
            if first:
                self._since[hit_key(hit)] = -1 - len(self._since)
        return len(fresh)

    def _held(self, hits: list[Hit]) -> list[Hit]:
        """Those of some hits that are listed."""
        return hits if self._listed is None else [hit for hit in hits if hit_key(hit) in self._listed]

    def _in_order(self, hits: list[Hit]) -> list[Hit]:
        """Hits of one session: as they came, or the best first."""
        return sorted(hits, key=self._rank) if self.ranked else hits

    def _group_order(self, hit: Hit) -> tuple[int, float]:
        return self._rank(hit) if self.ranked else LAST, -(hit.timestamp or 0.0)

    def _rank(self, hit: Hit) -> int:
        """Hits that came after the search go first, else nobody would see them; then the best."""
        key = hit_key(hit)
        return self._since.get(key, self._best.get(key, LAST))

    def place(self, session_id: str, message_id: int) -> tuple[int, int]:
        """The number of a hit in its session, in reading order from 1, 0 where it is none; and how many there are."""
        ids = [hit.message_id for hit in in_reading_order(self._groups.get(session_id, []))]
        return (ids.index(message_id) + 1 if message_id in ids else 0), len(ids)


def session_of(hit: Hit) -> Session:
    """A session, as far as one of its hits describes it; in a merged list its id begins with its profile."""
    profile, slash, _ = hit.session_id.partition("/")
    return Session(
        hit.session_id,
        profile=profile if slash else DEFAULT_PROFILE,
        source=hit.source,
        title=hit.title,
        model=hit.model,
        last_active=hit.timestamp,
        messages=1,
        origin=hit.origin,
    )
