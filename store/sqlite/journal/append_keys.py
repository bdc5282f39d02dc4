"""Keys of appends: rows of `hermes_tui_operations`, our only table in a Hermes file.

The first keyed append or repair makes it, in its own transaction (docs/decisions/0007).
The journal of repairs is in the same table, with another kind.
"""

from __future__ import annotations

import json

import apsw

from ...base.late_dataclass import dataclass
from ...engine.operations import DONE
from ...formats.row_encoding import storable
from ..base import cell_values
from ..base.cell_values import Value
from ..base.schema_probe import OPERATIONS

TABLE = OPERATIONS

DDL = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (operation TEXT NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL,"
    " session_id TEXT NOT NULL, state TEXT NOT NULL, started_at REAL NOT NULL, changed_at REAL NOT NULL,"
    " entry TEXT NOT NULL, PRIMARY KEY (operation, step))"
)

INSERT = (
    f"INSERT INTO {TABLE} (operation, step, kind, session_id, state, started_at, changed_at, entry)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)

_APPEND = "append"


@dataclass(frozen=True, slots=True)
class KeyedAppend:
    """A keyed append that was done."""

    rows: tuple[int, ...]
    """Its row ids."""
    digest: str | None
    """Of its messages; None in entries of older versions."""


def find(connection: apsw.Connection, session_id: str, key: str) -> KeyedAppend | None:
    """The append with a key, None for none; makes the table."""
    connection.execute(DDL)
    rows = connection.execute(
        f"SELECT CAST(entry AS BLOB) FROM {TABLE} WHERE operation = ? AND step = 0", (_operation(session_id, key),)
    ).fetchall()
    if not rows:
        return None
    return _append(rows[0][0])


def of_session(connection: apsw.Connection, session_id: str) -> dict[str, tuple[int, ...]]:
    """Keys of a session's appends, each with the row ids it was done with; the table must be there.

    Entries that nobody of us wrote are left out.
    """
    first = _operation(session_id, "").removesuffix('"]')
    rows = connection.execute(
        f"SELECT CAST(operation AS BLOB), CAST(entry AS BLOB) FROM {TABLE}"
        " WHERE operation >= ? AND operation < ? AND step = 0",
        (first, first[:-1] + chr(ord('"') + 1)),
    ).fetchall()
    found: dict[str, tuple[int, ...]] = {}
    for operation, entry in rows:
        try:
            found[_key(cell_values.text(operation) or "")] = _append(entry).rows
        except (ValueError, TypeError, LookupError, RecursionError):
            continue
    return found


def _append(entry: Value) -> KeyedAppend:
    value = json.loads(cell_values.text(entry) or "[]")
    if isinstance(value, list):
        return KeyedAppend(tuple(map(int, value)), None)
    return KeyedAppend(tuple(map(int, value["rows"])), value["digest"])


def record(connection: apsw.Connection, session_id: str, key: str, append: KeyedAppend, now: float) -> None:
    """Record the rows of an append with its key."""
    entry = json.dumps({"rows": append.rows, "digest": append.digest})
    connection.execute(INSERT, (_operation(session_id, key), 0, _APPEND, storable(session_id), DONE, now, now, entry))


def forget(connection: apsw.Connection, session_ids: str) -> None:
    """Delete the keys of deleted sessions, so that a new session with the same id can use them.

    Args:
        session_ids: A JSON list.
    """
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (TABLE,)).fetchone():
        connection.execute(
            f"DELETE FROM {TABLE} WHERE kind = ? AND session_id IN (SELECT value FROM json_each(?))",
            (_APPEND, session_ids),
        )


def _operation(session_id: str, key: str) -> str:
    """Primary key of an append: unique for session and key, and different from every id of a repair."""
    return f"{_APPEND} {json.dumps([session_id, key])}"


def _key(operation: str) -> str:
    """The key in a primary key of an append."""
    return str(json.loads(operation.removeprefix(f"{_APPEND} "))[1])
