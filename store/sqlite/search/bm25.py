"""The best matches by bm25, and how many there are: what takes a look at every match, bounded and interruptible.

Ranking costs a microsecond and more for each match, and LIMIT does not help it (docs/performance.md §2): so it is
asked for the newest `RANKED_ROWS` matches. Sorting by the score and the row id costs two thirds of FTS5's own order by
rank, and gives equal scores to the newer message.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import apsw

from ...base.cancel import Cancel
from ...engine.search import MatchCount, RankedMatches, SessionFilter
from ...query.ast import Query
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import Reader, Row
from . import newest_first, plan
from .row_filters import row_conditions
from .scan_ranges import ScanRange

RANKED_ROWS = 50_000
"""Matches that are ranked, the newest ones."""
COUNTED_ROWS = 65_536
"""Matches that one critical section counts."""

_AT_ONCE = 512
_ALL = 1 << 62


def best_matches(
    reader: Reader,
    query: Query,
    *,
    limit: int,
    session_filter: SessionFilter | None = None,
    cancel: Cancel | None = None,
) -> RankedMatches | None:
    """The best matches of the words; None where no index can rank them.

    Args:
        session_filter: Which sessions; all where it is None.
        cancel: Withdraws the question.

    Raises:
        Interrupted: If it was withdrawn.
        StoreError: If the messages themselves cannot be read.
    """
    layout = reader.layout
    way = _way(reader, layout, query, cancel)
    return None if way is None else _Best(reader, layout, query, way, session_filter, cancel).answer(limit)


@dataclass(frozen=True, slots=True)
class _Best:
    """One ranking."""

    reader: Reader
    layout: Layout
    query: Query
    way: ScanRange
    session_filter: SessionFilter | None
    cancel: Cancel | None

    def answer(self, limit: int) -> RankedMatches | None:
        """The best that may be found; None where the index would not answer."""
        most = RANKED_ROWS if self._sifts else 2 * limit
        if (scored := self._scored(most)) is None:
            return None
        ids = tuple(self._found(scored, limit))
        if len(ids) < limit and most == len(scored) < RANKED_ROWS:  # many of them were taken back
            ids = tuple(self._found(self._scored(RANKED_ROWS) or [], limit))
        bounded = len(scored) >= min(most, RANKED_ROWS) and self._is_bounded()
        said = f"ranked among the newest {RANKED_ROWS:_}".replace("_", " ") if bounded else None
        return RankedMatches(ids, " · ".join(filter(None, (self.way.label, said))) or None)

    @property
    def _sifts(self) -> bool:
        """True where a match need not be an answer."""
        return self.way.verified or bool(row_conditions(self.layout, self.query, self.session_filter))

    def _is_bounded(self) -> bool:
        many = self.reader.row(
            _COUNT.format(self.way.table), (self.way.expression, RANKED_ROWS + 1), cancel=self.cancel
        )
        return many is not None and cell_values.integer(many[0]) > RANKED_ROWS

    def _scored(self, most: int) -> list[Row] | None:
        """Row ids and scores, best first; None where the index would not answer."""
        sql = best_statement(self.way.table or "")

        def _question(connection: apsw.Connection, _: Layout) -> list[Row] | None:
            try:
                return connection.execute(sql, (self.way.expression, RANKED_ROWS, most)).fetchall()
            except (apsw.SQLError, apsw.CorruptError):
                return None

        return self.reader.read(_question, cancel=self.cancel)

    def _found(self, scored: list[Row], limit: int) -> Iterator[int]:
        """Those that a search may find and that pass the filters, in their order."""
        for start in range(0, len(scored), _AT_ONCE):
            chunk = [cell_values.integer(row[0]) for row in scored[start : start + _AT_ONCE]]
            passed = newest_first.filter_ids(
                self.reader,
                self.layout,
                self.query,
                chunk,
                verified=self.way.verified,
                session_filter=self.session_filter,
                cancel=self.cancel,
            )
            for one in chunk:
                if one in passed:
                    yield one
                    limit -= 1
                if not limit:
                    return


_BEST = (
    "SELECT rowid, score FROM (SELECT rowid, bm25({0}) AS score FROM {0} WHERE {0} MATCH ? ORDER BY rowid DESC LIMIT ?)"
    " ORDER BY score, rowid DESC LIMIT ?"
)
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM {0} WHERE {0} MATCH ? LIMIT ?)"


def best_statement(table: str) -> str:
    """Row ids and scores of the best matches: the expression, how many of the newest, how many of the best."""
    return _BEST.format(table)


def _way(reader: Reader, layout: Layout, query: Query, cancel: Cancel | None) -> ScanRange | None:
    """The index that can rank the words."""
    if not layout.has("messages", "session_id") or not query.has_words:
        return None
    stretches = plan.plan(reader, layout, query, cancel)
    way = stretches[-1]
    if way.table is None or not way.expression:
        return None
    unindexed = any(one.label == plan.REBUILDING for one in stretches)
    return ScanRange(way.table, way.expression, way.verified, plan.UNRANKED if unindexed else way.label)


def count_matches(
    reader: Reader,
    query: Query,
    *,
    cap: int | None = None,
    session_filter: SessionFilter | None = None,
    cancel: Cancel | None = None,
) -> MatchCount:
    """How many messages match, in critical sections of bounded length.

    Args:
        cap: Count no further than that; all where it is None.
        session_filter: Which sessions; all where it is None.
        cancel: Withdraws the question.

    Raises:
        Interrupted: If it was withdrawn.
        StoreError: If the messages themselves cannot be read.
    """
    layout = reader.layout
    way = _way(reader, layout, query, cancel)
    simple = way is not None and not way.verified and way.label != plan.UNRANKED
    if way is not None and simple and session_filter is None and not row_conditions(layout, query, None):
        tally = _by_index(reader, layout, way, _ALL if cap is None else cap, cancel)
        if tally is not None:
            return tally
    return _one_by_one(reader, query, _ALL if cap is None else cap, session_filter, cancel)


def _by_index(reader: Reader, layout: Layout, way: ScanRange, cap: int, cancel: Cancel | None) -> MatchCount | None:
    """SQLite counts by session; None where the index would not answer."""
    hits, below = 0, _ALL
    sessions: set[str] = set()
    sql, most = count_statement(layout, way.table or ""), min(cap + 1, COUNTED_ROWS)

    def _question(connection: apsw.Connection, _: Layout) -> list[tuple[apsw.SQLiteValue, ...]] | None:
        try:
            return connection.execute(sql, (way.expression, below, most)).fetchall()
        except (apsw.SQLError, apsw.CorruptError):
            return None

    while hits <= cap:
        rows = reader.read(_question, cancel=cancel)
        if rows is None:
            return None
        hits += sum(cell_values.integer(row[1]) for row in rows)
        sessions.update(cell_values.text(row[0]) or "" for row in rows if row[1])
        if sum(cell_values.integer(row[2]) for row in rows) < most:
            break
        below = min(cell_values.integer(row[3]) for row in rows)
    return MatchCount(min(hits, cap), frozenset(sessions), hits > cap)


def count_statement(layout: Layout, table: str) -> str:
    """By session how many a search may find, how many match, the lowest id; of the newest so many below an id."""
    session_id, shown = column_sql.text(layout, "messages", "session_id"), column_sql.findable(layout)
    return (
        f"SELECT session_id, sum(shown), count(*), min(id) FROM (SELECT {session_id} AS session_id, {shown} AS shown,"
        f" messages.id AS id FROM {table} CROSS JOIN messages ON messages.id = {table}.rowid"
        f" WHERE {table} MATCH ? AND {table}.rowid < ? ORDER BY {table}.rowid DESC LIMIT ?) GROUP BY session_id"
    )


def _one_by_one(
    reader: Reader, query: Query, cap: int, session_filter: SessionFilter | None, cancel: Cancel | None
) -> MatchCount:
    hits, sessions = 0, set[str]()
    for step in newest_first.matching_ids(reader, query, limit=cap + 1, session_filter=session_filter, cancel=cancel):
        hits += len(step.ids)
        for start in range(0, len(step.ids), _AT_ONCE):
            sessions |= newest_first.sessions_of(reader, step.ids[start : start + _AT_ONCE], cancel=cancel)
    return MatchCount(min(hits, cap), frozenset(sessions), hits > cap)
