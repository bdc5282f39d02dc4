"""Column of the rail in a transcript's pane: what it shows, and when more of it is worked out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.widget import Widget

from hermes_tui.render.line import Line, fill, head
from hermes_tui.render.rail import cell
from hermes_tui.widgets.one_shot import call_after
from hermes_tui.widgets.rail import Rail
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.transcript_cursor import TranscriptCursor

PAUSE = 0.02
"""Seconds between two goes at the marks of a long session, so that keys come first."""


class RailColumn:
    """The rail of one pane, which is painted again where it changes.

    Args:
        pane: The widget that it is in.
        cursor: Knows what is on its screen.
        paint: Paints the pane, with its text.
    """

    def __init__(self, pane: Widget, cursor: TranscriptCursor, paint: Callable[[], None]) -> None:
        self._pane = pane
        self._paint = paint
        self._cursor = cursor
        self._rail = Rail(cursor)

    def forget(self) -> None:
        """Begin again: another session, or the same with messages in other places."""
        self._rail.forget()

    def show_hits(self, indices: Iterable[int], *, more: bool = False) -> None:
        """Mark messages as hits; the others no longer unless these are `more`."""
        self._rail.show_hits(indices, more=more)
        self._paint()

    def show_marks(self, marks: Iterable[tuple[int, int]]) -> None:
        """Show marks of messages, by id."""
        place = self._cursor.layout.index.index_of
        self._rail.take((index, mark) for message_id, mark in marks if (index := place(message_id)) is not None)
        self._paint()

    @property
    def behind(self) -> bool:
        """Whether marks of messages that came are still to be worked out."""
        return self._rail.behind

    def catch_up(self) -> None:
        """Work out the marks of messages that came, after the keys that wait."""
        if self._rail.behind:
            self._pane.call_later(self._go_on)

    def _go_on(self) -> None:
        self._rail.catch_up()
        self._paint()
        if self._rail.behind:
            call_after(self._pane, PAUSE, self._go_on)

    def marks(self, rows: Sequence[int]) -> Sequence[int | None]:
        """The marks of rows of the pane; None for one without a cell of the rail."""
        return self._rail.marks(rows) if len(self._cursor.layout) else [None] * len(rows)

    def beside(self, line: Line, row: int) -> Line:
        """A row of the pane with its cell of the rail; as it is where there is none."""
        width, [marks] = self._pane.size.width - 2, self.marks([row])
        return line if marks is None else (*fill(head(line, width), width), cell(marks, glyphs_of(self._pane.app)))
