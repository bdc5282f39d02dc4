"""Snippet of a text: the sentence around its first match, on one line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hermes_tui.render.line import Line, Range, Role, Span, cells, crop, graphemes, span
from hermes_tui.render.safe import safe
from store.base.late_dataclass import replace

_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"”’)]*+\s++|[。！？]|[\r\n]++")
_BLANKS = re.compile(r"[ \t\r\n]+")
_BEFORE = 400
"""Characters before the first match that are looked at for the start of its sentence."""


def snippet(text: str, spans: Sequence[Range], *, width: int, mark: str = "…") -> Line:
    """Cut a text to the sentence around its first match, on one line.

    Args:
        text: As stored; cleaned here.
        spans: Matches in `text`, half open, in order; without any the text is shown from its start.
        width: Cells there are.
        mark: Stands at a side that is cut.

    Returns:
        At most `width` cells, matches marked.
    """
    first = spans[0][0] if spans else 0
    start = _sentence_start(text, first)
    ahead = width * 8
    shown = [(a, min(b, start + ahead)) for a, b in spans if start <= a < start + ahead]
    start = _closer(text, start, shown[0], width - 2) if shown else start
    line = [span(mark)] if text[:start].strip() else []
    done = start
    for begin, end in shown:
        line.append(_piece(text[done:begin]))
        line.append(replace(_piece(text[begin:end]), role=Role.ACCENT, bold=True, underline=True))
        done = max(begin, end)
    line.append(_piece(text[done : start + ahead].rstrip()))
    return crop(tuple(part for part in line if part.text), width, mark)


def _sentence_start(text: str, first: int) -> int:
    """The start of the sentence of the character `first`."""
    begin = max(first - _BEFORE, 0)
    start = begin
    for match in _SENTENCE_END.finditer(text, begin, first):
        start = match.end()
    while start < first and text[start].isspace():
        start += 1
    return start


def _closer(text: str, start: int, match: Range, width: int) -> int:
    """Move the start towards a match that would not be seen; then a third of the width stands before it."""
    before = safe(_BLANKS.sub(" ", text[start : match[0]]))
    wanted = min(cells(safe(text[match[0] : match[1]])), width)
    if cells(before) + wanted <= width:
        return start
    lead = min(width // 3, width - wanted)
    used, at = 0, match[0]
    for begin, _, size in reversed(graphemes(safe(text[start : match[0]]))):
        used += size
        if used > lead:
            break
        at = start + begin
    word = re.compile(r"\s").search(text, at, match[0])
    return word.end() if word else at


def _piece(text: str) -> Span:
    return Span(safe(_BLANKS.sub(" ", text)))
