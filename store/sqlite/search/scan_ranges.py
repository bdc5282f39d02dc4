"""Ranges of message ids, each searched by one index or scan, and their statements."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from operator import neg

from ...base.fallbacks import Fallback, FallbackKind, ScanProgress
from ..base import column_sql
from ..base.schema_probe import Layout
from ..connect.reader import Row, Statement
from .cjk_bigrams import UnindexedRows
from .row_filters import Conditions

MAX_SCANNED_BYTES = 64 * 1024 * 1024
"""Bytes of a message above which a scan skips it."""


@dataclass(frozen=True, slots=True)
class ScanRange:
    """A range of ids with one way to search it."""

    table: str | None
    """The index, None for a scan of the rows."""
    expression: str
    verified: bool
    """True where the text of a message has to be matched in Python."""
    fallback: Fallback | None = None
    """Why the index is bypassed, or what it lacks; None for neither."""
    below: int | None = None
    """Exclusive bounds of the ids, None for no bound."""
    above: int | None = None
    ids: tuple[int, ...] | None = None
    """Candidate rows, newest first, where an index has found them before."""
    unindexed: UnindexedRows | None = None
    """Rows that the index may lack; they are scanned between its rows."""
    progress: ScanProgress = ScanProgress.INDEXED

    @property
    def brief(self) -> bool:
        """True for a range that is tried for a short time before the next one, which has the same bounds."""
        return self.progress is ScanProgress.NEWEST_FIRST

    def scanned(self, reason: FallbackKind) -> ScanRange:
        """The same range by a scan."""
        if self.table is None:
            return self
        fallback, progress = Fallback(reason), ScanProgress.SCANNING
        return ScanRange(None, "", True, fallback, self.below, self.above, progress=progress)

    def within(self, below: int | None, above: int | None) -> ScanRange:
        """The part between two bounds; it may be empty."""
        top = min((bound for bound in (self.below, below) if bound is not None), default=None)
        bottom = max((bound for bound in (self.above, above) if bound is not None), default=None)
        return replace(self, below=top, above=bottom)

    def next_ids(self, most: int) -> tuple[int, ...]:
        """The highest of `ids` within the bounds, at most so many."""
        ids = self.ids or ()
        start = 0 if self.below is None else bisect_right(ids, -self.below, key=neg)
        end = len(ids) if self.above is None else bisect_left(ids, -self.above, key=neg)
        return ids[start : min(end, start + most)]


def statement(layout: Layout, scan: ScanRange, conditions: Conditions, ids: tuple[int, ...] = ()) -> Statement:
    """Statement of a range: id, whether the row is findable, cells of the conditions, text where it has to be matched.

    Args:
        ids: The candidates to read, of a range with candidates.
    """
    source = _source(scan)
    tests, bindings = _bounds(scan, source.row)
    if scan.ids is not None:
        return _select(layout, scan, conditions, source, []), (json.dumps(ids),)
    if scan.table is not None:
        tests, bindings = [f"{scan.table} MATCH ?", *tests], (scan.expression, *bindings)
    return f"{_select(layout, scan, conditions, source, tests)} ORDER BY {source.row} DESC", bindings


@dataclass(frozen=True, slots=True)
class _Source:
    """The outer loop of a statement, and its expression for the row id."""

    tables: str
    row: str


_ROWS = _Source("messages", "messages.id")


def _source(scan: ScanRange) -> _Source:
    if scan.ids is not None:
        return _Source("json_each(?) AS named CROSS JOIN messages ON messages.id = named.value", _ROWS.row)
    if scan.table is not None:
        row = f"{scan.table}.rowid"
        return _Source(f"{scan.table} CROSS JOIN messages ON messages.id = {row}", row)
    return _ROWS


def unindexed_statement(layout: Layout, scan: ScanRange, unindexed: UnindexedRows, conditions: Conditions) -> Statement:
    """Statement for the rows of a range that an index may lack, newest first."""
    rows = replace(scan, verified=True)
    tests, bindings = _bounds(rows, "messages.id")
    sql = _select(layout, rows, conditions, _ROWS, [*tests, unindexed.condition])
    return f"{sql} ORDER BY messages.id DESC", (*bindings, *unindexed.bindings)


def edge_statement(scan: ScanRange, rows: int) -> Statement:
    """Statement for the id of the n-th row of a range from the newest; empty where it has fewer."""
    tests, bindings = _bounds(scan, "id")
    where = " WHERE " * bool(tests) + " AND ".join(tests)
    return f"SELECT id FROM messages{where} ORDER BY id DESC LIMIT 1 OFFSET {rows - 1}", bindings


def _bounds(scan: ScanRange, row: str) -> tuple[list[str], Row]:
    """Tests of a row's id; the upper one names the highest id, so that a page with the bound itself is not read."""
    bounds = {f"{row} <= ?": None if scan.below is None else scan.below - 1, f"{row} > ?": scan.above}
    known = {test: bound for test, bound in bounds.items() if bound is not None}
    return list(known), tuple(known.values())


def _select(layout: Layout, scan: ScanRange, conditions: Conditions, source: _Source, tests: list[str]) -> str:
    columns = [source.row, column_sql.findable(layout), *(column for item in conditions for column in item.columns)]
    if scan.verified:
        columns.append(searched_text(layout))
    return f"SELECT {', '.join(columns)} FROM {source.tables}{' WHERE ' * bool(tests)}{' AND '.join(tests)}"


def searched_text(layout: Layout) -> str:
    """Text of a message as the newest indexes have it, as bytes, so that NUL and invalid UTF-8 survive."""
    names = [name for name in ("content", "tool_name", "tool_calls") if layout.has("messages", name)]
    size = " + ".join(column_sql.n_bytes(layout, "messages", name) for name in names)
    parts = ", ".join(f"messages.{name}" for name in names)
    readable = f"{column_sql.findable(layout)} AND {size} <= {MAX_SCANNED_BYTES}"
    return f"CASE WHEN {readable} THEN CAST(concat_ws(' ', {parts}) AS BLOB) END"
