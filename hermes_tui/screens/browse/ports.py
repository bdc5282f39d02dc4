"""Request of the browser's controllers to draw a part of the screen."""

from __future__ import annotations

from enum import Flag, auto
from typing import Protocol


class Part(Flag):
    """A part of the screen that is drawn again."""

    FRAME = auto()
    ROWS = auto()
    """The rows of `BrowserState.fresh`, in their places."""
    LISTS = auto()
    """The lists, now."""
    LISTS_ANSWERED = auto()
    """The lists once they are asked for again with an answer, or without one when it is late; nothing until then."""
    LISTS_SOON = auto()
    """The lists, as soon as the last picture of what streams in has stood long enough."""


class Changed(Protocol):
    """Draws a part of the screen because the state has changed."""

    def __call__(self, part: Part, *, after: float = 0.0) -> None:
        """Draw now, or in `after` seconds."""
