"""Selection of text in a transcript by a drag: which cells, and their text. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hermes_tui.render.flow import cuts
from hermes_tui.render.gutter import GUTTER
from hermes_tui.render.line import Line, Range, cells, graphemes, plain, reach
from hermes_tui.render.time import in_words, many
from hermes_tui.widgets.transcript_layout import TranscriptLayout
from hermes_tui.widgets.viewport import Viewport

BEYOND = 1 << 30
"""A cell behind the end of every line."""


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A cell of a line of a message."""

    index: int
    line: int
    cell: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Everything from where a drag began to where it is now, both cells included; the gutter is no part of it."""

    began: Spot
    now: Spot

    @property
    def ends(self) -> tuple[Spot, Spot]:
        """The first cell and the last."""
        return min(self.began, self.now), max(self.began, self.now)

    def cells(self, index: int, line: int) -> Range | None:
        """The cells of a line that belong to it, None where none do."""
        first, last = self.ends
        if not (first.index, first.line) <= (index, line) <= (last.index, last.line):
            return None
        start = first.cell if (index, line) == (first.index, first.line) else 0
        end = last.cell + 1 if (index, line) == (last.index, last.line) else BEYOND
        return max(start, GUTTER), end


@dataclass(frozen=True, slots=True)
class Selected:
    """The text of a selection, as it is on the screen."""

    text: str
    name: str
    """What it is: `3 lines of message 12`."""


def spot_at(viewport: Viewport, x: int, y: int, left: int) -> Spot | None:
    """The cell of a transcript under a cell of its pane; above it and below it the nearest row.

    Args:
        left: Cells of unbroken lines that are left of the pane.
    """
    rows = viewport.rows
    if not rows:
        return None
    row = rows[max(0, min(y, len(rows) - 1))]
    return Spot(row.index, row.line, (0 if y < 0 else BEYOND if y >= len(rows) else max(x, 0)) + left)


def with_selection(line: Line, part: Range | None) -> Line:
    """A line with some of its cells reversed."""
    if part is None:
        return line
    before, inside, after = _parts(line, part)
    return (*before, *(replace(span, reverse=True) for span in inside), *after)


def selected(layout: TranscriptLayout, selection: Selection) -> Selected:
    """The text of a selection: a line for each row, without gutter and seams."""
    (first, last), texts, unread = selection.ends, list[str](), 0
    index = first.index
    while index <= last.index and index < len(layout):
        unread += not layout.complete(index)
        drawn = layout.drawn(index)
        for place, line in enumerate(drawn.lines):
            part = selection.cells(index, place)
            if part is not None and place >= drawn.seams:
                texts.append(plain(_parts(line, part)[1]).rstrip())
        index = layout.index.after(index)
    text = "\n".join(texts).strip("\n")
    number, to = layout.index.number(first.index), layout.index.number(last.index)
    where = f"message {in_words(number)}" if number == to else f"messages {in_words(number)} to {in_words(to)}"
    missing = f", of which {many(unread, 'message')} {'is' if unread == 1 else 'are'} not read" if unread else ""
    return Selected(text, f"{many(text.count(chr(10)) + 1, 'line')} of {where}{missing}")


def _parts(line: Line, part: Range) -> tuple[Line, Line, Line]:
    """A line before, in and behind some of its cells; a symbol of two cells is inside with either of them."""
    text = plain(line)
    start, end = (reach(text, cell) for cell in part)
    if end < len(text) and cells(text[:end]) < part[1]:
        end += graphemes(text[end:])[0][1]
    before, inside, after = cuts(line, ((0, start), (start, max(start, end)), (max(start, end), len(text))))
    return before, inside, after
