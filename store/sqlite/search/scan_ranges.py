"""Ranges of message ids that are asked in one way each, and the statement that asks one."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from operator import neg

from ..base import column_sql
from ..base.schema_probe import Layout
from ..connect.reader import Value
from .cjk_bigrams import UnindexedRows
from .row_filters import RowCondition

LONGEST = 64 * 1024 * 1024
"""Bytes of a message beyond which a walk does not look into it."""

Statement = tuple[str, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class ScanRange:
    """A range of ids that is asked in one way."""

    table: str | None
    """The index, None for a walk over the rows."""
    expression: str
    verified: bool
    """True where the text of a message has the last word."""
    label: str | None = None
    below: int | None = None
    """Exclusive bounds of the ids, None where there is none."""
    above: int | None = None
    ids: tuple[int, ...] | None = None
    """The only rows that may match, newest first, where an index named them beforehand."""
    lost: UnindexedRows | None = None
    """What the index cannot give; it is read between its rows."""
    brief: bool = False
    """It is left for the next stretch, which has the same bounds, as soon as it has taken long enough."""

    def walked(self, label: str) -> ScanRange:
        """The same range without the index."""
        if self.table is None:
            return self
        return replace(self, table=None, expression="", ids=None, lost=None, verified=True, label=label)

    def within(self, below: int | None, above: int | None) -> ScanRange:
        """The part that lies between the bounds; it may hold nothing."""
        top = min((bound for bound in (self.below, below) if bound is not None), default=None)
        bottom = max((bound for bound in (self.above, above) if bound is not None), default=None)
        return replace(self, below=top, above=bottom)

    def next_ids(self, most: int) -> tuple[int, ...]:
        """The highest of `ids` that lie within the bounds."""
        ids = self.ids or ()
        start = 0 if self.below is None else bisect_right(ids, -self.below, key=neg)
        end = len(ids) if self.above is None else bisect_left(ids, -self.above, key=neg)
        return ids[start : min(end, start + most)]


def statement(
    layout: Layout, stretch: ScanRange, conditions: tuple[RowCondition, ...], ids: tuple[int, ...] = ()
) -> Statement:
    """The question for a stretch: id, whether a search may find it, the cells of the conditions, text where judged.

    Args:
        ids: Where the stretch has ids, those that are asked for now.
    """
    source = _source(stretch)
    tests, bindings = _bounds(stretch, source.row)
    if stretch.ids is not None:
        return _question(layout, stretch, conditions, source, []), (json.dumps(ids),)
    if stretch.table is not None:
        tests, bindings = [f"{stretch.table} MATCH ?", *tests], (stretch.expression, *bindings)
    return f"{_question(layout, stretch, conditions, source, tests)} ORDER BY {source.row} DESC", bindings


@dataclass(frozen=True, slots=True)
class _Source:
    """The outer loop of a question, and what its rows' id is called there."""

    tables: str
    row: str


_ROWS = _Source("messages", "messages.id")


def _source(stretch: ScanRange) -> _Source:
    if stretch.ids is not None:
        return _Source("json_each(?) AS named CROSS JOIN messages ON messages.id = named.value", _ROWS.row)
    if stretch.table is not None:
        row = f"{stretch.table}.rowid"
        return _Source(f"{stretch.table} CROSS JOIN messages ON messages.id = {row}", row)
    return _ROWS


def unindexed_statement(
    layout: Layout, stretch: ScanRange, lost: UnindexedRows, conditions: tuple[RowCondition, ...]
) -> Statement:
    """The same for what an index leaves out of a stretch, newest first."""
    walk = replace(stretch, verified=True)
    tests, bindings = _bounds(walk, "messages.id")
    sql = _question(layout, walk, conditions, _ROWS, [*tests, lost.condition])
    return f"{sql} ORDER BY messages.id DESC", (*bindings, *lost.bindings)


def edge_statement(stretch: ScanRange, rows: int) -> Statement:
    """The id of the last of so many rows from the top of a stretch; nothing where it has fewer."""
    tests, bindings = _bounds(stretch, "id")
    where = " WHERE " * bool(tests) + " AND ".join(tests)
    return f"SELECT id FROM messages{where} ORDER BY id DESC LIMIT 1 OFFSET {rows - 1}", bindings


def _bounds(stretch: ScanRange, row: str) -> tuple[list[str], tuple[Value, ...]]:
    bounds = ((f"{row} < ?", stretch.below), (f"{row} > ?", stretch.above))
    return [test for test, bound in bounds if bound is not None], tuple(
        bound for _, bound in bounds if bound is not None
    )


def _question(
    layout: Layout, stretch: ScanRange, conditions: tuple[RowCondition, ...], source: _Source, tests: list[str]
) -> str:
    wanted = [source.row, column_sql.findable(layout), *(column for one in conditions for column in one.columns)]
    if stretch.verified:
        wanted.append(searched_text(layout))
    return f"SELECT {', '.join(wanted)} FROM {source.tables}{' WHERE ' * bool(tests)}{' AND '.join(tests)}"


def searched_text(layout: Layout) -> str:
    """What the newest indexes hold of a message, as bytes; NUL and bad UTF-8 survive."""
    names = [name for name in ("content", "tool_name", "tool_calls") if layout.has("messages", name)]
    size = " + ".join(column_sql.n_bytes(layout, "messages", name) for name in names)
    parts = ", ".join(f"messages.{name}" for name in names)
    readable = f"{column_sql.findable(layout)} AND {size} <= {LONGEST}"
    return f"CASE WHEN {readable} THEN CAST(concat_ws(' ', {parts}) AS BLOB) END"
