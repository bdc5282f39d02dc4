"""Rest of a long message, drawn in a thread while its first part is on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from textual.message import Message
from textual.widget import Widget

from hermes_tui.render.message import DrawnMessage, MessageDrawing
from hermes_tui.widgets.transcript_cursor import TranscriptCursor


@dataclass
class MessageFinished(Message):
    """All of a long message is drawn."""

    index: int
    drawing: MessageDrawing
    drawn: DrawnMessage


DESCRIPTION = "the rest of a message"
"""Without one Textual makes a text of what is to be done, with all of the message in it."""


class RestDrawing:
    """Draws one message at a time for a pane, which gets `MessageFinished`."""

    def __init__(self, pane: Widget) -> None:
        self._pane = pane
        self._running = False

    def draw_next(self, cursor: TranscriptCursor) -> None:
        """Begin to draw all of a message on the screen of which only the first part is drawn."""
        shown = {row.index for row in cursor.viewport.rows}
        for index, drawing in cursor.layout.unfinished(shown).items() if not self._running else ():
            self._running = True
            work = partial(self._draw, index, drawing)
            self._pane.run_worker(work, thread=True, group="rest", description=DESCRIPTION)
            return

    def take(self, cursor: TranscriptCursor, message: MessageFinished) -> None:
        """Put what was drawn into the layout."""
        self._running = False
        cursor.layout.finish(message.index, message.drawing, message.drawn)

    def _draw(self, index: int, drawing: MessageDrawing) -> None:
        self._pane.post_message(MessageFinished(index, drawing, drawing.draw()))
