"""Changes by anybody: a number that changes with each commit, and the sessions of new message rows."""

from __future__ import annotations

from ..base.errors import StoreMissing
from ..engine.push_target import FILE_IDS
from . import cells
from .reader import Reader, Row
from .schema_probe import Layout

LATE = 1_024
"""Ids below the highest among which a row may appear late, since ids precede the commit (docs/postgres.md §5)."""
MOST_ROWS = 4_096
"""Newest rows whose sessions are read."""
REVISIONS = "hermes_tui_revisions"
"""Table of ours: counts of commits, in some rows that each session is assigned to."""

_STRUCTURE = (
    "SELECT c.oid, c.xmin::text, (SELECT count(*) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid"
    " AND NOT a.attisdropped), ARRAY(SELECT i.indexrelid FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid)"
    " FROM pg_catalog.pg_class AS c WHERE c.relname IN ('sessions', 'messages') AND c.relnamespace ="
    " (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = %s) ORDER BY c.relname"
)
"""What changes where another table or a view takes the place of one, and with its columns, indexes and policies."""


class Changes:
    """Implements `engine.ports.Changes`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._structure: list[Row] = []
        """Of the tables that are read, when it was looked at last."""
        self._again = False
        """Rows above those that came late are still to be reported."""
        self._newest = -1
        self._seen: frozenset[int] = frozenset()
        """The ids below the highest that were there when it was reported."""

    def version(self) -> tuple[object, int | None]:
        """The schema and its revision; (None, None) where there is none."""
        try:
            layout = self._reader.layout
            [[(revision,)], structure] = self._reader.batch([(_revision(layout), ()), (_STRUCTURE, (layout.schema,))])
        except StoreMissing:
            return None, None
        if structure != self._structure:
            self._structure = structure
            self._reader.forget_layout()
        return self._reader.name, -1 - cells.integer(revision) if self._again else cells.integer(revision)

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
        sessions = frozenset(session for row_id, session in rows if after is not None and row_id > after)
        late = frozenset(session for row_id, session in rows if self._is_late(row_id, after))
        self._again = bool(late and sessions)
        if after is not None and late:
            rows = [row for row in rows if row[0] <= after]
            newest, sessions = after, late
        self._newest = newest
        self._seen = frozenset(row_id for row_id, _ in rows if row_id > newest - 2 * LATE)
        return newest, sessions

    def _is_late(self, row_id: int, after: int | None) -> bool:
        """True for a row that was not there when higher ones were reported."""
        return after is not None and after == self._newest and row_id <= after and row_id not in self._seen


def _revision(layout: Layout) -> str:
    if layout.is_ours and REVISIONS in layout.kinds:
        return f"SELECT sum(revision)::bigint FROM {layout.table(REVISIONS)}"
    # all of it: a transaction that ends after a later one changes the list of running ones alone
    commits = "pg_catalog.hashtextextended(pg_catalog.pg_current_snapshot()::text, 0)"
    if layout.has("state_change_revision", "revision"):
        return f"SELECT COALESCE((SELECT revision FROM {layout.table('state_change_revision')} LIMIT 1), {commits})"
    return f"SELECT {commits}"
