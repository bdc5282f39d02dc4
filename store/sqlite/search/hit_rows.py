"""Rows of search hits: what names and orders a row is decoded at once, its text when it is asked for.

Most hits match in the text and show no more, so tool calls are parsed only for those that need it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import apsw

from ...base.cancel import Cancel
from ...base.deferred import deferring
from ...base.models import UNREADABLE, Message
from ...engine.search import HitRow, SessionLabel
from ...formats import message_codec
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import Reader, Row
from ..rows.damage import around_damage
from ..rows.messages import message_of

_SESSION_COLUMNS = ("source", "model", "title")
_KEPT = ("content", "tool_calls", "reasoning_content", "reasoning")
_TEXTS = ("session_id", "role", "content", "tool_name", *_KEPT[1:])


def read_hits(reader: Reader, ids: Sequence[int], *, cancel: Cancel | None = None) -> list[HitRow]:
    """Hit rows in the order of the ids, without deleted ones, in one read transaction where no page is damaged.

    A row on a damaged page has the role `UNREADABLE` and its id alone; of a session whose row is on one, hits have no
    label.

    Raises:
        Interrupted: It was cancelled.
        StoreError: The messages cannot be read.
    """
    known: dict[Row, SessionLabel] = {}

    def _read(some: Sequence[int]) -> list[HitRow]:
        return [_hit_row(row, known) for row in reader.read(partial(cells, some), cancel=cancel)]

    hits = {hit.id: hit for hit in around_damage(_read, ids, lambda message_id, _: [_unreadable(message_id)])}
    return [hits[message_id] for message_id in ids if message_id in hits]


def hit_rows(rows: Sequence[Row]) -> tuple[HitRow, ...]:
    """Hits of rows that end in `columns`."""
    known: dict[Row, SessionLabel] = {}
    return tuple([_hit_row(row, known) for row in rows])


def cells(ids: Sequence[int], connection: apsw.Connection, layout: Layout) -> list[Row]:
    """The cells of some rows, in a running read transaction; apsw.CorruptError where one is on a damaged page."""
    if not layout.has("messages", "session_id"):
        return []
    bindings = (json.dumps(list(ids)),)
    for states, sessions in ((True, True), (False, True)):  # a damaged page may be of the states' index, or a session's
        try:
            return connection.execute(statement(layout, states=states, sessions=sessions), bindings).fetchall()
        except apsw.CorruptError:
            continue
    return connection.execute(statement(layout, states=False, sessions=False), bindings).fetchall()


def _unreadable(message_id: int) -> HitRow:
    message = Message(message_id, "", UNREADABLE, "")
    return HitRow(message_id, "", UNREADABLE, "", None, None, SessionLabel(), lambda: message)


@column_sql.once
def columns(layout: Layout, *, states: bool = True, labels: bool = True) -> str:
    """Columns of a hit: whether its session has inactive rows, bytes of its texts, the message, its session's label."""
    inactive = (
        "EXISTS (SELECT 1 FROM messages AS other WHERE other.session_id = messages.session_id AND other.active = 0)"
    )
    return ", ".join(
        (
            inactive if states and layout.has("messages", "active") else "0",
            " + ".join(column_sql.n_bytes(layout, "messages", name) for name in _KEPT),
            "messages.id",
            column_sql.timestamp(layout, "messages", "timestamp"),
            *(column_sql.text(layout, "messages", name) for name in _TEXTS),
            *(column_sql.short_text(layout, "sessions", name) if labels else "NULL" for name in _SESSION_COLUMNS),
        )
    )


def label_tables(layout: Layout) -> str:
    """The join of a message's session, by id whatever the statistics; "" where there is none."""
    return " LEFT JOIN sessions ON sessions.id = messages.session_id" if layout.has("sessions", "id") else ""


@column_sql.once
def statement(layout: Layout, *, states: bool = True, sessions: bool = True) -> str:
    """Rows by key and their sessions by id; the ids are bound as JSON."""
    labels = label_tables(layout) if sessions else ""
    return (
        f"SELECT {columns(layout, states=states, labels=bool(labels))}"
        f" FROM json_each(?) AS named CROSS JOIN messages ON messages.id = named.value{labels}"
    )


_COLUMNS = 4 + len(_TEXTS) + len(_SESSION_COLUMNS)
"""Number of the columns of a hit, which are the last of a row."""
N_BYTES = 1 - _COLUMNS
"""Place of the bytes of its texts in such a row."""
_later = deferring(HitRow, "id", "session_id", "role", "timestamp", "may_be_copy", "n_bytes")


def _hit_row(row: Row, known: dict[Row, SessionLabel]) -> HitRow:
    """A row whose text is decoded when it is asked for."""
    inactive, n_bytes, row_id, timestamp, session_id, role = row[-_COLUMNS : -_COLUMNS + 6]
    return _later(
        partial(_whole, row, known),
        cell_values.integer(row_id),
        cell_values.text(session_id) or "",
        cell_values.shared_text(role) or "",
        cell_values.timestamp(timestamp),
        bool(inactive),
        cell_values.integer(n_bytes),
    )


def _whole(row: Row, known: dict[Row, SessionLabel]) -> HitRow:
    """The row with its text and label."""
    session_cells = row[-len(_SESSION_COLUMNS) :]
    if (label := known.get(session_cells)) is None:
        source, model, title = map(cell_values.text, session_cells)
        label = known[session_cells] = SessionLabel(source or "", model, title)
    message_cells = row[-_COLUMNS + 2 : -len(_SESSION_COLUMNS)]
    row_id, timestamp, session_id, role_cell, body, tool, calls, field, plain = message_cells
    role = cell_values.shared_text(role_cell) or ""
    text, _ = message_codec.split_thinking(role, message_codec.readable(message_codec.decode(cell_values.text(body))))
    message = (row_id, timestamp, session_id, role_cell, body, tool, 1, 0, 0, 0, calls, None, field, plain, None, None)
    return HitRow(
        cell_values.integer(row_id),
        cell_values.text(session_id) or "",
        role,
        text,
        cell_values.timestamp(timestamp),
        cell_values.shared_text(tool),
        label,
        partial(message_of, message),
        bool(row[-_COLUMNS]),
    )
