"""Journal of repairs, step by step, in our table `hermes_tui_operations`.

The row with step 0 is the operation, the one with step -1 its intent, the others are its steps; each is written in the
transaction that it records. The first repair makes the table, in its own first transaction (docs/decisions/0007).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import apsw

from ...base.strict_json import BadJson, load
from ...engine.operations import (
    DONE,
    UNDONE,
    OperationHeader,
    RepairIntent,
    StepRecord,
)
from ...formats.row_encoding import storable
from ..base import cell_values
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from . import append_keys
from .append_keys import DDL, TABLE

_REPAIR = "repair"
_INTENT = -1
_IDS = "operation < 'a'"
"""Range of the primary key: ids of repairs start with a digit, those of a million keyed appends do not."""
_COLUMNS = "CAST(operation AS BLOB), CAST(session_id AS BLOB), state, started_at, changed_at, CAST(entry AS BLOB)"


def record_begin(connection: apsw.Connection, header: OperationHeader, intent: RepairIntent) -> None:
    """Record a new operation with its intent; makes the table where it is missing."""
    connection.execute(DDL)
    connection.execute(
        f"INSERT INTO {TABLE} (operation, step, kind, session_id, state, started_at, changed_at, entry)"
        " VALUES (?, 0, ?, ?, ?, ?, ?, ?)",
        (header.operation, _REPAIR, storable(header.session_id), *_state_cells(header)),
    )
    _insert(connection, header, {"stamp": intent.stamp, "runs": intent.runs}, step=_INTENT)


def update(connection: apsw.Connection, header: OperationHeader) -> None:
    """Record the present state of an operation."""
    connection.execute(
        f"UPDATE {TABLE} SET state = ?, started_at = ?, changed_at = ?, entry = ? WHERE operation = ? AND step = 0",
        (*_state_cells(header), header.operation),
    )


def _state_cells(header: OperationHeader) -> tuple[Value, ...]:
    entry = {
        "to_insert": header.to_insert,
        "merge": header.merge,
        "created": header.created,
        "base": header.base,
        "size": header.size,
        "backup": header.backup,
    }
    return header.state, header.started_at, header.changed_at, json.dumps(entry)


def record_step(connection: apsw.Connection, header: OperationHeader, step: StepRecord) -> None:
    """Record the next step of an operation."""
    last = connection.execute(f"SELECT max(step) FROM {TABLE} WHERE operation = ?", (header.operation,)).fetchall()
    entry = {"inserted": step.inserted, "moved": step.moved, "calls": step.calls}
    _insert(connection, header, entry, step=cell_values.integer(last[0][0]) + 1)


def _insert(connection: apsw.Connection, header: OperationHeader, entry: dict[str, object], *, step: int) -> None:
    connection.execute(
        f"INSERT INTO {TABLE} (operation, step, kind, session_id, state, started_at, changed_at, entry)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(header.operation, step, _REPAIR, storable(header.session_id), DONE),
            *(header.changed_at, header.changed_at, json.dumps(entry)),
        ),
    )


def mark_undone(connection: apsw.Connection, operation: str, step: int, now: float) -> None:
    """Record that a step was undone."""
    connection.execute(
        f"UPDATE {TABLE} SET state = ?, changed_at = ? WHERE operation = ? AND step = ?", (UNDONE, now, operation, step)
    )


def headers(connection: apsw.Connection, layout: Layout, *, session_id: str | None = None) -> list[OperationHeader]:
    """All repairs, the last started first, of one session or of all."""
    if not layout.has(TABLE, "operation"):
        return []
    where, bindings = ("", ()) if session_id is None else (" AND session_id = ?", (storable(session_id),))
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM {TABLE} WHERE {_IDS} AND step = 0 AND kind = '{_REPAIR}'{where}"
        " ORDER BY started_at DESC, rowid DESC",
        bindings,
    )
    return [_header(row) for row in rows]


def header(connection: apsw.Connection, layout: Layout, operation: str) -> OperationHeader | None:
    """One repair by its id, None for none."""
    return next((item for item in headers(connection, layout) if item.operation == operation), None)


def steps(connection: apsw.Connection, layout: Layout, operation: str) -> list[StepRecord]:
    """Steps of a repair that were not undone, first to last."""
    if not layout.has(TABLE, "operation"):
        return []
    rows = connection.execute(
        f"SELECT step, CAST(entry AS BLOB) FROM {TABLE} WHERE operation = ? AND step > 0 AND state = ? ORDER BY step",
        (storable(operation), DONE),
    )
    return [_step(cell_values.integer(step), _entry(entry)) for step, entry in rows]


def last_step(connection: apsw.Connection, layout: Layout, operation: str) -> StepRecord | None:
    """The last step of a repair that was not undone, None for none."""
    if not layout.has(TABLE, "operation"):
        return None
    rows = connection.execute(
        f"SELECT step, CAST(entry AS BLOB) FROM {TABLE} WHERE operation = ? AND step > 0 AND state = ?"
        " ORDER BY step DESC LIMIT 1",
        (storable(operation), DONE),
    ).fetchall()
    return _step(cell_values.integer(rows[0][0]), _entry(rows[0][1])) if rows else None


def intent(connection: apsw.Connection, layout: Layout, operation: str) -> RepairIntent:
    """The intent of a repair."""
    if not layout.has(TABLE, "operation"):
        return RepairIntent((), ())
    rows = connection.execute(
        f"SELECT CAST(entry AS BLOB) FROM {TABLE} WHERE operation = ? AND step = {_INTENT}", (storable(operation),)
    ).fetchall()
    entry = _entry(rows[0][0]) if rows else {}
    stamp = entry.get("stamp")
    runs = _triples(entry.get("runs"))
    return RepairIntent(tuple(map(_whole, stamp)) if isinstance(stamp, list) else (), runs)


def old_ids(connection: apsw.Connection, layout: Layout) -> frozenset[int]:
    """Former ids of messages moved by repairs, which an undo restores."""
    return frozenset(
        old
        for header in headers(connection, layout)
        if header.state != UNDONE
        for step in steps(connection, layout, header.operation)
        for old, _ in step.moves
    )


def current_ids(connection: apsw.Connection, layout: Layout, session_id: str, ids: Sequence[int]) -> list[int]:
    """Present ids of a session's messages, by those they were appended with."""
    moved = {
        old: new
        for header in headers(connection, layout, session_id=session_id)
        for step in steps(connection, layout, header.operation)
        for old, new in step.moves
    }
    current = []
    for appended in ids:
        now = appended
        while now in moved:
            now = moved.pop(now)
        current.append(now)
    return current


def appends(connection: apsw.Connection, layout: Layout, session_id: str) -> dict[str, list[int]]:
    """Keys of a session's appends, each with the present ids of its rows."""
    if not layout.has(TABLE, "operation"):
        return {}
    done = append_keys.of_session(connection, session_id)
    ids = iter(current_ids(connection, layout, session_id, [name for rows in done.values() for name in rows]))
    return {key: [next(ids) for _ in rows] for key, rows in done.items()}


def _header(row: tuple[Value, ...]) -> OperationHeader:
    operation, session_id, state, started, changed, cell = row
    entry = _entry(cell)
    return OperationHeader(
        operation=cell_values.text(operation) or "",
        session_id=cell_values.text(session_id) or "",
        state=cell_values.text(state) or "",
        started_at=cell_values.timestamp(started) or 0.0,
        changed_at=cell_values.timestamp(changed) or 0.0,
        to_insert=_whole(entry.get("to_insert")),
        merge=bool(entry.get("merge")),
        created=bool(entry.get("created")),
        base=_whole(entry.get("base")),
        size=_whole(entry.get("size")),
        backup=str(entry.get("backup") or ""),
    )


def _step(step: int, entry: dict[str, object]) -> StepRecord:
    spans = tuple((_whole(first), _whole(number)) for first, number in _lists(entry.get("inserted"), 2))
    return StepRecord(step, spans, _triples(entry.get("moved")), _whole(entry.get("calls")))


def _triples(value: object) -> tuple[tuple[int, int, int], ...]:
    return tuple((_whole(first), _whole(second), _whole(third)) for first, second, third in _lists(value, 3))


def _lists(value: object, length: int) -> list[list[object]]:
    return [item for item in value if isinstance(item, list) and len(item) == length] if isinstance(value, list) else []


def _entry(cell: Value) -> dict[str, object]:
    """The JSON object of a cell; empty where it is invalid."""
    try:
        value = load(cell_values.text(cell) or "")
    except BadJson:
        return {}
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
