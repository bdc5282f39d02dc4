"""Subscriptions of the browser: which methods of its controllers take which message of the feed, in which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from hermes_tui.feed import Feed, answers
from hermes_tui.feed.details_request import DetailsArrived
from hermes_tui.screens.browse.compose import BrowserWidgets
from hermes_tui.screens.browse.copy_controller import CopyController
from hermes_tui.screens.browse.details_controller import DetailsController
from hermes_tui.screens.browse.find_controller import FindController
from hermes_tui.screens.browse.kept_look import KeptLook
from hermes_tui.screens.browse.moves_controller import MovesController
from hermes_tui.screens.browse.ports import Changed
from hermes_tui.screens.browse.rail_controller import RailController
from hermes_tui.screens.browse.reading_controller import ReadingController
from hermes_tui.screens.browse.saved_searches_controller import SavedSearchesController
from hermes_tui.screens.browse.search_controller import SearchController
from hermes_tui.screens.browse.sessions_controller import SessionsController
from hermes_tui.state.browser_state import BrowserState

Kind = TypeVar("Kind", bound=answers.Answer)
Subscription: TypeAlias = tuple[type[answers.Answer], tuple[str, tuple[Callable[[Any], None], ...]]]
"""A class of messages; the request that they answer, whose older generations are dropped, "" for none; the methods."""


class Controllers:
    """The controllers of one browser."""

    def __init__(
        self, state: BrowserState, feed: Feed, changed: Changed, widgets: BrowserWidgets, saved: SavedSearchesController
    ) -> None:
        self.state = state
        self.sessions = SessionsController(state, feed, changed)
        self.search = SearchController(state, feed, changed, widgets.hit_list)
        self.reading = ReadingController(state, feed, changed, widgets.transcript)
        self.rail = RailController(state, feed, widgets.transcript, self.reading)
        self.find = FindController(state, feed, changed, widgets.transcript, self.rail)
        self.copying = CopyController(state, changed, widgets.transcript)
        widgets.text.take = self.copying.copy_selected
        self.details = DetailsController(state, feed, changed)
        self.moves = MovesController(state, feed, changed, widgets.transcript)
        self.look = KeptLook(state, widgets, changed)
        self.saved = saved
        widgets.session_list.cursor.first = state.kept.last_read
        widgets.session_list.has_news = self.reading.places.has_news
        widgets.session_list.is_picked = widgets.hit_list.is_picked = state.marked.__contains__

    def close(self) -> None:
        """Keep what is kept across runs."""
        self.reading.places.leave()
        self.saved.searches.close()
        self.copying.close()

    def restart(self) -> None:
        """Ask for everything again: the store failed, or another file lies at its path."""
        self.sessions.load()
        self.search.again()
        self.reading.again()

    def subscriptions(self) -> dict[type[answers.Answer], tuple[str, tuple[Callable[[Any], None], ...]]]:
        """The table."""
        sessions, search, reading, rail, find = self.sessions, self.search, self.reading, self.rail, self.find
        look = self.details.look
        table = (
            _row(answers.SessionsArrived, "sessions", sessions.take_sessions, search.take_sessions, reading.take_fresh),
            _row(answers.FileSessionsArrived, "sessions", sessions.take_file_sessions, search.learn_titles),
            _row(answers.PartsUnread, "sessions", sessions.take_unread_parts),
            _row(answers.ScopeCounted, "sessions", sessions.take_scope),
            _row(answers.OutlinesArrived, "", sessions.take_outlines, search.learn_titles, reading.take_row),
            _row(answers.DriftsArrived, "", sessions.take_drifts, reading.take_drifts),
            _row(answers.HitsArrived, "search", search.take_hits, rail.show_hits),
            _row(answers.HitsRanked, "search", search.take_ranking, rail.show_hits),
            _row(answers.HitsCounted, "search", search.take_count),
            _row(answers.WordsMeant, "search", search.take_meant_words),
            _row(answers.WordLeftOut, "search", search.take_word_left_out),
            _row(answers.TitlesRanked, "titles", search.take_similar_titles),
            _row(answers.ContextArrived, "search", search.take_context),
            _row(answers.SectionArrived, "transcript", reading.take_section, rail.take_section, find.take_growth, look),
            _row(
                answers.SectionsArrived, "transcript", reading.take_sections, rail.take_growth, find.take_growth, look
            ),
            _row(answers.FileTranscriptArrived, "transcript", reading.take_file_transcript, rail.take_again, look),
            _row(answers.GrowthArrived, "transcript", reading.take_growth, rail.take_growth, find.take_growth, look),
            _row(answers.TranscriptReread, "transcript", reading.take_reread, rail.take_again, find.take_reread, look),
            _row(answers.BodiesArrived, "transcript", reading.take_bodies),
            _row(DetailsArrived, "details", self.details.take),
            _row(answers.FoundArrived, "find", find.take_found),
            _row(answers.MarksArrived, "marks", rail.take_marks),
            _row(answers.MessageFound, "first", self.moves.take_message),
            _row(answers.CheckArrived, "", reading.take_check),
            _row(answers.Repaired, "", sessions.take_repaired, search.again, reading.take_repaired),
            _row(answers.SearchesKept, "", self.saved.take_searches),
            _row(answers.StoreChanged, "", self._take_change, reading.take_change),
            _row(answers.StoreBusy, "", sessions.take_lock),
            _row(answers.StoreHealed, "", self._take_healed),
            _row(answers.StoreFailed, "", sessions.take_failure, search.take_failure, reading.take_failure),
            _row(answers.FeedCrashed, "", _raise),
        )
        return dict(table)

    def _take_change(self, message: answers.StoreChanged) -> None:
        if message.change.replaced:
            self.restart()

    def _take_healed(self, _: answers.StoreHealed) -> None:
        if self.state.failure is not None:
            self.restart()


def _row(kind: type[Kind], question: str, *methods: Callable[[Kind], None]) -> Subscription:
    return kind, (question, methods)


def _raise(message: answers.FeedCrashed) -> None:
    """Let a mistake in a thread stop the app as if it had happened on the screen."""
    raise message.error
