"""Page of lines that is read and scrolled; it has the whole width where all of it is on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from textual.message import Message
from textual.strip import Strip

from hermes_tui.render.line import Line
from hermes_tui.widgets.scroll_pane import ScrollPane, row_with_track
from hermes_tui.widgets.scroll_thumb import thumb
from hermes_tui.widgets.theme import Ground, palette_of, strip_of


class TextPage(ScrollPane):
    """Lines from top to bottom; who shows them says which."""

    _lines: Sequence[Line] = ()
    _top = 0

    class EndNear(Message):
        """The last line is on the screen, or one page below it."""

        def can_replace(self, message: Message) -> bool:
            """Once is enough."""
            return isinstance(message, TextPage.EndNear)

    def show(self, lines: Sequence[Line], *, from_top: bool = False, top: int | None = None) -> None:
        """Put other lines up, from where the reader is, from the first one or from that with the number `top`."""
        self._lines = lines
        self._show_from(0 if from_top else self._top if top is None else top)

    def line_at(self, y: int) -> int:
        """The number of the line on a row of the page."""
        return self._top + y

    def action_move_by(self, rows: int) -> None:
        """Show what is so many rows further down, or up if negative."""
        self._show_from(self._top + rows)

    def action_move_to_top(self) -> None:
        """Show the first row."""
        self._show_from(0)

    def action_move_to_end(self) -> None:
        """Show the last row."""
        self._show_from(len(self._lines))

    def render_line(self, y: int) -> Strip:
        """A line of the page; without a thumb the last column belongs to it too."""
        place, (width, height) = self._top + y, self.size
        line = self._lines[place] if place < len(self._lines) else ()
        if len(self._lines) <= height:
            return strip_of(line, width, palette_of(self.app))
        return row_with_track(self, y, line, Ground.PLAIN, thumb(height, self._top, height, len(self._lines)))

    def _on_resize(self) -> None:
        self._show_from(self._top)

    def _show_from(self, top: int) -> None:
        height = self.size.height
        self._top = max(0, min(top, len(self._lines) - height))
        if self._lines and self._top + 2 * height >= len(self._lines):
            self.post_message(self.EndNear())
        self.refresh()
