"""Changes by anybody: a number that changes with each commit, and the sessions of new message rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..base.errors import StoreMissing
from ..engine.fleet import LATE
from ..engine.push_target import FILE_IDS
from . import cells
from .reader import Reader, Row
from .schema_probe import Layout

MOST_GAPS = 512
"""Ranges of ids without a row in which one may appear late, since ids precede the commit (docs/postgres.md §5); what
was rolled back leaves one for good."""
MOST_ROWS = 4_096
"""Rows that are read at a time, the newest first."""
REVISIONS = "hermes_tui_revisions"
"""Table of ours: counts of commits, in some rows that each session is assigned to."""

_Written = tuple[int, str]
"""Id and session of a message."""

STRUCTURE = (
    "SELECT n.nspname, c.oid, c.xmin::text, (SELECT count(*) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid"
    " AND NOT a.attisdropped), ARRAY(SELECT i.indexrelid FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid)"
    " FROM (SELECT oid, nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY(%s) OFFSET 0) AS n"
    " JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid WHERE c.relname IN ('sessions', 'messages')"
    " ORDER BY n.nspname, c.relname"
)
"""Of some schemas what changes where another table or a view takes the place of one, and with its columns, indexes and
policies."""


class Changes:
    """Implements `engine.ports.Changes`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._structure: list[Row] = []
        """Of the tables that are read, when it was looked at last."""
        self._again = 0
        """1 or 2, in turn, while rows are still to be reported."""
        self._newest = -1
        self._gaps: list[tuple[int, int]] = []
        """Between rows that were there when the highest was reported, from the lowest."""

    def file(self) -> object:
        """None."""
        return None

    def version(self) -> tuple[object, int | None]:
        """The schema and its revision; (None, None) where there is none."""
        try:
            layout = self._reader.layout
            [[(counted,)], structure] = self._reader.batch([(revision(layout), ()), (STRUCTURE, ([layout.schema],))])
        except StoreMissing:
            return None, None
        if structure != self._structure:
            self._structure = structure
            self._reader.forget_layout()
        number = cells.integer(counted)
        return self._reader.name, -2 * number - self._again if self._again else number

    def since(self, after: int | None) -> tuple[int, frozenset[str]]:
        """The highest message id, and the sessions of the rows above `after` and of those that were committed late."""
        above, in_gaps, [(highest,)] = self._rows(after)
        newest, late = cells.integer(highest), dict(in_gaps)
        added = {row_id: session for row_id, session in above if after is not None and row_id > after}
        more = max(len(above), len(in_gaps)) >= MOST_ROWS or bool(late and added)
        self._again = 1 + self._again % 2 if more else 0
        if late and after is not None:
            self._gaps = [part for gap in self._gaps for part in _between(*gap, late)]
            return after, frozenset(late.values())
        if after is None or after != self._newest or newest < after:
            self._gaps, after = [], min((row_id for row_id, _ in above), default=newest)
        self._gaps = [*self._gaps, *_between(after, newest + 1, dict(above))][-MOST_GAPS:]
        self._newest = newest
        return newest, frozenset(added.values())

    def _rows(self, after: int | None) -> tuple[list[_Written], list[_Written], list[Row]]:
        """Rows above an id, or near the highest where another one was reported; those in gaps; the highest id."""
        table = self._reader.layout.messages
        written = f"id < {FILE_IDS}"  # those above are no newer: they were copied from files
        highest = f"SELECT max(id) FROM {table} WHERE {written}"
        newest = f"{written} ORDER BY id DESC LIMIT {MOST_ROWS}"
        above = f"SELECT id, session_id FROM {table} WHERE id > COALESCE(%s, ({highest}), 0) - %s AND {newest}"
        in_gaps = (
            "SELECT written.id, written.session_id FROM ROWS FROM (pg_catalog.unnest(%s::bigint[]),"
            " pg_catalog.unnest(%s::bigint[])) AS gap(low, high) CROSS JOIN LATERAL (SELECT id, session_id FROM"
            f" {table} WHERE id > gap.low AND id < gap.high AND {newest}) AS written"
        )
        gaps = self._gaps if after is not None and after == self._newest else []
        bounds = [list(bound) for bound in zip(*gaps, strict=True)] or [[], []]
        back = 0 if after is not None and after == self._newest else LATE
        rows, late, top = self._reader.batch([(above, (after, back)), (in_gaps, bounds), (highest, ())])
        return _read(rows), _read(late), top


def _read(rows: Iterable[Row]) -> list[_Written]:
    return [(cells.integer(row[0]), cells.text(row[1]) or "") for row in rows]


def _between(low: int, high: int, ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The parts of a range between its ends that lie between ids, without the ends."""
    for row_id in (*sorted(row_id for row_id in ids if low < row_id < high), high):
        if row_id > low + 1:
            yield low, row_id
        low = row_id


def revision(layout: Layout) -> str:
    """The statement of a number that changes with each commit."""
    if layout.is_ours and REVISIONS in layout.kinds:
        return f"SELECT sum(revision)::bigint FROM {layout.table(REVISIONS)}"
    # all of it: a transaction that ends after a later one changes the list of running ones alone
    commits = "pg_catalog.hashtextextended(pg_catalog.pg_current_snapshot()::text, 0)"
    if layout.has("state_change_revision", "revision"):
        return f"SELECT COALESCE((SELECT revision FROM {layout.table('state_change_revision')} LIMIT 1), {commits})"
    return f"SELECT {commits}"
