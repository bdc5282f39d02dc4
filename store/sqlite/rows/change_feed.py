"""Changes: sessions of new message rows, and counts by which a change since a comparison is detected."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ..base import column_sql
from ..base.schema_probe import Layout
from ..connect.reader import MESSAGES, Reader, Row

MAX_ROWS = 4096
"""Newest rows whose sessions are read."""

_PAGE = 2_000
"""Sessions counted per read transaction."""
_FEW = 4
"""Requested sessions are looked up by id where the file has so many times more."""
_ACTIVE_INDEX = "idx_messages_session_active"
_REQUESTED = "WHERE session_id IN (SELECT value FROM json_each(?))"
_KNOWN = "SELECT 0, 0, 0, 0, id FROM sessions WHERE id IN (SELECT value FROM json_each(?))"


def since(reader: Reader, after: int | None) -> tuple[int, frozenset[str]]:
    """The highest message id, 0 for none, and the sessions of the rows above `after`, none where it is None.

    Of more than 4,096 such rows only the newest count.
    """
    newest = reader.number("SELECT MAX(id) FROM messages", needs=MESSAGES)
    if after is None or newest <= after:
        return newest, frozenset()
    ids = reader.texts(
        "SELECT DISTINCT CAST(session_id AS BLOB) FROM"
        " (SELECT session_id FROM messages WHERE id > ? AND id <= ? ORDER BY id DESC LIMIT ?)",
        (after, newest, MAX_ROWS),
    )
    return newest, frozenset(ids)


def row_counts(reader: Reader, ids: Collection[str]) -> dict[str, Row]:
    """Number of rows, highest id (0 for none), active and compacted rows of those of `ids` that SQLite has.

    Maybe of others, too, without their compacted rows. Without Hermes' index of active rows all count as active, so
    that covering indexes alone are read; the state of a row is looked up only in sessions where one is not active.
    """
    layout = reader.layout
    if not ids or not layout.has("sessions", "id"):
        return {}
    counts: dict[str, Row] = {}
    if layout.has("messages", "session_id"):
        few = len(ids) * _FEW < reader.number("SELECT count(*) FROM sessions")
        select = _select(layout)
        counted = f"{select} {_REQUESTED} GROUP BY session_id"
        rows = reader.pages(counted, list(ids), size=_PAGE) if few else _all(reader, select)
        counts.update({row[4]: row for row in rows})  # type: ignore[misc]  # ids that are not text are never requested
        counts |= _compacted(reader, counts, ids)
    unknown = [key for key in ids if key not in counts]
    counts.update({row[4]: row for row in reader.pages(_KNOWN, unknown, size=_PAGE)})  # type: ignore[misc]
    return counts


def _select(layout: Layout) -> str:
    active = f"sum({column_sql.active(layout)})" if _ACTIVE_INDEX in layout.indexes else "count(*)"
    return f"SELECT count(*), max(id), {active}, 0, session_id FROM messages"


def _compacted(reader: Reader, counts: Mapping[str, Row], ids: Collection[str]) -> dict[str, Row]:
    """The rows of those of `ids` that have inactive ones, with the number of compacted ones among them."""
    inactive = [key for key in ids if key in counts and counts[key][0] != counts[key][2]]
    condition = column_sql.compacted(reader.layout)
    statement = f"SELECT session_id, count(*) FROM messages {_REQUESTED} AND {condition} GROUP BY session_id"
    found = {row[0]: row[1] for row in reader.pages(statement, inactive, size=_PAGE)}
    return {key: (*counts[key][:3], found.get(key, 0), key) for key in inactive}


def _all(reader: Reader, select: str) -> Iterator[Row]:
    """All sessions with rows, in index order, by pages."""
    page = reader.rows(f"{select} GROUP BY session_id ORDER BY session_id LIMIT ?", (_PAGE,))
    while page:
        yield from page
        if len(page) < _PAGE:
            return
        page = reader.rows(
            f"{select} WHERE session_id > ? GROUP BY session_id ORDER BY session_id LIMIT ?", (page[-1][4], _PAGE)
        )
