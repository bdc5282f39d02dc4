"""Row of the command palette: what can be done, its matches marked, and its keys at the right end."""

from __future__ import annotations

from collections.abc import Sequence

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, cells, fit, span
from hermes_tui.render.marks import Mark, marked
from hermes_tui.render.row import with_cursor
from hermes_tui.render.safe import SafeText, one_line


def places_of(title: str, words: Sequence[str]) -> list[int] | None:
    """Where each word of a filter stands in a title, None where one is missing."""
    places = [title.casefold().find(word) for word in words]
    return None if min(places, default=0) < 0 else places


def choice_row(
    title: str, keys: str, words: Sequence[str], *, width: int, glyphs: Glyphs, cursor: bool = False
) -> Line:
    """Draw a choice.

    Args:
        title: What it does.
        keys: Its keys as people read them, "" for none.
        words: The words it was found by.
        width: Cells of the row.
        glyphs: What to draw with.
        cursor: The row is under the cursor.
    """
    named = one_line(glyphs.words(keys))
    room = max(width - cells(named) - 3, 1)
    shown = fit(one_line(glyphs.words(title)), room, glyphs.truncated)
    found: list[Mark] = []
    if (places := places_of(shown, words)) is not None:
        found = sorted((place, place + len(word), False) for place, word in zip(places, words, strict=True))
    line = (
        *marked(shown, found, Span(SafeText(""), Role.TEXT, bold=cursor)),
        blank(max(room - cells(shown), 0) + 1),
        span(named, Role.ACCENT, bold=True),
        blank(1),
    )
    return with_cursor(line, glyphs, cursor=cursor)
