"""How many rows each of many sessions has, and the highest id: what tells whether it changed since it was compared."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from ..base import cell_values
from ..connect.reader import Reader, Row

_AT_ONCE = 2_000
"""Sessions that one critical section counts."""
_FEW = 4
"""Those asked for are looked up one by one where the file has so many times more."""
_SELECT = "SELECT count(*), max(id), session_id FROM messages"
_COUNTED = f"{_SELECT} WHERE session_id IN (SELECT value FROM json_each(?)) GROUP BY session_id"
_KNOWN = "SELECT 0, 0, id FROM sessions WHERE id IN (SELECT value FROM json_each(?))"


def row_counts(reader: Reader, ids: Collection[str]) -> dict[str, Row]:
    """Rows and highest id, 0 for none, of at least those among `ids` that SQLite knows; by covering indexes alone."""
    layout = reader.layout
    if not ids or not layout.has("sessions", "id"):
        return {}
    [[total]] = reader.rows("SELECT count(*) FROM sessions")
    found: dict[str, Row] = {}
    if layout.has("messages", "session_id"):
        few = len(ids) * _FEW < cell_values.integer(total)
        for page in _each(reader, _COUNTED, list(ids)) if few else _all(reader):
            found.update({row[2]: row for row in page})  # type: ignore[misc]  # one that is no text is asked for by none
    for page in _each(reader, _KNOWN, [one for one in ids if one not in found]):
        found.update({row[2]: row for row in page})  # type: ignore[misc]
    return found


def _each(reader: Reader, question: str, ids: list[str]) -> Iterator[list[Row]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield reader.rows(question, (json.dumps(ids[start : start + _AT_ONCE]),))


def _all(reader: Reader) -> Iterator[list[Row]]:
    """Every session with rows, in the order of the index, page by page."""
    page = reader.rows(f"{_SELECT} GROUP BY session_id ORDER BY session_id LIMIT ?", (_AT_ONCE,))
    while page:
        yield page
        if len(page) < _AT_ONCE:
            return
        page = reader.rows(
            f"{_SELECT} WHERE session_id > ? GROUP BY session_id ORDER BY session_id LIMIT ?", (page[-1][2], _AT_ONCE)
        )
