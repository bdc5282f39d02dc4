"""What a step of a repair writes: messages at given ids, messages to other ids, and the way back.

Every function runs inside a transaction of the Writer.
A message is moved by a delete and an insert of all its columns, never by a change of its id: the triggers of newer
files don't see that (docs/decisions/0011).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import apsw

from ...engine.operations import Cell, RawRow
from ...formats.row_encoding import storable
from ..base import cell_values
from ..base.schema_probe import Layout
from . import raw_rows

_ORDER = "display_order"


def move(connection: apsw.Connection, layout: Layout, old: int, new: int, *, original: RawRow | None = None) -> bool:
    """Give a message another id; False where there is none at the old one.

    A `display_order` that says the old id says the new one, in whichever row it stands (docs/format.md §3.4).

    Args:
        original: The row as it once was at the new id: its `display_order` comes back where ours is still in its place.
    """
    found = raw_rows.by_ids(connection, layout, json.dumps([old]))
    if not found:
        return False
    image = found[0]
    followers = _ordered_as(connection, layout, image["session_id"], old)
    connection.execute("DELETE FROM messages WHERE id = ?", (old,))
    order = image.get(_ORDER)
    image["id"] = new
    if order == old:
        image[_ORDER] = new if original is None else original.get(_ORDER)
    raw_rows.insert(connection, "messages", image)
    if layout.has("messages", _ORDER):
        if image[_ORDER] is None and original is not None:  # a trigger has filled it in
            connection.execute("UPDATE messages SET display_order = NULL WHERE id = ?", (new,))
        connection.execute(
            "UPDATE messages SET display_order = ? WHERE id IN (SELECT value FROM json_each(?))",
            (new, json.dumps(followers)),
        )
    return True


def _ordered_as(connection: apsw.Connection, layout: Layout, session_id: Cell, message_id: int) -> list[int]:
    """Other messages of the session that are shown in this one's place."""
    if not layout.has("messages", _ORDER) or not isinstance(session_id, str):
        return []
    rows = connection.execute(
        "SELECT id FROM messages WHERE session_id = ?1 AND display_order = ?2 AND id <> ?2", (session_id, message_id)
    )
    return [cell_values.integer(row[0]) for row in rows]


def subtract_counts(connection: apsw.Connection, session_id: str, *, messages: int, calls: int) -> None:
    """Take messages and calls off the session's counters, which don't fall below 0."""
    connection.execute(
        "UPDATE sessions SET message_count = max(0, COALESCE(message_count, 0) - ?),"
        " tool_call_count = max(0, COALESCE(tool_call_count, 0) - ?) WHERE id = ?",
        (messages, calls, storable(session_id)),
    )


def delete_messages(connection: apsw.Connection, session_id: str, ids: Iterable[int]) -> int:
    """Delete messages of a session; how many were there."""
    connection.execute(
        "DELETE FROM messages WHERE session_id = ? AND id IN (SELECT value FROM json_each(?))",
        (storable(session_id), json.dumps(list(ids))),
    )
    return connection.changes()


def has_rows(connection: apsw.Connection, ids: Sequence[int]) -> bool:
    """True where any of these ids is taken."""
    statement = "SELECT 1 FROM messages WHERE id IN (SELECT value FROM json_each(?)) LIMIT 1"
    return bool(list(connection.execute(statement, (json.dumps(list(ids)),))))


def drop_session(connection: apsw.Connection, session_id: str) -> bool:
    """Delete the row of a session that has no message and no child; whether it went."""
    own = storable(session_id)
    connection.execute(
        "DELETE FROM sessions WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM messages WHERE session_id = ?1)"
        " AND NOT EXISTS (SELECT 1 FROM sessions AS child WHERE child.parent_session_id = ?1)",
        (own,),
    )
    return connection.changes() > 0
