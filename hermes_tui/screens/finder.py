"""What is being sought, and what has been found of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hermes_tui.feed import Feed
from hermes_tui.messages import HitsArrived, TitlesRanked
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line
from hermes_tui.render.status import Progress, hits_sentence
from hermes_tui.screens.catalog import Catalog
from hermes_tui.screens.results import Results
from hermes_tui.screens.titles import Titles
from hermes_tui.widgets.hit_list import HitGroup
from hermes_tui.widgets.session_list import SessionRow
from store.errors import QueryInvalid
from store.query import Query, parse

SIGN_AFTER = 0.15
"""Seconds before a search says that it is still at it."""
MOST_TITLES = 50
SETTLED = 4
"""Characters from which on a longer word is found nowhere but where the shorter one was."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the list of hits is to show."""

    titles: tuple[SessionRow, ...]
    groups: tuple[HitGroup, ...]
    dim: bool
    """The groups answer an older question."""
    close: bool
    """The titles only come close."""


class Finder:
    """One search at a time; a new one takes over when its first answer is there."""

    def __init__(self, feed: Feed, catalog: Catalog, now: Callable[[], float]) -> None:
        self._feed = feed
        self._catalog = catalog
        self._now = now
        self._titles = Titles()
        self._old: Results | None = None
        self._title_rows: tuple[SessionRow, ...] = ()
        self._all_titles: tuple[Query, tuple[SessionRow, ...]] | None = None
        # Every title that a settled query matches: while its words grow, no other can match.
        self._close = False
        self._generation = 0
        self._near = 0
        self._began = 0.0
        self.query: Query | None = None
        """What is sought, None while all sessions are listed."""
        self.wrong: QueryInvalid | None = None
        """Why what is typed now means nothing."""
        self.results = Results()

    def typed(self, text: str) -> bool:
        """Take what stands in the search row; a search that runs is interrupted at once.

        Returns:
            Whether something else is sought than before.
        """
        try:
            query: Query | None = parse(text, now=self._now(), open_word=True)
        except QueryInvalid as error:
            self.wrong = error
            return False
        self.wrong = None
        if query is not None and not (query.any_of or query.none_of or query.filters):
            query = None
        if _same(query, self.query):
            return False
        self._seek(query)
        return True

    def again(self) -> None:
        """Ask the same once more."""
        if self.query is not None:
            self._seek(self.query)

    def learn(self, session_ids: Sequence[str]) -> None:
        """Prepare the titles of sessions as they arrive, so that no key waits for those of a whole home."""
        if session_ids:
            self._all_titles = None
        for session_id in session_ids:
            if (row := self._catalog.row(session_id)) is not None:
                self._titles.folded(row)

    def match_titles(self) -> None:
        """Find the titles anew, because there are other sessions than before."""
        if self.query is None or self._close:
            return
        base = self._all_titles if self._all_titles and _narrows(self._all_titles[0], self.query) else None
        found = []
        for row in base[1] if base else self._catalog.shown(everything=True):
            if (ranges := self._titles.match(self.query, row)) is not None and not row.session.is_older_section:
                found.append(replace(row, matches=ranges))
                if len(found) == MOST_TITLES:
                    break
        self._title_rows = tuple(found)
        if len(found) < MOST_TITLES and _is_settled(self.query):
            base = (self.query, self._title_rows)
        self._all_titles = base

    def take(self, message: HitsArrived) -> bool:
        """Take a batch in; False where it answers an older question or tells nothing new."""
        if message.generation != self._generation:
            return False
        fresh = self.results.take(message.batch, message.milliseconds, standing=message.standing)
        if fresh or self.results.done:
            self._old = None
        if self.results.done and self.nothing and not message.standing:
            self._ask_close()
        return fresh or not message.standing

    def take_titles(self, message: TitlesRanked) -> bool:
        """Take titles in that come close; False where they answer an older question."""
        if message.generation != self._near or not self.nothing:
            return False
        rows = (self._catalog.row(session_id) for session_id in message.session_ids)
        self._title_rows, self._close = tuple(row for row in rows if row is not None), True
        return True

    def found(self) -> Found:
        """What the list is to show now."""
        results = self._old or self.results
        groups = tuple(results.groups(self._catalog.row))
        titles = tuple(
            replace(known, matches=row.matches) if (known := self._catalog.row(row.session.id)) else row
            for row in self._title_rows
        )
        return Found(titles, groups, dim=self._old is not None, close=self._close)

    @property
    def nothing(self) -> bool:
        """True where neither a message nor a title was found."""
        return not self.results.hits and (self._close or not self._title_rows)

    @property
    def searching(self) -> bool:
        """True from 150 ms after the question until its last answer."""
        return not self.results.done and time.monotonic() - self._began >= SIGN_AFTER

    def sentence(self, *, shown: int, touched: bool, glyphs: Glyphs) -> Line:
        """What the status line says of the search."""
        results = self._old or self.results
        progress = Progress(
            hits=results.hits,
            sessions=results.sessions,
            shown=shown,
            order="ranked" if results.ranked else "newest first",
            milliseconds=results.milliseconds,
            searching=self.searching,
            capped=results.capped,
            fallback=results.fallback,
            rerank=touched and results.sessions > 1,
        )
        return hits_sentence(progress, glyphs=glyphs)

    def _seek(self, query: Query | None) -> None:
        self._feed.withdraw()
        shown = self._old or self.results
        self._old = shown if self.query is not None and shown.hits and query is not None else None
        self.query, self.results = query, Results()
        self._title_rows, self._close = (), False
        if query is None:
            return
        self._began = time.monotonic()
        self.match_titles()
        self._generation = self._feed.search(query)

    def _ask_close(self) -> None:
        if self.query is not None and self.query.any_of and not self.query.filters:
            titles = [
                (row.session.id, title)
                for row in self._catalog.shown(everything=True)
                if (title := self._titles.folded(row))
            ]
            words = " ".join(term.text for term in self.query.terms)
            self._near = self._feed.titles(words, titles)


def _same(one: Query | None, other: Query | None) -> bool:
    """Whether two queries seek the same, however they were typed."""
    if one is None or other is None:
        return one is other
    return (one.any_of, one.none_of, one.filters) == (other.any_of, other.none_of, other.filters)


def _is_settled(query: Query) -> bool:
    """Whether a title that has these words no more can have them again while the user goes on typing them."""
    plain_words = not query.filters and not query.none_of and len(query.any_of) == 1
    return plain_words and all(len(term.text) >= SETTLED for term in query.any_of[0])


def _narrows(settled: Query, query: Query) -> bool:
    """Whether a title can match `query` only where it matched a settled one: the same words, gone on with."""
    if query.filters or len(query.any_of) != 1:
        return False
    words = [term.text for term in query.any_of[0]]
    return all(any(term.text in word for word in words) for term in settled.any_of[0])
