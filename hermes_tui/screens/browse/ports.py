"""Ports of the browser's controllers: a request to draw, and the two panes that they fill."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Flag, auto
from typing import Protocol

from hermes_tui.state.rows import HitKey, SessionRow
from hermes_tui.widgets.message_index import Section
from store.models import ContextLine, Head, Hit, Message
from store.query.parse import Query


class Part(Flag):
    """A part of the screen that is drawn again."""

    FRAME = auto()
    ROWS = auto()
    """The rows of `BrowserState.fresh`, in their places."""
    LISTS = auto()
    LISTS_SOON = auto()
    """The lists, as soon as the last picture of what streams in has stood long enough."""


class Changed(Protocol):
    """Draws a part of the screen because the state has changed."""

    def __call__(self, part: Part, *, after: float = 0.0) -> None:
        """Draw now, or in `after` seconds."""


class HitPane(Protocol):
    """The list of hits, as far as the search controller moves in it."""

    def forget_cursor(self) -> None:
        """Put the cursor on the first row for another search."""

    def clear_context(self) -> None:
        """Show the hits alone."""

    def set_context(self, key: HitKey, lines: Sequence[ContextLine]) -> None:
        """Show the messages around a hit."""

    def move_hit(self, step: int) -> Hit | None:
        """Put the cursor on the next hit (1) or the previous one (-1); None where there is none."""


class TranscriptPane(Protocol):
    """The transcript, as far as the reading controller fills it; see `widgets.transcript.Transcript`."""

    @property
    def focused_message(self) -> Message | None:
        """The message with the bar."""

    def open(self, row: SessionRow, sections: Sequence[Section]) -> None:
        """Show a session from its first sections on."""

    def open_messages(self, row: SessionRow, messages: Sequence[Message]) -> None:
        """Show the messages of a file."""

    def append_section(self, section: Section) -> None:
        """Add a section of the chain."""

    def append_waiting(self, session_id: str, messages: Sequence[Message]) -> None:
        """Add messages that wait in the spool."""

    def append_heads(self, session_id: str, heads: Sequence[Head], *, live: bool = True) -> None:
        """Add heads to a section; `live` ones were written just now."""

    def update_row(self, row: SessionRow) -> None:
        """Take the session's changed row."""

    def put(self, messages: Sequence[Message]) -> None:
        """Take bodies in."""

    def ask_again(self) -> None:
        """Ask again for the bodies that are missing."""

    def set_query(self, query: Query | None) -> None:
        """Mark the words of a query."""

    def show_at(self, message_id: int, terms: Query | None = None) -> None:
        """Go to a message, and mark the words of its hit."""

    def show_section(self, session_id: str) -> None:
        """Go to the start of a section."""
