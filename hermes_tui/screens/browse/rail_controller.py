"""Controller of the marks beside the transcript: hits, and those that need the bodies of messages."""

from __future__ import annotations

from hermes_tui.feed import Feed, answers
from hermes_tui.render.rail import marks_of
from hermes_tui.screens.browse.reading_controller import ReadingController
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.widgets.transcript import Transcript
from store.models import Hit, Origin


class RailController:
    """Asks for the marks of each message of the open transcript once."""

    def __init__(self, state: BrowserState, feed: Feed, pane: Transcript, reading: ReadingController) -> None:
        self._state = state
        self._feed = feed
        self._pane = pane
        self._reading = reading
        self._asked = 0

    def take_section(self, message: answers.SectionArrived) -> None:
        """Ask for the marks of a section's messages; the first section begins another transcript."""
        if message.first and message.place == 1:
            self._asked = 0
        self.take_growth()

    def take_again(self, _: answers.Answer) -> None:
        """Ask for all marks: the messages may have other places."""
        self._asked = 0
        self.take_growth()

    def take_growth(self, _: answers.Answer | None = None) -> None:
        """Ask for the marks of messages that came."""
        layout = self._pane.cursor.layout
        if fresh := layout.index.heads.ids[self._asked :]:
            self._feed.transcript.mark(fresh, marks_of, kept=layout.bodies.kept, again=not self._asked)
            self._asked += len(fresh)
        self.show_hits()

    def place_of(self, hit: Hit) -> int | None:
        """The place of a hit's message in the transcript on the screen, None where it is not in it."""
        from_sqlite = hit.origin is Origin.SQLITE
        if hit.session_id not in self._reading.chain or self._state.reading.from_file is from_sqlite:
            return None
        return self._pane.cursor.layout.index.index_of(hit.message_id)

    def take_marks(self, message: answers.MarksArrived) -> None:
        """Show marks."""
        self._pane.rail.show_marks(message.marks)

    def show_hits(self, _: answers.Answer | None = None) -> None:
        """Show the hits of the search that lie in the transcript, unless a find shows its own."""
        if self._state.reading.find is None:
            hits = self._state.search.results.every() if self._state.search.query is not None else ()
            places = (self.place_of(hit) for hit in hits)
            self._pane.rail.show_hits(place for place in places if place is not None)
