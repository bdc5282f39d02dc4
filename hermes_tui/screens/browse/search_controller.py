"""What is being sought, and what has been found of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hermes_tui.feed import Feed
from hermes_tui.feed.answers import HitsArrived, HitsCounted, HitsRanked, TitlesRanked, WordsMeant
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line
from hermes_tui.render.status import SearchProgress, hits_sentence
from hermes_tui.state.search_results import Results
from hermes_tui.state.session_catalog import Catalog
from hermes_tui.state.title_filter import Titles
from hermes_tui.widgets.hit_rows import HitGroup
from hermes_tui.widgets.session_list import SessionRow
from store.errors import QueryInvalid
from store.query.parse import Query, parse

SIGN_AFTER = 0.15
"""Seconds before a search says that it is still at it."""
MOST_TITLES = 50
SCANNING = "scanning"
"""How the store's word for a scan ends, whose progress is known."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the list of hits is to show."""

    titles: tuple[SessionRow, ...]
    groups: tuple[HitGroup, ...]
    dim: bool
    """The groups answer an older question."""
    close: bool
    """The titles only come close."""
    more_titles: bool = False
    """Others match, too."""
    meant: str = ""
    """What was meant, perhaps, "" where that is what was typed."""


class Finder:
    """One search at a time; a new one takes over when its first answer is there."""

    def __init__(self, feed: Feed, catalog: Catalog, now: Callable[[], float]) -> None:
        self._feed = feed
        self._catalog = catalog
        self._now = now
        self._titles = Titles()
        self._old: Results | None = None
        self._title_rows: tuple[SessionRow, ...] = ()
        self._close = self._more_titles = False
        self._generation = 0
        self._near = 0
        self._began = 0.0
        self._ranking = False
        self.meant = ""
        """What might be typed instead, where nothing was found; "" where nothing is like it."""
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
        if query is not None and not query.has_conditions:
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
        for session_id in session_ids:
            if (row := self._catalog.row(session_id)) is not None:
                self._titles.folded(row)

    def match_titles(self) -> None:
        """Find the titles anew, because there are other sessions than before."""
        if self.query is None or self._close:
            return
        found = []
        for row in self._may_match(self.query):
            if (ranges := self._titles.match(self.query, row)) is not None and not row.session.is_older_section:
                found.append(replace(row, matches=ranges))
                if len(found) == MOST_TITLES:
                    break
        self._title_rows = tuple(found)
        self._more_titles = len(found) == MOST_TITLES

    def _may_match(self, query: Query) -> Iterable[SessionRow]:
        """The sessions to look at, newest first: all, or those that one look at all titles together found."""
        if (found := self._titles.candidates(query)) is None:
            return self._catalog.every()
        return self._catalog.in_order(found)

    def take(self, message: HitsArrived) -> bool:
        """Take a batch in; False where it answers an older question or tells nothing new."""
        if message.generation != self._generation:
            return False
        fresh = self.results.take(message.batch, message.milliseconds, standing=message.standing)
        if fresh or self.results.done:
            self._old = None
        if self.results.done and not message.standing:
            self._ranking = self.query is not None and self.query.has_words and self.results.hits > 1
            if self.nothing:
                self._ask_close()
        return fresh or (not message.standing and (self.results.done or self.searching))

    def take_best(self, message: HitsRanked, *, touched: bool) -> bool:
        """Take the ranking in; it is shown unless the user has moved the cursor. False for an older question's."""
        if message.generation != self._generation:
            return False
        self._ranking = False
        self.results.rank(message.batch, message.milliseconds)
        self.results.ranked = self.results.can_rank and not touched
        return True

    def take_count(self, message: HitsCounted) -> bool:
        """Take in how many hits there are; False where it answers an older question."""
        if message.generation != self._generation:
            return False
        self.results.count(message.count)
        return True

    def take_meant(self, message: WordsMeant) -> bool:
        """Take in what was meant, perhaps; False where it answers an older question or is nothing."""
        if message.generation != self._generation or self.query is None or not message.words:
            return False
        self.meant = _mended(self.query, message.words)
        return True

    def fail(self) -> None:
        """There will be no further answer."""
        self.results.done, self._ranking = True, False

    def take_titles(self, message: TitlesRanked) -> bool:
        """Take titles in that come close; False where they answer an older question."""
        if message.generation != self._near or not self.nothing:
            return False
        rows = ((self._catalog.row(session_id), ranges) for session_id, ranges in message.titles.items())
        self._title_rows, self._close = tuple(replace(row, matches=ranges) for row, ranges in rows if row), True
        return True

    def found(self) -> Found:
        """What the list is to show now."""
        results = self._old or self.results
        groups = tuple(results.groups(self._catalog.row))
        titles = tuple(
            replace(known, matches=row.matches) if (known := self._catalog.row(row.session.id)) else row
            for row in self._title_rows
        )
        return Found(
            titles,
            groups,
            dim=self._old is not None,
            close=self._close,
            more_titles=self._more_titles and not self._close,
            meant=self.meant,
        )

    @property
    def nothing(self) -> bool:
        """True where neither a message nor a title was found."""
        return not self.results.hits and (self._close or not self._title_rows)

    @property
    def searching(self) -> bool:
        """True from 150 ms after the question until the best are known, too."""
        return not (self.results.done and not self._ranking) and time.monotonic() - self._began >= SIGN_AFTER

    def sentence(self, *, shown: int, touched: bool, glyphs: Glyphs) -> Line:
        """What the status line says of the search."""
        results = self._old or self.results
        progress = SearchProgress(
            hits=results.hits,
            sessions=results.sessions,
            shown=shown,
            order="ranked" if results.ranked else "newest first",
            milliseconds=results.milliseconds,
            searching=self.searching,
            asked=not results.done and not results.hits,
            capped=results.capped,
            fallback=self._gone_round(results),
            rerank=touched and results.can_rank and not results.ranked,
        )
        return hits_sentence(progress, glyphs=glyphs)

    def _gone_round(self, results: Results) -> str | None:
        """What is said of an index; while rows are scanned instead, how far that is."""
        said, newest = results.fallback, self._feed.sessions.newest
        if said is None or results.done or not newest or not said.endswith(SCANNING):
            return said
        return f"{said} {min(99, 100 * results.rows_scanned // newest)} %"

    def _seek(self, query: Query | None) -> None:
        self._feed.search.cancel()
        shown = self._old or self.results
        self._old = shown if self.query is not None and shown.hits and query is not None else None
        self.query, self.results = query, Results()
        self._title_rows, self._close, self._ranking, self.meant = (), False, False, ""
        if query is None:
            return
        self._began = time.monotonic()
        self.match_titles()
        self._generation = self._feed.search.start(query)

    def _ask_close(self) -> None:
        if self.query is not None and self.query.any_of and not self.query.filters:
            titles = [
                (row.session.id, title)
                for row in self._catalog.shown(everything=True)
                if (title := self._titles.folded(row))
            ]
            words = " ".join(term.text for term in self.query.terms)
            self._near = self._feed.search.titles(words, titles)


def _same(one: Query | None, other: Query | None) -> bool:
    """Whether two queries seek the same, however they were typed."""
    if one is None or other is None:
        return one is other
    return (one.any_of, one.none_of, one.filters) == (other.any_of, other.none_of, other.filters)


def _mended(query: Query, right: Mapping[str, str]) -> str:
    """What was typed, with words put right; quotes, minus, star and filters stay."""
    text = query.text
    for term in reversed(query.terms):
        piece = text[term.start : term.end]
        for word in term.words:
            piece = piece.replace(word, right.get(word, word))
        text = text[: term.start] + piece + text[term.end :]
    return text
