"""Controller of the search: what is searched for, the answers, and the way from one hit to the next."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from hermes_tui.feed import Feed, answers
from hermes_tui.feed.questions import FIRST_HITS
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.state.browser_state import LOOK_AFTER, BrowserState
from hermes_tui.state.query_hint import hint, with_known_filters
from hermes_tui.state.rows import HitKey
from hermes_tui.state.search_results import Results, Without
from hermes_tui.state.session_filter import asks_for_bookmarks, filter_of, without_bookmarks
from hermes_tui.state.title_filter import Titles
from hermes_tui.widgets.hit_list import HitList
from hermes_tui.widgets.hit_rows import Place
from store.base.late_dataclass import replace
from store.errors import QueryInvalid
from store.models import Batch
from store.query.parse import Query, parse

MOST_TITLES = 50
CONTEXTS = (0, 1, 3, 10)
"""Messages on either side of a hit; more than the last is the whole session."""

_NUMBERED = re.compile(r"[0-9]{6}")
"""Part of an id, which is spelled as it was pasted."""
_IS_NAME = re.compile(r"(?=\D*\d)[\w./:@-]{8,}")
"""An id of another form, `3f2a9c1e-8b7d`, a file, an address: so long a word with a digit is no typing error."""


class SearchController:
    """One search at a time; a new one takes over when its first answer is there."""

    def __init__(self, state: BrowserState, feed: Feed, changed: Changed, pane: HitList) -> None:
        self._state = state
        self._search = state.search
        self._feed = feed
        self._changed = changed
        self._pane = pane
        self._titles = Titles()

    def take_text(self, text: str) -> bool:
        """Search for the text of the search row; a search that runs is interrupted at once.

        Returns:
            Whether it is another query than before.
        """
        search = self._search
        query, search.wrong = self._parsed(text)
        listed = filter_of(text, query)
        search.hint = hint(text, query, self._state.catalog.shown(everything=True))
        query = query if listed is None else None
        bookmarked = asks_for_bookmarks(text) if query is not None else None
        if search.wrong is not None or (
            _same(query, search.query) and (listed, bookmarked) == (search.listed, search.bookmarked)
        ):
            self._changed(Part.FRAME)
            return False
        search.listed, search.bookmarked = listed, bookmarked
        search.error = None
        if query is not None and query.cut:
            self._state.show_notice("only the beginning of this is searched for")
        self._start(query)
        self._pane.forget_cursor()
        self._changed(Part.LISTS if query is None else Part.LISTS_ANSWERED)
        self._changed(Part.FRAME, after=LOOK_AFTER)
        return True

    def again(self, _: answers.Answer | None = None) -> None:
        """Ask the same once more."""
        if self._search.query is not None:
            self._start(self._search.query)

    # Keys

    def rank(self) -> None:
        """Show the best hits first, or the newest again."""
        self._search.results.ranked = not self._search.results.ranked
        self._changed(Part.LISTS)

    def next_hit(self, step: int, place: Place | None = None) -> bool:
        """Go to the next hit (1) or the previous one (-1); False where there is none, which is said.

        Args:
            step: 1 or -1.
            place: The place of a hit in the transcript, where that is what the user reads.
        """
        if self._pane.move_hit(step, place) is not None:
            return True
        self._state.show_notice("this is the last hit" if step > 0 else "this is the first hit")
        self._changed(Part.FRAME)
        return False

    def widen_context(self, step: int) -> bool:
        """Show more (1) or fewer (-1) messages around hits; False where the whole session is the context."""
        place = CONTEXTS.index(self._search.context) + step
        if place == len(CONTEXTS):
            return False
        self._search.context = CONTEXTS[max(0, place)]
        self._pane.clear_context()
        self.request_context()
        self._changed(Part.FRAME)
        return True

    def list_where_read(self) -> None:
        """List them where somebody went into the list with the mouse, by a click or the wheel."""
        if self._state.pane.touched or self._pane.cursor.top:
            self.list_all()

    def request_context(self) -> None:
        """Ask for the messages around the hit under the cursor; those around other hits stay."""
        self.list_where_read()
        if self._search.context and (hit := self._state.pane.hit) is not None:
            place = hit.session_id, hit.message_id, hit.origin
            self._feed.search.context(place, width=self._search.context)

    # Answers

    def learn_titles(self, _: answers.Answer | None = None) -> None:
        """Prepare the titles of fresh rows as they arrive, so that no key waits for those of a whole home."""
        for row in self._state.fresh:
            self._titles.folded(row)

    def take_sessions(self, message: answers.SessionsArrived) -> None:
        """Prepare titles; look for matching ones again once all sessions are here."""
        self.learn_titles()
        if message.done:
            self._match_titles()

    def take_hits(self, message: answers.HitsArrived) -> None:
        """Add a batch of hits."""
        state, search = self._state, self._search
        before = search.results.hits
        fresh = search.results.add(self._marked(message.batch), message.milliseconds, standing=message.standing)
        search.newest_id = self._feed.sessions.newest
        if fresh or search.results.done:
            search.older = None
        if search.results.done and not message.standing:
            search.ranking = search.query is not None and search.query.has_words and search.results.hits > 1
            if search.is_empty:
                self._request_similar_titles()
        if fresh or (not message.standing and (search.results.done or search.is_slow(state.seconds()))):
            search.error = state.lock_wait = None
            if before < FIRST_HITS <= search.results.hits and not state.pane.touched:
                search.results.hold()
            answered = search.is_settled and not message.standing
            self._changed(Part.LISTS if answered else Part.LISTS_SOON)

    def list_all(self) -> None:
        """List the hits beyond the first screens too: somebody goes into the list."""
        if self._search.shown.release():
            self._changed(Part.LISTS)

    def take_ranking(self, message: answers.HitsRanked) -> None:
        """Add the best hits; they go first unless the user has moved the cursor."""
        results, self._search.ranking = self._search.results, False
        known = results.can_rank
        results.rank(self._marked(message.batch), message.milliseconds)
        if not known and not self._state.pane.touched:
            results.ranked = results.can_rank
            results.hold()
        # At once: it ends what streams in, and the fewer see the order change the better.
        self._changed(Part.LISTS)

    def take_count(self, message: answers.HitsCounted) -> None:
        """Set the number of all hits."""
        if self._search.bookmarked is None:
            self._search.results.counted = message.count
        self._changed(Part.LISTS_SOON)

    def take_meant_words(self, message: answers.WordsMeant) -> None:
        """Set the query that might be meant."""
        query = self._search.query
        if query is None:
            return
        corrected = with_known_filters(query.text)
        if corrected == query.text and not _NUMBERED.search(query.text):
            corrected = _corrected(query, message.words)
        if corrected != query.text and self._parsed(corrected)[1] is None:
            self._search.meant = corrected
            self._changed(Part.LISTS_SOON)

    def take_word_left_out(self, message: answers.WordLeftOut) -> None:
        """Set the query of one word less that has hits."""
        self._search.without = Without(message.word, message.text, message.hits, capped=message.capped)
        self._changed(Part.LISTS_SOON)

    def take_similar_titles(self, message: answers.TitlesRanked) -> None:
        """Set the sessions whose titles are similar to the query."""
        search, row_of = self._search, self._state.catalog.row
        if search.is_empty:
            rows = ((row_of(session_id), ranges) for session_id, ranges in message.titles.items())
            search.titles = tuple(replace(row, matches=ranges) for row, ranges in rows if row)
            search.similar = True
            self._changed(Part.LISTS_SOON)

    def take_context(self, message: answers.ContextArrived) -> None:
        """Show the messages around a hit."""
        if self._search.context:
            self._pane.set_context(HitKey(message.session_id, message.message_id, message.origin), message.lines)

    def take_failure(self, message: answers.StoreFailed) -> None:
        """Show why there are no further hits."""
        if message.question in {"search", "new hits"} and not isinstance(message.error, QueryInvalid):
            self._search.error = message.error
            self._search.results.done, self._search.ranking = True, False
            self._changed(Part.LISTS_SOON)

    # Titles and queries

    def _parsed(self, text: str) -> tuple[Query | None, QueryInvalid | None]:
        """The query of a text, None where it has no word yet; or the reason why it is none."""
        try:
            query = parse(without_bookmarks(text), now=self._state.now().timestamp(), open_word=True)
        except QueryInvalid as error:
            return None, error
        return query if query.has_conditions else None, None

    def _start(self, query: Query | None) -> None:
        search = self._search
        self._feed.search.cancel()
        search.older = search.shown if search.query is not None and search.shown.hits and query is not None else None
        search.query, search.results = query, Results()
        search.titles, search.similar, search.ranking, search.meant, search.without = (), False, False, "", None
        search.requested_at = self._state.seconds()
        if query is not None:
            self._match_titles()
            self._feed.search.start(query)

    def _admits(self) -> Callable[[str], bool]:
        """Test of the id of a session: it has a bookmark, or none, as it was asked for."""
        bookmarked, marked = self._search.bookmarked, self._state.kept.marked_sessions
        return lambda session_id: bookmarked in (None, session_id in marked)

    def _marked(self, batch: Batch) -> Batch:
        """A batch without the hits of sessions that were not asked for."""
        if self._search.bookmarked is None:
            return batch
        admits = self._admits()
        return replace(batch, hits=tuple(hit for hit in batch.hits if admits(hit.session_id)))

    def _match_titles(self) -> None:
        """Find the newest titles that match; they are looked for again when there are other sessions."""
        search = self._search
        if search.query is None or search.similar:
            return
        matching, catalog, admits = [], self._state.catalog, self._admits()
        candidates = self._titles.candidates(search.query)  # of one look at all titles together
        for row in catalog.shown(everything=True) if candidates is None else catalog.in_order(candidates):
            ranges = self._titles.match(search.query, row)
            if ranges is not None and not row.session.is_older_section and admits(row.session.id):
                matching.append(replace(row, matches=ranges))
                if len(matching) == MOST_TITLES:
                    break
        search.titles = tuple(matching)
        search.more_titles = len(matching) == MOST_TITLES

    def _request_similar_titles(self) -> None:
        query = self._search.query
        if query is not None and query.any_of and not query.filters:
            self._feed.search.titles(" ".join(term.text for term in query.terms), self._titles.every())


def _same(query: Query | None, other: Query | None) -> bool:
    """Whether two queries have the same meaning, however they were typed."""
    if query is None or other is None:
        return query is other
    return (query.any_of, query.none_of, query.filters) == (other.any_of, other.none_of, other.filters)


def _corrected(query: Query, words: Mapping[str, str]) -> str:
    """The text of a query with words replaced; quotes, minus, star, filters and names with digits stay."""
    text = query.text
    for term in reversed(query.terms):
        piece = text[term.start : term.end]
        if _IS_NAME.fullmatch(piece):
            continue
        for word in term.words:
            piece = piece.replace(word, words.get(word, word))
        text = text[: term.start] + piece + text[term.end :]
    return text
