"""Raw rows: every column, every cell with its type and bytes.

Rows that are moved or backed up are read here, so that they are written back unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import apsw

from ...engine.operations import Cell, RawRow, RawText
from ...formats.row_encoding import storable
from ..base.cell_values import Value
from ..base.column_sql import quoted
from ..base.schema_probe import Layout
from ..connect.reader import Reader

_PAGE = 256


def session(connection: apsw.Connection, layout: Layout, session_id: str) -> RawRow | None:
    """The row of a session, None for none."""
    if not layout.has("sessions", "id"):
        return None
    return next(iter(list(rows(connection, layout, "sessions", "id = ?", session_id))), None)


def messages(reader: Reader, ids: Sequence[int]) -> Iterator[RawRow]:
    """Rows by id, lowest first, 256 per read transaction; ids without a row are left out."""
    for start in range(0, len(ids), _PAGE):
        page = json.dumps(sorted(ids)[start : start + _PAGE])
        yield from reader.read(lambda connection, layout, page=page: by_ids(connection, layout, page))  # type: ignore[misc]


def by_ids(connection: apsw.Connection, layout: Layout, ids: str) -> list[RawRow]:
    """Rows of messages by a JSON list of ids, lowest first."""
    where = "id IN (SELECT value FROM json_each(?)) ORDER BY id"
    return list(rows(connection, layout, "messages", where, ids))


def insert(connection: apsw.Connection, table: str, row: RawRow, *, or_ignore: bool = False) -> None:
    """Insert a row unchanged.

    Args:
        or_ignore: Keep a row that has its key.
    """
    names = ", ".join(map(quoted, row))
    parameters = ", ".join("CAST(? AS TEXT)" if isinstance(cell, RawText) else "?" for cell in row.values())
    end = " ON CONFLICT DO NOTHING" if or_ignore else ""
    cells = tuple(cell.raw if isinstance(cell, RawText) else cell for cell in row.values())
    connection.execute(f"INSERT INTO {quoted(table)} ({names}) VALUES ({parameters}){end}", cells)


def rows(connection: apsw.Connection, layout: Layout, table: str, where: str, binding: object) -> Iterator[RawRow]:
    """Rows of a table.

    Args:
        where: Its condition, with one parameter.
        binding: The parameter.
    """
    names = sorted(layout.columns[table])
    columns = ", ".join(
        f"typeof({name}), CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"
        for name in map(quoted, names)
    )
    for row in connection.execute(f"SELECT {columns} FROM {quoted(table)} WHERE {where}", (storable(binding),)):
        yield {name: _cell(kind, cell) for name, kind, cell in zip(names, row[::2], row[1::2], strict=True)}


def _cell(kind: Value, cell: Value) -> Cell:
    if kind != "text" or not isinstance(cell, bytes):
        return cell
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError:
        return RawText(cell)
