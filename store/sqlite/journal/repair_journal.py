"""The one table of ours in a Hermes store, `hermes_tui_operations`: what a repair did, step by step.

A row with step 0 is an operation, the one with step -1 what it was agreed to insert, the others are its steps; each is
written in the transaction that it tells of.
The first repair makes the table, in its own first transaction (docs/decisions/0007).
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
from .append_keys import DDL, TABLE

_REPAIR = "repair"
_INTENT = -1
_IDS = "operation < 'a'"
"""Ids of repairs begin with a digit, the keys of appends, of which there may be a million, do not."""
_COLUMNS = "CAST(operation AS BLOB), CAST(session_id AS BLOB), state, started_at, changed_at, CAST(entry AS BLOB)"


def record_begin(connection: apsw.Connection, header: OperationHeader, intent: RepairIntent) -> None:
    """Write that an operation begins, and make the table where it is missing."""
    connection.execute(DDL)
    connection.execute(
        f"INSERT INTO {TABLE} (operation, step, kind, session_id, state, started_at, changed_at, entry)"
        " VALUES (?, 0, ?, ?, ?, ?, ?, ?)",
        (header.operation, _REPAIR, storable(header.session_id), *_changing(header)),
    )
    _insert(connection, header, {"stamp": intent.stamp, "runs": intent.runs}, step=_INTENT)


def update(connection: apsw.Connection, header: OperationHeader) -> None:
    """Write how an operation stands now."""
    connection.execute(
        f"UPDATE {TABLE} SET state = ?, started_at = ?, changed_at = ?, entry = ? WHERE operation = ? AND step = 0",
        (*_changing(header), header.operation),
    )


def _changing(header: OperationHeader) -> tuple[Value, ...]:
    entry = {
        "to_insert": header.to_insert,
        "merge": header.merge,
        "created": header.created,
        "base": header.base,
        "size": header.size,
        "backup": header.backup,
    }
    return header.state, header.started_at, header.changed_at, json.dumps(entry)


def record_step(connection: apsw.Connection, header: OperationHeader, done: StepRecord) -> None:
    """Write what a step did, as the operation's next one."""
    last = connection.execute(f"SELECT max(step) FROM {TABLE} WHERE operation = ?", (header.operation,)).fetchall()
    entry = {"inserted": done.inserted, "moved": done.moved, "calls": done.calls}
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
    """Write that a step was undone."""
    connection.execute(
        f"UPDATE {TABLE} SET state = ?, changed_at = ? WHERE operation = ? AND step = ?", (UNDONE, now, operation, step)
    )


def headers(connection: apsw.Connection, layout: Layout, *, session_id: str | None = None) -> list[OperationHeader]:
    """Every repair, the one begun last first, of one session or of all."""
    if not layout.has(TABLE, "operation"):
        return []
    which, bindings = ("", ()) if session_id is None else (" AND session_id = ?", (storable(session_id),))
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM {TABLE} WHERE {_IDS} AND step = 0 AND kind = '{_REPAIR}'{which}"
        " ORDER BY started_at DESC, rowid DESC",
        bindings,
    )
    return [_header(row) for row in rows]


def header(connection: apsw.Connection, layout: Layout, operation: str) -> OperationHeader | None:
    """One repair, None where there is none of that id."""
    return next((one for one in headers(connection, layout) if one.operation == operation), None)


def steps(connection: apsw.Connection, layout: Layout, operation: str) -> list[StepRecord]:
    """The steps of a repair that stand, first to last."""
    if not layout.has(TABLE, "operation"):
        return []
    rows = connection.execute(
        f"SELECT step, CAST(entry AS BLOB) FROM {TABLE} WHERE operation = ? AND step > 0 AND state = ? ORDER BY step",
        (storable(operation), DONE),
    )
    return [_done(cell_values.integer(step), _entry(entry)) for step, entry in rows]


def last_step(connection: apsw.Connection, layout: Layout, operation: str) -> StepRecord | None:
    """The last step of a repair that stands, None where none does."""
    if not layout.has(TABLE, "operation"):
        return None
    rows = connection.execute(
        f"SELECT step, CAST(entry AS BLOB) FROM {TABLE} WHERE operation = ? AND step > 0 AND state = ?"
        " ORDER BY step DESC LIMIT 1",
        (storable(operation), DONE),
    ).fetchall()
    return _done(cell_values.integer(rows[0][0]), _entry(rows[0][1])) if rows else None


def intent(connection: apsw.Connection, layout: Layout, operation: str) -> RepairIntent:
    """What a repair was agreed to insert."""
    if not layout.has(TABLE, "operation"):
        return RepairIntent((), ())
    rows = connection.execute(
        f"SELECT CAST(entry AS BLOB) FROM {TABLE} WHERE operation = ? AND step = {_INTENT}", (storable(operation),)
    ).fetchall()
    entry = _entry(rows[0][0]) if rows else {}
    stamp = entry.get("stamp")
    runs = [(_whole(one[0]), _whole(one[1]), _whole(one[2])) for one in _lists(entry.get("runs"), 3)]
    return RepairIntent(tuple(map(_whole, stamp)) if isinstance(stamp, list) else (), tuple(runs))


def old_ids(connection: apsw.Connection, layout: Layout) -> frozenset[int]:
    """Ids that messages had before a repair moved them: an undo gives them back."""
    found = (
        old
        for header in headers(connection, layout)
        if header.state != UNDONE
        for done in steps(connection, layout, header.operation)
        for old, _ in done.moves
    )
    return frozenset(found)


def current_ids(connection: apsw.Connection, layout: Layout, session_id: str, ids: Sequence[int]) -> list[int]:
    """The ids that messages of a session have now, by those they were appended with."""
    moved = {
        old: new
        for header in headers(connection, layout, session_id=session_id)
        for done in steps(connection, layout, header.operation)
        for old, new in done.moves
    }
    found = []
    for one in ids:
        now = one
        while now in moved:
            now = moved.pop(now)
        found.append(now)
    return found


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


def _done(step: int, entry: dict[str, object]) -> StepRecord:
    spans = [(_whole(one[0]), _whole(one[1])) for one in _lists(entry.get("inserted"), 2)]
    shifts = [(_whole(one[0]), _whole(one[1]), _whole(one[2])) for one in _lists(entry.get("moved"), 3)]
    return StepRecord(step, tuple(spans), tuple(shifts), _whole(entry.get("calls")))


def _lists(value: object, length: int) -> list[list[object]]:
    if not isinstance(value, list):
        return []
    return [one for one in value if isinstance(one, list) and len(one) == length]


def _entry(cell: Value) -> dict[str, object]:
    """A journal's own JSON; what is none tells nothing."""
    try:
        value = load(cell_values.text(cell) or "")
    except BadJson:
        return {}
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
