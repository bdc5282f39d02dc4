"""Rows of search hits: text and session columns decoded at once, the rest of a message on demand.

Most hits match in the text and show no more, so tool calls are parsed only for those that need it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import apsw

from ...base.cancel import Cancel
from ...base.models import UNREADABLE, Message
from ...engine.search import HitRow, SessionLabel
from ...formats import message_codec
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import Reader, Row
from ..rows.damage import around_damage
from ..rows.messages import body_columns, message_of

_SESSION_COLUMNS = ("source", "model", "title")


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
    """Rows as `cells` gives them, decoded."""
    known: dict[Row, SessionLabel] = {}
    return tuple(_hit_row(row, known) for row in rows)


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
def statement(layout: Layout, *, states: bool = True, sessions: bool = True) -> str:
    """Rows by key and their sessions by id, whatever the statistics; the ids are bound as JSON."""
    label = ", ".join(column_sql.short_text(layout, "sessions", name) for name in _SESSION_COLUMNS)
    has_labels = sessions and layout.has("sessions", "id")
    labels = " LEFT JOIN sessions ON sessions.id = messages.session_id" if has_labels else ""
    inactive = (
        "EXISTS (SELECT 1 FROM messages AS other WHERE other.session_id = messages.session_id AND other.active = 0)"
    )
    return (
        f"SELECT {inactive if states and layout.has('messages', 'active') else '0'}, {body_columns(layout)},"
        f" {label if labels else 'NULL, NULL, NULL'}"
        f" FROM json_each(?) AS named CROSS JOIN messages ON messages.id = named.value{labels}"
    )


def _hit_row(row: Row, known: dict[Row, SessionLabel]) -> HitRow:
    cells, session_cells = row[1 : -len(_SESSION_COLUMNS)], row[-len(_SESSION_COLUMNS) :]
    if (label := known.get(session_cells)) is None:
        source, model, title = map(cell_values.text, session_cells)
        label = known[session_cells] = SessionLabel(source or "", model, title)
    row_id, timestamp, session_id, cell, body, tool = cells[:6]
    role = cell_values.text(cell) or ""
    text, _ = message_codec.split_thinking(role, message_codec.readable(message_codec.decode(cell_values.text(body))))
    return HitRow(
        cell_values.integer(row_id),
        cell_values.text(session_id) or "",
        role,
        text,
        cell_values.timestamp(timestamp),
        cell_values.text(tool),
        label,
        partial(message_of, cells),
        bool(row[0]),
    )
