"""Controller of the list of sessions, and of the state of the store itself."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence

from hermes_tui.feed import Feed, answers
from hermes_tui.feed.store_worker import PATIENCE
from hermes_tui.render.blocks import STORE
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.session_order import Order
from store.errors import StoreMissing

MOST_UNTITLED = 5_000
"""Sessions without a title, the newest ones, whose first words are read beforehand."""


class SessionsController:
    """Asks for sessions, and puts them and their flags into the catalog."""

    def __init__(self, state: BrowserState, feed: Feed, changed: Changed) -> None:
        self._state = state
        self._feed = feed
        self._changed = changed
        self._reset = False

    def load(self) -> None:
        """Ask for all sessions, and forget the known ones with the first answer; at the start those of before it."""
        self._reset = True
        newest, self._state.newest = self._state.newest, ()
        if self._state.catalog.put(newest):
            self._changed(Part.LISTS)
        self._feed.sessions.load()

    def request_outlines(self) -> None:
        """Ask for the outlines of the rows on the screen that have none; by length, of all that it is uncertain of."""
        catalog = self._state.catalog
        if unknown := catalog.without_outline(self._state.pane.visible):
            self._feed.sessions.outlines(unknown)
        if self._state.order is Order.LONGEST and (uncertain := catalog.of_uncertain_length()):
            self._feed.sessions.first_words(uncertain)

    def stop_comparing(self) -> None:
        """Leave the sessions that were not compared yet with their quick flags."""
        self._feed.sessions.stop_comparing()
        self._state.compared = None
        self._state.show_notice("stopped: the other flags go by counts")
        self._changed(Part.FRAME)

    # Answers

    def take_sessions(self, message: answers.SessionsArrived) -> None:
        """Add sessions; with the last of them ask for what is read beforehand."""
        state, catalog = self._state, self._state.catalog
        self._forget_old()
        state.failure, state.lock_wait, state.has_store = None, None, True
        ids = catalog.put(message.sessions)
        ids += [row.session.id for row in catalog.put_drifts(message.drifts, message.facts)]
        self._set_fresh(ids)
        if message.done:
            catalog.complete = True
            self._feed.sessions.first_words(catalog.untitled(MOST_UNTITLED))
        if message.done or not catalog.complete:
            gc.freeze()  # the rows stay; a collector that walked them all would hold the keys up (0.2 s for 50 000)
        if ids or message.done:
            self._ask_again(ids)
            self._changed(Part.LISTS_SOON)

    def take_file_sessions(self, message: answers.FileSessionsArrived) -> None:
        """Replace the sessions that live in JSONL files alone."""
        self._set_fresh(self._state.catalog.put_files(message.sessions))
        self._changed(Part.LISTS_SOON)

    def take_unread_parts(self, message: answers.PartsUnread) -> None:
        """Set the parts of the list that could not be read."""
        if message.problems != self._state.unread:
            self._state.unread = message.problems
            self._changed(Part.LISTS_SOON)

    def take_scope(self, message: answers.ScopeCounted) -> None:
        """Set the store's counts."""
        self._state.catalog.counted = message.scope
        self._changed(Part.LISTS_SOON)

    def take_outlines(self, message: answers.OutlinesArrived) -> None:
        """Set status and first words of rows."""
        self._state.fresh = self._state.catalog.put_outlines(message.outlines)
        if self._state.fresh:
            self._changed(Part.ROWS)

    def take_drifts(self, message: answers.DriftsArrived) -> None:
        """Set flags, and the progress of the comparison."""
        state = self._state
        if message.total:
            state.compared = (message.done, message.total) if self._feed.sessions.comparing else None
        state.fresh = state.catalog.put_drifts(message.drifts, message.facts, message.uncompared)
        self._ask_again(row.session.id for row in state.fresh)
        if message.total or state.fresh:
            self._changed(Part.ROWS)

    def take_repaired(self, message: answers.Repaired) -> None:
        """Read a session's row and flag again: rows came and went, in the middle too."""
        self._feed.sessions.reread(message.session_id)

    def take_lock(self, message: answers.StoreBusy) -> None:
        """Show that another program holds the lock."""
        self._state.lock_wait = message.seconds, PATIENCE
        self._changed(Part.LISTS_SOON)

    def take_failure(self, message: answers.StoreFailed) -> None:
        """Show why the list cannot be read, or that a detail of it could not be."""
        state = self._state
        state.lock_wait = None
        if message.question == "sessions":
            self._forget_old()
            state.has_store = not isinstance(message.error, StoreMissing) or state.store != STORE
            state.failure = message.error if state.has_store else None
            state.catalog.complete = True
        elif message.question in {"details", "files"} and state.failure is None:
            state.compared = None
            state.show_notice(str(message.error))
        elif message.question == "watch" and state.failure is None:
            state.show_notice(str(message.error))
        self._changed(Part.LISTS_SOON)

    def _ask_again(self, changed: Iterable[str]) -> None:
        """Ask for the outlines of the rows on the screen that have changed."""
        visible = [session_id for session_id in changed if session_id in self._state.pane.visible]
        if visible:
            self._feed.sessions.outlines(visible)

    def _set_fresh(self, session_ids: Sequence[str]) -> None:
        rows = map(self._state.catalog.row, session_ids)
        self._state.fresh = [row for row in rows if row is not None]

    def _forget_old(self) -> None:
        """With the first answer to a new request the old rows go."""
        if self._reset:
            self._reset = False
            self._state.catalog.clear()
