"""Message rows that came since a look: which sessions they belong to, in one short walk from the newest back."""

from __future__ import annotations

from ..base import cell_values
from ..connect.reader import Reader

MOST_ROWS = 4096


def since(reader: Reader, after: int | None) -> tuple[int, frozenset[str]]:
    """The highest message id there is, 0 for none, and the sessions of the rows above `after`.

    Of more than 4,096 such rows only the newest count; where `after` is None nobody asked for sessions.
    """
    if not reader.layout.has("messages", "session_id"):
        return 0, frozenset()
    top = reader.row("SELECT MAX(id) FROM messages")
    newest = cell_values.integer(top[0]) if top else 0
    if after is None or newest <= after:
        return newest, frozenset()
    rows = reader.rows(
        "SELECT DISTINCT CAST(session_id AS BLOB) FROM"
        " (SELECT session_id FROM messages WHERE id > ? AND id <= ? ORDER BY id DESC LIMIT ?)",
        (after, newest, MOST_ROWS),
    )
    return newest, frozenset(cell_values.text(row[0]) or "" for row in rows)
