"""Rankings of a search (best or oldest first), and the number of its matches.

SQLite's messages are ranked by the index (bm25), those of files by `relevance`; what no index can rank is ranked by
`relevance`, too. The two lists are then one: each keeps its order, and the better head goes first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..base.errors import CannotOpen, Damaged
from ..base.fallbacks import ScanProgress
from ..base.late_dataclass import replace
from ..base.models import Batch, Count, Hit, Origin
from ..engine.search import MatchCount
from .copied_hits import CopiedHits

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..engine.ports import Engine
    from ..query.parse import Query
    from .stream import Search

SCORED = 2_000
"""Number of newest hits that are ranked where no index can rank."""
USUAL_LENGTH = 300
"""Characters of an average message."""
SATURATION = 1.2
"""Saturation of the number of matches: the constant k1 of bm25."""

_AT_ONCE = 256
_ALL = 1 << 31


def relevance(hit: Hit) -> float:
    """Score of a hit: bm25 of the number of matches and the length of the text.

    The rarity of a word, its third part, is the same for all hits of one query.
    """
    length = 0.25 + 0.75 * len(hit.text) / USUAL_LENGTH
    return len(hit.spans) / (len(hit.spans) + SATURATION * length)


class Ranking:
    """A search that is not answered newest first.

    Args:
        search: The same search, newest first, not started.
        cancel: Cancels the search.

    Raises:
        Interrupted: The search was cancelled; from every method.
        StoreError: SQLite cannot be read and there are no files either.
    """

    def __init__(self, engine: Engine, query: Query, search: Search, cancel: Cancel | None) -> None:
        self._engine, self._query, self._search, self._cancel = engine, query, search, cancel

    def best(self, limit: int, found: Sequence[Hit] | None = None) -> Batch:
        """The best hits, best first; of equal ones the newer first.

        Args:
            found: The newest hits, where they are known: where no index can rank, they are not searched for again.
        """
        try:
            ranked = self._engine.search.best_matches(
                self._query, limit=2 * limit + 1, session_filter=self._search.states.filter, cancel=self._cancel
            )
        except (CannotOpen, Damaged):
            ranked = None
        if ranked is None:
            hits, last = self._streamed(SCORED) if found is None else (found, Batch(()))
            return self._batch(by_relevance(hits), limit, last)
        self._search.unread.take_rows(ranked.unread)
        stored = self._hydrated(ranked.ids, limit + 1)
        written = by_relevance([hit for batch in self._search.written(_ALL) for hit in batch.hits])
        return self._batch(
            list(_merged(stored, written)), limit, Batch((), fallbacks=tuple(filter(None, [ranked.fallback])))
        )

    def oldest(self, limit: int) -> Batch:
        """The oldest hits, oldest first."""
        if not self._query.has_conditions:
            return Batch((), done=True)
        most = 2 * limit + 1
        last: deque[int] = deque(maxlen=most)
        unindexed: deque[int] = deque(maxlen=most)
        fallback = None
        try:
            for step in self._search.steps(limit=_ALL):
                (unindexed if step.progress is ScanProgress.UNINDEXED else last).extend(step.ids)
                fallback = step.fallback
                self._search.unread.take_rows(step.unread)
        except (CannotOpen, Damaged):
            hits, end = self._streamed(_ALL)
            return self._batch(sorted(hits, key=_age), limit, end)
        hits = self._hydrated([*reversed(last)], limit + 1) + self._hydrated([*reversed(unindexed)], limit + 1)
        hits += [hit for batch in self._search.written(_ALL) for hit in batch.hits]
        return self._batch(sorted(hits, key=_age), limit, Batch((), fallbacks=tuple(filter(None, [fallback]))))

    def count(self, cap: int | None) -> Count:
        """All hits, those of files too, or no more than `cap`."""
        if not self._query.has_conditions:
            return Count(0, 0)
        try:
            tally = (
                MatchCount(0, frozenset())
                if self._search.states.above(0) is None
                else self._engine.search.count_matches(
                    self._query, cap=cap, session_filter=self._search.states.filter, cancel=self._cancel
                )
            )
        except (CannotOpen, Damaged):
            hits, _ = self._streamed(_ALL)
            tally = MatchCount(len(hits), frozenset(hit.session_id for hit in hits))
        else:
            tally = self._without_copies(tally)
            hits = [hit for batch in self._search.written(_ALL) for hit in batch.hits] if not tally.capped else []
            tally = MatchCount(
                tally.hits + len(hits), tally.sessions.union(hit.session_id for hit in hits), tally.capped
            )
        capped = tally.capped or (cap is not None and tally.hits > cap)
        return Count(tally.hits if cap is None else min(tally.hits, cap), len(tally.sessions), capped)

    def _without_copies(self, tally: MatchCount) -> MatchCount:
        """The same with each message once; sessions that were compacted in place are counted again."""
        suspects = tally.sessions if tally.inactive is None else tally.inactive
        copied = {} if tally.capped else CopiedHits(self._engine, self._cancel).of_sessions(suspects)
        if not copied:
            return tally
        steps = self._engine.search.matching_ids(
            self._query, limit=_ALL, session_filter=copied.__contains__, cancel=self._cancel
        )
        found = [message_id for step in steps for message_id in step.ids]
        firsts = {row: first for copies in copied.values() for row, first in copies.originals.items()}
        return replace(tally, hits=tally.hits - len(found) + len({firsts.get(row, row) for row in found}))

    def _streamed(self, limit: int) -> tuple[list[Hit], Batch]:
        """The newest hits and the batch that ended them."""
        hits: list[Hit] = []
        end = Batch((), done=True)
        for end in self._search.batches(limit, 0):
            hits += end.hits
        return hits, end

    def _batch(self, hits: Sequence[Hit], limit: int, end: Batch) -> Batch:
        end = replace(end, hits=tuple(hits[:limit]), done=True, capped=end.capped or len(hits) > limit)
        if (unread := self._search.unread.fallback) is None or unread in end.fallbacks:
            return end
        return replace(end, fallbacks=(*end.fallbacks, unread), partial=True)

    def _hydrated(self, ids: Sequence[int], most: int) -> list[Hit]:
        """Hits of some rows, each message once; no more than `most`, for which the others may be copies."""
        hits: list[Hit] = []
        start = 0
        while start < len(ids) and len(hits) < most:
            size = min(_AT_ONCE, most - len(hits))
            hits += self._search.hydrated(ids[start : start + size])
            start += size
        return hits


def _age(hit: Hit) -> tuple[float, bool, int]:
    return hit.timestamp or 0.0, hit.origin is Origin.SQLITE, hit.message_id


def by_relevance(hits: Sequence[Hit]) -> list[Hit]:
    """Hits, best first; of equal ones the newer first."""
    return sorted(hits, key=lambda hit: (-relevance(hit), -(hit.timestamp or 0.0)))


def _merged(stored: Sequence[Hit], written: Sequence[Hit]) -> Iterator[Hit]:
    """Two lists as one, each in its order; a stored hit goes first where both scores are equal."""
    here, there = deque(stored), deque(written)
    while here and there:
        yield here.popleft() if relevance(here[0]) >= relevance(there[0]) else there.popleft()
    yield from here
    yield from there
