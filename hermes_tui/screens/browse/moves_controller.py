"""Controller of moves in the session that is read which need more than the pane has: its errors, a number, a date."""

from __future__ import annotations

from bisect import bisect_left

from hermes_tui.feed import Feed, answers
from hermes_tui.render.destination import destination
from hermes_tui.render.tools.outcome import has_failed
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.widgets.transcript import Transcript


class MovesController:
    """Moves the bar of the transcript."""

    def __init__(self, state: BrowserState, feed: Feed, changed: Changed, pane: Transcript) -> None:
        self._state = state
        self._feed = feed
        self._changed = changed
        self._pane = pane

    def go_to(self, typed: str) -> None:
        """Go to a message number, a date or a time, or say what there is."""
        cursor = self._pane.cursor
        index = cursor.layout.index
        times, now = index.heads.times, self._state.now()
        found = destination(typed, times, cursor.bar, now, hidden=index.hidden, unnumbered=index.unnumbered)
        if found.index is None:
            self._say(found.complaint)
        else:
            self._pane.show_message(index.heads.ids[found.index])

    def next_error(self) -> None:
        """Go to the next result that failed behind the message with the bar, at last from the first one on."""
        cursor = self._pane.cursor
        index = cursor.layout.index
        if not cursor.bar < len(index):
            return
        start = max(cursor.bar + 1, index.results(cursor.bar).stop)
        places = [place for place in index.heads.of_role("tool") if not index.is_hidden(place)]
        first = bisect_left(places, start)
        ids = [index.heads.ids[place] for place in (*places[first:], *places[:first])]
        self._feed.transcript.first(ids, has_failed, kept=cursor.layout.bodies.kept)

    def take_message(self, message: answers.MessageFound) -> None:
        """Go to the result that was found."""
        if message.message_id is None:
            self._say("no call of a tool failed in this session")
        else:
            self._pane.show_message(message.message_id)

    def _say(self, notice: str) -> None:
        self._state.show_notice(notice)
        self._changed(Part.FRAME)
