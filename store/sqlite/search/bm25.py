"""Ranking by bm25 and counting of matches: both evaluate every match, bounded and interruptible.

Ranking costs a microsecond and more per match, and LIMIT does not reduce that (docs/performance.md §2), so only the
newest `RANKED_ROWS` matches are ranked. Sorting by score and row id costs two thirds of FTS5's own order by rank, and
puts the newer of two messages with equal scores first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain

import apsw

from ...base.cancel import Cancel
from ...base.fallbacks import Fallback, FallbackKind
from ...base.late_dataclass import dataclass, replace
from ...engine.search import MatchCount, RankedMatches, SearchStep, SessionFilter
from ...query.ast import Query
from ..base import cell_values, column_sql
from ..base.schema_probe import TRIGRAM, Layout
from ..connect.reader import Known, Reader, Row
from . import newest_first
from .known_plans import planned
from .row_filters import row_conditions
from .scan_ranges import ScanRange, doubtful, doubts

RANKED_ROWS = 50_000
"""Newest matches that are ranked."""
COUNTED_ROWS = 65_536
"""Matches counted per read transaction."""

_CHUNK = 512
_NO_CAP = 1 << 62


def best_matches(
    reader: Reader, query: Query, *, limit: int, session_filter: SessionFilter = None, cancel: Cancel | None = None
) -> RankedMatches | None:
    """The best matches of a query's words; None where no index can rank them.

    Args:
        session_filter: True for the sessions to search; all where it is None.

    Raises:
        Interrupted: It was cancelled.
        StoreError: The messages cannot be read.
    """
    layout, ranked = _planned(reader, query, cancel)
    if ranked is None:
        return None
    search = newest_first.RowSearch(reader, layout, query, session_filter, cancel=cancel)
    return _Ranking(reader, search, ranked, cancel).best(limit)


@dataclass(frozen=True, slots=True)
class _Ranking:
    """One ranking of matches."""

    reader: Reader
    search: newest_first.RowSearch
    range: ScanRange
    cancel: Cancel | None

    def best(self, limit: int) -> RankedMatches | None:
        """The best messages that a search may find; None where the index cannot be read.

        Those that the plain expression lacks come last: their words are rare only as the index has them; behind them
        answers that stand in their reasoning alone, which have no score.
        """
        most = RANKED_ROWS if self.range.verified or self.search.filters else 2 * limit
        if (scored := self._scored(most)) is None:
            return None
        ids = tuple(self._findable(scored, limit))
        if len(ids) < limit and most == len(scored) < RANKED_ROWS:  # many of them were undone
            ids = tuple(self._findable(self._scored(RANKED_ROWS) or [], limit))
        if len(ids) < limit and (lacking := self.range.lacking) is not None:
            others = _Ranking(self.reader, self.search, lacking, self.cancel)
            ids += tuple(others._findable(others._scored(RANKED_ROWS) or [], limit - len(ids)))
        if len(ids) < limit:
            steps = newest_first.reasoning_steps(self.reader, self.search, [self.range], limit - len(ids))
            ids += tuple(message_id for step in steps for message_id in step.ids)
        bounded = len(scored) >= min(most, RANKED_ROWS) and self._is_bounded()
        fallback = self.range.fallback or Fallback(FallbackKind.RANKED)
        said = replace(fallback, ranked=RANKED_ROWS) if bounded else self.range.fallback
        return RankedMatches(ids, said, self.search.unread)

    def _is_bounded(self) -> bool:
        sql, bindings = _COUNT.format(self.range.table), (self.range.expression, RANKED_ROWS + 1)
        return self.reader.number(sql, bindings, cancel=self.cancel) > RANKED_ROWS

    def _scored(self, most: int) -> list[Row] | None:
        """Row ids and scores, best first; None where the index cannot be read."""
        bindings = (self.range.expression, RANKED_ROWS, most)
        return _index_rows(self.reader, best_statement(self.range.table or ""), bindings, self.cancel)

    def _findable(self, scored: list[Row], limit: int) -> Iterator[int]:
        """Ids of scored rows that are findable and pass the filters, in order."""
        for start in range(0, len(scored), _CHUNK):
            chunk = [cell_values.integer(row[0]) for row in scored[start : start + _CHUNK]]
            passed = self.search.passing(chunk, self.range)
            for message_id in chunk:
                if message_id in passed:
                    yield message_id
                    limit -= 1
                if not limit:
                    return


_BEST = (
    "SELECT rowid, score FROM (SELECT rowid, bm25({0}) AS score FROM {0} WHERE {0} MATCH ? ORDER BY rowid DESC LIMIT ?)"
    " ORDER BY score, rowid DESC LIMIT ?"
)
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM {0} WHERE {0} MATCH ? LIMIT ?)"


def best_statement(table: str) -> str:
    """Statement for row ids and scores; bind the expression, the number of newest and of best matches."""
    return _BEST.format(table)


def _planned(reader: Reader, query: Query, cancel: Cancel | None) -> tuple[Layout, ScanRange | None]:
    """The file's layout, and the range that can rank a query's words."""

    def _read(connection: apsw.Connection, layout: Layout, known: Known) -> tuple[Layout, ScanRange | None]:
        if not layout.has("messages", "session_id") or not query.has_words:
            return layout, None
        return layout, _rankable_range(planned(connection, layout, known, query))

    return reader.read_known(_read, cancel=cancel)


def _rankable_range(ranges: Sequence[ScanRange]) -> ScanRange | None:
    """The range of the index that can rank the words, None for none."""
    last = ranges[-1]
    if last.table is None or not last.expression:
        return None
    rebuilding = Fallback(FallbackKind.REBUILDING) in (item.fallback for item in ranges)
    fallback = Fallback(FallbackKind.UNRANKED) if rebuilding else last.fallback
    return ScanRange(last.table, last.expression, last.verified, fallback, escapes=last.escapes)


def count_matches(
    reader: Reader,
    query: Query,
    *,
    cap: int | None = None,
    session_filter: SessionFilter = None,
    cancel: Cancel | None = None,
) -> MatchCount:
    """Number of messages that match, in read transactions of bounded length.

    Args:
        cap: Maximum to count; all where it is None.
        session_filter: True for the sessions to search; all where it is None.

    Raises:
        Interrupted: It was cancelled.
        StoreError: The messages cannot be read.
    """
    layout, ranked = _planned(reader, query, cancel)
    limit = _NO_CAP if cap is None else cap
    is_whole = session_filter is None and not row_conditions(layout, query, None)
    if ranked is None or not is_whole or not _answers(reader, layout, ranked, cancel):
        return _count_by_search(reader, query, limit, session_filter, cancel)
    from . import common_words

    common = common_words.count(reader, layout, ranked, cancel) if cap is None else None
    counted = (common, ()) if common else _count_by_index(reader, layout, ranked, limit, cancel)
    if counted is None:
        return _count_by_search(reader, query, limit, session_filter, cancel)
    count, doubted = counted
    if count.capped:
        return count
    search = newest_first.RowSearch(reader, layout, query, None, cancel=cancel)
    rest = [replace(ranked, table=None, ids=doubted)] if doubted else []
    rest += [ranked.lacking] if ranked.lacking else []
    alone = newest_first.reasoning_steps(reader, search, [ranked], limit + 1)
    return _count_of_steps(reader, chain(search.steps(rest, limit + 1), alone), limit, cancel, count)


def _answers(reader: Reader, layout: Layout, ranked: ScanRange, cancel: Cancel | None) -> bool:
    """True where all rows that match are in the index, and all but a few of its rows match."""
    if ranked.verified or ranked.fallback == Fallback(FallbackKind.UNRANKED):
        return False
    if ranked.table != TRIGRAM:
        return True
    from .lost_rows import blank_rows

    return blank_rows(reader, layout, cancel) == ()


def _count_by_index(
    reader: Reader, layout: Layout, ranked: ScanRange, cap: int, cancel: Cancel | None
) -> tuple[MatchCount, tuple[int, ...]] | None:
    """Count by SQLite, grouped by session, without rows that have to be verified, and these, newest first; None where
    the index cannot be read."""
    hits, below = 0, _NO_CAP
    sessions, inactive = set[str](), set[str]()
    doubted: list[int] = []
    patterns = doubts(layout, ranked.escapes)
    sql = count_statement(layout, ranked.table or "", doubtful(layout, ranked.escapes))
    most = min(cap + 1, COUNTED_ROWS)

    while hits <= cap:
        rows = _index_rows(reader, sql, (*patterns, ranked.expression, below, most), cancel)
        if rows is None:
            return None
        read = 0
        for session_cell, n_shown, n_rows, lowest, n_active, of_session in rows:
            doubted += json.loads(cell_values.text(of_session) or "[]")
            read += cell_values.integer(n_rows)
            below = min(below, cell_values.integer(lowest))
            if n_shown:
                hits += cell_values.integer(n_shown)
                sessions.add(session_id := cell_values.text(session_cell) or "")
                if n_active != n_rows:
                    inactive.add(session_id)
        if read < most:
            break
    count = MatchCount(min(hits, cap), frozenset(sessions), hits > cap, frozenset(inactive))
    return count, tuple(sorted(doubted, reverse=True))


def _index_rows(reader: Reader, sql: str, bindings: Row, cancel: Cancel | None) -> list[Row] | None:
    """Rows of a statement on an index; None where the index cannot be read."""

    def _read(connection: apsw.Connection, _: Layout) -> list[Row] | None:
        try:
            return connection.execute(sql, bindings).fetchall()
        except (apsw.SQLError, apsw.CorruptError):
            return None

    return reader.read(_read, cancel=cancel)


def count_statement(layout: Layout, table: str, doubted: str) -> str:
    """Statement for the newest matches below an id, by session: those that are found for certain, all of them, the
    lowest id, those that are active, and the ids of those that are found and `doubted`, NULL for none."""
    session_id, active = column_sql.text(layout, "messages", "session_id"), column_sql.active(layout)
    cells = f"{session_id} AS session_id, {column_sql.findable(layout)} AS shown, messages.id AS id, {active} AS active"
    certain, ids = "sum(shown)", "NULL"
    if doubted != "0":
        cells += f", COALESCE({doubted}, 0) AS doubted"
        certain, of_session = "sum(shown AND NOT doubted)", "json_group_array(id) FILTER (WHERE shown AND doubted)"
        ids = f"iif(max(shown AND doubted), {of_session}, NULL)"
    return (
        f"SELECT session_id, {certain}, count(*), min(id), sum(active), {ids} FROM (SELECT {cells}"
        f" FROM {table} CROSS JOIN messages ON messages.id = {table}.rowid"
        f" WHERE {table} MATCH ? AND {table}.rowid < ? ORDER BY {table}.rowid DESC LIMIT ?) GROUP BY session_id"
    )


def _count_by_search(
    reader: Reader, query: Query, cap: int, session_filter: SessionFilter, cancel: Cancel | None
) -> MatchCount:
    steps = newest_first.matching_ids(reader, query, limit=cap + 1, session_filter=session_filter, cancel=cancel)
    return _count_of_steps(reader, steps, cap, cancel, MatchCount(0, frozenset()))


def _count_of_steps(
    reader: Reader, steps: Iterator[SearchStep], cap: int, cancel: Cancel | None, counted: MatchCount
) -> MatchCount:
    """The matches of a search, with those that were counted before."""
    hits, others = counted.hits, set[str]()
    for step in steps:
        hits += len(step.ids)
        for start in range(0, len(step.ids), _CHUNK):
            others |= newest_first.sessions_of(reader, step.ids[start : start + _CHUNK], cancel=cancel)
    inactive = None if counted.inactive is None else counted.inactive | others
    return MatchCount(min(hits, cap), counted.sessions | others, hits > cap, inactive)
