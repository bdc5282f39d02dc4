"""Requests of the search row: hits, their ranking and number, their context, titles that come close."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from threading import Event

from hermes_tui.feed import questions
from hermes_tui.feed.answers import Answer, ContextArrived, HitsRanked, StoreChanged, TitlesRanked
from hermes_tui.feed.near_titles import near_titles
from hermes_tui.feed.questions import StandingSearch
from hermes_tui.feed.store_worker import Read, StoreWorker
from store import Browser, Cancel
from store.base.cancel import raise_if_cancelled
from store.browse.hit_context import HitPlace, around
from store.models import Hit
from store.query.parse import Query

FILES_AFTER = 0.6
"""Seconds after a file has grown until it is searched again: less than two listings of the files are apart, so that a
file that goes on growing does not put it off for ever."""


class SearchRequests:
    """At most one search runs at a time; titles and context have threads of their own.

    Args:
        worker: Runs what is read.
        newest: The highest message id that is known.
        debounce: Seconds of quiet before a search starts.
    """

    def __init__(self, worker: StoreWorker, newest: Callable[[], int], *, debounce: float) -> None:
        self._worker = worker
        self._newest = newest
        self._debounce = debounce
        self._thread = worker.thread("search")
        self._title_thread = worker.thread("titles")
        self._context_thread = worker.thread("context")
        self._standing: StandingSearch | None = None
        worker.subscribe(self._search_changes, StoreChanged)

    def start(self, query: Query) -> None:
        """Ask for the hits of `query`; a search that still runs is interrupted before this returns."""
        self.cancel()
        self._standing = search = StandingSearch(self._worker.begin("search"), query, self._worker.clock)
        self._put("search", partial(self._hits, search), delay=self._debounce)

    def cancel(self) -> None:
        """Stop the search that runs, and let none stand."""
        search, self._standing = self._standing, None
        self._worker.begin("titles")
        if search is not None:
            self._worker.begin("search")
            search.cancel.cancel()

    def titles(self, words: str, titles: Iterable[tuple[str, str]]) -> None:
        """Ask which of `titles` (id, title) come close to `words`, once nobody has typed for a while."""

        def _near(_: Browser, generation: int) -> Iterator[TitlesRanked]:
            is_old = lambda: self._worker.generation("titles") != generation  # noqa: E731
            yield TitlesRanked(generation, near_titles(words, titles, cancelled=is_old))

        self._worker.ask(self._title_thread, "titles", _near, delay=questions.QUIET)

    def context(self, hit: HitPlace, *, width: int) -> None:
        """Ask for `width` messages on either side of a hit."""
        read = partial(_context, hit=hit, width=width)
        self._worker.put(self._context_thread, "search", read, name=f"context {hit}", about="details")

    def _put(self, name: str, read: Read, *, delay: float = 0.0) -> None:
        self._worker.put(self._thread, "search", read, name=name, about="search", delay=delay)

    def _search_changes(self, message: StoreChanged) -> None:
        """Look for new hits of the search that stands."""
        if (search := self._standing) is None or search.seen is None:
            return
        self._put("new hits", partial(self._new_hits, search))
        if message.change.files or message.change.late:
            # Later: what an agent writes into both is in SQLite then, and not a hit of the file.
            self._put("hits again", lambda db, _: questions.hits_again(db, search), delay=FILES_AFTER)

    def _hits(self, search: StandingSearch, db: Browser, generation: int) -> Iterator[Answer]:
        """The search; between two batches, and after it, what was added meanwhile."""
        if search.seen is None:
            search.seen = self._newest() or questions.newest_in(db)
        found: list[Hit] = []
        ranked: HitsRanked | None = None
        capped = rested = False
        for message in questions.hits(db, search):
            found += message.batch.hits
            capped |= message.batch.capped
            yield message
            yield from self._new_hits(search, db, generation)
            if len(found) >= questions.FIRST_HITS and not rested:
                rested = True
                if search.query.has_words and not message.batch.fallbacks:
                    ranked = questions.best_at_once(db, search, found)
                yield from (ranked,) if ranked is not None else ()
                rest(search.cancel)
        yield from questions.beyond(db, search, found=found, capped=capped, ranked=ranked)
        yield from self._new_hits(search, db, generation)

    def _new_hits(self, search: StandingSearch, db: Browser, _: int) -> Iterator[Answer]:
        newest = self._newest()
        if search.seen is None or newest <= search.seen:
            return
        found = questions.hits(db, search, after_id=search.seen)
        yield from (message for message in found if message.batch.hits)
        search.seen = newest


def rest(cancel: Cancel) -> None:
    """Wait until nobody has typed for `questions.QUIET` seconds.

    Raises:
        Interrupted: Somebody has, and the search is cancelled.
    """
    cancelled = Event()
    with cancel.interrupting(cancelled.set):
        if not cancel.cancelled:
            cancelled.wait(questions.QUIET)
    raise_if_cancelled(cancel)


def _context(db: Browser, generation: int, *, hit: HitPlace, width: int) -> Iterator[Answer]:
    yield ContextArrived(generation, *hit, around(db, hit, width=width))
