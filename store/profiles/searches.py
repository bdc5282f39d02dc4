"""Searches of all profiles as one."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..base.cancel import raise_if_cancelled
from ..base.errors import CannotOpen, Damaged, Locked, StoreMissing
from ..base.fallbacks import Fallback, FallbackKind, ScanProgress
from ..base.models import Batch, Count, Hit
from ..search.ranking import SCORED, by_relevance, relevance

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..query.parse import Query
    from .members import Member, Members

FIRST, LATER = 20, 100
"""Hits of the first batch of a search and of the others, as one store gives them."""
MOST_ALONE = 8
"""Profiles of which each ranks its own hits, however many there are, and looks for words that may be meant."""


class ProfileSearches:
    """Merged hits; each profile keeps its own order."""

    def __init__(self, members: Members) -> None:
        self._members = members

    def search(
        self, query: Query | str, *, limit: int = 200, cancel: Cancel | None = None, after_id: int = 0
    ) -> Iterator[Batch]:
        """Hits of all profiles, newest first by their times."""
        below = self._members.names.own_row(after_id)
        ends: dict[int, Batch] = {}

        def _opened(place: int) -> Iterator[Hit]:
            browser = self._members.browsers[place]
            return self._hits(place, browser.search(query, limit=limit, cancel=cancel, after_id=below), ends)

        pending: list[Hit] = []
        given = 0
        for hit in self._newest_first(_opened, cancel):
            if given + len(pending) == limit:
                yield _batch(pending, ends, capped=True, done=True)
                return
            pending.append(hit)
            if len(pending) == (LATER if given else FIRST):
                yield _batch(pending, ends)
                given, pending = given + len(pending), []
        yield _batch(pending, ends, done=True)

    def _newest_first(self, opened: Callable[[int], Iterator[Hit]], cancel: Cancel | None) -> Iterator[Hit]:
        """The hits of all profiles; one is searched once a hit of it may be the next."""
        waiting: list[tuple[float, int]] = []
        for times in self._members.newest_times():
            raise_if_cancelled(cancel)
            waiting += [(math.inf if newest is None else -newest, place) for place, newest in times.items()]
        waiting.sort(reverse=True)
        heads: list[tuple[float, int, Hit, Iterator[Hit]]] = []
        while waiting or heads:
            if waiting and (not heads or waiting[-1] < heads[0][:2]):
                place = waiting.pop()[1]
                stream = opened(place)
            else:
                _, place, first, stream = heapq.heappop(heads)
                yield first
            if (hit := next(stream, None)) is not None:
                heapq.heappush(heads, (-(hit.timestamp or 0.0), place, hit, stream))

    def rank(
        self,
        query: Query | str,
        *,
        limit: int = 20,
        found: Sequence[Hit] | None = None,
        cancel: Cancel | None = None,
    ) -> Batch:
        """The best hits of all profiles: each keeps its order, the better head goes first.

        Args:
            found: The newest hits of a search: of many profiles these are ranked, where there are as many as one ranks.
        """
        if found is not None and len(found) >= SCORED and len(self._members.browsers) > MOST_ALONE:
            fallback = Fallback(FallbackKind.RANKED, ranked=len(found))
            return Batch(tuple(by_relevance(found)[:limit]), done=True, capped=True, fallbacks=(fallback,))
        return self._merged(
            lambda browser: browser.rank(query, limit=limit, cancel=cancel), limit, lambda hit: -relevance(hit)
        )

    def oldest(self, query: Query | str, *, limit: int = 200, cancel: Cancel | None = None) -> Batch:
        """The oldest hits of all profiles, oldest first."""
        return self._merged(
            lambda browser: browser.oldest(query, limit=limit, cancel=cancel), limit, lambda hit: hit.timestamp or 0.0
        )

    def count(self, query: Query | str, *, cap: int | None = None, cancel: Cancel | None = None) -> Count:
        """The sum of all profiles."""
        counts = self._members.answers(lambda browser: browser.count(query, cap=cap, cancel=cancel), Count(0, 0))
        hits = sum(count.hits for count in counts)
        capped = any(count.capped for count in counts) or (cap is not None and hits > cap)
        return Count(hits if cap is None else min(hits, cap), sum(count.sessions for count in counts), capped)

    def meant(self, query: Query | str, *, cancel: Cancel | None = None) -> dict[str, str]:
        """Corrections for words that no profile's index has; of very many the first are asked."""
        found: dict[str, str] | None = None
        for place in self._members.places[:MOST_ALONE]:
            answer = self._members.answer(place, lambda browser: browser.meant(query, cancel=cancel), dict[str, str]())
            found = answer if found is None else {word: right for word, right in found.items() if word in answer}
            if not found:
                break
        return found or {}

    def _merged(self, request: Callable[[Member], Batch], limit: int, key: Callable[[Hit], float]) -> Batch:
        ends: dict[int, Batch] = {}
        lists = [
            self._hits(place, map(request, self._members.browsers[place : place + 1]), ends)
            for place in self._members.places
        ]
        hits = list(heapq.merge(*lists, key=key))
        capped = len(hits) > limit or any(batch.capped for batch in ends.values())
        return _batch(hits[:limit], ends, capped=capped, done=True)

    def _hits(self, place: int, batches: Iterator[Batch], ends: dict[int, Batch]) -> Iterator[Hit]:
        """Hits of one profile; its last batch goes into `ends`."""
        try:
            for batch in batches:
                ends[place] = self._end(place, batch)
                yield from self._members.names.renamed(place, batch.hits)
        except StoreMissing:
            return
        except (CannotOpen, Damaged, Locked) as error:
            self._members.note_unread(place, error)
            unread = Fallback(FallbackKind.PROFILE_UNREAD, error=str(error))
            ends[place] = self._end(place, Batch((), done=True, fallbacks=(unread,), partial=True))

    def _end(self, place: int, batch: Batch) -> Batch:
        """A batch without its hits, and with the profile's name where it could not be read."""
        name = self._members.names.profiles[place] if batch.partial else ""
        return replace(batch, hits=(), fallbacks=tuple(replace(item, profile=name) for item in batch.fallbacks))


def _batch(hits: Sequence[Hit], ends: dict[int, Batch], *, capped: bool = False, done: bool = False) -> Batch:
    """A step of the search, with what any profile reports of it."""
    fallbacks = dict.fromkeys(fallback for batch in ends.values() for fallback in batch.fallbacks)
    running = (batch.progress for batch in ends.values() if batch.progress is not ScanProgress.INDEXED)
    return Batch(
        tuple(hits),
        done,
        capped or any(batch.capped for batch in ends.values()),
        tuple(fallbacks),
        sum(batch.rows_scanned for batch in ends.values()),
        any(batch.partial for batch in ends.values()),
        next(running, ScanProgress.INDEXED),
    )
