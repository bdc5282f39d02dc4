"""Whole rows as they lie in the file: every column, every cell with its type and its bytes.

What is moved or kept aside goes through here, so that nothing is read as something else and written back changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import apsw

from ...engine.operations import Cell, RawRow, RawText
from ...formats.row_encoding import storable
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import Reader

_AT_ONCE = 256


def session(reader: Reader, session_id: str) -> RawRow | None:
    """The row of a session, None where there is none."""
    if not reader.layout.has("sessions", "id"):
        return None
    return reader.read(
        lambda connection, layout: next(iter(_images(connection, layout, "sessions", "id = ?", session_id)), None)
    )


def messages(reader: Reader, ids: Sequence[int]) -> Iterator[RawRow]:
    """Rows by id, lowest first, 256 in each critical section; ids without a row are left out."""
    for start in range(0, len(ids), _AT_ONCE):
        page = json.dumps(sorted(ids)[start : start + _AT_ONCE])
        yield from reader.read(lambda connection, layout, page=page: by_ids(connection, layout, page))  # type: ignore[misc]


def by_ids(connection: apsw.Connection, layout: Layout, ids: str) -> list[RawRow]:
    """Rows of messages by a JSON list of ids, lowest first."""
    among = "id IN (SELECT value FROM json_each(?)) ORDER BY id"
    return list(_images(connection, layout, "messages", among, ids))


def insert(connection: apsw.Connection, table: str, image: RawRow) -> None:
    """Insert a row exactly as it was read."""
    names = ", ".join(map(_quoted, image))
    places = ", ".join("CAST(? AS TEXT)" if isinstance(cell, RawText) else "?" for cell in image.values())
    cells = tuple(cell.raw if isinstance(cell, RawText) else cell for cell in image.values())
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", cells)


def _images(connection: apsw.Connection, layout: Layout, table: str, condition: str, binding: str) -> Iterator[RawRow]:
    names = sorted(layout.columns[table])
    asked = ", ".join(
        f"typeof({name}), CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"
        for name in map(_quoted, names)
    )
    for row in connection.execute(f"SELECT {asked} FROM {table} WHERE {condition}", (storable(binding),)):
        yield {name: _cell(kind, cell) for name, kind, cell in zip(names, row[::2], row[1::2], strict=True)}


def _cell(kind: Value, cell: Value) -> Cell:
    if kind != "text" or not isinstance(cell, bytes):
        return cell
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError:
        return RawText(cell)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
