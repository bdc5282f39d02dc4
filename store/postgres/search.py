"""Search newest first: ids by an index of words or by windows of ids, each a read transaction of its own.

A common word wants the walk by id, a rare one the index; the estimate of EXPLAIN chooses (docs/postgres.md §11).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..base.cancel import Cancel, raise_if_cancelled
from ..base.errors import Locked
from ..base.fallbacks import Fallback, FallbackKind, ScanProgress
from ..engine.search import MatchCount, RankedMatches, SearchStep, SessionFilter
from ..query.ast import Query
from ..query.matcher import Marker, accepts
from ..query.tokenizer import fold
from . import column_sql, terms
from .reader import Reader, Row
from .row_filters import Filters
from .schema_probe import TERMS, Layout

FIRST, LATER = 8, 100
"""Ids of the first step, and of those after it."""
SMALL = 5_000
"""Messages of a schema of Hermes' that are scanned, so that nothing is missed that its index splits otherwise."""
MOST_INDEXED = 50_000
"""Matches that are fetched from the index at most."""
MOST_RANKED = 2_000
"""Newest matches that are ranked."""
WINDOW, WIDEST = 2_048, 131_072
"""Ids of the first window of a walk, and of the widest."""
SCAN_ROWS = 1_000
"""Candidates of one window at most."""
WORD_ROWS = 2_000
"""Newest messages whose words may be meant."""
CLOSE, FARTHEST = 75.0, 2
"""Least ratio of rapidfuzz's, of 100, and letters by which a similar word may be longer or shorter."""
PROBE_SECONDS = 0.2
"""Time limit of the index where nobody has counted the rows."""

_LENGTHS = re.compile(
    r"(?:[\s()<>=:,|&]|content|tool_calls|tool_name|role|'tool'|text|char_length|length|octet_length"
    r"|COALESCE|''|AND|OR|CASE|WHEN|THEN|ELSE|END|[0-9])+"
)
"""A condition on lengths alone, as the partial index on long rows has it; nothing in it runs a function of others."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Conditions by which candidates are fetched."""

    condition: str
    """SQL on `messages`."""
    params: tuple[object, ...]
    certain: bool
    """The condition alone decides, except for rows where `long` holds."""
    long: str
    """SQL: true for rows that the index has not to their end; "false" for none."""
    indexed: str = ""
    """The tsquery by which all candidates can be fetched at once; "" for a walk by id."""
    fallback: Fallback | None = None


def matching_ids(
    reader: Reader,
    query: Query,
    *,
    limit: int,
    above: int | None = None,
    session_filter: SessionFilter = None,
    cancel: Cancel | None = None,
    inactive: bool = False,
) -> Iterator[SearchStep]:
    """Ids of the matching messages, newest first, step by step.

    Args:
        inactive: Undone messages, too.
    """
    raise_if_cancelled(cancel)
    plan = _plan(reader, query, limit, cancel)
    walk = _Walk(reader, query, plan, Filters(reader.layout, query, session_filter), cancel, inactive=inactive)
    yield from walk.steps(limit, above or 0)


def _plan(reader: Reader, query: Query, limit: int, cancel: Cancel | None) -> Plan:
    layout = reader.layout
    column = terms.index_of(layout)
    words = terms.tsquery(query, column) if column else None
    if words is None or (column != TERMS and 0 <= _estimated_rows(reader, layout) <= SMALL):
        prefilter, params = terms.prefilter(query)
        condition = prefilter.replace("{tool_name}", column_sql.column(layout, "messages", "tool_name"))
        condition = condition.replace("{tool_calls}", column_sql.column(layout, "messages", "tool_calls"))
        missing = query.has_words and column is None
        fallback = Fallback(FallbackKind.MISSING) if missing else None
        return Plan(
            condition, tuple(params), certain=not query.any_of and not query.none_of, long="false", fallback=fallback
        )
    long = "COALESCE(messages.hermes_tui_long, false)" if column == TERMS else _long_rows(reader, layout)
    matches = f"messages.{column} @@ %s::tsquery"
    plan = Plan(f"({matches} OR {long})", (words,), terms.is_certain(query), long)
    return _by_index(plan, words) if _is_rare(reader, matches, words, limit=limit, cancel=cancel) else plan


def _by_index(plan: Plan, words: str) -> Plan:
    return Plan(plan.condition, plan.params, plan.certain, plan.long, words, plan.fallback)


def _estimated_rows(reader: Reader, layout: Layout) -> float:
    """Messages of the schema, estimated; counted up to `SMALL` where nobody has."""
    if layout.rows >= 0:
        return layout.rows
    counted = f"SELECT count(*) FROM (SELECT 1 FROM {layout.messages} LIMIT {SMALL + 1}) AS counted"
    return reader.number(counted)


def _is_rare(reader: Reader, matches: str, words: str, *, limit: int, cancel: Cancel | None) -> bool:
    """True where fetching all matches costs less than walking the newest rows until there are enough."""
    layout = reader.layout
    if layout.rows < 0:
        few = (
            f"SELECT count(*) FROM (SELECT 1 FROM {layout.messages} AS messages WHERE {matches} LIMIT 1001) AS counted"
        )
        try:
            return int(str(reader.rows(few, (words,), cancel=cancel, seconds=PROBE_SECONDS)[0][0])) <= 1000
        except Locked:
            return False
    found = reader.row(f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {layout.messages} AS messages WHERE {matches}", (words,))
    estimated = json.loads(found[0]) if found and isinstance(found[0], str) else found[0] if found else None
    rows = float(estimated[0]["Plan"]["Plan Rows"]) if isinstance(estimated, list) else math.inf
    return rows <= math.sqrt(max(layout.rows, 1.0) * min(limit, LATER))


def _long_rows(reader: Reader, layout: Layout) -> str:
    """The condition of Hermes' partial index on rows that its vector has not to their end, else one of our own."""
    found = reader.texts(
        "SELECT pg_catalog.pg_get_expr(i.indpred, i.indrelid) FROM pg_catalog.pg_index AS i WHERE i.indpred IS NOT NULL"
        " AND i.indrelid = %s::regclass",
        (layout.messages,),
    )
    for condition in found:
        if "length(" in condition and _LENGTHS.fullmatch(condition):
            return f"({condition})"
    calls = column_sql.n_bytes(layout, "messages", "tool_calls")
    content = column_sql.n_bytes(layout, "messages", "content")
    return f"({content} > CASE WHEN messages.role = 'tool' THEN 1024 ELSE 8192 END OR {calls} > 4096)"


class _Walk:
    """One running search."""

    def __init__(
        self, reader: Reader, query: Query, plan: Plan, filters: Filters, cancel: Cancel | None, *, inactive: bool
    ) -> None:
        self._reader, self._query, self._plan, self._filters, self._cancel = reader, query, plan, filters, cancel
        layout = reader.layout
        self._layout = layout
        self._states = "true" if inactive else column_sql.findable(layout)
        self._reads_text = not plan.certain
        self._examined = 0

    def steps(self, limit: int, above: int) -> Iterator[SearchStep]:
        """Steps until there are enough ids, or no more."""
        waiting: list[int] = []
        found, size = 0, FIRST
        for ids in self._batches(above, limit):
            for message_id in ids:
                waiting.append(message_id)
                found += 1
                if found == limit:
                    yield self._step(waiting)
                    return
                if len(waiting) == size:
                    yield self._step(waiting)
                    waiting, size = [], LATER
            if not ids and not waiting:
                yield self._step([])
        yield self._step(waiting, done=True)

    def _step(self, ids: Sequence[int], *, done: bool = False) -> SearchStep:
        scans = self._plan.fallback is not None and not done
        progress = ScanProgress.SCANNING if scans else ScanProgress.INDEXED
        return SearchStep(tuple(ids), self._examined, self._plan.fallback, done, progress)

    def _batches(self, above: int, limit: int) -> Iterator[list[int]]:
        if self._plan.indexed:
            yield from self._indexed(above)
            return
        newest = self._reader.number(f"SELECT max(id) FROM {self._layout.messages}")
        below, width = newest + 1, WINDOW
        most = min(limit, SCAN_ROWS)
        while below > above + 1:
            low = max(above + 1, below - width)
            rows = self._rows("AND messages.id >= %s AND messages.id < %s", (low, below), most)
            yield self._matching(rows)
            if len(rows) == most:
                below, width = int(str(rows[-1][0])), WINDOW
            else:
                below, width = low, min(4 * width, WIDEST)

    def _indexed(self, above: int) -> Iterator[list[int]]:
        """All candidates by the index at once, then what is needed of them by pages."""
        sql = (
            f"WITH found AS MATERIALIZED (SELECT id FROM {self._layout.messages} AS messages"
            f" WHERE {self._plan.condition}) SELECT id FROM found WHERE id > %s ORDER BY id DESC LIMIT {MOST_INDEXED}"
        )
        ids = [int(str(row[0])) for row in self._reader.rows(sql, (*self._plan.params, above), cancel=self._cancel)]
        for start in range(0, len(ids), LATER):
            page = ids[start : start + LATER]
            yield self._matching(self._rows("AND messages.id = ANY(%s)", (page,), LATER))

    def _rows(self, bounds: str, params: Sequence[object], limit: int) -> list[Row]:
        """Candidates within bounds: id, whether the index decides, the text where it is read, cells of filters."""
        text = ", ".join(
            column_sql.text(self._layout, "messages", name) for name in ("content", "tool_name", "tool_calls")
        )
        if not self._reads_text and self._plan.long == "false":
            text = "NULL, NULL, NULL"
        elif not self._reads_text:
            text = ", ".join(f"CASE WHEN {self._plan.long} THEN {part} END" for part in _split(text))
        decided = "false" if self._reads_text else f"NOT {self._plan.long}"
        cells = "".join(f", {column}" for column in self._filters.columns)
        joined = f" LEFT JOIN {self._layout.sessions} AS sessions ON sessions.id = messages.session_id"
        return self._reader.rows(
            f"SELECT messages.id, {decided}, {text}{cells} FROM {self._layout.messages} AS messages"
            f"{joined if self._filters.any else ''} WHERE {self._states} {bounds} AND ({self._plan.condition})"
            " ORDER BY messages.id DESC LIMIT %s",
            (*params, *self._plan.params, limit),
            cancel=self._cancel,
        )

    def _matching(self, rows: Sequence[Row]) -> list[int]:
        found = []
        for row_id, decided, content, tool_name, tool_calls, *cells in rows:
            raise_if_cancelled(self._cancel)
            self._examined += 1
            if not self._filters.passes(cells):
                continue
            if decided or accepts(self._query, terms.searched_text(content, tool_name, tool_calls)):
                found.append(int(str(row_id)))
        return found


def _split(columns: str) -> list[str]:
    return columns.split(", ")


def best_matches(
    reader: Reader,
    query: Query,
    *,
    limit: int,
    session_filter: SessionFilter = None,
    cancel: Cancel | None = None,
) -> RankedMatches | None:
    """The best of the newest 2,000 matches by the share of a text that the words cover; None without words."""
    if not query.has_words:
        return None
    ids = _every(reader, query, session_filter, cancel, MOST_RANKED + 1)
    fallback = Fallback(FallbackKind.RANKED, ranked=MOST_RANKED) if len(ids) > MOST_RANKED else None
    worth = shares(reader, query, ids[:MOST_RANKED], cancel)
    return RankedMatches(tuple(sorted(worth, key=lambda key: (-worth[key], -key))[:limit]), fallback)


def shares(reader: Reader, query: Query, ids: Sequence[int], cancel: Cancel | None) -> dict[int, float]:
    """The share of each text that the words of a query cover."""
    marker, found = Marker(query), dict[int, float]()
    for row_id, text in texts(reader, ids, cancel):
        found[row_id] = sum(end - start for start, end in marker.spans(text)) / max(1, len(text))
    return found


def texts(reader: Reader, ids: Sequence[int], cancel: Cancel | None) -> Iterator[tuple[int, str]]:
    """What a search looks at, of some messages."""
    layout = reader.layout
    columns = (column_sql.text(layout, "messages", name) for name in ("content", "tool_name", "tool_calls"))
    sql = f"SELECT id, {', '.join(columns)} FROM {layout.messages} AS messages WHERE id = ANY(%s)"
    for row_id, *parts in reader.pages(sql, ids, cancel=cancel):
        raise_if_cancelled(cancel)
        yield int(str(row_id)), terms.searched_text(*parts)


def count_matches(
    reader: Reader,
    query: Query,
    *,
    cap: int | None = None,
    session_filter: SessionFilter = None,
    cancel: Cancel | None = None,
) -> MatchCount:
    """Number of matches and their sessions."""
    ids = _every(reader, query, session_filter, cancel, (1 << 31) if cap is None else cap + 1)
    shown = ids if cap is None else ids[:cap]
    sql = f"SELECT DISTINCT session_id FROM {reader.layout.messages} WHERE id = ANY(%s)"
    sessions = frozenset(reader.texts(sql, (shown,), cancel=cancel)) if shown else frozenset[str]()
    return MatchCount(len(shown), sessions, len(shown) < len(ids))


def _every(reader: Reader, query: Query, session_filter: SessionFilter, cancel: Cancel | None, limit: int) -> list[int]:
    steps = matching_ids(reader, query, limit=limit, session_filter=session_filter, cancel=cancel)
    return [message_id for step in steps for message_id in step.ids]


def similar_words(reader: Reader, word: str, *, limit: int, cancel: Cancel | None = None) -> tuple[str, ...]:
    """Words of the newest 2,000 messages close to a folded one, closest first; () where it is among them."""
    from rapidfuzz import fuzz, process

    if len(word) <= FARTHEST:
        return ()
    sql = f"SELECT id FROM {reader.layout.messages} ORDER BY id DESC LIMIT {WORD_ROWS}"
    ids = [int(str(row[0])) for row in reader.rows(sql, cancel=cancel)]
    known = {part for _, text in texts(reader, ids, cancel) for part in fold(text).letters.split()}
    if word in known:
        return ()
    choices = sorted(choice for choice in known if abs(len(choice) - len(word)) <= FARTHEST)
    scored = process.extract(word, choices, scorer=fuzz.ratio, score_cutoff=CLOSE, limit=limit)
    return tuple(close for close, _, _ in scored)
