"""Row of the frame: one line, painted as wide as the screen gives."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line
from hermes_tui.widgets.theme import Ground, glyphs_of, palette_of, strip_of


class Bar(Widget):
    """One row; a subclass says what is on it."""

    ALLOW_SELECT = False
    ground = Ground.PLAIN
    """Ground that the row lies on."""

    DEFAULT_CSS = """
    Bar { height: 1; background: $background; }
    """

    @property
    def glyphs(self) -> Glyphs:
        """The set of marks to paint with."""
        return glyphs_of(self.app)

    def line(self, width: int) -> Line:
        """Content of the row; what is beyond `width` cells is cut."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Textual's line API."""
        width = self.size.width
        return strip_of(self.line(width) if y == 0 else (), width, palette_of(self.app), self.ground)
