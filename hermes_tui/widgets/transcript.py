"""The transcript: messages of a lineage, drawn when they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from hermes_tui.render.blocks import empty_session
from hermes_tui.render.gutter import with_bar
from hermes_tui.render.line import Line, Role, fill, line_cells, span
from hermes_tui.render.line import head as start_of
from hermes_tui.render.message import Folds
from hermes_tui.render.time import in_words
from hermes_tui.render.tool import n_bytes
from hermes_tui.widgets.message_index import Section
from hermes_tui.widgets.scroll_pane import Pane
from hermes_tui.widgets.session_list import SessionRow
from hermes_tui.widgets.theme import Ground
from hermes_tui.widgets.transcript_cursor import Aim, Reader
from store.models import Head
from store.models import Message as Entry
from store.query.parse import Query

__all__ = ["Section", "Transcript"]

NARROWEST = 40
"""The least width that is drawn for; what does not fit is cut."""


class Transcript(Pane):
    """Messages in the order of their sections; bodies are asked for by `BodiesWanted` and come by `put`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "roll(-1)", "Up", show=False),
        Binding("down,j", "roll(1)", "Down", show=False),
        Binding("pageup", "roll_page(-1)", "Page up", show=False),
        Binding("pagedown", "roll_page(1)", "Page down", show=False),
        Binding("home,g", "move_to_top", "Top", show=False),
        Binding("end,G", "move_to_end", "End", show=False),
    ]

    @dataclass
    class BodiesWanted(Message):
        """Messages are about to be seen: at most 64 ids, those on the screen before others."""

        transcript: Transcript
        ids: tuple[int, ...]

    @dataclass
    class PositionChanged(Message):
        """The reader is elsewhere, or more has come."""

        transcript: Transcript
        index: int
        """The message with the bar, from 1; 0 where there is none."""
        total: int
        new_below: int
        """Messages that came since the end was last seen."""
        following: bool
        """The end stays on the screen."""

        def can_replace(self, message: Message) -> bool:
            """Only where the reader is now matters."""
            return isinstance(message, Transcript.PositionChanged)

    def __init__(self, *, now: Callable[[], datetime], id: str | None = None) -> None:  # noqa: A002  Textual's own name
        """Args:
        now: The time, aware; its zone is the reader's.
        """
        super().__init__(id=id)
        self._row: SessionRow | None = None
        self._reader = Reader(now=now)
        self._new = 0
        self._told: tuple[int, int, int, bool] | None = None

    # What is shown

    @property
    def row(self) -> SessionRow | None:
        """The session that was opened last."""
        return self._row

    @property
    def folds(self) -> Folds:
        """What is folded in messages that were not folded on their own."""
        return self._reader.folds

    @property
    def undone_shown(self) -> bool:
        """Whether messages that the user took back are shown."""
        return self._reader.text.undone_shown

    @property
    def following(self) -> bool:
        """Whether the end stays on the screen."""
        return self._reader.port.following

    @property
    def total(self) -> int:
        """Messages of all sections."""
        return len(self._reader.text)

    @property
    def last_id(self) -> int | None:
        """The id of the last message, None where there is none."""
        return self._reader.text.heads[-1].id if self._reader.text.heads else None

    @property
    def focused_message(self) -> Entry | None:
        """The message with the bar; None where there is none, or its body is not here yet."""
        return self._reader.text.body(self._reader.bar) if self.total else None

    def open(self, row: SessionRow, sections: Sequence[Section]) -> None:
        """Show a session from its start; the one that is on the screen from where the reader is."""
        again = self._row is not None and self._row.session.id == row.session.id
        here, following = self._reader.here(), self.following
        self._begin(row)
        for section in sections:
            self._reader.text.add(section)
        if again:
            self._reader.aim, self._reader.port.following = here, following
        self._changed()

    def open_messages(self, row: SessionRow, messages: Sequence[Entry]) -> None:
        """Show a session whose bodies come all at once and cannot be asked for: one that lives in a JSONL file."""
        self._begin(row)
        entries = [message for message in messages if message.id is not None]
        self._reader.text.bodies.keep(entries)
        self._reader.text.add(Section(row.session.id, tuple(map(_head_of, entries))))
        self._changed()

    def append_section(self, section: Section) -> None:
        """Put a later section of the lineage at the end."""
        self._reader.text.add(section)
        self._changed()

    def append_waiting(self, session_id: str, messages: Sequence[Entry]) -> None:
        """Put messages of the spool at the end, whose bodies cannot be asked for; their ids are below 0 and ascend."""
        self._reader.text.bodies.keep(messages)
        self._reader.text.add(Section(session_id, tuple(map(_head_of, messages))))
        self._changed()

    def append_heads(self, session_id: str, heads: Sequence[Head], *, live: bool = True) -> None:
        """Put messages at the end; one who follows sees them, anyone else stays where they are.

        Args:
            session_id: The last section's, or nothing happens.
            heads: Ids ascend; those that are here already are left out.
            live: They are new, and counted as such; False for the next page of what was there.
        """
        if session_id != self._reader.text.last_section:
            return
        last = self._reader.text.last_of_section
        fresh = [head for head in heads if head.id > last]
        self._reader.text.extend(fresh)
        self._new += len(fresh) if live else 0
        self._changed()

    def update_row(self, row: SessionRow) -> None:
        """Take the session's row as it is now."""
        if self._row is not None and self._row.session.id == row.session.id:
            self._row = row
            self._reader.text.live = row.session.live

    def put(self, messages: Sequence[Entry]) -> None:
        """Take bodies that were asked for."""
        self._reader.text.bodies.put(messages)
        self._changed()

    def ask_again(self) -> None:
        """Ask once more for the bodies that did not come."""
        self._reader.text.bodies.forget_asked()
        self._changed()

    def set_query(self, query: Query | None) -> None:
        """Mark the words of a query in every message, or none."""
        self._reader.seek(query)
        self._changed()

    def show_at(self, message_id: int, terms: Query | None = None) -> None:
        """Go to a message and unfold it as far as its first match; one that is not here yet is waited for."""
        if terms is not None:
            self._reader.seek(terms)
        self._reader.port.following = False
        self._reader.aim = Aim(message_id, rows_scanned=True)
        self._changed()

    def show_section(self, session_id: str) -> None:
        """Go to where a section begins, if it is here."""
        if (first := self._reader.text.first_of(session_id)) is not None:
            self._reader.port.following, self._reader.aim = False, Aim(first)
            self._changed()

    # What keys do; each is an action too

    def roll(self, rows: int) -> None:
        """Move by lines, down if positive."""
        self._reader.scroll(rows)
        self._changed()

    def roll_page(self, pages: int) -> None:
        """Move by the height of the pane less one line."""
        self.roll(pages * max(1, self.size.height - 1))

    def move_to_top(self) -> None:
        """Go to the first message."""
        self._reader.to_top()
        self._changed()

    def move_to_end(self) -> None:
        """Go to the last message and follow."""
        self._reader.to_end()
        self._changed()

    def next_message(self) -> None:
        """Put the bar on the next message."""
        self._reader.step(1)
        self._changed()

    def previous_message(self) -> None:
        """Put the bar on the message before."""
        self._reader.step(-1)
        self._changed()

    def follow(self) -> None:
        """Go to the end and stay there while the session grows, or stop that."""
        if self.following:
            self._reader.port.stay()
        else:
            self._reader.to_end()
        self._changed()

    def fold(self) -> None:
        """Unfold the message with the bar one step further, or fold it again after the last."""
        self._reader.fold()
        self._changed()

    def tools(self) -> None:
        """Calls of tools everywhere: short, in full, hidden, and again."""
        self._reader.fold_tools()
        self._changed()

    def reasoning(self) -> None:
        """Reasoning everywhere: one line, or open."""
        self._reader.fold_reasoning()
        self._changed()

    def undone(self) -> None:
        """Show the messages that the user took back, or leave them out again."""
        self._reader.show_undone(not self.undone_shown)
        self._changed()

    action_roll = roll
    action_roll_page = roll_page
    action_move_to_top = move_to_top
    action_move_to_end = move_to_end

    # What happens to it

    def _begin(self, row: SessionRow) -> None:
        self._row = row
        self._new = 0
        self._reader.begin()
        self._reader.text.live = row.session.live
        self._shape()

    def _shape(self) -> None:
        self._reader.shape(max(self.size.width, NARROWEST), self.size.height, self.glyphs)

    def _changed(self) -> None:
        """Settle, paint, and tell."""
        reader = self._reader
        reader.settle()
        self.refresh()
        if not self.size.height:
            return
        if reader.port.at_end:
            self._new = 0
        for ids in reader.text.bodies.ask(reader.port.wanted()):
            self.post_message(self.BodiesWanted(self, ids))
        place = (min(reader.bar + 1, self.total), self.total, self._new, self.following)
        if place != self._told:
            self._told = place
            self.post_message(self.PositionChanged(self, *place))

    def watch_ascii_only(self) -> None:
        """Draw anew."""
        self._shape()
        self._changed()

    def _on_resize(self, event: events.Resize) -> None:
        event.stop()
        self._shape()
        self._changed()

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]  # need not be a coroutine
        rows = self._reader.port.rows
        if event.y >= len(rows):
            return
        event.stop()
        self._reader.bar = rows[event.y].index
        if event.chain > 1:
            self._reader.fold()
        self._changed()

    # Painting

    def thumb(self, height: int) -> tuple[int, int]:
        """Where the reader is; by estimate where messages were not drawn yet."""
        return self._reader.port.thumb(height)

    def row_line(self, y: int, width: int) -> tuple[Line, Ground]:
        """A row of the text; the last one tells what came below it."""
        line = self._line(y)
        if y == self.size.height - 1 and self._new:
            line = self._with_new(line, width)
        return line, Ground.PLAIN

    def _line(self, y: int) -> Line:
        if not self.total:
            block = empty_session(width=max(self.size.width, NARROWEST), glyphs=self.glyphs) if self._row else []
            return block[y] if y < len(block) else ()
        rows = self._reader.port.rows
        if y >= len(rows):
            return ()
        row = rows[y]
        # The blank line below a message is its only line of one span, and not its own.
        barred = self.has_focus and row.index == self._reader.bar and not row.seam and len(row.text) > 1
        return with_bar(row.text, self.glyphs) if barred else row.text

    def _with_new(self, line: Line, width: int) -> Line:
        """Put what came below the screen at the right end of a line."""
        told = span(self.glyphs.words(f" ▼ {in_words(self._new)} new · G "), Role.ACCENT)
        room = max(0, width - line_cells((told,)))
        return (*fill(start_of(line, room), room), told)


def _head_of(message: Entry) -> Head:
    """What would be known of a message before its body is."""
    return Head(
        message.id or 0,
        message.role,
        n_bytes(message.text),
        message.tool_name,
        bool(message.tool_calls),
        bool(message.reasoning),
        message.active,
        message.compacted,
        message.timestamp,
    )
