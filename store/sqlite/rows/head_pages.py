"""Pages of heads in id order, at a cost that follows the page: by the index, along the table, or by ids read once."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

from ...base.errors import Damaged
from ...base.late_dataclass import dataclass
from ...base.models import UNREADABLE, Head, Page
from ..base import cell_values
from ..connect.reader import MESSAGES, Reader, Row
from .damage import around_damage
from .messages import BEHIND, IN_ID_ORDER, head_columns, head_of, heads_of, heads_statement, index_statement

ALONG = 2
"""Times as many rows as a page has are walked along the table, for a session that wrote most of them."""
_BY_KEY = "SELECT value AS id FROM json_each(?)"


@dataclass(frozen=True, slots=True)
class _Ids:
    """All ids of a session, at a version of the data."""

    session_id: str | None
    version: int
    ids: Sequence[int]


_known: WeakKeyDictionary[Reader, _Ids] = WeakKeyDictionary()
"""Those of the last session that was read."""


def heads(reader: Reader, session_id: str | None, *, after: int, limit: int) -> Page[Head]:
    """Heads in id order, inactive rows included, from the first id above `after`.

    An index on (session_id, id) has a page together. In a file without one the other indexes are in the order of time,
    so that a page would take a walk of the whole session: the table is walked instead where a long session wrote most
    of it, else the ids are read once for all pages, as long as nobody writes.

    Rows on a damaged page have heads of the role `UNREADABLE`, where an index still has their ids.
    """
    try:
        rows = [head_of(row) for row in _page_rows(reader, session_id, after, limit + 1)]
    except Damaged:
        rows = _heads_by_id(reader, _ids_of(reader, session_id, after, limit + 1))
    shown = tuple(rows[:limit])
    more = len(rows) > limit
    return Page(shown, more, shown[-1].id if more and shown else None)


def _page_rows(reader: Reader, session_id: str | None, after: int, limit: int) -> Sequence[Row]:
    layout = reader.layout
    if IN_ID_ORDER in layout.indexes or not layout.has(*MESSAGES):
        return reader.rows(heads_statement(layout), (session_id, after, limit), needs=MESSAGES)
    known, version = _known.get(reader), reader.data_version()
    if known is None or (known.session_id, known.version) != (session_id, version):
        ids = _index_ids(reader, session_id, ALONG * limit) if after <= 0 else None
        if ids is None or len(ids) == ALONG * limit:
            found = reader.rows(heads_of(layout, walk_statement(ALONG * limit)), (after, session_id, limit))
            if len(found) == limit or not reader.rows(BEYOND, (after, ALONG * limit)):
                return found
            ids = _index_ids(reader, session_id, -1)
        known = _known[reader] = _Ids(session_id, version, ids)
    start = bisect_right(known.ids, after)
    return reader.rows(heads_of(layout, _BY_KEY), (json.dumps(list(known.ids[start : start + limit])),))


def ids(reader: Reader, session_id: str | None) -> Sequence[int]:
    """Ids of all messages of a session, in order."""
    return _index_ids(reader, session_id, -1)


def _index_ids(reader: Reader, session_id: str | None, most: int) -> Sequence[int]:
    """So many ids of a session as its index has them, all where `most` is negative, in order."""
    rows = reader.rows("SELECT id FROM messages WHERE session_id = ? LIMIT ?", (session_id, most), needs=MESSAGES)
    return array("q", sorted(cell_values.integer(row[0]) for row in rows))


BEYOND = "SELECT 1 FROM messages WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"
"""Whether the table goes on behind a walk."""


def walk_statement(rows: int) -> str:
    """Ids of a session among so many rows of the table behind an id."""
    walked = f"SELECT id, session_id FROM messages WHERE id > ? ORDER BY id LIMIT {rows}"
    return f"SELECT id FROM ({walked}) WHERE +session_id = ? ORDER BY id LIMIT ?"


def _ids_of(reader: Reader, session_id: str | None, after: int, limit: int) -> list[int]:
    """Ids from the covering index, or from the table where the index is damaged."""
    try:
        rows = reader.rows(index_statement(reader.layout, BEHIND), (after, session_id, limit))
    except Damaged:
        statement = "SELECT id FROM messages NOT INDEXED WHERE session_id = ?2 AND id > ?1 ORDER BY id LIMIT ?3"
        rows = reader.rows(statement, (after, session_id, limit))
    return [cell_values.integer(row[0]) for row in rows]


def _heads_by_id(reader: Reader, ids: Sequence[int]) -> list[Head]:
    """Heads of existing rows, around damaged pages."""
    sql = f"SELECT {head_columns(reader.layout)} FROM messages WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"

    def _read(some: Sequence[int]) -> Iterable[Head]:
        return map(head_of, reader.rows(sql, (json.dumps(list(some)),)))

    return around_damage(_read, ids, lambda message_id, _: [Head(message_id, UNREADABLE)])
