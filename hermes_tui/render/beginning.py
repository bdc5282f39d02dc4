"""Beginning of a session for a look at it: who said what, a few rows each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hermes_tui.render.diff import LONGEST_READ
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, cells, pad_left, span
from hermes_tui.render.safe import one_line, safe
from hermes_tui.render.text import wrap
from hermes_tui.render.tools.summary import output
from store.models import ContextLine

LABEL = 10
ROWS = 3
"""Rows of a message, at most."""
LONGEST = 1_000
"""Characters of a message that are looked at."""
_NAMES = {"assistant": "agent"}


def beginning_lines(lines: Sequence[ContextLine], *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Draw the first messages of a session, results as their text; without what says nothing or describes it."""
    for line in lines:
        is_result = line.role == "tool" and len(line.text) <= LONGEST_READ
        text = one_line((output(line.text) if is_result else line.text)[:LONGEST])
        if not text or line.role == "session_meta":
            continue
        rows = wrap(text, max(width - LABEL - 3, 10))
        for index, row in enumerate(rows[:ROWS]):
            end = glyphs.truncated if index == ROWS - 1 and len(rows) > ROWS else ""
            yield (*_front(line.role if index == 0 else "", glyphs), span(row, Role.TEXT), span(end, Role.DIM))


def _front(role: str, glyphs: Glyphs) -> tuple[Span, ...]:
    name = one_line(_NAMES.get(role, role))[:LABEL]
    label = pad_left(safe(name), LABEL) if cells(safe(name)) <= LABEL else safe(name)
    return span(label, Role.DIM), blank(1), span(glyphs.agent, Role.HAIR), blank(1)
