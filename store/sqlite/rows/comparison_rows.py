"""A session's rows for comparison with its other source: identity, time, state."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

import apsw

from ...base.errors import Damaged
from ...engine.rows import MessageCells, SessionStamp, StoredRow
from ...formats import message_codec
from ...formats.carried_copies import Copies, State
from ...formats.compaction_overlap import SUMMARIES, Fingerprint
from ...formats.compared_message import ComparedMessage, compared
from ...formats.row_encoding import storable
from ..base import cell_values, column_sql
from ..connect.reader import MESSAGES, SESSIONS, Reader, Row

if TYPE_CHECKING:
    from ...base.cancel import Cancel
    from ..base.schema_probe import Layout

_COMPARED = ("role", "content", "tool_calls", "tool_call_id")
MAX_CELL = 8 << 20
"""Bytes of a cell that may be in a file that is compared whole."""

A_MESSAGE = "messages.role IS NOT 'session_meta'"


def count_messages(reader: Reader, session_id: str, copies: Copies) -> int:
    """Number of messages of a session, undone and compacted ones included, each once and without session_meta.

    Where a page of them is damaged, of all its rows, which an index has.
    """
    statement, bindings = "SELECT count(*) FROM messages WHERE session_id = ?", (storable(session_id),)
    try:
        rows = reader.number(f"{statement} AND {A_MESSAGE}", bindings, needs=MESSAGES)
    except Damaged:
        rows = reader.number(statement, bindings, needs=MESSAGES)
    return rows - len(copies.originals)


def session_stamp(connection: apsw.Connection, layout: Layout, session_id: str) -> SessionStamp:
    """The present stamp of a session, from covering indexes alone."""
    if not layout.has("messages", "session_id"):
        return (0, None, 0)
    active = f"COALESCE(sum({column_sql.active(layout)}), 0)"
    statement = f"SELECT count(*), max(id), {active} FROM messages WHERE session_id = ?"
    return connection.execute(statement, (storable(session_id),)).fetchall()[0]


def has_session(reader: Reader, session_id: str) -> bool:
    """True where the session has a row."""
    return bool(reader.rows("SELECT 1 FROM sessions WHERE id = ?", (storable(session_id),), needs=SESSIONS))


def fingerprints(reader: Reader, ids: Sequence[int]) -> dict[int, Fingerprint]:
    """Fingerprints of rows by id, at most 256 per read transaction."""
    layout = reader.layout
    prints: dict[int, Fingerprint] = {}
    texts = ", ".join(column_sql.text(layout, "messages", name) for name in _COMPARED)
    sql = f"SELECT id, {texts} FROM messages WHERE id IN (SELECT value FROM json_each(?))"
    for row_id, *row in reader.pages(sql, list(ids)):
        role, body, calls, call_id = map(cell_values.text, row)
        identity = message_codec.identity(role, body, calls, call_id)
        prints[cell_values.integer(row_id)] = Fingerprint(identity, (body or "").startswith(SUMMARIES))
    return prints


def marked_copies(reader: Reader, session_id: str, before: str) -> set[int]:
    """Ids of rows whose `display_identity` the session before it has."""
    rows = reader.rows(
        "SELECT id FROM messages WHERE session_id = ?1 AND display_identity IN"
        " (SELECT display_identity FROM messages WHERE session_id = ?2 AND display_identity IS NOT NULL)",
        (storable(session_id), storable(before)),
        needs=("messages", "display_identity"),
    )
    return {cell_values.integer(row[0]) for row in rows}


def session_ids(reader: Reader) -> list[str]:
    """Ids of all sessions that have a row, newest start first."""
    try:
        return reader.texts(
            "SELECT CAST(id AS BLOB) FROM sessions ORDER BY started_at DESC, id DESC", needs=("sessions", "started_at")
        )
    except Damaged:  # the index on ids may have all of them
        return reader.texts("SELECT CAST(id AS BLOB) FROM sessions ORDER BY id")


def cells(reader: Reader, ids: Collection[str]) -> dict[str, list[MessageCells]]:
    """The rows of whole sessions in id order, as they are stored; without sessions of which a row is inactive."""
    layout = reader.layout
    if not all(layout.has("messages", name) for name in _COMPARED):
        return {}
    found: dict[str, list[Row]] = {key: [] for key in ids}
    for session_id, *row in reader.rows(_cells_statement(layout), (json.dumps([*map(storable, ids)]),)):
        if session_id in found:
            found[session_id].append(tuple(row))
    whole = {key: sorted(rows, key=itemgetter(0)) for key, rows in found.items() if all(row[1] for row in rows)}
    return {key: [row[2:] for row in rows] for key, rows in whole.items()}  # type: ignore[misc]


def _cells_statement(layout: Layout) -> str:
    columns = (_cell(layout, name) for name in (*_COMPARED, "platform_message_id"))
    return (
        f"SELECT session_id, id, {column_sql.active(layout)}, {', '.join(columns)} FROM messages"
        " WHERE session_id IN (SELECT value FROM json_each(?))"
    )


def _cell(layout: Layout, name: str) -> str:
    """The column as it is stored; of a cell that no compared file can have a byte, which equals no text."""
    if not layout.has("messages", name):
        return "NULL"
    return f"CASE WHEN octet_length({name}) > {MAX_CELL} THEN x'00' ELSE {name} END"


def compared_messages(
    reader: Reader, session_id: str, copies: Callable[[], Copies], *, cancel: Cancel | None = None
) -> Iterator[ComparedMessage]:
    """The messages of a session in id order, each once, inactive ones included; see `stored_rows`.

    Raises:
        Interrupted: It was cancelled.
    """
    return (row.message for row in stored_rows(reader, session_id, copies, cancel=cancel) if row.is_message)


def stored_rows(
    reader: Reader, session_id: str, copies: Callable[[], Copies], *, cancel: Cancel | None = None
) -> Iterator[StoredRow]:
    """All rows of a session in id order, copies included.

    The ids are one read transaction, every 256 bodies another; a row that is deleted in between is left out.

    Args:
        copies: Finds them; it is not called for a session without rows.

    Raises:
        Interrupted: It was cancelled.
    """
    ids = [row[0] for row in reader.rows(_IDS, (storable(session_id),), needs=MESSAGES, cancel=cancel)]
    if ids:
        statement = _statement(reader.layout)
        known = copies()
        yield from (_stored_row(row, known) for row in reader.pages(statement, ids, cancel=cancel))


_IDS = "SELECT id FROM messages WHERE session_id = ? ORDER BY id"


def _statement(layout: Layout) -> str:
    texts = (column_sql.text(layout, "messages", name) for name in (*_COMPARED, "platform_message_id"))
    time = column_sql.timestamp(layout, "messages", "timestamp")
    n_bytes = column_sql.row_bytes(layout, "messages")
    marked = column_sql.whole(layout, "messages", "_compressed_summary")
    return (
        f"SELECT id, {', '.join(texts)}, {time}, {column_sql.active(layout)}, {column_sql.compacted(layout)}, {marked},"
        f" {n_bytes} FROM messages WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
    )


def _stored_row(row: Row, copies: Copies) -> StoredRow:
    row_id, *cells, timestamp, active, compacted, marked, n_bytes = row
    role, body, calls, call_id, platform_id = map(cell_values.text, cells)
    number, own = cell_values.integer(row_id), State(bool(active), bool(compacted))
    shown = copies.states.get(number, own)
    return StoredRow(
        id=number,
        message=compared(
            *(role, body, calls, call_id),
            platform_id=platform_id,
            time=(cell_values.timestamp(timestamp), False),
            active=shown.active,
        ),
        stored=own,
        meta=role == "session_meta",
        compacted=shown.compacted,
        copy_of=copies.originals.get(number),
        summary=bool(marked) or (body or "").startswith(SUMMARIES),
        n_bytes=cell_values.integer(n_bytes),
    )
