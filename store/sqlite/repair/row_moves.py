"""Moves and deletes of message rows by a repair and its undo.

Every function runs inside a transaction of the Writer.
A message is moved by a delete and an insert of all its columns, never by a change of its id: the triggers of newer
files do not fire for that (docs/decisions/0011).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import apsw

from ...engine.operations import ActiveCounts, Cell, RawRow
from ...formats.row_encoding import calls_in, storable
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..rows import session_writes
from ..rows.comparison_rows import A_MESSAGE, session_stamp
from . import raw_rows

_ORDER = "display_order"


def move(connection: apsw.Connection, layout: Layout, old: int, new: int, *, original: RawRow | None = None) -> bool:
    """Give a message another id; False where there is none with the old one.

    Every `display_order` of the session that has the old id gets the new one (docs/format.md §3.4).

    Args:
        original: The row it once was at the new id: its `display_order` is restored where ours is unchanged.
    """
    rows = raw_rows.by_ids(connection, layout, json.dumps([old]))
    if not rows:
        return False
    row = rows[0]
    followers = _ordered_as(connection, layout, row["session_id"], old)
    connection.execute("DELETE FROM messages WHERE id = ?", (old,))
    order = row.get(_ORDER)
    row["id"] = new
    if order == old:
        row[_ORDER] = new if original is None else original.get(_ORDER)
    raw_rows.insert(connection, "messages", row)
    if layout.has("messages", _ORDER):
        if row[_ORDER] is None and original is not None:  # a trigger has filled it in
            connection.execute("UPDATE messages SET display_order = NULL WHERE id = ?", (new,))
        connection.execute(
            "UPDATE messages SET display_order = ? WHERE id IN (SELECT value FROM json_each(?))",
            (new, json.dumps(followers)),
        )
    return True


def _ordered_as(connection: apsw.Connection, layout: Layout, session_id: Cell, message_id: int) -> list[int]:
    """Other messages of the session with this one's display order."""
    if not layout.has("messages", _ORDER) or not isinstance(session_id, str):
        return []
    rows = connection.execute(
        "SELECT id FROM messages WHERE session_id = ?1 AND display_order = ?2 AND id <> ?2", (session_id, message_id)
    ).fetchall()
    return [cell_values.integer(row[0]) for row in rows]


def subtract_counts(connection: apsw.Connection, session_id: str, *, messages: int, calls: int) -> None:
    """Subtract messages and calls from the session's counters, down to 0."""
    connection.execute(
        "UPDATE sessions SET message_count = max(0, COALESCE(message_count, 0) - ?),"
        " tool_call_count = max(0, COALESCE(tool_call_count, 0) - ?) WHERE id = ?",
        (messages, calls, storable(session_id)),
    )


def delete_messages(connection: apsw.Connection, session_id: str, ids: Iterable[int]) -> int:
    """Delete messages of a session; the number of deleted rows."""
    connection.execute(
        "DELETE FROM messages WHERE session_id = ? AND id IN (SELECT value FROM json_each(?))",
        (storable(session_id), json.dumps(list(ids))),
    )
    return connection.changes()


def active_counts(connection: apsw.Connection, layout: Layout, session_id: str) -> ActiveCounts:
    """Active messages of a session without session_meta, and their calls."""
    session_cell = storable(session_id)
    active = f"session_id = ? AND {column_sql.active(layout)} AND {A_MESSAGE}"
    [[messages]] = connection.execute(f"SELECT count(*) FROM messages WHERE {active}", (session_cell,))
    calls = column_sql.text(layout, "messages", "tool_calls")
    some = f"SELECT {calls} FROM messages WHERE {active} AND tool_calls IS NOT NULL"
    cells = (cell_values.text(row[0]) for row in connection.execute(some, (session_cell,)).fetchall())
    stamp = session_stamp(connection, layout, session_id)
    return ActiveCounts(cell_values.integer(messages), sum(map(calls_in, cells)), stamp)


def set_counts(connection: apsw.Connection, layout: Layout, session_id: str, counted: ActiveCounts) -> None:
    """Set the session's counters; they are counted again where others wrote since."""
    stamp = session_stamp(connection, layout, session_id)
    if stamp != counted.stamp:
        counted = active_counts(connection, layout, session_id)
    session_writes.count(connection, session_id, messages=counted.messages, calls=counted.calls, absolute=True)


def has_rows(connection: apsw.Connection, ids: Sequence[int]) -> bool:
    """True where any of these ids is used."""
    statement = "SELECT 1 FROM messages WHERE id IN (SELECT value FROM json_each(?)) LIMIT 1"
    return bool(list(connection.execute(statement, (json.dumps(list(ids)),))))


def drop_session(connection: apsw.Connection, session_id: str) -> bool:
    """Delete the row of a session without messages and children; True where it was deleted."""
    session_cell = storable(session_id)
    connection.execute(
        "DELETE FROM sessions WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM messages WHERE session_id = ?1)"
        " AND NOT EXISTS (SELECT 1 FROM sessions AS child WHERE child.parent_session_id = ?1)",
        (session_cell,),
    )
    return connection.changes() > 0
