"""Sums over sessions and messages, from rows of sessions and from covering indexes of messages.

Values of other types than numbers count as 0; sums are floating point, so that none overflows.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence

from ...base.cancel import Cancel
from ...engine.statistics import BUCKET, By, SessionSize, Tally, ToolCount, ToolsStep
from ...formats.message_codec import EARLIEST, LATEST
from ...formats.row_encoding import storable
from ...formats.tool_outcome import has_failed
from ..base import cell_values, column_sql
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import Reader, Row

_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
_COLUMNS = {By.MODEL: "model", By.SOURCE: "source", By.PROFILE: "profile_name", By.CWD: "cwd"}
_PAGE = 512


def total(reader: Reader, ids: Sequence[str] | None) -> Tally:
    """Everything at once."""
    layout = reader.layout
    if not layout.has("sessions", "id"):
        return Tally()
    row = reader.row(f"SELECT {_sums(layout)} FROM sessions WHERE {_some('id', ids)}", _bindings(ids))
    number = "SELECT count(*) FROM messages" + ("" if ids is None else f" WHERE {_some('session_id', ids)}")
    found = reader.row(number, _bindings(ids)) if layout.has("messages", "session_id") else None
    return _tally(row or (), cell_values.integer(found[0]) if found else 0)


def groups(reader: Reader, by: By, ids: Sequence[str] | None) -> dict[object, Tally]:
    """By the stored value of a column, or by the span of time of the start."""
    layout = reader.layout
    key = _key(layout, by)
    rows = reader.rows(
        f"SELECT {key} AS grouped, {_sums(layout)} FROM sessions WHERE {_some('id', ids)} GROUP BY grouped",
        _bindings(ids),
    )
    counted = reader.rows(
        f"SELECT {key} AS grouped, sum(many) FROM (SELECT session_id, count(*) AS many FROM messages"
        f" WHERE {_some('session_id', ids)} GROUP BY session_id) CROSS JOIN sessions ON sessions.id = session_id"
        " GROUP BY grouped",
        _bindings(ids),
    )
    messages: Counter[object] = Counter()
    for cell, number in counted:
        messages[_group(by, cell)] += cell_values.integer(number)
    found: dict[object, Tally] = {}
    for row in rows:
        group = _group(by, row[0])
        found[group] = found.get(group, Tally()) + _tally(row[1:], 0)
    return {group: tally + Tally(messages=messages[group]) for group, tally in found.items()}


def activity(reader: Reader, ids: Sequence[str] | None) -> dict[int | None, int]:
    """Messages by span of their time, by a walk of the index on session and time."""
    if not reader.layout.has("messages", "timestamp"):
        return {}
    span = _span("timestamp")
    rows = reader.rows(
        f"SELECT {span} AS span, count(*) FROM messages WHERE {_some('session_id', ids)} GROUP BY span", _bindings(ids)
    )
    return {None if cell is None else cell_values.integer(cell): cell_values.integer(number) for cell, number in rows}


def longest(reader: Reader, ids: Sequence[str] | None, *, limit: int) -> list[SessionSize]:
    """The sessions with most messages."""
    layout = reader.layout
    title = column_sql.short_text(layout, "sessions", "title")
    rows = reader.rows(
        f"SELECT CAST(session_id AS BLOB), {title}, many FROM (SELECT session_id, count(*) AS many FROM messages"
        f" WHERE {_some('session_id', ids)} GROUP BY session_id ORDER BY many DESC, session_id LIMIT {limit})"
        " LEFT JOIN sessions ON sessions.id = session_id ORDER BY many DESC, session_id",
        _bindings(ids),
    )
    return [_size(row) for row in rows]


def dearest(reader: Reader, ids: Sequence[str] | None, *, limit: int) -> list[SessionSize]:
    """The sessions that cost most."""
    layout = reader.layout
    if not layout.has("sessions", "estimated_cost_usd"):
        return []
    cost = _cost(layout)
    rows = reader.rows(
        f"SELECT CAST(id AS BLOB), {column_sql.short_text(layout, 'sessions', 'title')}, {cost} AS cost FROM sessions"
        f" WHERE {_some('id', ids)} AND cost > 0 ORDER BY cost DESC, id LIMIT {limit}",
        _bindings(ids),
    )
    return [_size(row) for row in rows]


def tools(reader: Reader, ids: Sequence[str] | None, *, cancel: Cancel | None = None) -> Iterator[ToolsStep]:
    """Results of tools with their errors, newest first, page by page."""
    layout = reader.layout
    if not layout.has("messages", "tool_name"):
        return
    some = f"role = 'tool' AND {_some('session_id', ids)}"
    [[count]] = reader.rows(f"SELECT count(*) FROM messages WHERE {some}", _bindings(ids), cancel=cancel)
    content, name = column_sql.text(layout, "messages", "content"), column_sql.text(layout, "messages", "tool_name")
    calls: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    below, done = 2**63 - 1, 0
    while True:
        rows = reader.rows(
            f"SELECT id, {name}, {content} FROM messages WHERE id < ? AND {some} ORDER BY id DESC LIMIT {_PAGE}",
            (below, *_bindings(ids)),
            cancel=cancel,
        )
        for _, tool, cell in rows:
            known = cell_values.text(tool) or ""
            calls[known] += 1
            errors[known] += has_failed(cell_values.text(cell) or "")
        done += len(rows)
        counted = tuple(ToolCount(tool, number, errors[tool]) for tool, number in calls.most_common())
        yield ToolsStep(counted, done, cell_values.integer(count))
        if len(rows) < _PAGE:
            return
        below = cell_values.integer(rows[-1][0])


def _some(column: str, ids: Sequence[str] | None) -> str:
    return "1" if ids is None else f"{column} IN (SELECT value FROM json_each(?))"


def _bindings(ids: Sequence[str] | None) -> tuple[str, ...]:
    return () if ids is None else (json.dumps([storable(session_id) for session_id in ids]),)


def _sums(layout: Layout) -> str:
    """Columns of a tally but for its messages."""
    costs = ("estimated_cost_usd", "actual_cost_usd")
    sums = [f"total({name})" if layout.has("sessions", name) else "0" for name in (*_TOKENS, *costs)]
    without = f"total({_cost(layout)} = 0)" if layout.has("sessions", costs[0]) else "count(*)"
    return ", ".join(("count(*)", *sums, without))


def _cost(layout: Layout) -> str:
    """The actual cost where it is known, else the estimated one, else 0."""
    actual = "NULLIF(CAST(actual_cost_usd AS REAL), 0)" if layout.has("sessions", "actual_cost_usd") else "NULL"
    return f"COALESCE({actual}, CAST(estimated_cost_usd AS REAL), 0)"


def _key(layout: Layout, by: By) -> str:
    if by is By.DAY:
        return _span("started_at")
    column = _COLUMNS[by]
    return f"CAST({column} AS BLOB)" if layout.has("sessions", column) else "NULL"


def _span(column: str) -> str:
    """The span of a time; NULL for anything that is none (docs/format.md §3.4)."""
    number = f"typeof({column}) IN ('real', 'integer') AND {column} >= {EARLIEST!r} AND {column} < {LATEST!r}"
    return f"CASE WHEN {number} THEN CAST({column} / {BUCKET} AS INTEGER) END"


def _group(by: By, cell: Value) -> object:
    if by is By.DAY:
        return None if cell is None else cell_values.integer(cell)
    return cell_values.text(cell) or None


def _tally(row: Row | tuple[Value, ...], messages: int) -> Tally:
    if not row:
        return Tally()
    numbers = [_number(cell) for cell in row]
    sessions, fresh, written, cached, caching, thought = map(int, numbers[:6])
    return Tally(sessions, messages, fresh, written, cached, caching, thought, numbers[6], numbers[7], int(numbers[8]))


def _number(cell: Value) -> float:
    number = float(cell) if isinstance(cell, int | float) else 0.0
    return number if math.isfinite(number) else 0.0


def _size(row: Row) -> SessionSize:
    return SessionSize(cell_values.text(row[0]) or "", cell_values.text(row[1]) or None, _number(row[2]))
