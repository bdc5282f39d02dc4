"""Changes by anybody: a number that changes with each commit, and the sessions of new message rows."""

from __future__ import annotations

from ..base.errors import StoreMissing
from ..engine.push_target import FILE_IDS
from . import cells
from .reader import Reader
from .schema_probe import Layout

LATE = 1_024
"""Ids below the highest among which a row may appear late, since ids precede the commit (docs/postgres.md §5)."""
MOST_ROWS = 4_096
"""Newest rows whose sessions are read."""
REVISIONS = "hermes_tui_revisions"
"""Table of ours: counts of commits, in some rows that each session is assigned to."""


class Changes:
    """Implements `engine.ports.Changes`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._newest = -1
        self._seen: frozenset[int] = frozenset()
        """The ids below the highest that were there when it was reported."""

    def version(self) -> tuple[object, int | None]:
        """The schema and its revision; (None, None) where there is none."""
        try:
            layout = self._reader.layout
            return self._reader.name, self._reader.number(_revision(layout))
        except StoreMissing:
            return None, None

    def since(self, after: int | None) -> tuple[int, frozenset[str]]:
        """The highest message id, and the sessions of the rows above `after` and of those that were committed late."""
        table = self._reader.layout.messages
        written = f"id < {FILE_IDS}"  # those above are no newer: they were copied from files
        highest = f"SELECT max(id) FROM {table} WHERE {written}"
        sql = (
            f"SELECT id, session_id FROM {table} WHERE id > COALESCE(%s, ({highest}), 0) - {LATE} AND {written}"
            f" ORDER BY id DESC LIMIT {MOST_ROWS}"
        )
        rows = [(cells.integer(row[0]), cells.text(row[1]) or "") for row in self._reader.rows(sql, (after,))]
        newest = max((row_id for row_id, _ in rows), default=0) or self._reader.number(highest)
        sessions = frozenset[str]()
        if after is not None:
            late = self._newest == after
            sessions = frozenset(
                session for row_id, session in rows if row_id > after or (late and row_id not in self._seen)
            )
        self._newest = newest
        self._seen = frozenset(row_id for row_id, _ in rows if row_id > newest - 2 * LATE)
        return newest, sessions


def _revision(layout: Layout) -> str:
    if layout.is_ours and REVISIONS in layout.kinds:
        return f"SELECT sum(revision)::bigint FROM {layout.table(REVISIONS)}"
    if layout.has("state_change_revision", "revision"):
        return f"SELECT revision FROM {layout.table('state_change_revision')} LIMIT 1"
    # all of it: a transaction that ends after a later one changes the list of running ones alone
    return "SELECT pg_catalog.hashtextextended(pg_catalog.pg_current_snapshot()::text, 0)"
