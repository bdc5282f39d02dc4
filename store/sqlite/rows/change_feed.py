"""Sessions of new message rows, in one short walk from the newest row back."""

from __future__ import annotations

from ..connect.reader import MESSAGES, Reader

MAX_ROWS = 4096
"""Newest rows whose sessions are read."""


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
