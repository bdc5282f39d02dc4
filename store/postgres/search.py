"""Search newest first: ids by an index of words or by windows of ids, each a read transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..base.cancel import Cancel, raise_if_cancelled
from ..base.fallbacks import Fallback, FallbackKind, ScanProgress
from ..engine.push_target import FILE_IDS
from ..engine.search import MatchCount, RankedMatches, SearchStep, SessionFilter
from ..query.ast import Query
from ..query.matcher import Marker, accepts
from ..query.tokenizer import fold
from . import cells, column_sql, terms
from .reader import Reader, Row
from .row_filters import Filters
from .search_plan import Plan, is_rare, is_rare_by_trial, plan_of

FIRST, LATER = 8, 100
"""Ids of the first step, and of those after it."""
MOST_INDEXED = 50_000
"""Matches that are fetched from the index at most."""
MOST_RANKED = 2_000
"""Newest matches that are ranked."""
NEWEST = 256
"""Newest rows that every search looks at, together with the estimate."""
WINDOW, WIDEST = 2_048, 131_072
"""Ids of the first window after them, and of the widest."""
SCAN_ROWS = 1_000
"""Candidates of one window at most."""
WORD_ROWS = 2_000
"""Newest messages whose words may be meant."""
CLOSE, FARTHEST = 75.0, 2
"""Least ratio of rapidfuzz's, of 100, and letters by which a similar word may be longer or shorter."""


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
    plan = plan_of(reader, query)
    walk = _Walk(reader, query, plan, Filters(reader.layout, query, session_filter), cancel, inactive=inactive)
    step = SearchStep((), 0, done=True)
    for step in walk.steps(limit, above or 0):
        limit -= len(step.ids)
        yield replace(step, done=step.done and not reader.layout.is_ours)
    if step.done and reader.layout.is_ours:
        yield from walk.of_files().steps(limit, max(above or 0, FILE_IDS - 1))


class _Walk:
    """One running search."""

    def __init__(
        self, reader: Reader, query: Query, plan: Plan, filters: Filters, cancel: Cancel | None, *, inactive: bool
    ) -> None:
        self._reader, self._query, self._plan, self._filters, self._cancel = reader, query, plan, filters, cancel
        layout = reader.layout
        self._layout = layout
        self._states = "true" if inactive else column_sql.findable(layout)
        self._band = f"id < {FILE_IDS}"
        """Rows that were written one after the other; those of files come after them, whatever their ids."""
        self._inactive = inactive
        self._reads_text = not plan.certain
        self._examined = 0
        self._most = SCAN_ROWS
        """Candidates of a step."""

    def of_files(self) -> _Walk:
        """The same search of the rows that were copied from files."""
        found = _Walk(self._reader, self._query, self._plan, self._filters, self._cancel, inactive=self._inactive)
        found._band, found._examined = f"id >= {FILE_IDS}", self._examined
        return found

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
        """Matches of the newest rows, then of all that the index has or of windows of ids.

        Ids of files lie far apart, so that they are walked by pages.
        """
        if self._band.startswith("id >="):
            yield from self._paged(above)
            return
        if self._plan.certain and not self._filters.any:
            self._most = min(limit, SCAN_ROWS)
        newest, rows, is_rare = self._first(above, min(limit, LATER))
        if is_rare:
            yield from self._indexed(above)
            return
        yield self._matching(rows)
        below, width = newest, WINDOW
        while below > above + 1:
            low = max(above + 1, below - width)
            rows = self._rows("AND messages.id >= %s AND messages.id < %s", (low, below), self._most)
            yield self._matching(rows)
            if len(rows) == self._most:
                below, width = int(str(rows[-1][0])), WINDOW
            else:
                below, width = low, min(4 * width, WIDEST)

    def _paged(self, above: int) -> Iterator[list[int]]:
        below = 1 << 62
        while True:
            rows = self._rows("AND messages.id > %s AND messages.id < %s", (above, below), SCAN_ROWS)
            yield self._matching(rows)
            if len(rows) < SCAN_ROWS:
                return
            below = int(str(rows[-1][0]))

    def _first(self, above: int, limit: int) -> tuple[int, list[Row], bool]:
        """Candidates of the newest rows, the lowest id of these, and whether the index is to list all instead.

        The estimate comes with them, so that a common word takes one read transaction and a rare one two.
        """
        plan, layout = self._plan, self._layout
        newest = f"SELECT id FROM {layout.messages} WHERE id > %s AND {self._band} ORDER BY id DESC LIMIT {NEWEST}"
        lowest = f"(SELECT min(id) FROM ({newest}) AS newest)"
        statements = [
            (f"SELECT {lowest}", (above,)),
            self._candidates(f"AND messages.id >= {lowest}", (above,), min(self._most, NEWEST)),
        ]
        if plan.matches and layout.rows >= 0:
            statements.append((plan.explain(layout), plan.params))
        ends, rows, *estimate = self._reader.batch(statements, cancel=self._cancel)
        low = cells.integer(ends[0][0])
        if len(rows) == self._most:
            return cells.integer(rows[-1][0]), rows, False
        if not plan.matches or not low:
            return low, rows, False
        if estimate:
            return low, rows, is_rare(estimate[0], layout, limit=limit)
        return low, rows, is_rare_by_trial(self._reader, plan, self._cancel)

    def _indexed(self, above: int) -> Iterator[list[int]]:
        """The newest candidates by the index, then, if there are more than a page, the rest by their ids."""
        newest, params = self._listed("messages.id > %s", (above,), LATER)
        rows = self._rows(f"AND messages.id = ANY(ARRAY({newest}))", params, LATER)
        yield self._matching(rows)
        if len(rows) < LATER:
            return
        rest, params = self._listed("messages.id > %s AND messages.id < %s", (above, rows[-1][0]), MOST_INDEXED)
        ids = [int(str(row[0])) for row in self._reader.rows(rest, params, cancel=self._cancel)]
        for start in range(0, len(ids), LATER):
            page = ids[start : start + LATER]
            yield self._matching(self._rows("AND messages.id = ANY(%s)", (page,), LATER))

    def _listed(self, bounds: str, params: Sequence[object], limit: int) -> tuple[str, tuple[object, ...]]:
        """The statement of the newest candidates' ids by the index of words and that of long rows.

        They are two statements: the planner expects a third of all rows to be long, and would scan them for an OR.
        """
        shown = f"{self._states} AND messages.{self._band}"
        ids = f"SELECT messages.id FROM {self._layout.messages} AS messages WHERE {shown} AND {bounds} AND"
        newest = f"ORDER BY id DESC LIMIT {limit}"
        found, bound = f"{ids} {self._plan.matches}", (*params, *self._plan.params)
        if self._plan.long != "false":
            found, bound = f"{found} UNION ({ids} {self._plan.long} {newest})", (*bound, *params)
        return f"WITH found AS MATERIALIZED ({found}) SELECT id FROM found {newest}", bound

    def _rows(self, bounds: str, params: Sequence[object], limit: int) -> list[Row]:
        """Candidates within bounds."""
        return self._reader.rows(*self._candidates(bounds, params, limit), cancel=self._cancel)

    def _candidates(self, bounds: str, params: Sequence[object], limit: int) -> tuple[str, tuple[object, ...]]:
        """Their statement: id, whether the index decides, the text where it is read, cells of filters."""
        text = ", ".join(
            column_sql.text(self._layout, "messages", name) for name in ("content", "tool_name", "tool_calls")
        )
        if not self._reads_text and self._plan.long == "false":
            text = "NULL, NULL, NULL"
        elif not self._reads_text:
            text = ", ".join(f"CASE WHEN {self._plan.long} THEN {part} END" for part in _split(text))
        decided = "false" if self._reads_text else f"({self._plan.long}) IS NOT TRUE"  # NULL where a row has no calls
        filtered = "".join(f", {column}" for column in self._filters.columns)
        joined = f" LEFT JOIN {self._layout.sessions} AS sessions ON sessions.id = messages.session_id"
        sql = (
            f"SELECT messages.id, {decided}, {text}{filtered} FROM {self._layout.messages} AS messages"
            f"{joined if self._filters.any else ''} WHERE {self._states} AND messages.{self._band} {bounds}"
            f" AND ({self._plan.condition})"
            " ORDER BY messages.id DESC LIMIT %s"
        )
        return sql, (*params, *self._plan.params, limit)

    def _matching(self, rows: Sequence[Row]) -> list[int]:
        found = []
        for row_id, decided, content, tool_name, tool_calls, *filtered in rows:
            raise_if_cancelled(self._cancel)
            self._examined += 1
            if not self._filters.passes(filtered):
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
