"""Beginnings and ends of sessions, which decide their outlines: of one, or of a page of them by two statements."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import cast

import apsw

from ...base.late_dataclass import dataclass, replace
from ...engine.rows import SessionEnds
from ...formats.session_state import Ending
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import MESSAGES, Reader, Row
from .damage import around_damage
from .messages import WALK, opening, readable

FIRST_BYTES = 4096
"""Bytes read of the first user message; a multimodal cell is read whole."""
_ENDING_BYTES = 256
_DESCRIBES = ("session_meta", b"session_meta")
_TURN_ROLES = "('user', 'assistant', 'tool')"


@dataclass(frozen=True, slots=True)
class Extent:
    """Number of rows of a session and the ids at its ends."""

    session_id: str
    rows: int
    first: int
    first_active: int | None
    last_active: int | None
    """Lowest and highest id of an active row."""

    @property
    def edges(self) -> set[int]:
        """The ids at its ends: one of them describes the session, where a row does; it may stand behind undone ones."""
        edges = {self.first, self.first_active, self.last_active}
        edges.discard(None)
        return cast("set[int]", edges)


def ends(connection: apsw.Connection, layout: Layout, session_id: str) -> SessionEnds | None:
    """Beginning and end of a session; None where it has no message."""
    extent = _extent(connection, layout, session_id)
    if extent is None:
        return None
    last = _ending(connection, layout, extent)
    has_turns = last is None or last.role != "tool" or _has_turns(connection, extent)
    edges = "SELECT count(*) FROM messages WHERE id IN (SELECT value FROM json_each(?)) AND role = 'session_meta'"
    described = connection.execute(edges, (json.dumps([*extent.edges]),)).fetchall() != [(0,)]
    described = described or bool(connection.execute(_DESCRIBED, (json.dumps([session_id]),)).fetchall())
    return SessionEnds(_first_user_text(connection, extent), last, has_turns, described)


def ends_of(reader: Reader, ids: Sequence[str]) -> dict[str, SessionEnds | None]:
    """The same of some sessions that have messages, by three statements for nearly all; None for damaged ones."""
    found = dict(around_damage(partial(_ends_of, reader), ids, lambda session_id, _: [(session_id, None)]))
    for session_id in around_damage(partial(described, reader), ids, lambda *_: []):
        if (ends_found := found.get(session_id)) is not None:
            found[session_id] = replace(ends_found, described=True)
    return found


_DESCRIBED = (
    "SELECT DISTINCT CAST(messages.session_id AS BLOB) FROM (SELECT session_id FROM messages"
    " WHERE session_id IN (SELECT value FROM json_each(?))"
    f" GROUP BY session_id HAVING count(*) <= {WALK}) AS short"
    " CROSS JOIN messages ON messages.session_id = short.session_id WHERE +messages.role = 'session_meta'"
)
"""Short sessions of which any row describes the session, at about a microsecond a row."""


def described(reader: Reader, ids: Sequence[str]) -> list[str]:
    """Ids of those short sessions of which a row describes the session."""
    rows = reader.rows(_DESCRIBED, (json.dumps(list(ids)),), needs=MESSAGES)
    return [cell_values.text(cell) or "" for (cell,) in rows]


def _ends_of(reader: Reader, ids: Sequence[str]) -> list[tuple[str, SessionEnds | None]]:
    def _read(connection: apsw.Connection, layout: Layout) -> list[tuple[str, SessionEnds | None]]:
        extents = [(extent, extent.edges) for extent in _extents(connection, layout, ids)]
        rows = _edge_rows(connection, layout, sorted(set().union(*(edges for _, edges in extents))))
        return [(extent.session_id, _ends(connection, layout, extent, edges, rows)) for extent, edges in extents]

    return reader.read(_read)


def _extents(connection: apsw.Connection, layout: Layout, ids: Sequence[str]) -> list[Extent]:
    """The extents of sessions that have rows, from a covering index alone."""
    if not layout.has(*MESSAGES):
        return []
    rows = connection.execute(
        f"SELECT CAST(session_id AS BLOB), {_bounds(layout)} FROM messages"
        " WHERE session_id IN (SELECT value FROM json_each(?)) GROUP BY session_id",
        (json.dumps(list(ids)),),
    ).fetchall()
    return [
        _extent_of(cell_values.text(session_id) or "", (number, first, active, last))
        for session_id, number, first, active, last in rows
    ]


def _extent_of(session_id: str, bounds: Row) -> Extent:
    """The extent in columns that `_bounds` names."""
    number, first, lowest, highest = map(cell_values.integer_or_none, bounds)
    return Extent(session_id, number or 0, first or 0, lowest, highest)


def _bounds(layout: Layout) -> str:
    """Columns of an extent."""
    active = f"CASE WHEN {column_sql.active(layout)} THEN id END"
    return f"count(*), min(id), min({active}), max({active})"


def _edge_rows(connection: apsw.Connection, layout: Layout, ids: Sequence[int]) -> dict[int, Row]:
    """What the first and last rows of sessions have of an outline."""
    sql = (
        f"SELECT id, {_ending_columns(layout)}, messages.role IN {_TURN_ROLES}, messages.role = 'user',"
        f" CASE messages.role WHEN 'user' THEN {opening(FIRST_BYTES)} END FROM messages"
        " WHERE id IN (SELECT value FROM json_each(?))"
    )
    found = connection.execute(sql, (json.dumps(ids),)).fetchall() if ids else []
    return {cell_values.integer(row[0]): row[1:] for row in found}


def _ends(
    connection: apsw.Connection, layout: Layout, extent: Extent, edges: set[int], rows: dict[int, Row]
) -> SessionEnds:
    """The ends of one session: its first row is the user's and its last one part of a turn, or each is looked for."""
    first, last = rows.get(extent.first), rows.get(extent.last_active or 0)
    ending = _ending_of(last[:4]) if last and last[4] else _ending(connection, layout, extent)
    text = readable(first[6]) if first and first[5] else _first_user_text(connection, extent)
    has_turns = ending is None or ending.role != "tool" or bool(first and first[5]) or _has_turns(connection, extent)
    described = any(row[0] in _DESCRIBES for edge in edges if (row := rows.get(edge)) is not None)
    return SessionEnds(text, ending, has_turns, described)


def first_user_text(connection: apsw.Connection, layout: Layout, session_id: str) -> str:
    """Readable start of the first user message in id order; "" for none."""
    extent = _extent(connection, layout, session_id)
    return _first_user_text(connection, extent) if extent else ""


def _extent(connection: apsw.Connection, layout: Layout, session_id: str) -> Extent | None:
    """The extent of a session, from a covering index alone; None without rows."""
    if not layout.has(*MESSAGES):
        return None
    sql = f"SELECT {_bounds(layout)} FROM messages WHERE session_id = ?"
    [bounds] = connection.execute(sql, (session_id,)).fetchall()
    return None if bounds[1] is None else _extent_of(session_id, bounds)


def _ending(connection: apsw.Connection, layout: Layout, extent: Extent) -> Ending | None:
    """The last active row of a user, an assistant or a tool; None for none."""
    if extent.last_active is None:
        return None
    of_turn = f"{column_sql.active(layout)} AND messages.role IN {_TURN_ROLES}"
    rows = _nearest(connection, _ending_columns(layout), extent, of_turn, last=True)
    return _ending_of(rows[0]) if rows else None


def _ending_columns(layout: Layout) -> str:
    opening = column_sql.blob("messages.content", f"substr(CAST(messages.content AS BLOB), 1, {_ENDING_BYTES})")
    return (
        f"{column_sql.text(layout, 'messages', 'role')}, {column_sql.text(layout, 'messages', 'finish_reason')},"
        f" {column_sql.n_bytes(layout, 'messages', 'tool_calls')} > 2, {opening}"
    )


def _ending_of(row: Row) -> Ending:
    role, reason, calls, start = row
    has_text = bool((cell_values.text(start) or "").strip())
    return Ending(cell_values.shared_text(role) or "", cell_values.shared_text(reason), bool(calls), has_text)


def _has_turns(connection: apsw.Connection, extent: Extent) -> bool:
    """True where there is a message of a user or an assistant."""
    return bool(_nearest(connection, "1", extent, "messages.role IN ('user', 'assistant')"))


def _first_user_text(connection: apsw.Connection, extent: Extent) -> str:
    rows = _nearest(connection, opening(FIRST_BYTES), extent, "messages.role = 'user'")
    return readable(rows[0][0]) if rows else ""


def _nearest(
    connection: apsw.Connection, columns: str, extent: Extent, condition: str, *, last: bool = False
) -> list[Row]:
    """The session's first row that meets a condition, or its last active one; empty for none among `WALK` rows.

    Rows of a long session are close together in the table and found by walking its key; a short one uses an index.
    """
    compare, order, edge = ("<=", "DESC", extent.last_active) if last else (">=", "ASC", extent.first)
    of_session = "" if extent.rows > WALK else "session_id = ?2 AND +"
    return connection.execute(
        f"SELECT {columns} FROM (SELECT id, session_id FROM messages WHERE {of_session}id {compare} ?1"
        f" ORDER BY id {order} LIMIT {WALK}) AS walk CROSS JOIN messages ON messages.id = walk.id"
        f" WHERE +walk.session_id = ?2 AND {condition} ORDER BY walk.id {order} LIMIT 1",
        (edge, extent.session_id),
    ).fetchall()
