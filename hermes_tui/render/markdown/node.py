"""Nodes of a Markdown text: blocks inside blocks, and the runs of text in them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from hermes_tui.render.line import Line
from store.base.late_dataclass import dataclass


class Kind(Enum):
    """Kind of a block."""

    PARAGRAPH = auto()
    HEADING = auto()
    LIST = auto()
    ITEM = auto()
    QUOTE = auto()
    CODE = auto()
    FENCED = auto()
    """Blocks inside a fence of Markdown."""
    RULE = auto()
    TABLE = auto()


class Align(Enum):
    """Alignment of a column, as written."""

    NONE = auto()
    LEFT = auto()
    RIGHT = auto()
    CENTRE = auto()


Cell = Line
"""Text of a table's cell on one line that is not broken yet."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of a table; every row has as many as `aligns`."""

    aligns: tuple[Align, ...]
    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A block."""

    kind: Kind
    lines: tuple[Line, ...] = ()
    """Of a paragraph or a heading, its lines, not broken yet."""
    children: Sequence[Node] = ()
    spaced: bool = False
    """A blank row stands above it, unless it is the first of its parent or follows a heading."""
    text: str = ""
    """Of code, its text."""
    word: str = ""
    """Of code its language, of an item what stands before it: `•`, its number, or "" for a task."""
    table: Table | None = None
    number: int = 0
    """Of code, the number by which it can be copied; 0 for none."""
