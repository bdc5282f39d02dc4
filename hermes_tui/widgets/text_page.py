"""Page of lines that is read and scrolled; it has the whole width where all of it is on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hermes_tui.render.line import Line
from hermes_tui.widgets.scroll_pane import Wheel, row_with_track, wheel_rows
from hermes_tui.widgets.scroll_thumb import thumb
from hermes_tui.widgets.theme import Ground, palette_of, strip_of


class TextPage(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines from top to bottom; who shows them says which."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "roll(-1)", "Up", show=False),
        Binding("down,j", "roll(1)", "Down", show=False),
        Binding("pageup", "roll_page(-1)", "Page up", show=False),
        Binding("pagedown", "roll_page(1)", "Page down", show=False),
        Binding("home,g", "roll(-1000000000)", "Top", show=False),
        Binding("end,G", "roll(1000000000)", "End", show=False),
    ]
    DEFAULT_CSS = """
    TextPage { overflow: hidden hidden; background: $background; }
    """

    @dataclass
    class EndNear(Message):
        """The last line is on the screen, or one page below it."""

        page: TextPage

        def can_replace(self, message: Message) -> bool:
            """Once is enough."""
            return isinstance(message, TextPage.EndNear)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()
        self._top = 0

    def show(self, lines: Sequence[Line], *, from_top: bool = False) -> None:
        """Put other lines up, from the first one or from where the reader is."""
        self._lines = lines
        self._show_from(0 if from_top else self._top)

    def action_roll(self, rows: int) -> None:
        """Show what is so many rows further down, or up if negative."""
        self._show_from(self._top + rows)

    def action_roll_page(self, pages: int) -> None:
        """Move by the height of the page less one row."""
        self.action_roll(pages * max(1, self.size.height - 1))

    def render_line(self, y: int) -> Strip:
        """A line of the page; without a thumb the last column belongs to it too."""
        place, (width, height) = self._top + y, self.size
        line = self._lines[place] if place < len(self._lines) else ()
        if len(self._lines) <= height:
            return strip_of(line, width, palette_of(self.app))
        place_of_thumb = thumb(height, self._top, height, len(self._lines))
        return row_with_track(line, Ground.PLAIN, y, width=width, thumb=place_of_thumb, app=self.app)

    @on(events.MouseScrollDown)
    @on(events.MouseScrollUp)
    def _on_wheel_turned(self, event: Wheel) -> None:
        self.action_roll(wheel_rows(event))

    def _on_resize(self, event: events.Resize) -> None:
        event.stop()
        self._show_from(self._top)

    def _show_from(self, top: int) -> None:
        height = self.size.height
        self._top = max(0, min(top, len(self._lines) - height))
        if self._lines and self._top + 2 * height >= len(self._lines):
            self.post_message(self.EndNear(self))
        self.refresh()
