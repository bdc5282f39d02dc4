"""Search newest first: ids by the index where it answers, by a walk over the rows where it does not.

FTS5 walks a word's rowids backwards for some microseconds a row, whatever the number of matches; rank and time orders
evaluate every match (docs/performance.md §2). So the full-text table is the outer loop, and what else is asked of a
message is looked up from it (`narrowing`).
Every step is one critical section that fetches a bounded number of rows and ends before they are judged.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import apsw

from ...base import errors
from ...base.cancel import Cancel
from ...engine.search import SearchStep, SessionFilter
from ...query.ast import Query
from ...query.json_escapes import searchable_text
from ...query.matcher import accepts
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import Reader, Row, Value
from ..journal import repaired_blocks
from .plan import LOST, TRANSIENT_LABELS, plan, refusal
from .row_filters import OfSessions, RowCondition, passes, row_conditions
from .scan_ranges import ScanRange, edge_statement, statement, unindexed_statement

SCAN_ROWS = 2_000
"""Rows that one step fetches where their text is judged,"""
SCAN_BYTES = 4 * 1024 * 1024
"""or this much text, whichever comes first."""
SOON_ROWS = 20_000
"""Rows that a brief stretch reads at most,"""
SOON_SECONDS = 0.03
"""or so long."""
FIRST = 8
"""Rows of the first step, so that it is there at once,"""
FIRST_PAGE = 20
"""or so many where those after it wait for what an index leaves out."""
LOST_ROWS = 20_000
"""Rows whose ends one step looks at for what an index leaves out."""

_FIRST_ROWS = 256
_FIRST_BITE = 1_000
_SOON_AT_ONCE = 512
_MOST_ROWS = 65_536
_FILTERED_ROWS = 8_192
_SESSION = 2
"""Where a row has its session's id, if sessions are asked for."""


@dataclass(frozen=True, slots=True)
class _Window:
    """The rows that one critical section fetched."""

    rows: list[Row]
    last: int | None = None
    """The lowest id it reached, None where the stretch has no further row."""
    refused: str | None = None
    """A label, where the index would not answer."""


def matching_ids(
    reader: Reader,
    query: Query,
    *,
    limit: int,
    below: int | None = None,
    above: int | None = None,
    session_filter: SessionFilter | None = None,
    cancel: Cancel | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[SearchStep]:
    """Ids of the messages that match, newest row first, in steps; nothing is held between two of them.

    Newest means by row id, but for the blocks that a repair wrote (`displaced`).
    A message counts that is active or was compacted in place (docs/format.md §3.4).
    A missing, stale, damaged or unfinished index is gone round by a walk, and the label says so.
    A walk does not look into messages of more than 64 MB.

    Args:
        limit: Most ids in all; the iterator ends there, and then the last step need not be `done`.
        below: Only ids under it.
        above: Only ids over it.
        session_filter: Which sessions; all where it is None.
        cancel: Withdraws the question, within a row.
        clock: Seconds that only go forward.

    Raises:
        Interrupted: If it was withdrawn.
        StoreError: If the messages themselves cannot be read.
    """
    layout = reader.layout
    if not layout.has("messages", "session_id"):
        yield SearchStep((), 0, done=True)
        return
    planned = [one.within(below, above) for one in plan(reader, layout, query, cancel)]
    stretches = [
        one.within(part.below, part.above) for part in repaired_blocks.ranges(reader, layout) for one in planned
    ]
    yield from _Search(
        reader, layout, query, cancel, clock, conditions=row_conditions(layout, query, session_filter)
    ).steps(stretches, limit)


def filter_ids(
    reader: Reader,
    layout: Layout,
    query: Query,
    ids: Sequence[int],
    *,
    verified: bool,
    session_filter: SessionFilter | None = None,
    cancel: Cancel | None = None,
) -> frozenset[int]:
    """Which of some rows a search may find, by the filters of a query and, where `judged`, by its words.

    Raises:
        Interrupted: If it was withdrawn.
        StoreError: If the messages themselves cannot be read.
    """
    named = ScanRange(None, "", verified=verified, ids=tuple(sorted(ids, reverse=True)))
    search = _Search(
        reader, layout, query, cancel, time.monotonic, conditions=row_conditions(layout, query, session_filter)
    )
    return frozenset(one for step in search.steps([named], len(ids)) for one in step.ids)


def sessions_of(reader: Reader, ids: Sequence[int], *, cancel: Cancel | None = None) -> frozenset[str]:
    """The sessions that some messages belong to."""
    sql = (
        "SELECT DISTINCT CAST(session_id AS BLOB) FROM json_each(?) AS named"
        " CROSS JOIN messages ON messages.id = named.value"
    )
    return frozenset(cell_values.text(row[0]) or "" for row in reader.rows(sql, (json.dumps(ids),), cancel=cancel))


class _Search:
    """One search while it runs."""

    def __init__(
        self,
        reader: Reader,
        layout: Layout,
        query: Query,
        cancel: Cancel | None,
        clock: Callable[[], float],
        *,
        conditions: tuple[RowCondition, ...],
    ) -> None:
        self._reader, self._query, self._layout = reader, query, layout
        self._cancel, self._clock = cancel, clock
        self._sessions, self._conditions = None, conditions
        if of_sessions := [one for one in conditions if one.of_session]:
            self._sessions = OfSessions(reader, of_sessions)
            session_id = column_sql.text(self._layout, "messages", "session_id")
            others = (one for one in conditions if not one.of_session)
            self._conditions = (RowCondition((session_id,), self._sessions), *others)
        self._began = clock()
        self._examined = 0
        self._bite = min(_FIRST_BITE, LOST_ROWS)

    def steps(self, stretches: list[ScanRange], limit: int) -> Iterator[SearchStep]:
        """Ask the stretches in turn, each in windows that grow, until `limit` ids are found."""
        most, first = _FIRST_ROWS, True
        while stretches and limit > 0:
            stretch = stretches[0]
            room = min(limit, _first(stretch)) if first else limit
            some = 2 * FIRST_PAGE if first and stretch.lost else most
            window = self._window(stretch, min(some, self._at_once(stretch)), room)
            if window.refused:
                stretches = [one.walked(window.refused) for one in stretches if not one.brief]
                continue
            ids, last = self._verify(stretch, window, room)
            stretches = self._left(stretches, last)
            steps = self._completed(stretch, ids, last, at_once=first) if stretch.lost else [self._step(stretch, ids)]
            for step in steps:
                done = step.done and not stretches
                label = None if done and step.label in TRANSIENT_LABELS else step.label
                yield replace(step, ids=step.ids[:limit], done=done, label=label)
                limit = max(0, limit - len(step.ids))
            most, first = min(4 * most, _MOST_ROWS), False

    def _step(self, stretch: ScanRange, ids: tuple[int, ...]) -> SearchStep:
        return SearchStep(ids, self._examined, stretch.label, done=True)

    def _at_once(self, stretch: ScanRange) -> int:
        """Rows that one window of a stretch may fetch."""
        if stretch.brief:
            return _SOON_AT_ONCE
        if stretch.verified:
            return SCAN_ROWS
        return _FILTERED_ROWS if self._conditions else _MOST_ROWS

    def _left(self, stretches: list[ScanRange], last: int | None) -> list[ScanRange]:
        """What is still to be asked, where the first stretch was read down to `last`, None for its end."""
        stretch, *others = stretches
        if last is None:
            return others[1:] if stretch.brief else others
        if stretch.brief and (self._examined >= SOON_ROWS or self._clock() - self._began >= SOON_SECONDS):
            stretch, *others = others
        return [replace(stretch, below=last), *others]

    def _window(self, stretch: ScanRange, most: int, limit: int) -> _Window:
        named = stretch.next_ids(most)
        sql, bindings = statement(self._layout, stretch, self._conditions, named)
        enough = limit if not stretch.verified and not self._conditions else most

        def _question(connection: apsw.Connection, _: Layout) -> _Window:
            try:
                rows, last = _fetch(connection, sql, bindings, most, enough)
            except (apsw.SQLError, apsw.CorruptError) as error:
                if stretch.table is None:
                    raise
                return _Window([], refused=refusal(error))
            return _Window(rows, named[-1] if last is None and len(named) == most else last)

        return self._reader.read(_question, cancel=self._cancel)

    def _verify(self, stretch: ScanRange, window: _Window, limit: int) -> tuple[tuple[int, ...], int | None]:
        """Which rows match, and the id to go on below; None where the stretch is done with."""
        ids: list[int] = []
        if self._sessions is not None:
            self._sessions.learn((row[_SESSION] for row in window.rows), self._cancel)
        for row in window.rows:
            if self._cancel is not None and self._cancel.cancelled:
                raise errors.Interrupted("the question was withdrawn while its answers were sifted")
            self._examined += 1
            if row[1] and passes(self._conditions, row[2:]) and (not stretch.verified or self._answers(row[-1])):
                ids.append(cell_values.integer(row[0]))
            if len(ids) == limit:
                return tuple(ids), cell_values.integer(row[0])
        return tuple(ids), window.last

    def _answers(self, cell: Value) -> bool:
        return accepts(self._query, searchable_text(cell_values.text(cell) or ""))

    def _completed(
        self, stretch: ScanRange, ids: tuple[int, ...], last: int | None, *, at_once: bool
    ) -> Iterator[SearchStep]:
        """What an index gave down to `last`, and what it leaves out of that range put in between."""
        if at_once and ids:
            yield SearchStep(ids, self._examined, stretch.label)
        waiting = () if at_once else ids
        rest = replace(stretch, above=stretch.above if last is None else last - 1)
        edge: int | None = 0
        while edge is not None:
            found, edge = self._lost(rest, self._bite)
            self._bite = min(4 * self._bite, LOST_ROWS)
            here = {one for one in waiting if edge is None or one >= edge}
            waiting = tuple(one for one in waiting if one not in here)
            fresh = here.union(one for one in found if one not in ids)
            label = stretch.label if edge is None else LOST
            yield SearchStep(tuple(sorted(fresh, reverse=True)), self._examined, label, done=edge is None)
            rest = replace(rest, below=edge)

    def _lost(self, stretch: ScanRange, most: int) -> tuple[tuple[int, ...], int | None]:
        """Rows that match and that the index may lack, among the newest of a stretch, and the id they end at.

        None where the stretch has no further row.
        """

        def _question(connection: apsw.Connection, layout: Layout) -> _Window:
            if stretch.lost is None:
                return _Window([])
            edge = connection.execute(*edge_statement(stretch, most)).fetchall()
            last = cell_values.integer(edge[0][0]) if edge else None
            part = stretch if last is None else replace(stretch, above=last - 1)
            sql, bindings = unindexed_statement(layout, part, stretch.lost, self._conditions)
            return _Window(connection.execute(sql, bindings).fetchall(), last)

        window = self._reader.read(_question, cancel=self._cancel)
        return self._verify(replace(stretch, verified=True), window, len(window.rows) + 1)


def _first(stretch: ScanRange) -> int:
    """Rows of the first step; where texts are judged, what was fetched for it is judged to its end."""
    if stretch.lost is not None:
        return FIRST_PAGE
    return SCAN_ROWS if stretch.verified or stretch.ids is not None else FIRST


def _fetch(
    connection: apsw.Connection, sql: str, bindings: tuple[Value, ...], most: int, enough: int
) -> tuple[list[Row], int | None]:
    """Rows until there are `most`, or `enough` that a search may find, or much text; the cursor ends here.

    The second is the id of the last row, None where there is no further one.
    """
    rows: list[Row] = []
    n_bytes = 0
    cursor = connection.execute(sql, bindings)
    for row in cursor:
        rows.append(row)
        enough -= bool(row[1])
        n_bytes += len(row[-1]) if isinstance(row[-1], bytes) else 0
        if len(rows) >= most or enough <= 0 or n_bytes >= SCAN_BYTES:
            cursor.close(force=True)
            return rows, cell_values.integer(row[0])
    return rows, None
