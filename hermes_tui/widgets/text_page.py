"""A page of lines that is read and scrolled; it has the whole width where all of it is on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from hermes_tui.render.line import Line
from hermes_tui.widgets.scroll_pane import Pane
from hermes_tui.widgets.scroll_thumb import thumb
from hermes_tui.widgets.theme import Ground, palette_of, strip_of


class Page(Pane):
    """Lines from top to bottom; who shows them says which."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "roll(-1)", "Up", show=False),
        Binding("down,j", "roll(1)", "Down", show=False),
        Binding("pageup", "roll_page(-1)", "Page up", show=False),
        Binding("pagedown", "roll_page(1)", "Page down", show=False),
        Binding("home,g", "roll(-1000000000)", "Top", show=False),
        Binding("end,G", "roll(1000000000)", "End", show=False),
    ]

    @dataclass
    class EndNear(Message):
        """The last line is on the screen, or one page below it."""

        page: Page

        def can_replace(self, message: Message) -> bool:
            """Once is enough."""
            return isinstance(message, Page.EndNear)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()
        self._top = 0

    def show(self, lines: Sequence[Line], *, from_top: bool = False) -> None:
        """Put other lines up, from the first one or from where the reader is."""
        self._lines = lines
        self._top = 0 if from_top else self._top
        self._settle()

    def thumb(self, height: int) -> tuple[int, int]:
        """First row and number of rows of the thumb; (0, 0) where everything is shown."""
        return thumb(height, self._top, self.size.height, len(self._lines))

    def roll(self, rows: int) -> None:
        """Show what is so many rows further down, or up if negative."""
        self._top += rows
        self._settle()

    def roll_page(self, pages: int) -> None:
        """Move by the height of the page less one row."""
        self.roll(pages * max(1, self.size.height - 1))

    action_roll = roll
    action_roll_page = roll_page

    def row_line(self, y: int, width: int) -> tuple[Line, Ground]:  # noqa: ARG002  the line is cut by who paints it
        """A line of the page."""
        place = self._top + y
        return (self._lines[place] if place < len(self._lines) else ()), Ground.PLAIN

    def render_line(self, y: int) -> Strip:
        """Without a thumb the last column belongs to the page too."""
        if len(self._lines) > self.size.height:
            return super().render_line(y)
        return strip_of(self.row_line(y, self.size.width)[0], self.size.width, palette_of(self.app))

    def _on_resize(self, event: events.Resize) -> None:
        event.stop()
        self._settle()

    def _settle(self) -> None:
        height = self.size.height
        self._top = max(0, min(self._top, len(self._lines) - height))
        if self._lines and self._top + 2 * height >= len(self._lines):
            self.post_message(self.EndNear(self))
        self.refresh()
