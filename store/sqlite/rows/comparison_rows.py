"""A session's rows as far as they are compared with another source of it: identity, time, active or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import apsw

from ...base.cancel import Cancel
from ...base.errors import Damaged
from ...engine.rows import SessionStamp, StoredRow
from ...formats import message_codec
from ...formats.alignment import ComparedMessage
from ...formats.compaction_overlap import SUMMARIES, Fingerprint
from ...formats.row_encoding import MessageRow, storable
from ..base import cell_values, column_sql
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import Reader
from . import message_writes

_AT_ONCE = 256
"""Rows whose bodies are read in one critical section."""

_COMPARED = ("role", "content", "tool_calls", "tool_call_id")

_A_MESSAGE = "messages.role IS NOT 'session_meta'"

RunStatement = Callable[[str, tuple[Value, ...]], list[tuple[Value, ...]]]
"""One statement, its bindings, all its rows."""


def count_messages(reader: Reader, session_id: str) -> int:
    """Rows of a session without session_meta, undone and compacted ones included."""
    if not reader.layout.has("messages", "session_id"):
        return 0
    statement = f"SELECT count(*) FROM messages WHERE session_id = ? AND {_A_MESSAGE}"
    row = reader.row(statement, (storable(session_id),))
    return cell_values.integer(row[0]) if row else 0


def session_stamp(ask: RunStatement, layout: Layout, session_id: str) -> SessionStamp:
    """Where the session stands now, from covering indexes alone."""
    if not layout.has("messages", "session_id"):
        return (0, None, 0)
    active = f"COALESCE(sum({column_sql.active(layout)}), 0)"
    [row] = ask(f"SELECT count(*), max(id), {active} FROM messages WHERE session_id = ?", (storable(session_id),))
    return row


def append_after(
    connection: apsw.Connection, layout: Layout, session_id: str, expected: SessionStamp, drafts: Sequence[MessageRow]
) -> SessionStamp | None:
    """Append a turn inside a transaction, unless others wrote to the session since `expected` was taken.

    Returns:
        The new stamp; None where nothing was written.
    """

    if session_stamp(partial(_asked, connection), layout, session_id) != expected:
        return None
    message_writes.append(connection, layout, session_id, drafts)
    return session_stamp(partial(_asked, connection), layout, session_id)


def _asked(connection: apsw.Connection, sql: str, bindings: tuple[Value, ...]) -> list[tuple[Value, ...]]:
    return list(connection.execute(sql, bindings))


def has_session(reader: Reader, session_id: str) -> bool:
    """True where the session has a row."""
    if not reader.layout.has("sessions", "id"):
        return False
    return reader.row("SELECT 1 FROM sessions WHERE id = ?", (storable(session_id),)) is not None


def fingerprints(reader: Reader, ids: Sequence[int]) -> dict[int, Fingerprint]:
    """What the bodies of some rows tell, at most 256 in a critical section."""
    layout = reader.layout
    found: dict[int, Fingerprint] = {}
    for start in range(0, len(ids), _AT_ONCE):
        texts = ", ".join(column_sql.text(layout, "messages", name) for name in _COMPARED)
        rows = reader.rows(
            f"SELECT id, {texts} FROM messages WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids[start : start + _AT_ONCE])),),
        )
        for name, *row in rows:
            role, body, calls, call_id = map(cell_values.text, row)
            identity = message_codec.identity(role, body, calls, call_id)
            found[cell_values.integer(name)] = Fingerprint(identity, (body or "").startswith(SUMMARIES))
    return found


def marked_copies(reader: Reader, session_id: str, before: str) -> set[int]:
    """Rows of a session whose `display_identity` the session before it has, and inactive ones with an active twin."""
    layout = reader.layout
    if not layout.has("messages", "display_identity"):
        return set()
    active = column_sql.active(layout)
    rows = reader.rows(
        "SELECT id FROM messages WHERE session_id = ?1 AND display_identity IS NOT NULL AND (display_identity IN"
        " (SELECT display_identity FROM messages WHERE session_id = ?2 AND display_identity IS NOT NULL)"
        f" OR (NOT ({active}) AND display_identity IN (SELECT display_identity FROM messages"
        f" WHERE session_id = ?1 AND display_identity IS NOT NULL AND {active})))",
        (storable(session_id), storable(before)),
    )
    return {cell_values.integer(row[0]) for row in rows}


def session_ids(reader: Reader) -> list[str]:
    """Every session that has a row, newest start first."""
    if not reader.layout.has("sessions", "started_at"):
        return []
    try:
        rows = reader.rows("SELECT CAST(id AS BLOB) FROM sessions ORDER BY started_at DESC, id DESC")
    except Damaged:  # the index on ids may know all of them
        rows = reader.rows("SELECT CAST(id AS BLOB) FROM sessions ORDER BY id")
    return [cell_values.text(row[0]) or "" for row in rows]


def compared_messages(reader: Reader, session_id: str, *, cancel: Cancel | None = None) -> Iterator[ComparedMessage]:
    """The rows of a session without session_meta, in id order, inactive ones included; see `lying`.

    Raises:
        Interrupted: `cancel` was withdrawn.
    """
    return (row.message for row in stored_rows(reader, session_id, cancel=cancel) if not row.meta)


def stored_rows(reader: Reader, session_id: str, *, cancel: Cancel | None = None) -> Iterator[StoredRow]:
    """Every row of a session in id order.

    The ids are one critical section, every 256 bodies another; a row that is deleted in between is left out.

    Raises:
        Interrupted: `cancel` was withdrawn.
    """
    layout = reader.layout
    if not layout.has("messages", "session_id"):
        return
    ids = [row[0] for row in reader.rows(_IDS, (storable(session_id),), cancel=cancel)]
    for start in range(0, len(ids), _AT_ONCE):
        page = json.dumps(ids[start : start + _AT_ONCE])
        yield from map(_lying, reader.rows(_rows(layout), (page,), cancel=cancel))


_IDS = "SELECT id FROM messages WHERE session_id = ? ORDER BY id"


def _rows(layout: Layout) -> str:
    texts = (column_sql.text(layout, "messages", name) for name in _COMPARED)
    time = column_sql.real(layout, "messages", "timestamp")
    n_bytes = " + ".join(column_sql.n_bytes(layout, "messages", name) for name in sorted(layout.columns["messages"]))
    marked = column_sql.whole(layout, "messages", "_compressed_summary")
    return (
        f"SELECT id, {', '.join(texts)}, {time}, {column_sql.active(layout)}, {column_sql.compacted(layout)}, {marked},"
        f" {n_bytes} FROM messages WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
    )


def _lying(row: tuple[Value, ...]) -> StoredRow:
    name, role, body, calls, call_id, timestamp, active, compacted, marked, n_bytes = row
    texts = cell_values.text(role), cell_values.text(body), cell_values.text(calls), cell_values.text(call_id)
    return StoredRow(
        id=cell_values.integer(name),
        message=ComparedMessage(message_codec.identity(*texts), cell_values.timestamp(timestamp), bool(active)),
        meta=texts[0] == "session_meta",
        compacted=bool(compacted),
        summary=bool(marked) or (texts[1] or "").startswith(SUMMARIES),
        n_bytes=cell_values.integer(n_bytes),
    )
