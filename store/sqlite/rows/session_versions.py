"""Row counts of many sessions, by which a change since its comparison is detected.

They come from covering indexes alone; the state of a row is looked up only where one is not active.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping

from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import Reader, Row

_PAGE = 2_000
"""Sessions counted per read transaction."""
_FEW = 4
"""Requested sessions are looked up by id where the file has so many times more."""
_ACTIVE_INDEX = "idx_messages_session_active"
_REQUESTED = "WHERE session_id IN (SELECT value FROM json_each(?))"
_KNOWN = "SELECT 0, 0, 0, 0, id FROM sessions WHERE id IN (SELECT value FROM json_each(?))"


def row_counts(reader: Reader, ids: Collection[str]) -> dict[str, Row]:
    """Number of rows, highest id (0 for none), active and compacted rows of those of `ids` that SQLite has.

    Maybe of others, too, without their compacted rows. Without Hermes' index of active rows all count as active.
    """
    layout = reader.layout
    if not ids or not layout.has("sessions", "id"):
        return {}
    [[total]] = reader.rows("SELECT count(*) FROM sessions")
    counts: dict[str, Row] = {}
    if layout.has("messages", "session_id"):
        few = len(ids) * _FEW < cell_values.integer(total)
        select = _select(layout)
        pages = _pages(reader, f"{select} {_REQUESTED} GROUP BY session_id", list(ids)) if few else _all(reader, select)
        for page in pages:
            counts.update({row[4]: row for row in page})  # type: ignore[misc]  # ids that are not text are never requested
        counts |= _compacted(reader, counts, ids)
    for page in _pages(reader, _KNOWN, [key for key in ids if key not in counts]):
        counts.update({row[4]: row for row in page})  # type: ignore[misc]
    return counts


def _select(layout: Layout) -> str:
    active = f"sum({column_sql.active(layout)})" if _ACTIVE_INDEX in layout.indexes else "count(*)"
    return f"SELECT count(*), max(id), {active}, 0, session_id FROM messages"


def _compacted(reader: Reader, counts: Mapping[str, Row], ids: Collection[str]) -> dict[str, Row]:
    """The rows of those of `ids` that have inactive ones, with the number of compacted ones among them."""
    inactive = [key for key in ids if key in counts and counts[key][0] != counts[key][2]]
    condition = column_sql.compacted(reader.layout)
    statement = f"SELECT session_id, count(*) FROM messages {_REQUESTED} AND {condition} GROUP BY session_id"
    found = {row[0]: row[1] for page in _pages(reader, statement, inactive) for row in page}
    return {key: (*counts[key][:3], found.get(key, 0), key) for key in inactive}


def _pages(reader: Reader, statement: str, ids: list[str]) -> Iterator[list[Row]]:
    for start in range(0, len(ids), _PAGE):
        yield reader.rows(statement, (json.dumps(ids[start : start + _PAGE]),))


def _all(reader: Reader, select: str) -> Iterator[list[Row]]:
    """All sessions with rows, in index order, by pages."""
    page = reader.rows(f"{select} GROUP BY session_id ORDER BY session_id LIMIT ?", (_PAGE,))
    while page:
        yield page
        if len(page) < _PAGE:
            return
        page = reader.rows(
            f"{select} WHERE session_id > ? GROUP BY session_id ORDER BY session_id LIMIT ?", (page[-1][4], _PAGE)
        )
