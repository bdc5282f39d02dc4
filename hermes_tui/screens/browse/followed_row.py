"""Row that the pane beside the list shows: always the one under the list's cursor."""

from __future__ import annotations

from typing import TypeAlias

from hermes_tui.screens.browse.compose import BrowserWidgets
from hermes_tui.screens.browse.reading_controller import ReadingController
from hermes_tui.state.browser_state import HELD, BrowserState
from hermes_tui.state.rows import HitKey, SessionRow, hit_key
from hermes_tui.widgets.transcript_cursor import Target
from store.models import Hit

PREVIEW_AFTER = 0.08
"""Seconds that the cursor rests on a row before its transcript is read."""
TYPED_AFTER = 0.2
"""Seconds after a letter of a search before one is read: keys follow one another faster than transcripts are drawn.

They count from the letter and not from its answer, so that the transcript is there before the pane would go dim.
"""
AT_LEAST = 0.02
"""Seconds for which the answer to a letter that is already waiting can come first."""


Opening: TypeAlias = "tuple[str, HitKey | None, str]"
"""The session and the hit under the cursor, and the session whose transcript was opened for them."""


class FollowedRow:
    """Opens the transcript of the row under the cursor where both panes are shown, and nothing where there is no row.

    A transcript that was entered stays, whatever happens in the list, until it is left.
    """

    def __init__(self, state: BrowserState, widgets: BrowserWidgets, reading: ReadingController) -> None:
        self._state = state
        self._widgets = widgets
        self._reading = reading
        self._opened: Opening | None = None
        self._left: tuple[str, Target] | None = None
        """The session and the place in it that were read when a search began."""
        self._searching = False
        self._early = False
        """The row was opened before it was known that it stays under the cursor."""

    def follow(self) -> None:
        """Have the pane show the row under the cursor; called whenever that may be another one."""
        self._reading.places.observe()
        state = self._state
        if state.hits_shown and not self._searching:
            self._leave()
        returns = self._searching and not state.hits_shown
        self._searching = state.hits_shown
        row, reading = state.pane.row, state.reading
        if state.inside:
            self._note_entered()
        if not state.two_panes or state.inside:
            return
        if row is None:
            if reading.row is not None and self._is_settled:
                self._close()
            return
        if self._opened != _opening(row, state.pane.hit, reading.row):
            self._early = self._awaits_others
            self._reading.open_chosen(delay=self._delay)
            self._opened = _opening(row, state.pane.hit, reading.row)
        elif self._early and not self._awaits_others:
            self._early = False
            self._reading.hasten(delay=PREVIEW_AFTER)
        if returns and self._left is not None:
            self._widgets.transcript.return_to(*self._left)

    @property
    def _delay(self) -> float:
        """Seconds that a row has to stay under the cursor."""
        if self._awaits_others:
            return HELD
        if not self._state.is_typing:
            return PREVIEW_AFTER
        return max(AT_LEAST, self._state.search.requested_at + TYPED_AFTER - self._state.seconds())

    @property
    def _awaits_others(self) -> bool:
        """Another row may come under the cursor by itself: more hits are awaited, or their best order."""
        search = self._state.search
        known = search.is_settled or search.results.can_rank
        return self._state.hits_shown and not known and not self._state.pane.touched

    def _note_entered(self) -> None:
        """A transcript that was entered from its row need not be opened again when it is left."""
        row, hit, reading = self._state.pane.row, self._state.pane.hit, self._state.reading
        shown = reading.row
        if row is not None and shown is not None and (row.session.id, hit) == (shown.session.id, reading.hit):
            self._opened = _opening(row, hit, shown)

    @property
    def _is_settled(self) -> bool:
        """No row is awaited any more."""
        search = self._state.search
        return search.results.done if self._state.hits_shown else self._state.catalog.complete

    def _leave(self) -> None:
        reading, place = self._state.reading, self._widgets.transcript.cursor.position
        self._left = (reading.row.session.id, place) if reading.row is not None and place is not None else None

    def _close(self) -> None:
        reading = self._state.reading
        reading.row = reading.hit = reading.error = reading.sources = reading.requested_at = None
        reading.index = reading.total = 0
        self._opened = None
        self._widgets.transcript.show_nothing()


def _opening(row: SessionRow, hit: Hit | None, shown: SessionRow | None) -> Opening:
    return row.session.id, hit_key(hit) if hit else None, shown.session.id if shown else ""
