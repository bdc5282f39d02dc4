"""One running search of a schema: by the index of words, or by windows of the newest rows, each a read of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..base.cancel import Cancel
from ..base.errors import Locked
from ..base.fallbacks import FallbackKind, ScanProgress
from ..engine.push_target import FILE_IDS
from ..engine.search import SearchStep
from ..query.ast import Query
from . import cells, column_sql
from .reader import Reader, Row
from .row_filters import Filters
from .search_candidates import Candidates
from .search_plan import FEW_ROWS, Plan, explained, is_rare, is_rare_by_trial

FIRST, LATER = 8, 100
"""Ids of the first step, and of those after it."""
MOST_INDEXED = 50_000
"""Ids that are fetched from the index at a time."""
INDEX_SECONDS = 2.0
"""Time limit of the index where few matches are expected; after it the rows are walked."""
NEWEST = 256
"""Rows of the first window."""
WINDOW, WIDEST = 2_048, 131_072
"""Rows of the second window, and of the widest."""
SCAN_ROWS = 1_000
"""Candidates of one window at most."""

Statement = tuple[str, tuple[object, ...]]


class Walk:
    """One running search.

    Args:
        inactive: Undone messages, too.
    """

    def __init__(
        self, reader: Reader, query: Query, plan: Plan, filters: Filters, cancel: Cancel | None, *, inactive: bool
    ) -> None:
        self._reader, self._plan, self._filters, self._cancel = reader, plan, filters, cancel
        layout = reader.layout
        self._layout = layout
        self._states = "true" if inactive else column_sql.findable(layout)
        self._candidates = Candidates(reader, query, plan, filters, states=self._states, cancel=cancel)
        self._has_files = layout.is_ours
        """There may be rows of files, which were not looked at."""
        self._wanted = 0
        """Ids that are still to be found."""

    def steps(self, limit: int, above: int) -> Iterator[SearchStep]:
        """Steps until there are enough ids, or no more."""
        waiting: list[int] = []
        self._wanted, size = limit, FIRST
        for ids in self._every(above, limit):
            for message_id in ids:
                waiting.append(message_id)
                self._wanted -= 1
                if not self._wanted:
                    yield self._step(waiting)
                    return
                if len(waiting) == size:
                    yield self._step(waiting)
                    waiting, size = [], LATER
            if not ids and not waiting:
                yield self._step([])
        yield self._step(waiting, done=True)

    def _step(self, ids: Sequence[int], *, done: bool = False) -> SearchStep:
        fallback = self._plan.fallback
        scans = fallback is not None and fallback.kind is not FallbackKind.GAPS and not done
        progress = ScanProgress.SCANNING if scans else ScanProgress.INDEXED
        return SearchStep(tuple(ids), self._candidates.examined, fallback, done, progress)

    def _every(self, above: int, limit: int) -> Iterator[list[int]]:
        """Matches of rows that were written one after the other, then of those of files, by time."""
        estimated = self._plan.estimated
        rare = estimated is not None and is_rare(estimated, self._layout, limit=min(limit, LATER))
        if rare and not self._plan.among:
            yield from self._by_index(above, FILE_IDS)
        else:
            yield from self._newest_first(above, limit, rare=rare)
        if self._has_files:
            yield from self._files(above)

    # By windows

    def _newest_first(self, above: int, limit: int, *, rare: bool) -> Iterator[list[int]]:
        """The newest rows, then, if these had too few matches, whatever EXPLAIN's estimate says is cheaper.

        Args:
            rare: By the statistics, which say less of a pair than the newest rows that have pairs.
        """
        most, size = self._most(limit), NEWEST if rare else self._expected(limit)
        is_scan = self._candidates.is_lean and not self._plan.matches
        first = FIRST if is_scan and limit > LATER else most  # a screen shows these while the rest is found
        [rows] = self._batch([self._window(above, FILE_IDS, size, first)])
        yield self._candidates.matching(rows)
        below = cells.integer(rows[-1][0]) if rows else FILE_IDS
        if len(rows) < most and self._plan.matches and (rare or self._is_rare(min(limit, LATER), len(rows) / size)):
            yield from self._by_index(above, below)
        else:
            yield from self._windows(above, below, max(WINDOW, size), most)

    def _most(self, limit: int) -> int:
        """Candidates of the first window; later ones have more, where texts decide about them."""
        return SCAN_ROWS if self._filters.any else min(limit, SCAN_ROWS)

    def _expected(self, limit: int) -> int:
        """Rows of the first window: twice as many as are expected to hold enough matches."""
        if not self._plan.matches:
            return 2 * WINDOW
        if not self._plan.estimated:
            return NEWEST
        wanted = int(2 * min(limit, LATER) * self._layout.rows / self._plan.estimated)
        return min(max(NEWEST, 1 << wanted.bit_length()), 4 * WINDOW)  # few sizes, as each is a statement of its own

    def _batch(self, statements: list[Statement], **limit: float) -> list[list[Row]]:
        """Statements with which a search begins."""
        return self._reader.batch(statements, cancel=self._cancel, again=True, **limit)

    def _is_rare(self, limit: int, share: float) -> bool:
        """Whether the index takes less than a walk, once the newest rows had too few matches.

        Args:
            share: Of matches in these rows.
        """
        plan, layout = self._plan, self._layout
        if plan.estimated is not None and self._candidates.is_lean:  # there are fewer than it says
            return is_rare(share * layout.rows, layout, limit=limit)
        if 0 <= layout.rows <= FEW_ROWS:
            return True
        if layout.rows < 0:
            return is_rare_by_trial(self._reader, plan, self._cancel)
        answer = self._reader.rows(plan.explain(layout), plan.params, cancel=self._cancel)
        return is_rare(explained(answer), layout, limit=limit)

    def _windows(self, above: int, below: int, size: int, most: int) -> Iterator[list[int]]:
        """Ever wider windows of rows."""
        while True:
            most = min(most, self._wanted) if self._candidates.is_lean else most
            statements = [self._window(above, below, size, most, sifted=True)]
            if below == FILE_IDS:  # rows that are written meanwhile would move its end
                statements.append(self._lowest(above, below, size))
            rows, *ends = self._reader.batch(statements, cancel=self._cancel)
            yield self._candidates.matching(rows)
            if len(rows) == most:
                below, most = cells.integer(rows[-1][0]), min(4 * most, SCAN_ROWS)
                continue
            low, number = (ends[0] if ends else self._reader.rows(*self._lowest(above, below, size)))[0]
            if cells.integer(number) < size:
                return
            below, size = cells.integer(low), min(4 * size, WIDEST)

    def _lowest(self, above: int, below: int, size: int) -> Statement:
        """The lowest id of a window, and its rows."""
        newest, bound = self._newest("id", above, below, size)
        return f"SELECT min(id), count(*) FROM ({newest}) AS newest", bound

    def _newest(self, columns: str, above: int, below: int, size: int) -> Statement:
        low, bound = ("id > %s AND ", (above, below)) if above else ("", (below,))
        table = f"{self._layout.messages} AS messages"
        among = f" AND {self._plan.among}" if self._plan.among else ""
        return f"SELECT {columns} FROM {table} WHERE {low}id < %s{among} ORDER BY id DESC LIMIT {size}", bound

    def _window(self, above: int, below: int, size: int, most: int, *, sifted: bool = False) -> Statement:
        """Candidates of a window.

        The condition is hidden in a CASE, so that the planner thinks of nothing but the walk.

        Args:
            sifted: Long rows are read for the words on the server.
        """
        columns = self._layout.searched if self._plan.matches else column_sql.searched_once(self._layout)
        newest, bound = self._newest(columns, above, below, size)
        condition, params = self._plan.sifted if sifted else (self._plan.condition, self._plan.params)
        ordered = " ORDER BY messages.id DESC" if self._filters.any else ""
        sql = (
            f"SELECT {self._candidates.columns()} FROM ({newest}) AS messages{self._candidates.joined()}"
            f" WHERE CASE WHEN {condition} THEN {self._states} END{ordered} LIMIT {most}"
        )
        return sql, (*self._candidates.decisive, *bound, *params)

    # By the index

    def _by_index(self, above: int, below: int) -> Iterator[list[int]]:
        """Matches below an id by the index; by windows where that takes too long."""
        try:
            found, low = self._at_once(above)
        except Locked:  # there are more than the statistics say
            yield from self._windows(above, below, WINDOW, SCAN_ROWS)
            return
        yield [key for key in found if key < below or key >= FILE_IDS]
        yield from self._indexed(above, min(low, below)) if low > above else ()

    def _at_once(self, above: int) -> tuple[list[int], int]:
        """The newest matches by the index and the id below which there may be more; `above` where there are none.

        Where there are no more, these are all, with those of files.
        """
        if not self._candidates.is_lean:
            return [], FILE_IDS
        newest = f"ORDER BY id DESC LIMIT {LATER}"
        indexed = f"SELECT {self._layout.searched} FROM {self._layout.messages} AS messages WHERE {self._plan.matches}"
        statements = [(self._found(f"{indexed} OFFSET 0", "true", newest), (*self._plan.params, above))]
        if self._plan.long != "false":
            listed = f"{self._layout.messages} AS messages WHERE {self._plan.long}"
            statements.append((f"SELECT id FROM {listed} ORDER BY id LIMIT 1", ()))  # else the planner may scan for one
        rows, *long = self._batch(statements, seconds=INDEX_SECONDS)
        perhaps: list[Row] = []
        if any(long):
            sifted, params = self._sifted
            perhaps = self._reader.rows(
                self._found(self._long(), sifted, newest), (*params, above), cancel=self._cancel
            )
        self._candidates.examined += len(rows) + len(perhaps)
        ends = [cells.integer(part[-1][0]) for part in (rows, perhaps) if len(part) == LATER]
        times = {cells.integer(row[0]): row[1] for row in (*rows, *perhaps)}
        if ends and max(times) >= FILE_IDS:
            return [], FILE_IDS
        self._has_files = self._has_files and bool(ends)
        low = max(ends, default=above)
        known = {cells.integer(row[0]) for row in rows}
        right = known | self._candidates.confirmed([key for key in times if key not in known])
        return sorted((key for key in right if key >= low), key=lambda key: _order(key, times[key])), low

    def _found(self, rows: str, condition: str, newest: str) -> str:
        """Ids and times of rows that an index finds; OFFSET in these keeps the planner from walking by id instead."""
        time = column_sql.column(self._layout, "messages", "timestamp")
        states = f"({condition}) AND {self._states} AND id > %s"
        return f"SELECT id, {time} FROM ({rows}) AS messages WHERE {states} {newest}"

    def _long(self, among: str = "true") -> str:
        """Rows that the index of words has not to their end, by an index of their own."""
        columns, table = column_sql.searched_once(self._layout), f"{self._layout.messages} AS messages"
        return f"SELECT {columns} FROM {table} WHERE {self._plan.long} AND {among} OFFSET 0"

    @property
    def _sifted(self) -> tuple[str, tuple[object, ...]]:
        """SQL that holds for long rows that match, and what it binds."""
        condition, bound = self._plan.texts() if self._plan.texts else ("true", [])
        return condition, tuple(bound)

    def _indexed(self, above: int, below: int) -> Iterator[list[int]]:
        """Candidates by the index: ids first, then page by page what decides."""
        while True:
            listed, params = self._listed(above, below)
            ids = [cells.integer(row[0]) for row in self._reader.rows(listed, params, cancel=self._cancel)]
            for start in range(0, len(ids), LATER):
                yield self._candidates.matching(self._candidates.rows(ids[start : start + LATER]))
            if len(ids) < MOST_INDEXED:
                return
            below = ids[-1]

    def _listed(self, above: int, below: int) -> Statement:
        """The newest candidates' ids by the index of words and that of long rows.

        They are two statements: the planner expects a third of all rows to be long, and would scan them for an OR.
        """
        ids, among = "SELECT id FROM", "id > %s AND id < %s"
        found = f"{ids} {self._layout.messages} AS messages WHERE {self._states} AND {among} AND {self._plan.matches}"
        bound: tuple[object, ...] = (above, below, *self._plan.params)
        if self._plan.long != "false":
            sifted, params = self._sifted
            long = f"({self._long(among)}) AS messages WHERE {self._states} AND ({sifted})"
            found, bound = f"{found} UNION ({ids} {long})", (*bound, above, below, *params)
        return f"WITH found AS MATERIALIZED ({found}) SELECT id FROM found ORDER BY id DESC LIMIT {MOST_INDEXED}", bound

    # Rows of files

    def _files(self, above: int) -> Iterator[list[int]]:
        """Matches of rows of files, whose ids say nothing of their age: by time."""
        time = "COALESCE(messages.timestamp, '-Infinity'::float8)"
        bound: tuple[object, ...] = (float("inf"), 0)
        condition, params = self._plan.sifted
        while True:
            sql = (
                f"WITH found AS MATERIALIZED (SELECT id, {time} AS time FROM {self._layout.messages} AS messages"
                f" WHERE {self._states} AND id >= %s AND ({condition}))"
                " SELECT id, time FROM found WHERE (time, id) < (%s::float8, %s)"
                f" ORDER BY time DESC, id DESC LIMIT {MOST_INDEXED}"
            )
            low = max(FILE_IDS, above + 1)
            rows = self._reader.rows(sql, (low, *params, *bound), cancel=self._cancel)
            ids = [cells.integer(row[0]) for row in rows]
            for start in range(0, len(ids), LATER):
                page = ids[start : start + LATER]
                right = set(self._candidates.matching(self._candidates.rows(page)))
                yield [message_id for message_id in page if message_id in right]
            if len(ids) < MOST_INDEXED:
                return
            bound = (rows[-1][1], ids[-1])


def _order(message_id: int, timestamp: object) -> tuple[bool, float, int]:
    """Written rows by their ids, then those of files by time; the newest first."""
    is_file = message_id >= FILE_IDS
    return is_file, -timestamp if is_file and isinstance(timestamp, float) else math.inf, -message_id
