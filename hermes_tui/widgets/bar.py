"""A row of the frame: one line, painted as wide as the screen gives."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from hermes_tui.render.glyphs import UNICODE, Glyphs
from hermes_tui.render.line import Line
from hermes_tui.widgets.theme import Ground, palette_of, strip_of


class Bar(Widget):
    """One row; a subclass says what is on it."""

    ALLOW_SELECT = False
    GROUND = Ground.PLAIN

    DEFAULT_CSS = """
    Bar { height: 1; background: $background; }
    """

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self.glyphs = glyphs

    def line(self, width: int) -> Line:
        """What is on the row, at most `width` cells."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Textual's line API."""
        width = self.size.width
        return strip_of(self.line(width) if y == 0 else (), width, palette_of(self.app), self.GROUND)
