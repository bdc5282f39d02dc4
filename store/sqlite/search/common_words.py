"""Counts of words that are in a large part of the messages, by the index of sessions.

A match that is looked up in the table costs a microsecond and more, and most of its pages where the word is everywhere.
The index of sessions has session and state of all rows in a hundredth of the bytes, in the order in which they are
grouped; rows that were undone are looked up.
"""

from __future__ import annotations

import json

import apsw

from ...base.cancel import Cancel
from ...engine.search import MatchCount
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import Reader
from .scan_ranges import ScanRange

SHARE = 10
"""A word is common that is in one of so many messages."""
_BY_STATE = "idx_messages_session_active"
"""Index on session and state."""


def count(reader: Reader, layout: Layout, counted: ScanRange, cancel: Cancel | None) -> MatchCount | None:
    """All rows of a range that answers for them, in one read transaction; None where its word is not common.

    Raises:
        Interrupted: It was cancelled.
        StoreError: The messages cannot be read.
    """
    if _BY_STATE not in layout.indexes or not counted.certain or not layout.has("messages", "active"):
        return None
    return reader.read(lambda connection, _: _count(connection, layout, counted), cancel=cancel)


def _count(connection: apsw.Connection, layout: Layout, counted: ScanRange) -> MatchCount | None:
    table, words = counted.table, (counted.expression,)
    try:
        [(number,)] = connection.execute(f"SELECT count(*) FROM {table} WHERE {table} MATCH ?", words).fetchall()
        [(highest,)] = connection.execute("SELECT max(id) FROM messages").fetchall()
        if cell_values.integer(number) * SHARE < cell_values.integer(highest):
            return None
        found = connection.execute(by_session(table or ""), words).fetchall()
        partly = [cell for cell, n_rows, n_active in found if n_rows != n_active]
        if not all(map(cell_values.is_text, partly)):
            return None
        names = json.dumps(list(map(cell_values.text, partly)))
        rows = connection.execute(hidden_by_session(layout, table or ""), (names, *words)).fetchall() if partly else []
    except (apsw.SQLError, apsw.CorruptError):  # there is no such index, or it is damaged
        return None
    hidden = {cell: cell_values.integer(n_rows) for cell, n_rows in rows}
    shown = {cell: cell_values.integer(n_rows) - hidden.get(cell, 0) for cell, n_rows, _ in found}
    sessions = {cell: cell_values.text(cell) or "" for cell, n_shown in shown.items() if n_shown}
    inactive = frozenset(sessions[cell] for cell in partly if cell in sessions)
    return MatchCount(sum(shown.values()), frozenset(sessions.values()), inactive=inactive)


def by_session(table: str) -> str:
    """Statement for sessions, the number of their matches and that of the active ones; bind the expression."""
    return (
        f"SELECT CAST(session_id AS BLOB), count(*), sum(active IS NOT 0) FROM messages INDEXED BY {_BY_STATE}"
        f" WHERE messages.id IN (SELECT rowid FROM {table} WHERE {table} MATCH ?) GROUP BY session_id"
    )


def hidden_by_session(layout: Layout, table: str) -> str:
    """The same for matches that no search finds; bind the sessions as JSON, then the expression."""
    return (
        f"SELECT CAST(session_id AS BLOB), count(*) FROM messages INDEXED BY {_BY_STATE}"
        f" WHERE session_id IN (SELECT value FROM json_each(?)) AND active = 0 AND NOT {column_sql.findable(layout)}"
        f" AND messages.id IN (SELECT rowid FROM {table} WHERE {table} MATCH ?) GROUP BY session_id"
    )
