"""The last filter before the terminal."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from hermes_tui.render.safe import harmless


class Backstop(LineFilter):
    """Drops what a terminal would act on, should anything ever come past `render.safe`."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002  Textual's hook
        """Textual's hook for each line before it is written."""
        return [Segment(harmless(text), style, control) for text, style, control in segments]
