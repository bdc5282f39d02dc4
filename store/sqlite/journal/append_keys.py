"""Which keyed appends are done: rows of `hermes_tui_operations`, the one table that is ours in a foreign file.

It is made by the first keyed append or repair, in that very transaction, and by nothing else (docs/decisions/0007).
The journals of repairs lie in the same table, under another kind.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import apsw

from ...formats.row_encoding import storable
from ..base import cell_values

TABLE = "hermes_tui_operations"

DDL = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (operation TEXT NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL,"
    " session_id TEXT NOT NULL, state TEXT NOT NULL, started_at REAL NOT NULL, changed_at REAL NOT NULL,"
    " entry TEXT NOT NULL, PRIMARY KEY (operation, step))"
)

_APPEND = "append"
_DONE = "done"


@dataclass(frozen=True, slots=True)
class KeyedAppend:
    """An append that was done."""

    rows: tuple[int, ...]
    """Its row ids."""
    digest: str | None
    """Of its messages; None where it was not kept."""


def find(connection: apsw.Connection, session_id: str, key: str) -> KeyedAppend | None:
    """The append that was done under this key, None where none was; makes the table."""
    connection.execute(DDL)
    found = connection.execute(
        f"SELECT CAST(entry AS BLOB) FROM {TABLE} WHERE operation = ? AND step = 0", (_named(session_id, key),)
    ).fetchall()
    if not found:
        return None
    entry = json.loads(cell_values.text(found[0][0]) or "[]")
    if isinstance(entry, list):
        return KeyedAppend(tuple(map(int, entry)), None)
    return KeyedAppend(tuple(map(int, entry["rows"])), entry["digest"])


def record(connection: apsw.Connection, session_id: str, key: str, append: KeyedAppend, now: float) -> None:
    """Note what the append under this key made."""
    entry = json.dumps({"rows": append.rows, "digest": append.digest})
    connection.execute(
        f"INSERT INTO {TABLE} (operation, step, kind, session_id, state, started_at, changed_at, entry)"
        " VALUES (?, 0, ?, ?, ?, ?, ?, ?)",
        (_named(session_id, key), _APPEND, storable(session_id), _DONE, now, now, entry),
    )


def forget(connection: apsw.Connection, session_ids: str) -> None:
    """Forget the keys of sessions that are deleted: one that is made again under its id begins anew.

    Args:
        session_ids: A JSON list.
    """
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (TABLE,)).fetchone():
        connection.execute(
            f"DELETE FROM {TABLE} WHERE kind = ? AND session_id IN (SELECT value FROM json_each(?))",
            (_APPEND, session_ids),
        )


def _named(session_id: str, key: str) -> str:
    """One text for both, so that no session and key read like another pair, nor like the id of a repair."""
    return f"{_APPEND} {json.dumps([session_id, key])}"
