"""Transcript pane: messages of a lineage, drawn when they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from textual import events, on
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from hermes_tui.render.blocks import empty_session, nothing_to_read
from hermes_tui.render.find import Needle
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.gutter import shifted, with_bar
from hermes_tui.render.line import Line, Role, fill, head, line_cells, span
from hermes_tui.render.safe import SafeText
from hermes_tui.render.time import in_words
from hermes_tui.state.rows import SessionRow
from hermes_tui.widgets.arrival import Arrival, Arrivals
from hermes_tui.widgets.first_picture import FirstPicture
from hermes_tui.widgets.message_index import Section, head_of
from hermes_tui.widgets.one_shot import call_after
from hermes_tui.widgets.painted_rows import PaintedRows
from hermes_tui.widgets.rail_column import RailColumn
from hermes_tui.widgets.rest_drawing import MessageFinished, RestDrawing
from hermes_tui.widgets.scroll_pane import ScrollPane, row_with_track
from hermes_tui.widgets.selection import Selection, with_selection
from hermes_tui.widgets.theme import Ground, glyphs_of
from hermes_tui.widgets.transcript_cursor import Target, TranscriptCursor
from hermes_tui.widgets.transcript_moves import READER, click, prompt_above
from hermes_tui.widgets.viewport import Row
from store.models import Head
from store.models import Message as Entry
from store.query.parse import Query

__all__ = ["Section", "Transcript", "together"]

NARROWEST = 40
"""The least width that is drawn for; what does not fit is cut."""


class Transcript(ScrollPane):
    """Messages in the order of their sections; bodies are requested by `BodiesWanted` and come by `put`."""

    faded: reactive[bool] = reactive(False)
    """Everything is dim, because it is about to be replaced."""

    @dataclass
    class BodiesWanted(Message):
        """Messages are about to be seen: at most 64 ids, those on the screen before others."""

        ids: tuple[int, ...]

    @dataclass
    class PositionChanged(Message):
        """The reader is elsewhere, or more has come."""

        index: int
        """The message with the bar, from 1; 0 where there is none, or before the first one."""
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
        self.cursor = TranscriptCursor(now=now)
        """What is on the screen, and how it is folded."""
        self.new_below = 0
        """Messages that came since the end was last seen."""
        self.prompt = SafeText("")
        """The first words of the prompt above the screen that is answered on it, "" where it is on the screen."""
        self._rest, self._rows = RestDrawing(self), PaintedRows(self, partial(_inputs, self))
        self._picture = FirstPicture(self, self.cursor, partial(call_after, self), self._rows.refresh)
        self.rail = RailColumn(self, self.cursor, self._picture.paint)
        """Marks beside the scroll column."""
        self._posted: tuple[int, int, int, bool] | None = None
        self._is_empty, self.is_held, self._arrivals = False, False, Arrivals()

    @property
    def total(self) -> int:
        """Messages of all sections."""
        return len(self.cursor.layout)

    @property
    def focused_message(self) -> Entry | None:
        """The message with the bar; None where there is none, or its body is not here yet."""
        return self.cursor.layout.body(self.cursor.bar) if self.total else None

    def open(self, row: SessionRow, sections: Sequence[Section], *, more: bool = False) -> None:
        """Show a session from its start; the one that is on the screen from where the reader is.

        Args:
            more: Its end is to come.
        """
        again = self.session_id == row.session.id
        position, following = self.cursor.position, self.cursor.viewport.following
        self._begin(row)
        for section in sections:
            self.cursor.layout.add(section)
        if again:
            self.cursor.target, self.cursor.viewport.following = position, following
        self.cursor.viewport.waits = more
        self._changed()

    def replace(self, row: SessionRow, sections: Sequence[Section], bodies: Sequence[Entry]) -> None:
        """Show the session on the screen as it is now, to a reader who stays where they are.

        Args:
            row: Its row.
            sections: All of it.
            bodies: Messages that cannot be requested.
        """
        before, following, new = self.cursor.layout, self.cursor.viewport.following, self.new_below
        places = self.cursor.places()
        self._begin(row)
        layout = self.cursor.layout
        for section in sections:
            layout.add(section)
        layout.take_over(before)
        layout.bodies.keep(bodies)
        self.cursor.return_to(places)
        self.cursor.viewport.following, self.new_below = following, new
        self._changed()

    def show_nothing(self) -> None:
        """Show no session."""
        self._row, self._is_empty, self.new_below = None, True, 0
        self.cursor.reset()
        self.rail.forget()
        self._on_resize()

    def return_to(self, session_id: str, place: Target) -> None:
        """Go to a place of a session, now or when it is opened next."""
        self._arrivals.returns = session_id, place
        if self._row is not None and self._row.session.id == session_id:
            self.cursor.go_to(place)
            self._changed()

    def expect(self, session_id: str, arrival: Arrival) -> None:
        """Begin where a reader left, when a session is opened next."""
        self._arrivals.expected = session_id, arrival

    @property
    def session_id(self) -> str | None:
        """The session that is shown."""
        return None if self._row is None else self._row.session.id

    def expire(self) -> None:
        """Compare what is on the screen with what is stored: something was written."""
        self.cursor.layout.bodies.expire()
        self._changed()

    def open_messages(self, row: SessionRow, messages: Sequence[Entry]) -> None:
        """Show a session whose bodies come all at once and cannot be requested: one that lives in a JSONL file."""
        self._begin(row)
        self.append_waiting(row.session.id, [message for message in messages if message.id is not None])

    def append_section(self, section: Section, *, more: bool = False) -> None:
        """Put a later section of the lineage at the end, or before what is to come."""
        self.cursor.viewport.waits = more
        self.cursor.layout.add(section)
        self._changed()

    def append_waiting(self, session_id: str, messages: Sequence[Entry], *, more: bool = False) -> None:
        """Put messages at the end whose bodies cannot be requested, such as those of the spool; their ids ascend."""
        self.cursor.layout.bodies.keep(messages)
        self.append_section(Section(session_id, tuple(map(head_of, messages))), more=more)

    def append_heads(self, session_id: str, heads: Sequence[Head], *, live: bool = True, more: bool = False) -> None:
        """Put messages at the end; one who follows sees them, anyone else stays where they are.

        Args:
            session_id: The last section's, or nothing happens.
            heads: Ids ascend; those that are here already are left out.
            live: They are new, and counted as such; False for the next page of what was there.
            more: The end is to come.
        """
        self.cursor.viewport.waits = more
        if session_id != (index := self.cursor.layout.index).last_section:
            return
        fresh = [new for new in heads if new.id > index.last_of_section]
        self.cursor.layout.extend(fresh)
        self.new_below += len(fresh) if live else 0
        self._changed()

    def update_row(self, row: SessionRow) -> None:
        """Take the session's row as it is now."""
        if self._row is not None and self._row.session.id == row.session.id:
            self._row = row
            self.cursor.layout.set_live(row.session.live)

    def put(self, messages: Sequence[Entry]) -> None:
        """Take bodies that were requested."""
        self.cursor.layout.put(messages)
        self._changed()

    def ask_again(self) -> None:
        """Request the bodies again that did not come, and wait for the end no longer."""
        self.cursor.viewport.waits = False
        self.cursor.layout.bodies.forget_requests()
        self._changed()

    def set_query(self, query: Query | Needle | None) -> None:
        """Mark the words of a query in every message, or a text that is to be found, or nothing."""
        self.cursor.mark(query)
        self.rail.show_hits((), more=query is not None)
        self._changed()

    def show_at(self, message_id: int, terms: Query | None = None, *, nth: int = 0, matches: int = 1) -> None:
        """Go to a message and unfold it as far as a match; one that is not here yet is waited for.

        Args:
            message_id: The message.
            terms: What is marked from now on, None for what is marked already.
            nth: Which of its matches, from 0.
            matches: How many it has, as far as that is known.
        """
        if terms is not None:
            self.cursor.mark(terms)
        self.cursor.go_to(Target(message_id, first_match=True, nth=nth, matches=matches))
        self._changed()

    def show_message(self, message_id: int) -> None:
        """Go to a message, or to the one that it is drawn with."""
        self.cursor.go_to(Target(message_id))
        self._changed()

    def show_section(self, session_id: str) -> None:
        """Go to the first message of a section, if it is here."""
        if (first := self.cursor.layout.index.first_of(session_id)) is not None:
            self.show_message(first)

    def action_move_by(self, rows: int) -> None:
        """Move by lines, down if positive."""
        self.cursor.scroll(rows)
        self._changed()

    def action_move_to_top(self) -> None:
        """Go to the first message."""
        self.do("top")

    def action_move_to_end(self) -> None:
        """Go to the last message and follow."""
        self.do("end")

    def do(self, move: str) -> None:
        """Make a move of `transcript_moves.READER`."""
        READER[move](self.cursor)
        self._changed()

    def _begin(self, row: SessionRow) -> None:
        before, self._row, self.new_below = self.session_id, row, 0
        self.cursor.reset()
        self.rail.forget()
        self._arrivals.begin(self.cursor, row.session.id, again=before == row.session.id)
        self.cursor.layout.set_live(row.session.live)
        self._shape()

    def _shape(self) -> None:
        self.cursor.shape(max(self.size.width, NARROWEST), self.size.height, glyphs_of(self.app))

    def _changed(self) -> None:
        """Settle, paint, and post what is different."""
        if self.is_held:
            return
        cursor = self.cursor
        cursor.settle()
        self._picture.paint()
        if not self.size.height:
            return
        if cursor.viewport.at_end:
            self.new_below = 0
        self.prompt, unread = prompt_above(cursor)
        for ids in cursor.layout.bodies.request([*cursor.viewport.wanted(), *unread]):
            self.post_message(self.BodiesWanted(ids))
        self._rest.draw_next(self.cursor)
        self.rail.catch_up()
        position = (*cursor.layout.index.numbers(cursor.bar), self.new_below, cursor.viewport.following)
        if position != self._posted:
            self._posted = position
            self.post_message(self.PositionChanged(*position))

    @on(MessageFinished)
    def _on_message_finished(self, event: MessageFinished) -> None:
        event.stop()
        self._rest.take(self.cursor, event)
        self._changed()

    def _on_resize(self) -> None:
        self._shape()
        self._changed()

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]  # need not be a coroutine
        if self.cursor.selection is None and click(self.cursor, event.x, event.y, is_double=event.chain > 1):
            event.stop()
            self._changed()

    def select(self, selection: Selection | None) -> None:
        """Draw what a drag selects, None for nothing."""
        self.cursor.selection = selection
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A row of the picture."""
        return self._picture.row(y, self.size.width, partial(self._rows.paint, draw=self._painted))

    def _painted(self, y: int) -> Strip:
        """A row of the text and its cell of the scroll track; the last row says how much came below it."""
        line = self.rail.beside(self._row_line(y), y)
        if y == self.size.height - 1 and self.new_below:
            line = _with_new(line, self.new_below, self.size.width - 1, glyphs_of(self.app))
        return row_with_track(self, y, line, Ground.FADED if self.faded else Ground.PLAIN, self.cursor.viewport.thumb)

    def _row_line(self, y: int) -> Line:
        if not self.total:
            said = empty_session if self._row else nothing_to_read if self._is_empty else None
            return _line_of(said, y, max(self.size.width, NARROWEST), glyphs_of(self.app))
        if y >= len(self.cursor.viewport.rows):
            return ()
        return _text_of(self.cursor.viewport.rows[y], self.cursor, glyphs_of(self.app) if self.has_focus else None)


def _inputs(pane: Transcript, rows: Sequence[int]) -> Iterator[Hashable]:
    """All that the rows of a transcript are painted from."""
    (start, size), last, faded = pane.cursor.viewport.thumb, pane.size.height - 1, pane.faded
    for y, mark in zip(rows, pane.rail.marks(rows), strict=True):
        yield pane._row_line(y), mark, start <= y < start + size, y == last and pane.new_below, faded


@contextmanager
def together(transcript: Transcript) -> Iterator[None]:
    """Settle and paint at the end of the block, once for all that is added in it."""
    transcript.is_held = True
    try:
        yield
    finally:
        transcript.is_held = False
    transcript.put(())


def _text_of(row: Row, cursor: TranscriptCursor, glyphs: Glyphs | None) -> Line:
    """A row with its part of the selection, as far as it is on the pane; with the bar where the pane has the focus.

    Args:
        glyphs: None without the focus.
    """
    if row.seam:
        return row.text
    text = row.text
    if cursor.selection is not None:
        text = with_selection(text, cursor.selection.cells(row.index, row.line))
    text = shifted(text, cursor.left) if cursor.left else text
    # The blank line below a message is its only line of one span, and not its own.
    return with_bar(text, glyphs) if glyphs and row.index == cursor.bar and len(row.text) > 1 else text


def _line_of(said: Callable[..., Sequence[Line]] | None, y: int, width: int, glyphs: Glyphs) -> Line:
    """A line of what is said where there is no message."""
    block = said(width=width, glyphs=glyphs) if said else []
    return block[y] if y < len(block) else ()


def _with_new(line: Line, number: int, width: int, glyphs: Glyphs) -> Line:
    """Put what came below the screen at the right end of a line."""
    notice = span(glyphs.words(f" ▼ {in_words(number)} new · G "), Role.ACCENT)
    room = max(0, width - line_cells((notice,)))
    return (*fill(head(line, room), room), notice)
