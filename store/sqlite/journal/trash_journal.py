"""Journal of deletions in our table `hermes_tui_operations`, beside that of repairs.

The row with step 0 is the deletion, the one with step -1 has the ids of its messages. Both are written in the
transactions that they record (docs/decisions/0034).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

import apsw

from ...engine.managed import TrashHeader
from ...engine.operations import DONE, UNDONE, is_operation
from ...formats.row_encoding import storable
from ..base import cell_values
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from . import append_keys
from .append_keys import DDL, TABLE
from .repair_journal import entry_of

T = TypeVar("T", int, str)

_TRASH = "trash"
_SPANS = -1
_MOST = 1 << 40
"""Rows, at most, that an undo says it has put back."""
_IDS = "operation < 'a'"
"""Range of the primary key, as of repairs."""
_COLUMNS = "CAST(operation AS BLOB), CAST(session_id AS BLOB), state, started_at, changed_at, CAST(entry AS BLOB)"


def record(connection: apsw.Connection, header: TrashHeader) -> None:
    """Record the present state of a deletion; makes the table where it is missing."""
    connection.execute(DDL)
    entry = {
        "session_ids": header.session_ids,
        "links": header.links,
        "gone": header.gone,
        "restored": header.restored,
    }
    _put(connection, header, 0, header.state, entry)


def record_spans(connection: apsw.Connection, header: TrashHeader) -> None:
    """Record the ids of the messages of a deletion."""
    _put(connection, header, _SPANS, DONE, {"spans": header.spans})


def _put(connection: apsw.Connection, header: TrashHeader, step: int, state: str, entry: dict[str, object]) -> None:
    key = (header.operation, step, _TRASH, storable(header.session_id))
    connection.execute(
        f"{append_keys.INSERT} ON CONFLICT(operation, step) DO UPDATE SET"
        " state = excluded.state, changed_at = excluded.changed_at, entry = excluded.entry",
        (*key, state, header.started_at, header.changed_at, json.dumps(entry)),
    )


def headers(connection: apsw.Connection, layout: Layout) -> list[TrashHeader]:
    """Every deletion, the last started first."""
    if not layout.has(TABLE, "operation"):
        return []
    statement = (
        f"SELECT {_COLUMNS} FROM {TABLE} WHERE {_IDS} AND step = ? AND kind = '{_TRASH}'"
        " ORDER BY started_at DESC, rowid DESC"
    )
    spans = {
        cell_values.text(row[0]): _pairs(entry_of(row[5]).get("spans"), int)
        for row in connection.execute(statement, (_SPANS,)).fetchall()
    }
    rows = connection.execute(statement, (0,)).fetchall()
    found = [_header(row, spans.get(cell_values.text(row[0]), ())) for row in rows]
    return [header for header in found if is_operation(header.operation, header.state)]


def find(connection: apsw.Connection, layout: Layout, operation: str) -> TrashHeader | None:
    """One deletion, None for none."""
    return next((header for header in headers(connection, layout) if header.operation == operation), None)


def kept_ids(connection: apsw.Connection, layout: Layout, above: int, below: int) -> frozenset[int]:
    """Ids between two exclusive bounds that messages in the trash had, which an undo needs."""
    kept = (header for header in headers(connection, layout) if header.state != UNDONE)
    return frozenset(
        message_id
        for header in kept
        for first, number in header.spans
        for message_id in range(max(first, above + 1), min(first + number, below))
    )


def forget(connection: apsw.Connection, operation: str, session_ids: Sequence[str]) -> int:
    """Remove a deletion, and the repairs of its sessions; the number of removed rows."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (TABLE,)).fetchone():
        return 0
    connection.execute(
        f"DELETE FROM {TABLE} WHERE {_IDS} AND (operation = ?1 OR"
        " kind = 'repair' AND session_id IN (SELECT value FROM json_each(?2))"
        " AND NOT EXISTS (SELECT 1 FROM sessions WHERE id = session_id))",
        (operation, json.dumps([storable(session_id) for session_id in session_ids])),
    )
    return connection.changes()


def _header(row: tuple[Value, ...], spans: tuple[tuple[int, int], ...]) -> TrashHeader:
    operation, session_id, state, started, changed, cell = row
    entry = entry_of(cell)
    listed = entry.get("session_ids")
    restored = entry.get("restored")
    return TrashHeader(
        operation=cell_values.text(operation) or "",
        session_id=cell_values.text(session_id) or "",
        state=cell_values.text(state) or "",
        started_at=cell_values.timestamp(started) or 0.0,
        changed_at=cell_values.timestamp(changed) or 0.0,
        session_ids=tuple(map(str, listed)) if isinstance(listed, list) else (),
        spans=spans,
        links=_pairs(entry.get("links"), str),
        gone=bool(entry.get("gone")),
        restored=min(max(restored, 0), _MOST) if isinstance(restored, int) else 0,
    )


def _pairs(value: object, kind: type[T]) -> tuple[tuple[T, T], ...]:
    """The pairs of a list whose members have a type."""
    listed = value if isinstance(value, list) else []
    return tuple(
        (first, second)
        for first, second in (item for item in listed if isinstance(item, list) and len(item) == 2)
        if isinstance(first, kind) and isinstance(second, kind)
    )
