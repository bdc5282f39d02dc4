"""Names and marks of sessions, as people set them; and what speaks against a change of some sessions."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from ...engine.managed import SESSIONS, ManagedFacts, Mark
from ...engine.operations import UNFINISHED
from ...formats.row_encoding import storable
from ..base import cell_values
from ..base.schema_probe import Layout
from ..base.write_obstacles import obstacles
from ..journal import repair_journal
from ..rows import session_version, session_writes
from . import rows
from .rows import IN_LIST, as_list


def facts(connection: apsw.Connection, layout: Layout, session_ids: Sequence[str], *, now: float) -> ManagedFacts:
    """Facts for and against a change of some sessions, in one read transaction."""
    listed = as_list(session_ids)
    known = (
        connection.execute(f"SELECT CAST(id AS BLOB) FROM sessions WHERE id {IN_LIST}", (listed,)).fetchall()
        if layout.has(SESSIONS, "id")
        else []
    )
    stopped = [
        header.operation
        for session_id in session_ids
        for header in repair_journal.headers(connection, layout, session_id=session_id)
        if header.state in UNFINISHED
    ]
    return ManagedFacts(
        known=tuple(cell_values.text(row[0]) or "" for row in known),
        messages=_counts(connection, layout, listed),
        newest=rows.newest(connection, layout, session_ids),
        holder=rows.lock_holder(connection, layout, session_ids, now),
        routed=_is_routed(connection, layout, session_ids),
        obstacle="; ".join(obstacles(connection)),
        referrers=session_version.referrers(connection),
        repairs=tuple(stopped),
        marks=frozenset(mark for mark in Mark if layout.has(SESSIONS, mark)),
    )


def _counts(connection: apsw.Connection, layout: Layout, listed: str) -> dict[str, int]:
    if not layout.has("messages", "session_id"):
        return {}
    found = connection.execute(
        f"SELECT CAST(session_id AS BLOB), count(*) FROM messages WHERE session_id {IN_LIST} GROUP BY session_id",
        (listed,),
    ).fetchall()
    return {cell_values.text(session_id) or "": cell_values.integer(number) for session_id, number in found}


def _is_routed(connection: apsw.Connection, layout: Layout, session_ids: Sequence[str]) -> bool:
    """True where the gateway's table of routes names one of the sessions (docs/format.md §4.11)."""
    if not layout.has("gateway_routing", "entry_json"):
        return False
    statement = (
        "SELECT 1 FROM gateway_routing WHERE json_valid(entry_json)"
        f" AND json_extract(entry_json, '$.session_id') {IN_LIST} LIMIT 1"
    )
    return connection.execute(statement, (as_list(session_ids),)).fetchone() is not None


def rename(connection: apsw.Connection, layout: Layout, session_id: str, title: str | None) -> bool:
    """Set or clear a title, as one that a person chose; see `session_writes.assign_title`."""
    done = session_writes.assign_title(connection, layout, storable(session_id), title)
    if done and layout.has(SESSIONS, "title_source"):
        connection.execute(
            "UPDATE sessions SET title_source = ? WHERE id = ?", ("user" if title else None, storable(session_id))
        )
    return done


def mark(connection: apsw.Connection, layout: Layout, session_ids: Sequence[str], mark: Mark, *, on: bool) -> int:
    """Set or clear a mark; the number of sessions that changed.

    Raises:
        ColumnMissing: The file has no column for it.
    """
    session_writes.present(layout, SESSIONS, {mark.value: 1})
    automatic = ", auto_archived = 0" if mark is Mark.ARCHIVED and layout.has(SESSIONS, "auto_archived") else ""
    connection.execute(
        f"UPDATE sessions SET {mark.value} = ?{automatic} WHERE id {IN_LIST} AND COALESCE({mark.value}, 0) <> ?",
        (int(on), as_list(session_ids), int(on)),
    )
    return connection.changes()
