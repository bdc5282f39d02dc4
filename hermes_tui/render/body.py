"""Text of many lines, broken to a width, with a search's words marked in it; what is long is cut and counted."""

from __future__ import annotations

from hermes_tui.render.block import plainly, text_block
from hermes_tui.render.line import Line, Span
from hermes_tui.render.look import Look


def body(text: str, look: Look, *, like: Span, limit: int | None) -> list[Line]:
    """Lay out a text from disk.

    Args:
        like: How the text looks where nothing was found; its own text is not used.
        limit: Lines of the text that are shown at most; the rest is counted below them.
            None for all, and then single lines are not cut either.

    Returns:
        Lines of at most `look.room` cells. Linear in what is shown.
    """
    return text_block(text, plainly(like)).lines(look, limit)
