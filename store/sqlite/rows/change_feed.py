"""Sessions of new message rows, in one short walk from the newest row back."""

from __future__ import annotations

from ..base import cell_values
from ..connect.reader import Reader

MAX_ROWS = 4096
"""Newest rows whose sessions are read."""


def since(reader: Reader, after: int | None) -> tuple[int, frozenset[str]]:
    """The highest message id, 0 for none, and the sessions of the rows above `after`, none where it is None.

    Of more than 4,096 such rows only the newest count.
    """
    if not reader.layout.has("messages", "session_id"):
        return 0, frozenset()
    top = reader.row("SELECT MAX(id) FROM messages")
    newest = cell_values.integer(top[0]) if top else 0
    if after is None or newest <= after:
        return newest, frozenset()
    ids = reader.texts(
        "SELECT DISTINCT CAST(session_id AS BLOB) FROM"
        " (SELECT session_id FROM messages WHERE id > ? AND id <= ? ORDER BY id DESC LIMIT ?)",
        (after, newest, MAX_ROWS),
    )
    return newest, frozenset(ids)
