"""Changes: sessions of new message rows, and counts by which a change since a comparison is detected."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..connect.reader import MESSAGES, Reader, Row

MAX_ROWS = 4096
"""Newest rows whose sessions are read."""

_PAGE = 2_000
"""Sessions counted per read transaction."""
_FEW = 4
"""Requested sessions are looked up by id where the file has so many times more."""
_SELECT = "SELECT count(*), max(id), session_id FROM messages"
_COUNTED = f"{_SELECT} WHERE session_id IN (SELECT value FROM json_each(?)) GROUP BY session_id"
_KNOWN = "SELECT 0, 0, id FROM sessions WHERE id IN (SELECT value FROM json_each(?))"


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
    """Number of rows and highest id, 0 for none, of those of `ids` that SQLite has, and maybe others."""
    layout = reader.layout
    if not ids or not layout.has("sessions", "id"):
        return {}
    counts: dict[str, Row] = {}
    if layout.has("messages", "session_id"):
        few = len(ids) * _FEW < reader.number("SELECT count(*) FROM sessions")
        rows = reader.pages(_COUNTED, list(ids), size=_PAGE) if few else _all(reader)
        counts.update({row[2]: row for row in rows})  # type: ignore[misc]  # ids that are not text are never requested
    unknown = [key for key in ids if key not in counts]
    counts.update({row[2]: row for row in reader.pages(_KNOWN, unknown, size=_PAGE)})  # type: ignore[misc]
    return counts


def _all(reader: Reader) -> Iterator[Row]:
    """All sessions with rows, in index order, by pages."""
    page = reader.rows(f"{_SELECT} GROUP BY session_id ORDER BY session_id LIMIT ?", (_PAGE,))
    while page:
        yield from page
        if len(page) < _PAGE:
            return
        page = reader.rows(
            f"{_SELECT} WHERE session_id > ? GROUP BY session_id ORDER BY session_id LIMIT ?", (page[-1][2], _PAGE)
        )
