"""Controller of the find in the session that is read."""

from __future__ import annotations

from collections.abc import Sequence

from hermes_tui.feed import Feed, answers
from hermes_tui.feed.finding import Wanted
from hermes_tui.render.find import Needle
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.screens.browse.rail_controller import RailController
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.find import Find, FoundMessage
from hermes_tui.widgets.transcript import Transcript
from hermes_tui.widgets.transcript_cursor import Places
from store.base.late_dataclass import replace


class FindController:
    """One find at a time; it ends where another session is read."""

    def __init__(
        self, state: BrowserState, feed: Feed, changed: Changed, pane: Transcript, rail: RailController
    ) -> None:
        self._reading = state.reading
        self._search = state.search
        self._feed = feed
        self._changed = changed
        self._pane = pane
        self._rail = rail
        self._places: Places | None = None
        self._following = False

    def begin(self) -> None:
        """Remember the place of the reader, and find what is typed from now on."""
        cursor = self._pane.cursor
        self._places, self._following = cursor.places(), cursor.viewport.following
        before = self._reading.find
        find = self._reading.find = Find(replace(before.needle, text="") if before else Needle(""), cursor.bar)
        self._feed.transcript.read_ahead(self._wanted(find.needle))

    def take_text(self, text: str) -> None:
        """Find a text."""
        if (find := self._reading.find) is not None and not find.is_kept:
            self._ask(replace(find.needle, text=text), find.start)

    def next_scope(self) -> None:
        """Look through other messages: all, prompts, replies, tools, and again."""
        if (find := self._reading.find) is not None:
            self._ask(replace(find.needle, scope=find.needle.scope.next), find.start)

    def keep(self) -> None:
        """Keep the match, or end a find that has none."""
        find = self._reading.find
        if find is not None and find.places:
            find.is_kept = True
            self._changed(Part.FRAME)
        else:
            self.cancel()

    def cancel(self) -> None:
        """End the find, and bring the reader back to where it began."""
        cursor = self._pane.cursor
        if self._following:
            cursor.to_end()
        else:
            cursor.return_to(self._places)
        self.clear()

    def clear(self) -> None:
        """Take the marks out; the words of the search are marked again."""
        if self._reading.find is not None:
            self._reading.find = None
            self._feed.transcript.end_find()
            self._pane.set_query(self._search.query)
            self._rail.show_hits()
            self._changed(Part.FRAME)

    def step(self, step: int) -> None:
        """Go to the next match or to the one before."""
        if (find := self._reading.find) is not None:
            find.step(step)
            self._show(find)

    def take_found(self, message: answers.FoundArrived) -> None:
        """Take messages that have the text, and go to the first from where the reader was."""
        find = self._reading.find
        if find is None:
            return
        index_of = self._pane.cursor.layout.index.index_of
        placed = ((index_of(message_id), message_id, matches) for message_id, matches in message.matches)
        fresh = [FoundMessage(index, *found) for index, *found in placed if index is not None]
        find.add(fresh)
        find.is_done = message.done
        if find.current is None and find.places:
            find.to_first()
            self._show(find)
        self._pane.rail.show_hits((found.place for found in fresh), more=True)
        self._changed(Part.FRAME)
        self.take_growth()

    def take_growth(self, _: answers.Answer | None = None) -> None:
        """Look through the messages that came since the find began, once it has looked through the others."""
        find, heads = self._reading.find, self._pane.cursor.layout.index.heads
        if find is not None and find.is_done and find.needle.text and find.asked < len(heads):
            self._look_through(find, range(find.asked, len(heads)))

    def take_reread(self, _: answers.TranscriptReread) -> None:
        """Find again in a transcript whose messages may have other places; the reader stays."""
        if (find := self._reading.find) is not None and find.needle.text:
            again = self._reading.find = Find(find.needle, find.start, find.is_kept)
            current = find.current
            index = self._pane.cursor.layout.index.index_of(current.id) if current else None
            if current is not None and index is not None:
                again.current, again.nth = current._replace(place=index), find.nth
            self._look_through(again, range(len(self._pane.cursor.layout)))

    def _ask(self, needle: Needle, start: int) -> None:
        """Ask for the messages from the reader's on, then for those before."""
        before = self._reading.find
        find = self._reading.find = Find(needle, start)
        self._pane.set_query(needle if needle.text else None)
        self._pane.rail.show_hits(())
        size = len(self._pane.cursor.layout)
        if needle.text and before is not None and before.may_narrow and needle.narrows(before.needle):
            self._look_through(find, range(before.asked, size), some=before.ids_from(start))
        elif needle.text:
            self._look_through(find, range(start, size), range(start))
        else:
            self._feed.transcript.end_find()
        self._changed(Part.FRAME)

    def _look_through(self, find: Find, *ranges: range, some: Sequence[int] = ()) -> None:
        find.asked, find.is_done = len(self._pane.cursor.layout), False
        self._feed.transcript.find(self._wanted(find.needle, ranges, some))

    def _wanted(self, needle: Needle, ranges: Sequence[range] = (), some: Sequence[int] = ()) -> Wanted:
        layout = self._pane.cursor.layout
        return Wanted(tuple(layout.index.heads.ids), needle, ranges, some, dict(layout.bodies.kept))

    def _show(self, find: Find) -> None:
        if (found := find.current) is not None:
            self._pane.show_at(found.id, nth=find.nth, matches=found.matches)
            self._changed(Part.FRAME)
