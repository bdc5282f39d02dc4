"""Tables: columns sized by what they hold, and records of keys and values where a pane is too narrow for columns.

No character of a cell is left out at any width.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import zip_longest

from hermes_tui.render.flow import flow
from hermes_tui.render.line import Line, Role, blank, bold, cells, graphemes, is_narrow, line_cells, plain, span
from hermes_tui.render.look import Look
from hermes_tui.render.markdown.node import Align, Table
from store.base.late_dataclass import replace

GAP = 2
"""Cells between two columns."""
SHORTEST_PATH = 12
"""Cells that a path or an address keeps; it is broken to that where a column has no room for it."""
SAMPLE = 500
"""Rows that the widths are taken from; cells of later rows that are wider are wrapped."""
NARROWEST_VALUE = 10
"""Cells of a record's value, below which it stands under its key."""

_NUMBER = re.compile(r"[~≈<>≤≥±+\-−$€£¥]{0,2} ?\d[\d.,_: ]*(?: ?[^\d\s]{1,4})?")
_PATH = re.compile(r"\S*(?:[/\\]|://|\w\.\w)\S*|\S{21,}")


class Holds(IntEnum):
    """Content of a column, in the order in which columns shrink."""

    PATHS = 0
    PROSE = 1
    NUMBERS = 2


def table_lines(table: Table, look: Look) -> Iterator[Line]:
    """Draw a table: header bold, two spaces between columns, no frame; see the module's docstring."""
    columns = [[row[place] for row in (table.head, *table.rows[:SAMPLE])] for place in range(len(table.aligns))]
    kinds = [_holds([plain(cell) for cell in column[1:]]) for column in columns]
    widths = column_widths([[plain(cell) for cell in column] for column in columns], kinds, look.room)
    if widths is None:
        yield from _records(table, look)
        return
    aligns = [
        Align.RIGHT if align is Align.NONE and kind is Holds.NUMBERS else align
        for align, kind in zip(table.aligns, kinds, strict=True)
    ]
    if any(plain(cell) for cell in table.head):
        yield from _row([bold(cell) for cell in table.head], widths, aligns, look)
    for row in table.rows:
        yield from _row(row, widths, aligns, look)


def column_widths(columns: Sequence[Sequence[str]], kinds: Sequence[Holds], room: int) -> list[int] | None:
    """The widths of columns in `room` cells, None where they do not fit.

    Each has room for its longest cell if there is enough; else paths and addresses shrink first, then prose to its
    longest word that is no path, numbers last.
    """
    room -= GAP * (len(columns) - 1)
    widths = [min(max(1, *map(cells, column)), max(room, 1)) for column in columns]
    least = [_least(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    for kind in Holds:
        excess = sum(widths) - room
        shrinking = [place for place, found in enumerate(kinds) if found is kind]
        while excess > 0 and (wide := max((widths[place] for place in shrinking), default=0)):
            place = next(place for place in shrinking if widths[place] == wide)
            if wide <= least[place]:
                shrinking.remove(place)
                continue
            widths[place] -= 1
            excess -= 1
    return widths if sum(widths) <= room else None


def _least(column: Sequence[str], kind: Holds) -> int:
    """The cells below which a column does not shrink: its head and its longest word, a path in it not counted whole."""
    head, *rest = column
    return max(_longest_word(head), *(_unbroken(word, kind) for cell in rest for word in cell.split(" ")), 0)


def _unbroken(word: str, kind: Holds) -> int:
    whole = _longest_word(word)
    breaks = whole > SHORTEST_PATH and kind is not Holds.NUMBERS and _PATH.fullmatch(word)
    return SHORTEST_PATH if breaks else whole


def _longest_word(text: str) -> int:
    """The cells of what is not broken where it has room: a word, or an ideograph."""
    if is_narrow(text):
        return max(map(len, text.split(" ")))
    longest = run = 1
    for start, end, size in graphemes(text):
        run = 0 if text[start:end] == " " else size if size > 1 else run + size
        longest = max(longest, run)
    return longest


def _holds(cells_of: Sequence[str]) -> Holds:
    """Content of a column: numbers alone, paths in half of its cells or more, or prose."""
    filled = [cell.strip() for cell in cells_of if cell.strip(" –—-")]
    if filled and all(_NUMBER.fullmatch(cell) for cell in filled):
        return Holds.NUMBERS
    paths = sum(_PATH.fullmatch(cell.strip("`")) is not None for cell in filled)
    return Holds.PATHS if filled and paths * 2 >= len(filled) else Holds.PROSE


def _row(row: Sequence[Line], widths: Sequence[int], aligns: Sequence[Align], look: Look) -> Iterator[Line]:
    """The lines of a row, every cell broken to its column."""
    pieces = [flow([cell], replace(look, measure=width, wraps=True)) for cell, width in zip(row, widths, strict=True)]
    for parts in zip_longest(*pieces, fillvalue=()):
        line: Line = ()
        for part, width, align in zip(parts, widths, aligns, strict=True):
            gap = width - line_cells(part)
            before = {Align.RIGHT: gap, Align.CENTRE: gap // 2}.get(align, 0)
            line = (*line, blank(before), *part, blank(gap - before + GAP))
        yield _stripped(line)


def _stripped(line: Line) -> Line:
    """A line without blanks at its end."""
    parts = [part for part in line if part.text]
    while parts and not parts[-1].text.strip(" "):
        parts.pop()
    return tuple(parts) or (span(""),)


def _records(table: Table, look: Look) -> Iterator[Line]:
    """A record for each row: the head of a column, and beside or below it the cell."""
    heads = [bold(cell) for cell in table.head]
    room = look.room
    label = max(map(line_cells, heads))
    beside = room - label - GAP >= NARROWEST_VALUE
    for number, row in enumerate(table.rows):
        if number:
            yield (span(look.glyphs.seam * min(2, room), Role.HAIR),)
        for head, cell in zip(heads, row, strict=True):
            if number and not plain(cell):
                continue
            if beside:
                yield from _row((head, cell), (label, room - label - GAP), (Align.LEFT, Align.LEFT), look)
            else:
                yield from flow([head], look)
                yield from flow([cell], look, indent=GAP if room > NARROWEST_VALUE else 0)
    if not table.rows:
        yield from flow(heads, look)
