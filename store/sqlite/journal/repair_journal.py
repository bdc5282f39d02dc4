"""Journal of repairs, step by step, in our table `hermes_tui_operations`.

The row with step 0 is the operation, the one with step -1 its intent, the others are its steps; each is written in the
transaction that it records. The first repair makes the table, in its own first transaction (docs/decisions/0007).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import apsw

from ...base.strict_json import BadJson, load
from ...engine.operations import DONE, UNDONE, OperationHeader, RepairIntent, StepRecord, is_operation
from ...formats.row_encoding import storable
from ..base import cell_values
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from . import append_keys
from .append_keys import DDL, INSERT, TABLE

_REPAIR = "repair"
_INTENT = -1
_IDS = "operation < 'a'"
"""Range of the primary key: ids of repairs start with a digit, those of a million keyed appends do not."""
_ENTRY = ("to_insert", "merge", "created", "base", "size", "backup")
"""Fields of a header in its JSON entry."""
_COLUMNS = "CAST(operation AS BLOB), CAST(session_id AS BLOB), state, started_at, changed_at, CAST(entry AS BLOB)"


def record_begin(connection: apsw.Connection, header: OperationHeader, intent: RepairIntent) -> None:
    """Record a new operation with its intent; makes the table where it is missing."""
    connection.execute(DDL)
    connection.execute(INSERT, (header.operation, 0, _REPAIR, storable(header.session_id), *_state_cells(header)))
    _insert(connection, header, {"stamp": intent.stamp, "runs": intent.runs}, step=_INTENT)


def update(connection: apsw.Connection, header: OperationHeader) -> None:
    """Record the present state of an operation."""
    connection.execute(
        f"UPDATE {TABLE} SET state = ?, started_at = ?, changed_at = ?, entry = ? WHERE operation = ? AND step = 0",
        (*_state_cells(header), header.operation),
    )


def _state_cells(header: OperationHeader) -> tuple[Value, ...]:
    entry = {name: getattr(header, name) for name in _ENTRY}
    return header.state, header.started_at, header.changed_at, json.dumps(entry)


def record_step(connection: apsw.Connection, header: OperationHeader, step: StepRecord) -> None:
    """Record the next step of an operation."""
    last = connection.execute(f"SELECT max(step) FROM {TABLE} WHERE operation = ?", (header.operation,)).fetchall()
    entry = {"inserted": step.inserted, "moved": step.moved, "calls": step.calls}
    _insert(connection, header, entry, step=cell_values.integer(last[0][0]) + 1)


def _insert(connection: apsw.Connection, header: OperationHeader, entry: dict[str, object], *, step: int) -> None:
    key = (header.operation, step, _REPAIR, storable(header.session_id))
    connection.execute(INSERT, (*key, DONE, header.changed_at, header.changed_at, json.dumps(entry)))


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
    ).fetchall()
    return [header for header in map(_header, rows) if is_operation(header.operation, header.state)]


def operations(connection: apsw.Connection, layout: Layout) -> list[tuple[OperationHeader, list[StepRecord]]]:
    """Every repair with its steps, the last started first."""
    return [(header, steps(connection, layout, header.operation)) for header in headers(connection, layout)]


def steps(
    connection: apsw.Connection, layout: Layout, operation: str, *, order: str = "ORDER BY step"
) -> list[StepRecord]:
    """Steps of a repair that were not undone, first to last."""
    where = f"step > 0 AND state = '{DONE}' {order}"
    return [_step(step, entry) for step, entry in _entries(connection, layout, operation, where)]


def last_step(connection: apsw.Connection, layout: Layout, operation: str) -> StepRecord | None:
    """The last step of a repair that was not undone, None for none."""
    return next(iter(steps(connection, layout, operation, order="ORDER BY step DESC LIMIT 1")), None)


def intent(connection: apsw.Connection, layout: Layout, operation: str) -> RepairIntent:
    """The intent of a repair."""
    for _, entry in _entries(connection, layout, operation, f"step = {_INTENT}"):
        stamp = entry.get("stamp")
        return RepairIntent(tuple(map(_whole, stamp)) if isinstance(stamp, list) else (), _triples(entry.get("runs")))
    return RepairIntent((), ())


def _entries(
    connection: apsw.Connection, layout: Layout, operation: str, where: str
) -> list[tuple[int, dict[str, object]]]:
    """Numbers and entries of some steps of a repair."""
    if not layout.has(TABLE, "operation"):
        return []
    sql = f"SELECT step, CAST(entry AS BLOB) FROM {TABLE} WHERE operation = ? AND {where}"
    rows = connection.execute(sql, (storable(operation),)).fetchall()
    return [(cell_values.integer(step), entry_of(cell)) for step, cell in rows]


def _moves(connection: apsw.Connection, layout: Layout, repairs: Iterable[OperationHeader]) -> list[tuple[int, int]]:
    """(old id, new id) of the messages that some repairs moved."""
    return [move for header in repairs for step in steps(connection, layout, header.operation) for move in step.moves]


def old_ids(connection: apsw.Connection, layout: Layout) -> frozenset[int]:
    """Former ids of messages moved by repairs, which an undo restores."""
    repairs = (header for header in headers(connection, layout) if header.state != UNDONE)
    return frozenset(old for old, _ in _moves(connection, layout, repairs))


def current_ids(connection: apsw.Connection, layout: Layout, session_id: str, ids: Sequence[int]) -> list[int]:
    """Present ids of a session's messages, by those they were appended with."""
    moved = dict(_moves(connection, layout, headers(connection, layout, session_id=session_id)))
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
    entry = entry_of(cell)
    backup = str(entry.get("backup") or "")
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
        backup=backup if is_operation(backup, DONE) else "",
    )


def _step(step: int, entry: dict[str, object]) -> StepRecord:
    spans = tuple((_whole(first), _whole(number)) for first, number in _lists(entry.get("inserted"), 2))
    return StepRecord(step, spans, _triples(entry.get("moved")), _whole(entry.get("calls")))


def _triples(value: object) -> tuple[tuple[int, int, int], ...]:
    return tuple((_whole(first), _whole(second), _whole(third)) for first, second, third in _lists(value, 3))


def _lists(value: object, length: int) -> list[list[object]]:
    return [item for item in value if isinstance(item, list) and len(item) == length] if isinstance(value, list) else []


def entry_of(cell: Value) -> dict[str, object]:
    """The JSON object of a cell; empty where it is invalid."""
    try:
        value = load(cell_values.text(cell) or "")
    except BadJson:
        return {}
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
