"""Inserts, updates and deletes of session rows by an agent, inside a transaction of the Writer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import apsw

from ...base.errors import ColumnMissing
from ...formats import row_encoding
from ...formats.row_encoding import storable
from ..base import cell_values, column_sql
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..journal import append_keys

_SHORT = 2_000
"""Part of the limit up to which the texts of one call need no look at the rest of a row."""
_FILLED = (
    *("model", "model_config", "system_prompt", "session_key", "chat_id", "chat_type", "thread_id"),
    *("parent_session_id", "cwd", "profile_name"),
)
"""Columns that a later create fills in where they are NULL, as upstream's does since July."""


def present(layout: Layout, table: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values that have columns in this file, without NULLs.

    Raises:
        ColumnMissing: A non-empty value has no column (docs/decisions/0007).
    """
    columns = layout.columns.get(table, frozenset())
    for name, value in values.items():
        if name not in columns and value not in (None, ""):
            raise ColumnMissing(name)
    return {name: value for name, value in values.items() if value is not None and name in columns}


def create(connection: apsw.Connection, layout: Layout, session_id: str, values: Mapping[str, Value]) -> None:
    """Insert a row; an existing one is unchanged."""
    row = present(layout, "sessions", {"id": storable(session_id), **values})
    connection.execute(
        f"INSERT INTO sessions ({', '.join(row)}) VALUES ({', '.join('?' * len(row))}) ON CONFLICT(id) DO NOTHING",
        tuple(row.values()),
    )


def create_or_fill(connection: apsw.Connection, layout: Layout, session_id: str, values: Mapping[str, Value]) -> None:
    """Insert a row; of an existing one what was given and is NULL there is filled in, and nothing else is written."""
    create(connection, layout, session_id, values)
    made = connection.changes() > 0
    given = {name: value for name in _FILLED if (value := present(layout, "sessions", values).get(name)) is not None}
    if made or not given:
        return
    empty = {name: _is_empty(layout, name) for name in given}
    sets = ", ".join(f"{name} = CASE WHEN {test} THEN ? ELSE {name} END" for name, test in empty.items())
    connection.execute(
        f"UPDATE sessions SET {sets} WHERE id = ? AND ({' OR '.join(empty.values())})",
        (*given.values(), storable(session_id)),
    )
    refuse_too_large(connection, layout, session_id, given.values())


def refuse_too_large(connection: apsw.Connection, layout: Layout, session_id: str, given: Iterable[Value]) -> None:
    """Make sure that a session's row can be read again, with what was just written into it.

    Short texts are not looked at: those of all columns fit into what is read above the limit.

    Raises:
        ValueError: It is larger than 250 MB, all columns together.
    """
    if sum(len(value) for value in given if isinstance(value, str)) <= row_encoding.MAX_ROW // _SHORT:
        return
    sizes = " + ".join(f"COALESCE(octet_length({column_sql.quoted(name)}), 0)" for name in layout.columns["sessions"])
    for (size,) in connection.execute(f"SELECT {sizes} FROM sessions WHERE id = ?", (storable(session_id),)).fetchall():
        n_bytes = cell_values.integer(size)
        if n_bytes > row_encoding.MAX_ROW:
            limit = f"the limit is {row_encoding.MAX_ROW >> 20} MB for all that it has"
            raise ValueError(f"a session of {n_bytes / 2**20:.1f} MB is not stored: {limit}")


def _is_empty(layout: Layout, name: str) -> str:
    """True where a column says nothing; a prompt may have been moved (docs/format.md §2.3, version 25)."""
    moved = name == "system_prompt" and layout.has("sessions", "system_prompt_hash")
    return f"({name} IS NULL AND system_prompt_hash IS NULL)" if moved else f"{name} IS NULL"


def end(connection: apsw.Connection, layout: Layout, session_id: str, reason: str, now: float) -> None:
    """Mark as ended; the first reason counts (docs/format.md §4.5)."""
    connection.execute(
        "UPDATE sessions SET ended_at = ?, end_reason = ? WHERE id = ? AND ended_at IS NULL",
        (now, storable(reason), storable(session_id)),
    )
    refuse_too_large(connection, layout, session_id, [reason])


def reopen(connection: apsw.Connection, session_id: str) -> None:
    """Clear end time and end reason."""
    connection.execute("UPDATE sessions SET ended_at = NULL, end_reason = NULL WHERE id = ?", (storable(session_id),))


def set_prompt(connection: apsw.Connection, layout: Layout, session_id: str, prompt: str) -> None:
    """Store the prompt in the row itself and clear a hash, which would take precedence
    (docs/format.md §2.3, version 25)."""
    shared = ", system_prompt_hash = NULL" if layout.has("sessions", "system_prompt_hash") else ""
    connection.execute(
        f"UPDATE sessions SET system_prompt = ?{shared} WHERE id = ?", (storable(prompt), storable(session_id))
    )
    refuse_too_large(connection, layout, session_id, [prompt])


def assign_title(connection: apsw.Connection, layout: Layout, session_id: str | None, title: str | None) -> bool:
    """Set or clear a session's title, inside a transaction.

    A title of an older section of the same compression chain moves to this one.

    Returns:
        False where the session has no row.

    Raises:
        ValueError: Another session has the title.
        ColumnMissing: See `present`.
    """
    present(layout, "sessions", {"title": title})
    if not layout.has("sessions", "title"):
        return False
    for (cell,) in list(
        connection.execute("SELECT CAST(id AS BLOB) FROM sessions WHERE title = ? AND id != ?", (title, session_id))
    ):
        holder = cell_values.text(cell)
        if not _is_older_section(connection, holder, session_id):
            raise ValueError(f"Title '{title}' is already in use by session {holder}")
        connection.execute("UPDATE sessions SET title = NULL WHERE id = ?", (holder,))
    connection.execute("UPDATE sessions SET title = ? WHERE id = ?", (title, session_id))
    return connection.changes() > 0


def _is_older_section(connection: apsw.Connection, holder: str | None, session_id: str | None) -> bool:
    """True where the holder is an ancestor of the session by compressions only."""
    rows = connection.execute(
        "WITH RECURSIVE older(id) AS (SELECT ?1 UNION SELECT parent.id FROM older"
        " CROSS JOIN sessions AS child ON child.id = older.id"
        " CROSS JOIN sessions AS parent ON parent.id = child.parent_session_id AND parent.end_reason = 'compression')"
        " SELECT 1 FROM older WHERE id = ?2",
        (session_id, holder),
    ).fetchall()
    return bool(list(rows))


def count(connection: apsw.Connection, session_id: str, *, messages: int, calls: int, absolute: bool = False) -> None:
    """Add to the counters of messages and tool calls, or set them (docs/format.md §4.7)."""
    connection.execute(_SET_COUNTERS if absolute else _ADD_TO_COUNTERS, (messages, calls, storable(session_id)))


_SET_COUNTERS = "UPDATE sessions SET message_count = ?, tool_call_count = ? WHERE id = ?"
_ADD_TO_COUNTERS = (
    "UPDATE sessions SET message_count = COALESCE(message_count, 0) + ?,"
    " tool_call_count = COALESCE(tool_call_count, 0) + ? WHERE id = ?"
)


def delete(connection: apsw.Connection, session_id: str, *, delegates: bool, ended_only: bool = False) -> list[str]:
    """Delete a session with its messages; its children lose their parent.

    Args:
        delegates: Delete the delegates that have the session's marker too, and theirs in turn (docs/format.md §4.3).
        ended_only: Keep a session that is open (again).

    Returns:
        The ids of the sessions that were deleted.
    """
    session_cell = storable(session_id)
    ended = " AND ended_at IS NOT NULL" if ended_only else ""
    if not list(connection.execute(f"SELECT 1 FROM sessions WHERE id = ?{ended}", (session_cell,))):
        return []
    gone = _with_delegates(connection, session_cell) if delegates else [session_cell or ""]
    deleted = json.dumps(gone)
    in_deleted = "IN (SELECT value FROM json_each(?))"
    connection.execute(f"UPDATE sessions SET parent_session_id = NULL WHERE parent_session_id {in_deleted}", (deleted,))
    connection.execute(f"DELETE FROM messages WHERE session_id {in_deleted}", (deleted,))
    connection.execute(f"DELETE FROM sessions WHERE id {in_deleted}", (deleted,))
    append_keys.forget(connection, deleted)
    return gone


def _with_delegates(connection: apsw.Connection, session_id: str | None) -> list[str]:
    """Ids of the session, of children whose marker names it, and theirs."""
    marker = "CASE WHEN json_valid(model_config) THEN json_extract(model_config, '$._delegate_from') END"
    rows = connection.execute(
        "WITH RECURSIVE found(id) AS (SELECT ? UNION SELECT sessions.id FROM found CROSS JOIN sessions"
        f" ON sessions.parent_session_id = found.id AND {marker} = found.id)"
        " SELECT CAST(id AS BLOB) FROM found",
        (session_id,),
    ).fetchall()
    return [cell_values.text(row[0]) or "" for row in rows]
