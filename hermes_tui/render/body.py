"""Text of many lines, broken to a width, with a search's words marked in it; what is long is cut and counted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, cells, reach, span
from hermes_tui.render.marks import Mark, marked
from hermes_tui.render.safe import SafeText, safe_line
from hermes_tui.render.text import breaks
from hermes_tui.render.time import in_words, many
from hermes_tui.render.tool import Look

WIDEST_LINE = 4_000
"""Cells of a single line that are shown, unless the whole is asked for."""
LONGEST_TEXT = 1 << 16
"""Characters after which no further line is begun, unless all lines are asked for."""


def body(text: str, look: Look, *, like: Span, limit: int | None) -> list[Line]:
    """Lay out a text from disk.

    Args:
        like: How the text looks where nothing was found; its own text is not used.
        limit: Lines of the text that are shown at most; the rest is counted below them.
            None for all, and then single lines are not cut either.

    Returns:
        Lines of at most `look.measure` cells. Linear in what is shown.
    """
    first, more = _first_lines(text.strip("\n"), limit)
    lines = [_clipped(line, look.glyphs) if limit else safe_line(line) for line in first.split("\n")]
    pieces = _pieces(lines, look.marker.marks("\n".join(lines)), look.measure, like)
    if more:
        pieces.append(_rest(more, look))
    return pieces


def _rest(more: int, look: Look) -> Line:
    said = look.glyphs.words(f"… {many(more, 'more line')}")
    hint = look.glyphs.words(" · space shows all")
    return (span(said + hint if cells(said + hint) <= look.measure else said, Role.DIM),)


def _first_lines(text: str, limit: int | None) -> tuple[str, int]:
    """The first lines of a text and how many follow, without splitting what follows."""
    at = -1
    for _ in range(limit or 0):
        at = text.find("\n", at + 1)
        if at < 0:
            return text, 0
        if at > LONGEST_TEXT:
            break
    return (text[:at], text.count("\n", at)) if limit else (text, 0)


def _clipped(line: str, glyphs: Glyphs) -> SafeText:
    """Make a line safe and cut it; what can't be within the cells is not even looked at."""
    if len(line) <= WIDEST_LINE // 2:
        return safe_line(line)
    start = safe_line(line[: WIDEST_LINE * 8])
    kept = reach(start, WIDEST_LINE)
    more = len(start) - kept + len(line[WIDEST_LINE * 8 :])
    return SafeText(f"{start[:kept]}{glyphs.truncated} +{in_words(more)} chars") if more else start


def _pieces(lines: Sequence[SafeText], marks: Sequence[Mark], width: int, like: Span) -> list[Line]:
    """Break lines, with the marks that were found in them joined by line feeds."""
    pieces: list[Line] = []
    offset = first = 0
    for line in lines:
        indent, ranges = breaks(line, width)
        for index, (start, end) in enumerate(ranges):
            while first < len(marks) and marks[first][1] <= offset + start:
                first += 1
            near = _near(marks, first, offset + start, offset + end)
            piece = marked(SafeText(line[start:end]), near, like)
            pieces.append((blank(indent), *piece) if index and indent else piece)
        offset += len(line) + 1
    return pieces


def _near(marks: Sequence[Mark], first: int, start: int, end: int) -> list[Mark]:
    """The marks from `first` on that begin before `end`, counted from `start`."""
    near = takewhile(lambda mark: mark[0] < end, (marks[at] for at in range(first, len(marks))))
    return [(begin - start, stop - start, current) for begin, stop, current in near]
