"""Ranges of message ids, each searched by one index or scan, and their statements."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from operator import neg

import apsw

from ...base.fallbacks import Fallback, FallbackKind, ScanProgress
from ...base.late_dataclass import dataclass, replace
from ..base import cell_values, column_sql
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import Row, Statement
from . import hit_rows
from .cjk_bigrams import UnindexedRows
from .escaped_words import EVERY_ROW, EscapedWords
from .row_filters import Conditions

MAX_SCANNED_BYTES = 64 * 1024 * 1024
"""Bytes of a message above which a scan skips it."""
REASONING = ("reasoning_content", "reasoning")
"""Columns of a message's reasoning, the one that counts first."""
MAX_ID = (1 << 63) - 2
"""The highest id that has another one above it."""
_BLANK = 64
"""Bytes up to which a text may be blank."""
_NO_CALLS = 4
"""Bytes of the longest text for no calls, `null`."""


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
    escapes: EscapedWords | None = None
    """Rows for which the expression does not answer; None where it does for all, or all are verified."""
    only_doubtful: bool = False
    """True for those rows alone."""

    @property
    def brief(self) -> bool:
        """True for a range that is tried for a short time before the next one, which has the same bounds."""
        return self.progress is ScanProgress.NEWEST_FIRST

    @property
    def certain(self) -> bool:
        """True where the expression answers for all rows that it finds."""
        return not self.verified and (self.escapes is None or not self.escapes.mistaken)

    @property
    def lacking(self) -> ScanRange | None:
        """The rows that the expression lacks; None for none."""
        if self.escapes is None or not self.escapes.expression:
            return None
        escapes = EscapedWords("", "", (), self.escapes.lacking)
        return replace(self, expression=self.escapes.expression, only_doubtful=True, escapes=escapes)

    def scanned(self, reason: FallbackKind) -> ScanRange:
        """The same range by a scan."""
        if self.table is None:
            return self
        fallback, progress = Fallback(reason), ScanProgress.SCANNING
        return ScanRange(None, "", True, fallback, self.below, self.above, progress=progress)

    def within(self, below: int | None, above: int | None) -> ScanRange:
        """The part between two bounds; it may be empty."""
        if below is None and above is None:
            return self
        top = min((bound for bound in (self.below, below) if bound is not None), default=None)
        bottom = max((bound for bound in (self.above, above) if bound is not None), default=None)
        if (top, bottom) == (self.below, self.above):
            return self
        return replace(self, below=top, above=bottom)

    def next_ids(self, most: int) -> tuple[int, ...]:
        """The highest of `ids` within the bounds, at most so many."""
        ids = self.ids or ()
        start = 0 if self.below is None else bisect_right(ids, -self.below, key=neg)
        end = len(ids) if self.above is None else bisect_left(ids, -self.above, key=neg)
        return ids[start : min(end, start + most)]


def statement(
    layout: Layout, scan: ScanRange, conditions: Conditions, ids: tuple[int, ...] = (), *, whole: bool = False
) -> Statement:
    """Statement of a range: id, whether the row is findable, cells of the conditions, text and calls.

    The text is NULL where it need not be matched.

    Args:
        ids: The candidates to read, of a range with candidates.
        whole: Add the columns of a hit (`hit_rows.columns`), for an index.
    """
    if scan.table is not None and scan.ids is None and scan.certain and scan.lacking is None and not conditions:
        tests, bounds = _bounds(scan, f"{scan.table}.rowid")
        return _certain(layout, scan.table, tuple(tests), whole=whole), (scan.expression, *bounds)
    source = _source(layout, scan, whole)
    if scan.ids is not None:
        return _select(layout, scan, conditions, source, []), (*_patterns(layout, scan), json.dumps(ids))
    tests, bounds = _bounds(scan, source.row)
    if scan.table is None:
        return f"{_select(layout, scan, conditions, source, tests)} ORDER BY {source.row} DESC", bounds
    parts = [part for part in (scan, scan.lacking) if part and not (part.only_doubtful and part.certain)]
    tests = [f"{scan.table} MATCH ?", *tests]
    selects, bindings = list[str](), list[Value]()
    for part in parts:
        selects.append(_select(layout, part, conditions, source, tests, first=len(bindings) + 1))
        bindings += [*_patterns(layout, part), part.expression, *bounds]
    order = f"{source.row} DESC" if len(parts) == 1 else "1 DESC"
    return f"{' UNION ALL '.join(selects)} ORDER BY {order}", tuple(bindings)


@column_sql.once
def _certain(layout: Layout, table: str, tests: tuple[str, ...], *, whole: bool) -> str:
    """The statement of an index that answers for all its rows, which has no text of a query."""
    scan = ScanRange(table, "", verified=False)
    source = _source(layout, scan, whole)
    select = _select(layout, scan, (), source, [f"{table} MATCH ?", *tests])
    return f"{select} ORDER BY {source.row} DESC"


@dataclass(frozen=True, slots=True)
class _Source:
    """The outer loop of a statement, its expression for the row id, and columns of a hit."""

    tables: str
    row: str
    columns: tuple[str, ...] = ()


_ROWS = _Source("messages", "messages.id")


def _source(layout: Layout, scan: ScanRange, whole: bool = False) -> _Source:
    if scan.ids is not None:
        return _Source("json_each(?) AS named CROSS JOIN messages ON messages.id = named.value", _ROWS.row)
    if scan.table is None:
        return _ROWS
    row = f"{scan.table}.rowid"
    tables = f"{scan.table} CROSS JOIN messages ON messages.id = {row}"
    if not whole:
        return _Source(tables, row)
    labels = hit_rows.label_tables(layout)
    return _Source(f"{tables}{labels}", row, (hit_rows.columns(layout, labels=bool(labels)),))


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


def _patterns(layout: Layout, scan: ScanRange) -> tuple[str, ...]:
    """What `_select` binds before the tests."""
    return () if scan.verified and not scan.only_doubtful else doubts(layout, scan.escapes)


def _select(
    layout: Layout, scan: ScanRange, conditions: Conditions, source: _Source, tests: list[str], *, first: int = 1
) -> str:
    """The statement of one range; patterns are bound from the parameter `first` on, whatever the tests bind behind."""
    doubted = "1" if scan.verified else doubtful(layout, scan.escapes, first)
    shown = column_sql.findable(layout)
    if scan.only_doubtful:
        shown = f"({shown} AND {doubtful(layout, scan.escapes, first)})"
    columns = [source.row, shown, *(column for item in conditions for column in item.columns)]
    columns += [*searched_cells(layout, doubted), *source.columns]
    return f"SELECT {', '.join(columns)} FROM {source.tables}{' WHERE ' * bool(tests)}{' AND '.join(tests)}"


def doubts(layout: Layout, escapes: EscapedWords | None) -> tuple[str, ...]:
    """The patterns that `doubtful` binds: so a statement is prepared once, whatever is searched for."""
    patterns = () if escapes is None else escapes.mistaken
    return patterns if patterns != EVERY_ROW and layout.has("messages", "tool_calls") else ()


def doubtful(layout: Layout, escapes: EscapedWords | None, first: int = 1) -> str:
    """True for a row that has to be verified although the index found it; 0 where there is none.

    Args:
        first: Number of the parameter that is bound to the first of `doubts`.
    """
    if escapes is not None and escapes.mistaken == EVERY_ROW:
        return "1"
    if not (patterns := doubts(layout, escapes)):
        return "0"
    cell = "messages.tool_calls"
    tests = [f"{cell} LIKE ?{first + place}" for place, _ in enumerate(patterns)]
    beyond_ascii = f"octet_length({cell}) > length({cell})"  # the index knows letters without accents, LIKE does not
    return f"(octet_length({cell}) <= {MAX_SCANNED_BYTES} AND ({' OR '.join([*tests, beyond_ascii])}))"


def searched_cells(layout: Layout, doubted: str = "1") -> list[str]:
    """Text of a message and its calls as the newest indexes have them, as bytes: NUL and invalid UTF-8 survive.

    Args:
        doubted: Condition of the rows whose cells are read; the text of others is NULL, that of a message with more
            than MAX_SCANNED_BYTES is empty.
    """
    if doubted == "0":
        return ["NULL", "NULL"]
    text, readable, calls = _readable_cells(layout)
    return [f"CASE WHEN {doubted} THEN {text} END", f"CASE WHEN {doubted} AND {readable} THEN {calls} END"]


@column_sql.once
def _readable_cells(layout: Layout) -> tuple[str, str, str]:
    """The text, the condition for it and for the calls, and the calls."""
    names = [name for name in ("content", "tool_name", "tool_calls") if layout.has("messages", name)]
    size = " + ".join(column_sql.n_bytes(layout, "messages", name) for name in names)
    texts = ", ".join([f"messages.{name}" for name in names if name != "tool_calls"] + [reasoning_alone(layout)])
    calls = "CAST(messages.tool_calls AS BLOB)" if "tool_calls" in names else "NULL"
    readable = f"{column_sql.findable(layout)} AND {size} <= {MAX_SCANNED_BYTES}"
    return f"CASE WHEN {readable} THEN CAST(concat_ws(' ', {texts}) AS BLOB) ELSE x'' END", readable, calls


def reasoning_alone(layout: Layout) -> str:
    """The reasoning of an answer without text and calls; NULL for any other message, and for more than 64 MB."""
    names = [name for name in REASONING if layout.has("messages", name)]
    if not names or not layout.has("messages", "role"):
        return "NULL"
    n_bytes = {name: column_sql.n_bytes(layout, "messages", name) for name in ("content", "tool_calls")}
    size = " + ".join(column_sql.n_bytes(layout, "messages", name) for name in names)
    blank = "trim(messages.content, char(9, 10, 13, 32)) = ''" if layout.has("messages", "content") else "1"
    tests = [
        f"messages.role = 'assistant' AND {size} BETWEEN 1 AND {MAX_SCANNED_BYTES}",
        f"{n_bytes['tool_calls']} <= {_NO_CALLS}",
        f"({n_bytes['content']} = 0 OR ({n_bytes['content']} <= {_BLANK} AND {blank}))",
    ]
    cells = ", ".join(f"nullif(messages.{name}, '')" for name in names)
    return f"CASE WHEN {' AND '.join(tests)} THEN {cells if len(names) == 1 else f'coalesce({cells})'} END"


def highest_id(connection: apsw.Connection) -> int:
    """The highest id by any index or page that can be read, or the highest there can be."""
    for sql in ("SELECT max(id) FROM messages", "SELECT max(id) FROM messages NOT INDEXED"):
        try:
            [(highest,)] = connection.execute(sql).fetchall()
        except apsw.CorruptError:
            continue
        return cell_values.integer(highest, 0)
    return MAX_ID
