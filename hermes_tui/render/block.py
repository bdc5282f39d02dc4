"""Blocks of text below a fold line or in a message: what their rows are, how many are shown, how they look."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hermes_tui.render.bound_keys import bound
from hermes_tui.render.flow import flow
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, cells, head, in_look_of, line_cells, span, tinted
from hermes_tui.render.look import Look
from hermes_tui.render.safe import safe_line
from hermes_tui.render.time import in_words, many
from store.base.late_dataclass import dataclass, replace

OUTPUT_LINES = 40
"""Lines of open arguments and of an open output that are shown at first."""
WIDEST_LINE = 4_000
"""Cells of a single line that are shown, unless the whole is asked for."""
LONGEST_TEXT = 1 << 16
"""Characters after which no further line is begun, unless all lines are asked for."""
LONGEST_WHOLE = 1 << 20
"""The same where all lines are asked for: what is laid out takes twenty times as much memory."""
COUNTED = 1 << 20
"""Characters whose lines are counted in one go: no other thread runs meanwhile."""

Paint = Callable[[Sequence[str]], Sequence[Line]]
"""From the lines of a text as stored to rows that are safe, one for one."""
Rows = Callable[[Look, int | None], tuple[Sequence[Line], int]]
"""From a look and a limit to rows that are not broken yet, and the number of those left out.

Without a limit there are all of them, in the form of the last unfolding.
"""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that belong together."""

    rows: Rows
    indent: int = 0
    """Cells before every line."""
    hang: int = 0
    """Cells before what continues a row, beside its own indentation."""
    label: str = ""
    """A word for the right end of the first line, where there is room."""
    tint: bool = False
    """It stands on the ground of code, across the measure."""

    def lines(self, look: Look, limit: int | None) -> list[Line]:
        """Draw the block.

        Args:
            limit: Rows that are shown at most; the rest is counted below them. None for all.

        Returns:
            Lines of at most `look.room` cells. Linear in what is shown.
        """
        rows, more = self.rows(look, limit)
        lines = flow(rows, look, indent=self.indent, hang=self.hang)
        if self.label and lines:
            lines[0] = _labelled(lines[0], self.label, look)
        if self.tint:
            lines = [_tinted(line, look.measure) for line in lines]
        return [*lines, rest_line(more, look, is_last=limit is None)] if more else lines


def text_block(
    text: str, paint: Paint, *, indent: int = 0, hang: int = 0, label: str = "", tint: bool = False
) -> Block:
    """The lines of a text from disk, without empty ones at its ends."""

    def rows(look: Look, limit: int | None) -> tuple[Sequence[Line], int]:
        first, more = first_lines(text.strip("\n"), limit)
        lines = first.split("\n")
        if limit is None:
            return paint(lines), more
        longest = WIDEST_LINE * 8
        painted = paint([line[:longest] for line in lines])
        lost = [max(len(line) - longest, 0) for line in lines]
        return [_clipped(line, more, look.glyphs) for line, more in zip(painted, lost, strict=True)], more

    return Block(rows, indent, hang, label, tint)


def fixed_block(lines: Sequence[Line], *, indent: int = 0, hang: int = 0) -> Block:
    """Rows that are known already."""

    def rows(_: Look, limit: int | None) -> tuple[Sequence[Line], int]:
        return (lines, 0) if limit is None else (lines[:limit], max(len(lines) - limit, 0))

    return Block(rows, indent, hang)


def plainly(like: Span) -> Paint:
    """Every line in one look; the text of `like` is not used."""

    def paint(lines: Sequence[str]) -> Sequence[Line]:
        return [(in_look_of(like, safe_line(line)),) for line in lines]

    return paint


def first_lines(text: str, limit: int | None) -> tuple[str, int]:
    """The first lines of a text and how many follow, without splitting what follows."""
    at = -1
    for _ in range(limit or 0):
        at = text.find("\n", at + 1)
        if at < 0:
            return text, 0
        if at > LONGEST_TEXT:
            break
    if limit:
        return text[:at], _breaks(text, at)
    if len(text) <= LONGEST_WHOLE:
        return text, 0
    end = text.rfind("\n", 0, LONGEST_WHOLE)
    end = LONGEST_WHOLE if end < 0 else end
    return text[:end], max(_breaks(text, end), 1)


def _breaks(text: str, start: int) -> int:
    return sum(text.count("\n", at, at + COUNTED) for at in range(start, len(text), COUNTED))


def _clipped(line: Line, lost: int, glyphs: Glyphs) -> Line:
    """Cut a row that is too wide, and count the characters that are not shown."""
    if not lost and sum(len(part.text) for part in line) <= WIDEST_LINE // 2:
        return line
    kept = head(line, WIDEST_LINE)
    more = sum(len(part.text) for part in line) - sum(len(part.text) for part in kept) + lost
    if not more:
        return line
    like = kept[-1] if kept else span("")
    return (*kept, replace(like, text=span(f"{glyphs.truncated} +{in_words(more)} chars").text))


def _labelled(line: Line, label: str, look: Look) -> Line:
    word = span(label, Role.DIM)
    free = look.measure - line_cells(line) - cells(word.text)
    return (*line, blank(free), word) if free > 1 else line


def _tinted(line: Line, width: int) -> Line:
    missing = width - line_cells(line)
    filled = (*line, blank(missing)) if missing > 0 else line
    return tinted(filled)


def rest_line(more: int, look: Look, *, is_last: bool = False) -> Line:
    """The line below rows that are not all; with `is_last` no key shows more."""
    counted = look.glyphs.words(f"… {many(more, 'more line')}")
    hint = look.glyphs.words(" · too long for a screen" if is_last else f" · {bound('fold')} shows all")
    return (span(counted + hint if cells(counted + hint) <= look.measure else counted, Role.DIM),)
