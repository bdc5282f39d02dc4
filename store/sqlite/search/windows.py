"""Windows of a search: the rows of a range that one read transaction fetches, before they are matched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import apsw

from ...base.fallbacks import FallbackKind
from ...base.late_dataclass import dataclass, replace
from ..base import cell_values
from ..base.schema_probe import Layout
from ..connect.reader import Row
from ..rows.damage import readable_below
from . import hit_rows
from .plan import index_error
from .row_filters import Conditions
from .scan_ranges import ScanRange, highest_id, statement

BYTES = 4 * 1024 * 1024
"""Maximum text of a window."""
FIRST = 8
"""Hits of the first step, which is shown at once; it has more where they cost next to nothing."""
SOON = 0.001
"""Seconds up to which the first step goes on."""
SOON_BYTES = 262_144
"""Text up to which it does."""


@dataclass(frozen=True, slots=True)
class Window:
    """Rows fetched by one read transaction."""

    rows: list[Row]
    last: int | None = None
    """The lowest id it reached, None at the end of the range."""
    error: FallbackKind | None = None
    """The reason why the index cannot be read."""
    unread: int = 0
    """Ids, at most, that damaged pages made it pass over."""
    whole: bool = False
    """The rows end in the columns of a hit."""

    @property
    def texts(self) -> slice:
        """Place of a row's text and calls."""
        return slice(2, 4) if self.whole else slice(-2, None)


class Windows:
    """What one search reads, window by window; each method belongs into a read transaction.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, layout: Layout, conditions: Conditions, clock: Callable[[], float]) -> None:
        self._layout, self._conditions, self._clock = layout, conditions, clock
        self._has_rows = False

    def first(self, connection: apsw.Connection, scan: ScanRange, most: int, limit: int) -> Window:
        """The window of `read`; the hits of an index with their cells, and of these the first, and who follow soon."""
        if scan.table is not None and not scan.verified and not self._conditions:
            try:
                return self._hits(connection, scan, most, limit)
            except (apsw.SQLError, apsw.CorruptError):  # the index is damaged, or a page, around which hits are read
                pass
        return self.read(connection, scan, most, limit)

    def read(self, connection: apsw.Connection, scan: ScanRange, most: int, limit: int) -> Window:
        """The newest rows of a range, at most `most`; of an index that answers for them `limit` findable ones."""
        candidates = scan.next_ids(most)
        sql, bindings = statement(self._layout, scan, self._conditions, candidates)
        enough = limit if not scan.verified and not self._conditions else most
        try:
            rows, last = _fetch(connection, sql, bindings, most, enough)
        except (apsw.SQLError, apsw.CorruptError) as error:
            if scan.table is not None:
                return Window([], error=index_error(error))
            if not isinstance(error, apsw.CorruptError):
                raise
            beyond = self._beyond(connection, scan, candidates)
            if beyond.last is None and not self._has_rows:  # nothing can be read: that is no answer
                raise
            return beyond
        self._has_rows = self._has_rows or bool(rows)
        last = candidates[-1] if last is None and len(candidates) == most else last
        return Window(rows, last)

    def _hits(self, connection: apsw.Connection, scan: ScanRange, most: int, limit: int) -> Window:
        sql, bindings = statement(self._layout, scan, (), whole=True)
        rows: list[Row] = []
        found, n_bytes, began = 0, 0, self._clock()
        for row in connection.execute(sql, bindings):
            self._has_rows = True
            rows.append(row)
            if row[1]:
                found += 1
                n_bytes += row[hit_rows.N_BYTES]
            is_late = found >= FIRST and (n_bytes > SOON_BYTES or self._clock() - began > SOON)
            if found >= limit or is_late or len(rows) >= most:
                return Window(rows, cell_values.integer(row[0]), whole=True)
        return Window(rows, None, whole=True)

    def _beyond(self, connection: apsw.Connection, scan: ScanRange, candidates: Sequence[int]) -> Window:
        """No rows, and the id below which the next one can be read; the ids in between are counted."""
        if candidates:
            return Window([], candidates[0] if len(candidates) > 1 or scan.next_ids(2)[1:] else None, unread=1)
        newest = scan.below or highest_id(connection) + 1
        below = readable_below(lambda bound: self._can_read(connection, replace(scan, below=bound)), newest)
        floor = scan.above or 0
        return Window([], below, unread=max(0, newest - 1 - (floor if below is None else below - 1)))

    def _can_read(self, connection: apsw.Connection, scan: ScanRange) -> bool:
        """True where the newest row of a range, if there is any, can be read."""
        sql, bindings = statement(self._layout, scan, self._conditions)
        try:
            connection.execute(f"{sql} LIMIT 1", bindings).fetchall()
        except apsw.CorruptError:
            return False
        return True


def _fetch(
    connection: apsw.Connection, sql: str, bindings: Row, most: int, enough: int
) -> tuple[list[Row], int | None]:
    """Rows up to `most`, or `enough` findable ones, or BYTES of text; the cursor is closed.

    With them the id of the last row, None at the end of the statement.
    """
    rows: list[Row] = []
    n_bytes = 0
    try:
        for row in connection.execute(sql, bindings):
            rows.append(row)
            enough -= bool(row[1])
            if row[-2] is not None:
                n_bytes += sum(len(cell) for cell in row[-2:] if isinstance(cell, bytes))
            if len(rows) >= most or enough <= 0 or n_bytes >= BYTES:
                return rows, cell_values.integer(row[0])
    except apsw.CorruptError:
        if not rows:
            raise
        return rows, cell_values.integer(rows[-1][0])  # the next window begins at the damage
    return rows, None
