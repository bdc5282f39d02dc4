"""Controller of the find in the session that is read."""

from __future__ import annotations

from dataclasses import replace

from hermes_tui.feed import Feed, answers
from hermes_tui.render.find import Needle
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.find import Find
from hermes_tui.widgets.transcript import Transcript
from hermes_tui.widgets.transcript_cursor import Target


class FindController:
    """One find at a time; it ends where another session is read."""

    def __init__(self, state: BrowserState, feed: Feed, changed: Changed, pane: Transcript) -> None:
        self._reading = state.reading
        self._search = state.search
        self._feed = feed
        self._changed = changed
        self._pane = pane
        self._places: list[Target] = []
        self._following = False

    def begin(self) -> None:
        """Remember the place of the reader, and find what is typed from now on."""
        cursor = self._pane.cursor
        self._places, self._following = cursor.places(), cursor.viewport.following
        before = self._reading.find
        self._reading.find = Find(replace(before.needle, text="") if before else Needle(""), cursor.bar)

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
            self._changed(Part.FRAME)

    def step(self, step: int) -> None:
        """Go to the next match or to the one before."""
        if (find := self._reading.find) is not None:
            self._go(find, find.step(step))

    def take_found(self, message: answers.FoundArrived) -> None:
        """Take messages that have the text, and go to the first from where the reader was."""
        find = self._reading.find
        if find is None:
            return
        for message_id in message.message_ids:
            if (index := self._pane.cursor.layout.index.index_of(message_id)) is not None:
                find.add(index, message_id)
        find.is_done = message.done
        if find.current is None and find.places:
            self._go(find, find.first())
        self._changed(Part.FRAME)

    def _ask(self, needle: Needle, start: int) -> None:
        """Ask for the messages from the reader's on, then for those before."""
        self._reading.find = Find(needle, start)
        self._pane.set_query(needle if needle.text else None)
        layout = self._pane.cursor.layout
        ids = [head.id for head in layout.index.heads]
        if needle.text:
            self._feed.transcript.find([*ids[start:], *ids[:start]], needle.is_in, kept=layout.bodies.kept)
        else:
            self._feed.transcript.end_find()
        self._changed(Part.FRAME)

    def _go(self, find: Find, message_id: int | None) -> None:
        if message_id is not None:
            find.current = message_id
            self._pane.show_at(message_id)
            self._changed(Part.FRAME)
