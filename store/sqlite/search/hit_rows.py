"""What a search shows of the rows that it found: text and session at once, the rest of a message where it is asked for.

Most hits are in the text, and of most nobody sees more than that: a call is parsed for those alone that need it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import apsw

from ...base.cancel import Cancel
from ...engine.search import HitRow, SessionLabel
from ...formats import message_codec
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import Reader, Row
from ..rows.messages import body_columns, message_of

_LABEL = ("source", "model", "title")


def read_hits(reader: Reader, ids: Sequence[int], *, cancel: Cancel | None = None) -> list[HitRow]:
    """Glimpses of rows, in the order asked for, without those that are gone: one critical section.

    Raises:
        Interrupted: The question was withdrawn.
        StoreError: The messages cannot be read.
    """

    def _question(connection: apsw.Connection, layout: Layout) -> list[Row]:
        if not layout.has("messages", "session_id"):
            return []
        return connection.execute(statement(layout), (json.dumps(list(ids)),)).fetchall()

    known: dict[Row, SessionLabel] = {}
    found = {glimpse.id: glimpse for row in reader.read(_question, cancel=cancel) for glimpse in [_glimpse(row, known)]}
    return [found[one] for one in ids if one in found]


def statement(layout: Layout) -> str:
    """Rows by their key, and the session of each by its own, whatever the statistics say; the ids are bound as JSON."""
    label = ", ".join(column_sql.text(layout, "sessions", name) for name in _LABEL)
    sessions = " LEFT JOIN sessions ON sessions.id = messages.session_id" if layout.has("sessions", "id") else ""
    return (
        f"SELECT {body_columns(layout)}, {label if sessions else 'NULL, NULL, NULL'}"
        f" FROM json_each(?) AS named CROSS JOIN messages ON messages.id = named.value{sessions}"
    )


def _glimpse(row: Row, known: dict[Row, SessionLabel]) -> HitRow:
    own, about = row[: -len(_LABEL)], row[-len(_LABEL) :]
    if (label := known.get(about)) is None:
        source, model, title = map(cell_values.text, about)
        label = known[about] = SessionLabel(source or "", model, title)
    name, timestamp, session_id, cell, body, tool = own[:6]
    role = cell_values.text(cell) or ""
    text, _ = message_codec.split_thinking(role, message_codec.readable(message_codec.decode(cell_values.text(body))))
    return HitRow(
        cell_values.integer(name),
        cell_values.text(session_id) or "",
        role,
        text,
        cell_values.timestamp(timestamp),
        cell_values.text(tool),
        label,
        partial(message_of, own),
    )
