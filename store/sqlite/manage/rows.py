"""Rows that belong to sessions, as the trash takes them: whole, from every table that has some."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import apsw

from ...engine.managed import APPENDS, MESSAGES, SESSIONS, Image
from ...engine.operations import RawRow
from ...formats.row_encoding import storable
from ..base import cell_values, column_sql
from ..base.column_sql import quoted
from ..base.schema_probe import Layout
from ..repair import raw_rows
from ..rows import session_version

PROMPTS = "system_prompts"
_USAGE = ("session_model_usage", "session_id")
"""A table that belongs to sessions, in files where it has no foreign key too (docs/format.md §2.3)."""
_PROMPT_COLUMNS = ("system_prompt_hash", "tool_names")
IN_LIST = "IN (SELECT value FROM json_each(?))"


def as_list(session_ids: Sequence[str]) -> str:
    """Ids as the JSON list that `IN_LIST` takes."""
    return json.dumps([storable(session_id) for session_id in session_ids])


def message_ids(connection: apsw.Connection, layout: Layout, session_ids: Sequence[str]) -> list[int]:
    """Ids of all messages of some sessions, rising."""
    if not layout.has(MESSAGES, "session_id"):
        return []
    statement = f"SELECT id FROM messages WHERE session_id {IN_LIST}"
    found = connection.execute(statement, (as_list(session_ids),)).fetchall()
    return sorted(cell_values.integer(row[0]) for row in found)


def messages(connection: apsw.Connection, layout: Layout, ids: Sequence[int]) -> list[Image]:
    """Messages by id, rising."""
    return [Image(MESSAGES, row) for row in raw_rows.by_ids(connection, layout, json.dumps(list(ids)))]


def appends(connection: apsw.Connection, layout: Layout, session_ids: Sequence[str]) -> list[Image]:
    """The keys of the appends of some sessions."""
    if not layout.has(APPENDS, "operation"):
        return []
    where = f"kind = 'append' AND session_id {IN_LIST}"
    return [Image(APPENDS, row) for row in raw_rows.rows(connection, layout, APPENDS, where, as_list(session_ids))]


def appends_by_key(connection: apsw.Connection, layout: Layout, operations: Sequence[str]) -> list[Image]:
    """The keys of appends by their operations."""
    where = f"operation {IN_LIST} AND step = 0"
    return [Image(APPENDS, row) for row in raw_rows.rows(connection, layout, APPENDS, where, as_list(operations))]


def others(connection: apsw.Connection, layout: Layout, session_ids: Sequence[str]) -> list[Image]:
    """The rows of some sessions, their prompts, and rows of other tables that belong to them."""
    if not layout.has(SESSIONS, "id"):
        return []
    listed = as_list(session_ids)
    found = [Image(PROMPTS, row) for row in _prompts(connection, layout, listed)]
    found += [
        Image(SESSIONS, row) for row in raw_rows.rows(connection, layout, SESSIONS, f"id {IN_LIST} ORDER BY id", listed)
    ]
    for table, column in dependents(connection, layout):
        where = f"{quoted(column)} {IN_LIST}"
        found += [Image(table, row) for row in raw_rows.rows(connection, layout, table, where, listed)]
    return found


def _prompts(connection: apsw.Connection, layout: Layout, listed: str) -> Iterator[RawRow]:
    """Prompts that the sessions' rows name: Hermes removes those that no row names any more."""
    columns = [name for name in _PROMPT_COLUMNS if layout.has(SESSIONS, name)]
    if columns and layout.has(PROMPTS, "hash"):
        for column in columns:
            where = f"hash IN (SELECT {column} FROM sessions WHERE id {IN_LIST})"
            yield from raw_rows.rows(connection, layout, PROMPTS, where, listed)


def dependents(connection: apsw.Connection, layout: Layout) -> list[tuple[str, str]]:
    """(table, column) of the tables whose rows belong to a session."""
    rows = connection.execute(
        'SELECT own.name, link."from" FROM sqlite_master AS own, pragma_foreign_key_list(own.name) AS link'
        " WHERE own.type = 'table' AND lower(link.\"table\") = 'sessions' ORDER BY own.name, link.seq"
    ).fetchall()
    linked = [(str(table), str(column)) for table, column in rows if table not in (MESSAGES, SESSIONS)]
    usage = [_USAGE] if layout.has(*_USAGE) else []
    return [(table, column) for table, column in dict.fromkeys((*linked, *usage)) if layout.has(table, column)]


def newest(connection: apsw.Connection, layout: Layout, session_ids: Sequence[str]) -> float | None:
    """The latest time of the last messages of some sessions."""
    if not layout.has(MESSAGES, "timestamp"):
        return None
    time = column_sql.timestamp(layout, MESSAGES, "timestamp")
    statement = f"SELECT {time} FROM messages WHERE session_id = ? ORDER BY id DESC LIMIT 1"
    found = [
        stamp
        for session_id in session_ids
        for row in connection.execute(statement, (storable(session_id),)).fetchall()
        if (stamp := cell_values.timestamp(row[0])) is not None
    ]
    return max(found, default=None)


def lock_holder(connection: apsw.Connection, layout: Layout, session_ids: Sequence[str], now: float) -> str | None:
    """Who is at work on one of some sessions."""
    return session_version.lock_holder(connection, layout, session_ids, now)
