"""Controller of the details of the session that is read: asked for when they are shown, and again when it changes."""

from __future__ import annotations

from hermes_tui.feed import Feed, answers
from hermes_tui.feed.details_request import DetailsArrived
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.state.browser_state import BrowserState

AGAIN_AFTER = 2.0
"""Seconds between two readings for a session that grows, at least."""


class DetailsController:
    """Shows the details and hides them."""

    def __init__(self, state: BrowserState, feed: Feed, changed: Changed) -> None:
        self._state = state
        self._details = state.details
        self._feed = feed
        self._changed = changed
        self._asked = ""
        self._asked_at = float("-inf")

    def toggle(self) -> None:
        """Show them, or no more."""
        self._details.shown = not self._details.shown
        self._details.prompt = False
        self._asked = ""
        self.look()

    def fold(self) -> None:
        """Unfold the system prompt, or fold it again."""
        self._details.prompt = not self._details.prompt
        self._changed(Part.FRAME)

    def look(self, _: answers.Answer | None = None) -> None:
        """Ask for the session that is read now, or for what has changed in it."""
        row = self._state.reading.row
        if not self._details.shown or row is None:
            return
        again = row.session.id == self._asked
        if again and self._asked_at > self._state.seconds():
            return
        delay = max(0.0, self._asked_at + AGAIN_AFTER - self._state.seconds()) if again else 0.0
        self._asked, self._asked_at = row.session.id, self._state.seconds() + delay
        self._feed.details.ask(row.session.id, delay=delay)

    def take(self, message: DetailsArrived) -> None:
        """Show what is stored."""
        self._details.stored = message.details
        self._changed(Part.FRAME)
