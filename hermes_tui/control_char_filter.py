"""The last filter before the terminal."""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Backstop(LineFilter):
    """Drops what a terminal would act on, should anything ever come past `render.safe`."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002  Textual's hook
        """Textual's hook for each line before it is written."""
        return [
            Segment(HARMFUL.sub("", text), style, control) if not text.isprintable() else Segment(text, style, control)
            for text, style, control in segments
        ]
