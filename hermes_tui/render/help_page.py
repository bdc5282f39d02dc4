"""Page of the help: sections under rules, in two columns where there is room (docs/look.md §13). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.heading import section_rule
from hermes_tui.render.line import Line, Role, blank, fill, line_cells, plain, span
from hermes_tui.render.safe import safe
from hermes_tui.render.text import wrap
from store.base.late_dataclass import dataclass, replace

TWO_COLUMNS_FROM = 100
"""Cells of a page from which on it has two columns."""
GAP = 2
MEASURE = 96
"""Cells of a column, at most."""
NARROWEST = 16
"""Cells of an explanation, below which it begins in the next row."""
EMPTY: Line = ()


@dataclass(frozen=True, slots=True)
class HelpBlock:
    """A section of the help."""

    title: str
    entries: tuple[tuple[Line, str], ...]
    """What is explained, and its explanation."""
    column: int = 11
    """The column in which the explanations begin; what is longer is followed by one cell."""

    def with_words(self, words: Sequence[str], glyphs: Glyphs) -> HelpBlock:
        """The same with the entries that have all of some words; with all of them where the title has."""
        if all(word in self.title.casefold() for word in words):
            return self
        found = (
            (what, text) for what, text in self.entries if _has(f"{plain(what)} {glyphs.words(text)}".casefold(), words)
        )
        return replace(self, entries=tuple(found))


@dataclass(frozen=True, slots=True)
class HelpPage:
    """Lines of the help, and the row in which each section begins."""

    lines: list[Line]
    starts: dict[str, int]


def help_page(blocks: Sequence[HelpBlock], *, width: int, glyphs: Glyphs) -> HelpPage:
    """Lay sections out for a page of `width` cells: each goes on in the column that is shorter so far."""
    n_columns = 2 if width >= TWO_COLUMNS_FROM else 1
    room = min((width - 1 - GAP * (n_columns - 1)) // n_columns, MEASURE)
    columns: list[list[Line]] = [[] for _ in range(n_columns)]
    starts: dict[str, int] = {}
    for block in blocks:
        if not block.entries:
            continue
        column = min(columns, key=len)
        starts[block.title] = len(column)
        column += [section_rule(block.title, width=room, glyphs=glyphs), *_entry_rows(block, room, glyphs), EMPTY]
    rows = zip_longest(*columns, fillvalue=EMPTY)
    return HelpPage([_side_by_side(row, room) for row in rows], starts)


def _entry_rows(block: HelpBlock, room: int, glyphs: Glyphs) -> Iterator[Line]:
    """The entries of a section, each with a hanging indent."""
    for what, text in block.entries:
        column = min(block.column, room // 2)
        front: Line = (blank(1), *what, blank(1))
        taken = max(line_cells(front), column)
        if room - taken < NARROWEST:
            yield front
            front, taken = (), column
        for part in wrap(glyphs.words(text), max(room - taken - 1, 1)):
            yield (*fill(front, column), span(part, Role.DIM))
            front = ()


def _side_by_side(row: Sequence[Line], room: int) -> Line:
    left, *right = row
    return (*fill(left, room), blank(GAP), *right[0]) if right and right[0] else left


def key_line(keys: str, glyphs: Glyphs) -> Line:
    """Keys, as an entry explains them."""
    return (span(safe(glyphs.words(keys)), Role.ACCENT, bold=True),)


def _has(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)
