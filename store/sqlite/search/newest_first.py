"""Search newest first: ids by the index, or by a scan of the rows where the index is bypassed.

FTS5 walks a word's rowids backwards for some microseconds per row, whatever the number of matches; orders by rank and
time evaluate every match (docs/performance.md §2). So the full-text table is the outer loop, and the columns of filters
are looked up from it (`row_filters`).
Every step is one read transaction that fetches a bounded number of rows and ends before they are matched.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence

import apsw

from ...base import errors
from ...base.cancel import Cancel
from ...base.fallbacks import FallbackKind, ScanProgress
from ...base.late_dataclass import replace
from ...engine.search import SearchStep, SessionFilter
from ...query.ast import Query
from ...query.json_escapes import searchable_calls, searchable_text
from ...query.matcher import accepts, ideographs
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import Known, Reader
from ..journal import repaired_blocks
from . import bounds, hit_rows, reasoning_rows
from .known_plans import planned
from .row_filters import Condition, SessionConditions, passes, row_conditions
from .scan_ranges import ScanRange, edge_statement, unindexed_statement
from .windows import Window, Windows

SCAN_ROWS = 2_000
"""Maximum rows of one step whose text is matched in Python."""
BRIEF_ROWS = 20_000
"""Maximum rows of a brief range."""
BRIEF_SECONDS = 0.03
"""Time limit of a brief range."""
MOST_FIRST = 108
"""Hits of the first step at most."""
FIRST_PAGE = 20
"""Hits of the first step where the next ones wait for a scan of unindexed rows."""
BARREN_ROWS = 1_024
"""Rows without a hit after which it is looked up where one may be."""
UNINDEXED_ROWS = 20_000
"""Rows that one step scans for those that an index lacks."""

_FIRST_WINDOW = 256
_FIRST_UNINDEXED = 1_000
_BRIEF_WINDOW = 512
_MAX_WINDOW = 65_536
_FILTERED_WINDOW = 8_192
_SESSION = 2
"""Index of the session id in a row, with conditions on sessions."""


def matching_ids(
    reader: Reader,
    query: Query,
    *,
    limit: int,
    below: int | None = None,
    above: int | None = None,
    session_filter: SessionFilter = None,
    cancel: Cancel | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[SearchStep]:
    """Ids of the messages that match, newest row first, in steps; no transaction is open between two steps.

    The order is that of row ids, except for blocks that a repair inserted (`repaired_blocks`); answers that stand in
    their reasoning alone come last, as `UNINDEXED`.
    Active messages and those compacted in place are found (docs/format.md §3.4).
    A missing, stale, damaged or unfinished index is bypassed by a scan, and the step says so.
    A scan skips messages of more than 64 MB.

    Args:
        limit: Maximum ids in all; the iterator ends there, and then the last step may not be `done`.
        below: Exclusive upper bound of the ids.
        above: Exclusive lower bound of the ids.
        session_filter: True for the sessions to search; all where it is None.
        cancel: Cancels the search, within a row.
        clock: Monotonic seconds.

    Raises:
        Interrupted: It was cancelled.
        StoreError: The messages cannot be read.
    """

    version, whole = (0, False) if query.text.isascii() else _trigrams(reader, query)

    def _begin(connection: apsw.Connection, layout: Layout, known: Known) -> tuple[RowSearch, list[ScanRange]]:
        search = RowSearch(reader, layout, query, session_filter, cancel=cancel, clock=clock)
        if not layout.has("messages", "session_id"):
            return search, []
        bounded = [item.within(below, above) for item in planned(connection, layout, known, query, whole=whole)]
        blocks = repaired_blocks.ranges(connection, layout)
        ranges = [item.within(ids.below, ids.above) for ids in blocks for item in bounded]
        search.begin(connection, ranges, limit)
        return search, ranges

    search, ranges = reader.read_known(_begin, cancel=cancel)
    if not ranges:
        yield SearchStep((), 0, done=True)
        return
    for step in search.steps(ranges, limit):
        limit -= len(step.ids)
        more = step.done and reasoning_rows.possible(search.layout, query, ranges)
        yield replace(step, done=False) if more else step
        if more and limit > 0:
            yield from reasoning_steps(reader, search, ranges, limit, step, version=version)


def reasoning_steps(
    reader: Reader,
    search: RowSearch,
    ranges: Sequence[ScanRange],
    limit: int,
    last: SearchStep = SearchStep((), 0),  # noqa: B008  a frozen value
    *,
    version: int = 0,
) -> Iterator[SearchStep]:
    """Steps of the answers that stand in their reasoning alone, which an index lacks; the last one is `done`.

    Args:
        last: The last step of the ranges; where their index could not be read they were scanned, with these answers.
        version: Of the data before the ranges were read; 0 where nobody has asked.
    """
    if last.fallback is not None and last.fallback.kind in (FallbackKind.DAMAGED, FallbackKind.UNUSABLE):
        ranges = ()
    of = (reader, search.layout, search.query, ranges, search.cancel)
    for candidates in reasoning_rows.candidates(*of, version=version or reader.data_version()):
        for step in search.steps([candidates], limit):
            limit -= len(step.ids)
            last = replace(step, fallback=step.fallback or last.fallback, done=False, progress=ScanProgress.UNINDEXED)
            yield last
        if limit <= 0:
            return
    yield replace(last, ids=(), done=True, progress=ScanProgress.INDEXED)


def sessions_of(reader: Reader, ids: Sequence[int], *, cancel: Cancel | None = None) -> frozenset[str]:
    """Sessions of some messages."""
    sql = (
        "SELECT DISTINCT CAST(session_id AS BLOB) FROM json_each(?) AS named"
        " CROSS JOIN messages ON messages.id = named.value"
    )
    return frozenset(reader.texts(sql, (json.dumps(ids),), cancel=cancel))


class RowSearch:
    """State of one running search."""

    def __init__(
        self,
        reader: Reader,
        layout: Layout,
        query: Query,
        session_filter: SessionFilter,
        *,
        cancel: Cancel | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.query, self.layout, self.cancel = query, layout, cancel
        self._reader, self._clock = reader, clock
        conditions = row_conditions(layout, query, session_filter)
        self._sessions, self._conditions = None, conditions
        if of_sessions := [item for item in conditions if item.of_session]:
            self._sessions = SessionConditions(reader, of_sessions)
            session_id = column_sql.text(self.layout, "messages", "session_id")
            of_messages = (item for item in conditions if not item.of_session)
            self._conditions = (Condition((session_id,), self._sessions), *of_messages)
        self._ideographs = ideographs(query)
        self._windows = Windows(layout, self._conditions, clock)
        self._started = clock()
        self._examined = self._unread = 0
        self._barren = True
        self._n_unindexed = min(_FIRST_UNINDEXED, UNINDEXED_ROWS)
        self._begun: list[Window] = []
        """The first window, where it was read before the first step."""

    @property
    def filters(self) -> bool:
        """True where the query has filters besides its words."""
        return bool(self._conditions)

    @property
    def unread(self) -> int:
        """Messages so far, at most, that lie on damaged pages."""
        return self._unread

    def passing(self, ids: Sequence[int], scan: ScanRange) -> frozenset[int]:
        """Those of some rows of a range that are findable and pass the filters of the query and its words."""
        candidates = replace(scan, table=None, unindexed=None, ids=tuple(sorted(ids, reverse=True)))
        return frozenset(found for step in self.steps([candidates], len(ids)) for found in step.ids)

    def begin(self, connection: apsw.Connection, ranges: list[ScanRange], limit: int) -> None:
        """Read the first window of `steps` with the same arguments, and the cells of its hits, in a transaction."""
        if ranges and limit > 0:
            self._begun = [self._windows.first(connection, ranges[0], *self._first_size(ranges[0], limit))]

    def steps(self, ranges: list[ScanRange], limit: int) -> Iterator[SearchStep]:
        """Steps over the ranges in order, each in growing windows, until `limit` ids are found."""
        most, first = _FIRST_WINDOW, True
        while ranges and limit > 0:
            scan = ranges[0]
            size, room = self._first_size(scan, limit) if first else (min(most, self._max_window(scan)), limit)
            window = self._begun.pop() if self._begun else self._window(scan, size, room)
            if window.error:
                ranges = [item.scanned(window.error) for item in ranges if not item.brief]
                continue
            self._unread += window.unread
            ids, last = self._verify(window, room)
            if len(ids) < limit or last is None or scan.unindexed:  # else nobody asks for the rest
                ranges = self._promising(self._remaining(ranges, last), ids, window)
            whole = hit_rows.hit_rows([row for row in window.rows if row[1]]) if window.whole else ()
            done = not ranges
            progress = ScanProgress.INDEXED if done and scan.progress.is_transient else scan.progress
            hits = SearchStep(ids[:limit], self._examined, scan.fallback, done, progress, self._unread, whole)
            if not scan.unindexed:
                yield hits
                limit -= len(ids)
            for step in self._completed(scan, hits, last, page_first=first) if scan.unindexed else ():
                done = step.done and not ranges
                progress = ScanProgress.INDEXED if done and step.progress.is_transient else step.progress
                shown = step.ids[:limit]
                yield SearchStep(shown, step.examined, step.fallback, done, progress, self._unread, step.rows)
                limit = max(0, limit - len(step.ids))
            most, first = min(4 * most, _MAX_WINDOW), False

    def _promising(self, ranges: list[ScanRange], ids: tuple[int, ...], window: Window) -> list[ScanRange]:
        """The ranges in which a row may pass the filters, looked up once where many rows had no hit."""
        if self._sessions and window.rows and window.last is not None and not (ids or ranges[0].brief):
            cells = (row[_SESSION] for row in window.rows)
            beyond = bounds.beyond_sessions(self._reader, self._sessions, cells, ranges[0], self.cancel)
            ranges = [*([] if beyond is None else [beyond]), *ranges[1:]]
        self._barren = self._barren and not ids
        if not self._barren or self._examined < BARREN_ROWS or not self._conditions:
            return ranges
        self._barren = False
        return bounds.bounded(self._reader, self.query, self._sessions, ranges, self.cancel)

    def _first_size(self, scan: ScanRange, limit: int) -> tuple[int, int]:
        """Maximum rows of the first window, and hits in it."""
        size = 2 * FIRST_PAGE if scan.unindexed else _FIRST_WINDOW
        return min(size, self._max_window(scan)), min(limit, _first(scan))

    def _max_window(self, scan: ScanRange) -> int:
        """Maximum rows of one window."""
        if scan.brief:
            return _BRIEF_WINDOW
        if scan.verified:
            return SCAN_ROWS
        return _FILTERED_WINDOW if self._conditions else _MAX_WINDOW

    def _remaining(self, ranges: list[ScanRange], last: int | None) -> list[ScanRange]:
        """The ranges left after reading the first one down to `last`, None for its end."""
        scan, *others = ranges
        if last is None:
            return others[1:] if scan.brief else others
        if scan.brief and (self._examined >= BRIEF_ROWS or self._clock() - self._started >= BRIEF_SECONDS):
            scan, *others = others
        return [replace(scan, below=last), *others]

    def _window(self, scan: ScanRange, most: int, limit: int) -> Window:
        return self._reader.read(
            lambda connection, _: self._windows.read(connection, scan, most, limit), cancel=self.cancel
        )

    def _verify(self, window: Window, limit: int) -> tuple[tuple[int, ...], int | None]:
        """Ids of the rows that match, and the id to continue below; None at the end of the range."""
        ids: list[int] = []
        texts = window.texts
        if window.whole and not any(row[2] is not None for row in window.rows):  # the index answers for all
            self._examined += len(window.rows)
            return tuple(cell_values.integer(row[0]) for row in window.rows if row[1]), window.last
        if self._sessions is not None:
            self._sessions.load((row[_SESSION] for row in window.rows), self.cancel)
        for row in window.rows:
            if self.cancel is not None and self.cancel.cancelled:
                raise errors.Interrupted("the request was cancelled while its hits were filtered")
            self._examined += 1
            if row[1] and passes(self._conditions, row[2:]) and self._matches(*row[texts]):
                ids.append(cell_values.integer(row[0]))
            if len(ids) == limit:
                return tuple(ids), cell_values.integer(row[0])
        return tuple(ids), window.last

    def _matches(self, text: cell_values.Value, calls: cell_values.Value) -> bool:
        """True where a text matches the words, or need not be matched."""
        if text is None:
            return True
        if self._ideographs and self._ideographs in (cell_values.text(text) or ""):
            return True
        searched = f"{cell_values.text(text)} {searchable_calls(cell_values.text(calls) or '')}"
        return accepts(self.query, searchable_text(searched))

    def _completed(
        self, scan: ScanRange, hits: SearchStep, last: int | None, *, page_first: bool
    ) -> Iterator[SearchStep]:
        """Steps of an index's hits down to `last`, merged with the unindexed rows of that range."""
        ids = hits.ids
        if page_first and ids:
            yield SearchStep(ids, self._examined, scan.fallback, rows=hits.rows)
        waiting = () if page_first else ids
        rest = replace(scan, above=scan.above if last is None else last - 1)
        edge: int | None = 0
        while edge is not None:
            found, edge = self._scan_unindexed(rest, self._n_unindexed)
            self._n_unindexed = min(4 * self._n_unindexed, UNINDEXED_ROWS)
            ready = {message_id for message_id in waiting if edge is None or message_id >= edge}
            waiting = tuple(message_id for message_id in waiting if message_id not in ready)
            merged = ready.union(message_id for message_id in found if message_id not in ids)
            step = SearchStep(tuple(sorted(merged, reverse=True)), self._examined, progress=ScanProgress.UNINDEXED)
            last_step = SearchStep(() if found else step.ids, step.examined, scan.fallback, done=True)
            if edge is not None or found:
                yield step
            if edge is None:
                yield last_step
            rest = replace(rest, below=edge)

    def _scan_unindexed(self, scan: ScanRange, most: int) -> tuple[tuple[int, ...], int | None]:
        """Matching rows that the index may lack, among the newest of a range, and the lowest id that was scanned.

        The id is None at the end of the range.
        """
        from .lost_rows import lost_among

        if (lost := lost_among(self._reader, self.layout, scan, self.cancel)) is not None:
            return tuple(found for step in self.steps([lost], len(lost.ids or ())) for found in step.ids), None

        def _read(connection: apsw.Connection, layout: Layout) -> Window:
            if scan.unindexed is None:
                return Window([])
            edge = connection.execute(*edge_statement(scan, most)).fetchall()
            last = cell_values.integer(edge[0][0]) if edge else None
            scanned = scan if last is None else replace(scan, above=last - 1)
            sql, bindings = unindexed_statement(layout, scanned, scan.unindexed, self._conditions)
            return Window(connection.execute(sql, bindings).fetchall(), last)

        window = self._reader.read(_read, cancel=self.cancel)
        return self._verify(window, len(window.rows) + 1)


def _trigrams(reader: Reader, query: Query) -> tuple[int, bool]:
    """The version of the data, and whether it is known that the trigram index then lacked no row for a query."""
    from .lost_rows import nothing_lost

    version = reader.data_version()
    return version, nothing_lost(reader, query, version)


def _first(scan: ScanRange) -> int:
    """Most hits of the first step; where texts are matched in Python, all of its window."""
    if scan.unindexed is not None:
        return FIRST_PAGE
    return SCAN_ROWS if scan.verified or scan.ids is not None else MOST_FIRST
