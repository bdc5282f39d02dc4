"""Notice in place of a screen that the terminal is too small for."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from hermes_tui.state.layout import LEAST
from hermes_tui.widgets.theme import glyphs_of


class TooSmallNotice(Widget):
    """The size that is needed and the size there is; it lies above everything else, so that the focus stays."""

    DEFAULT_CSS = """
    TooSmallNotice { layer: above; width: 100%; height: 100%; background: $background; }
    """

    def render(self) -> Content:
        """One sentence."""
        needed, here = (f"{columns} × {rows}" for columns, rows in (LEAST, self.app.size))
        return Content(glyphs_of(self.app).words(f"hermes-tui needs {needed}, this is {here}"))
