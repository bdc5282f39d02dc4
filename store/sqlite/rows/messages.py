"""Messages of transcripts: heads by page, bodies by id, context of a hit, rows that decide an outline.

Order is id order within a session, never time (docs/format.md §3.5).
Ids of several sessions interleave, so the next id is not the next message.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import apsw

from ...base.cancel import Cancel
from ...base.errors import Damaged
from ...base.late_dataclass import dataclass
from ...base.models import UNREADABLE, ContextLine, Head, Message
from ...formats import message_codec
from ...formats.row_encoding import storable
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import MESSAGES, Reader, Row
from .damage import around_damage

MAX_BODIES = 256
"""Bodies per request: many screens, and still a short read."""

WALK = 4096
"""Rows of the primary key that are walked in each direction before the covering index is used."""

NEAR = 32
"""The same for a small session, whose index range is cheap: hits at its ends have no neighbours to find."""
SMALL = 512
"""Rows of a small session."""

IN_ID_ORDER = "idx_messages_session_id"
"""Index on (session_id, id), since version 24."""


def last_heads(reader: Reader, session_id: str | None, *, limit: int) -> tuple[Head, ...]:
    """The last heads of a session, in id order."""
    rows = reader.rows(heads_statement(reader.layout, order="DESC"), (session_id, 0, limit), needs=MESSAGES)
    return tuple(head_of(row) for row in reversed(rows))


def heads_statement(layout: Layout, *, order: str = "ASC") -> str:
    """Heads of a session: ids from a covering index, then rows by key, so that no body is sorted."""
    page = f"SELECT id FROM messages WHERE session_id = ? AND {_key(layout)} > ? ORDER BY id {order} LIMIT ?"
    return heads_of(layout, page, order=order)


def heads_of(layout: Layout, page: str, *, order: str = "ASC") -> str:
    """Heads of the ids that a statement finds, each row by its key."""
    return (
        f"WITH page AS MATERIALIZED ({page})"
        f" SELECT {head_columns(layout)} FROM page CROSS JOIN messages ON messages.id = page.id"
        f" ORDER BY page.id {order}"
    )


def head_columns(layout: Layout) -> str:
    """Columns of a head, in the order `head_of` unpacks."""
    calls, reasoned = _n_bytes(layout, "tool_calls"), _n_bytes(layout, "reasoning", "reasoning_content")
    return (
        f"messages.id, {column_sql.text(layout, 'messages', 'role')}, {_n_bytes(layout, 'content')},"
        f" {column_sql.text(layout, 'messages', 'tool_name')}, {calls} > 2, {reasoned} > 0,"
        f" {column_sql.active(layout)}, {column_sql.compacted(layout)},"
        f" {column_sql.timestamp(layout, 'messages', 'timestamp')}"
    )


def bodies(reader: Reader, ids: Sequence[int], *, cancel: Cancel | None = None) -> tuple[Message, ...]:
    """Messages in the order of the ids; ids without a row are left out.

    Raises:
        ValueError: More than `MOST_BODIES` ids.
    """
    if len(ids) > MAX_BODIES:
        raise ValueError(f"at most {MAX_BODIES} messages at a time, not {len(ids)}")
    layout = reader.layout
    if not ids or not layout.has("messages", "session_id"):
        return ()
    rows = reader.rows(
        f"SELECT {body_columns(layout)} FROM messages WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
        cancel=cancel,
    )
    messages = {message.id: message for message in map(message_of, rows)}
    return tuple(messages[message_id] for message_id in ids if message_id in messages)


def readable_bodies(reader: Reader, ids: Sequence[int]) -> tuple[Message, ...]:
    """`bodies`, with a message of role UNREADABLE for each row on a damaged page."""

    def _unreadable(message_id: int, error: Damaged) -> tuple[Message, ...]:
        cause = str(error).partition(";")[0]
        return (Message(message_id, "", UNREADABLE, f"This message cannot be read: {cause}"),)

    return tuple(around_damage(lambda some: bodies(reader, some), ids, _unreadable))


def window(
    connection: apsw.Connection,
    layout: Layout,
    session_id: str,
    message_id: int,
    *,
    width: int,
    n_bytes: int | None = None,
) -> tuple[ContextLine, ...]:
    """Context of a hit: the messages around it in id order, the hit included, in one read transaction.

    Args:
        width: Messages on each side.
        n_bytes: Maximum bytes read of a plain text, None for all; a multimodal cell is read whole.

    Returns:
        Empty where the session has no such message.
    """
    if not layout.has(*MESSAGES) or not _has(connection, session_id, message_id):
        return ()
    bindings = (message_id, storable(session_id), width)
    before, behind = (_neighbours(connection, layout, side, bindings) for side in (BEFORE, BEHIND))
    role, timestamp = column_sql.text(layout, "messages", "role"), column_sql.timestamp(layout, "messages", "timestamp")
    rows = connection.execute(
        f"SELECT id, {role}, {opening(n_bytes)}, {timestamp} FROM messages"
        " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps([*before, message_id, *behind]),),
    ).fetchall()
    return tuple(_context_line(row, message_id) for row in rows)


def readable_window(
    reader: Reader, session_id: str, message_id: int, *, width: int, n_bytes: int | None = None
) -> tuple[ContextLine, ...]:
    """`window`, with a line of role UNREADABLE for each row on a damaged page."""
    try:
        return reader.read(partial(window, session_id=session_id, message_id=message_id, width=width, n_bytes=n_bytes))
    except Damaged:
        ids = _ids_around(reader, session_id, message_id, width)
    lines = readable_bodies(reader, ids)
    return tuple(
        ContextLine(line.id or 0, line.role, line.text[:n_bytes], line.id == message_id, line.timestamp)
        for line in lines
    )


def _ids_around(reader: Reader, session_id: str, message_id: int, width: int) -> list[int]:
    """Ids by the covering index; the hit's alone where that is damaged too."""
    bindings = (message_id, storable(session_id), width)

    def _read(connection: apsw.Connection, layout: Layout) -> list[int]:
        before, behind = (_ids(connection, index_statement(layout, side), bindings) for side in (BEFORE, BEHIND))
        return [*reversed(before), message_id, *behind]

    try:
        return reader.read(_read)
    except Damaged:
        return [message_id]


@dataclass(frozen=True, slots=True)
class Side:
    """One direction of a walk."""

    compare: str
    order: str


BEFORE, BEHIND = Side("<", "DESC"), Side(">", "ASC")


def walk_statement(side: Side, rows: int = WALK) -> str:
    """Walk of the primary key from a hit, up to the width or a number of rows (docs/decisions/0008)."""
    return (
        f"SELECT id FROM (SELECT id, session_id FROM messages WHERE id {side.compare} ? ORDER BY id {side.order}"
        f" LIMIT {rows}) WHERE +session_id = ? ORDER BY id {side.order} LIMIT ?"
    )


def index_statement(layout: Layout, side: Side) -> str:
    """The session's ids from a covering index, in id order."""
    return (
        f"SELECT id FROM messages WHERE session_id = ?2 AND {_key(layout)} {side.compare} ?1"
        f" ORDER BY id {side.order} LIMIT ?3"
    )


def _key(layout: Layout) -> str:
    """The id as a term of the index on (session_id, id), or hidden from the planner, which would walk the table."""
    return "id" if IN_ID_ORDER in layout.indexes else "+id"


def _neighbours(
    connection: apsw.Connection, layout: Layout, side: Side, bindings: tuple[int, str | None, int]
) -> list[int]:
    """Ids on one side of a hit; the bindings are its id, its session and the width."""
    message_id, session_id, width = bindings
    for rows in (NEAR, WALK):
        ids = _ids(connection, walk_statement(side, rows), bindings)
        if len(ids) >= width or not _has_more(connection, message_id, side, rows):
            return ids
        if rows == NEAR and _is_small(connection, session_id):
            break
    return _ids(connection, index_statement(layout, side), bindings)


def _is_small(connection: apsw.Connection, session_id: str | None) -> bool:
    sql = f"SELECT count(*) FROM (SELECT 1 FROM messages WHERE session_id = ? LIMIT {SMALL + 1})"
    return _ids(connection, sql, (session_id,))[0] <= SMALL


def _has_more(connection: apsw.Connection, message_id: int, side: Side, rows: int) -> bool:
    """True where the walk stopped at its limit and not at the end of the table."""
    beyond = f"SELECT 1 FROM messages WHERE id {side.compare} ? ORDER BY id {side.order} LIMIT 1 OFFSET {rows}"
    return bool(_ids(connection, beyond, (message_id,)))


def _ids(connection: apsw.Connection, statement: str, bindings: Row) -> list[int]:
    return [cell_values.integer(row[0]) for row in connection.execute(statement, bindings).fetchall()]


def _has(connection: apsw.Connection, session_id: str, message_id: int) -> bool:
    return bool(_ids(connection, "SELECT id FROM messages WHERE id = ? AND +session_id = ?", (message_id, session_id)))


def _context_line(row: Row, message_id: int) -> ContextLine:
    row_id, role, cell, timestamp = row
    line_id = cell_values.integer(row_id)
    return ContextLine(
        line_id, cell_values.text(role) or "", readable(cell), line_id == message_id, cell_values.timestamp(timestamp)
    )


def opening(n_bytes: int | None) -> str:
    """The content as bytes: the start of plain text, all of JSON behind a NUL (docs/format.md §3.2)."""
    content = "CAST(messages.content AS BLOB)"
    if n_bytes is None:
        return column_sql.blob("messages.content")
    return column_sql.blob(
        "messages.content",
        f"CASE substr({content}, 1, 1) WHEN x'00' THEN {content} ELSE substr({content}, 1, {n_bytes}) END",
    )


def readable(cell: cell_values.Value) -> str:
    """The content of a cell as readers see it."""
    return message_codec.readable(message_codec.decode(cell_values.text(cell)))


def _n_bytes(layout: Layout, *names: str) -> str:
    return "(" + " + ".join(column_sql.n_bytes(layout, "messages", name) for name in names) + ")"


def head_of(row: Row) -> Head:
    """A head from the cells of `head_columns`."""
    row_id, role, n_bytes, tool, calls, reasoned, active, compacted, timestamp = row
    return Head(  # in the order of its fields: by their names it takes a third more time
        cell_values.integer(row_id),
        cell_values.shared_text(role) or "",
        cell_values.integer(n_bytes),
        None if tool is None else cell_values.shared_text(tool),
        bool(calls),
        bool(reasoned),
        bool(active),
        bool(compacted and cell_values.integer(compacted)),
        cell_values.timestamp(timestamp),
    )


_SHOWN = ("session_id", "role", "content", "tool_name")
"""Text columns of every list of messages."""
_REST = ("tool_calls", "tool_call_id", "reasoning_content", "reasoning", "finish_reason", "display_kind")


@column_sql.once
def body_columns(layout: Layout) -> str:
    """Columns of a body, in the order `message_of` unpacks: id, time, session, role, content and tool come first."""
    return ", ".join(
        (
            "messages.id",
            column_sql.timestamp(layout, "messages", "timestamp"),
            *(column_sql.text(layout, "messages", name) for name in _SHOWN),
            column_sql.active(layout),
            column_sql.compacted(layout),
            column_sql.whole(layout, "messages", "observed"),
            column_sql.whole(layout, "messages", "_compressed_summary"),
            *(column_sql.text(layout, "messages", name) for name in _REST),
        )
    )


def message_of(row: Row) -> Message:
    """A message from the cells of `body_columns`."""
    row_id, timestamp, session_id, shown_role, body, tool, active, compacted, observed, summary, calls, *rest = row
    call_id, field, plain, reason, kind = (None if cell is None else cell_values.text(cell) for cell in rest)
    role = cell_values.shared_text(shown_role) or ""
    text, thought = message_codec.split_thinking(role, readable(body))
    return Message(
        cell_values.integer(row_id),
        cell_values.shared_text(session_id) or "",
        role,
        text,
        cell_values.timestamp(timestamp),
        () if calls is None else message_codec.shown_calls(cell_values.text(calls)),
        call_id,
        cell_values.shared_text(tool),
        message_codec.joined_reasoning(field or plain or "", thought),
        reason,
        active=bool(active),
        compacted=bool(cell_values.integer(compacted)),
        display_kind=kind,
        observed=bool(cell_values.integer(observed)),
        summary=bool(cell_values.integer(summary)) or message_codec.is_summary(text),
    )
