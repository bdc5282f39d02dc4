"""Rows of a whole file, exactly as stored, page by page: by them a home is copied."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import apsw

from ...engine.operations import RawRow
from ..base.cell_values import Value, integer
from ..base.column_sql import quoted
from ..base.schema_probe import Layout
from ..connect.reader import MESSAGES, Reader
from . import raw_rows

PAGE = 256
"""Rows of a read transaction."""
_SOME = "id IN (SELECT value FROM json_each(?))"


def sessions(reader: Reader, ids: Sequence[str] | None = None) -> Iterator[RawRow]:
    """The rows of some sessions, or of all, in any order."""
    if not reader.layout.has("sessions", "id"):
        return
    if ids is None:
        ids = reader.texts("SELECT CAST(id AS BLOB) FROM sessions")
    for start in range(0, len(ids), PAGE):
        yield from _page(reader, "sessions", _SOME, (json.dumps(ids[start : start + PAGE]),))


def every_message(reader: Reader) -> Iterator[RawRow]:
    """All messages, lowest id first."""
    if not reader.layout.has(*MESSAGES):
        return
    last = -1 << 63
    while page := _page(reader, "messages", f"id > ? ORDER BY id LIMIT {PAGE}", (last,)):
        yield from page
        last = int(str(page[-1]["id"]))


def messages_of(reader: Reader, ids: Sequence[str]) -> Iterator[RawRow]:
    """All messages of some sessions, lowest id first."""
    own = "SELECT id FROM messages WHERE session_id IN (SELECT value FROM json_each(?)) ORDER BY id"
    found = [integer(row[0]) for row in reader.rows(own, (json.dumps(list(ids)),), needs=MESSAGES)]
    for start in range(0, len(found), PAGE):
        yield from _page(reader, "messages", f"{_SOME} ORDER BY id", (json.dumps(found[start : start + PAGE]),))


def _page(reader: Reader, table: str, where: str, bindings: tuple[Value, ...]) -> list[RawRow]:
    return reader.read(lambda connection, layout: _of_page(connection, layout, table, where, bindings))


def _of_page(
    connection: apsw.Connection, layout: Layout, table: str, where: str, bindings: tuple[Value, ...]
) -> list[RawRow]:
    """The rows as `raw_rows.rows` has them, faster where all text is UTF-8."""
    names = sorted(layout.columns[table])
    sql = f"SELECT {', '.join(map(quoted, names))} FROM {quoted(table)} WHERE {where}"
    try:
        return [dict(zip(names, row, strict=True)) for row in connection.execute(sql, bindings).fetchall()]
    except UnicodeDecodeError:
        return list(raw_rows.rows(connection, layout, table, where, *bindings))
