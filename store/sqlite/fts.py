"""Search newest first: ids by the index where it answers, by a walk over the rows where it does not.

FTS5 walks a word's rowids backwards for some microseconds a row, whatever the number of matches; rank and time orders
evaluate every match (facts/performance.md §2). So the full-text table is the outer loop, and what else is asked of a
message is looked up from it (`narrowing`).
Every step is one critical section that fetches a bounded number of rows and ends before they are judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import apsw

from .. import errors
from ..cancel import Cancel
from ..escapes import searched
from ..filters import ROLES
from ..query import Query, accepts, match, trigram
from ..words import cjk_runs
from . import cells, columns
from .connection import Reader, Row, Value
from .layout import FTS, TRIGRAM, Layout
from .narrowing import Among, Test, tests

SCAN_ROWS = 2_000
"""Rows that one step fetches where their text is judged,"""
SCAN_OCTETS = 4 * 1024 * 1024
"""or this much text, whichever comes first."""

MISSING = "no index, scanning"
DAMAGED = "index damaged, scanning"
UNUSABLE = "index unusable, scanning"
STALE = "index out of date, scanning"
REBUILDING = "index being rebuilt, scanning what it lacks"
SHORT = "no index for words this short, scanning"
PARTLY = "the index for these words leaves out "
PARTLY_WALKED = "tool output is not in the index for these words, scanning"

_GAPS = {
    "tool": ("tool output", {"tool"}),
    "calls": ("tool calls", {"tool", "assistant"}),
    "long": ("tool output beyond 8 192 characters", {"tool"}),
    "internal": ("cron and subagent sessions", set(ROLES)),
}
"""What an index may leave out -> how that is said, and the roles it concerns."""
_FIRST_ROWS = 256
_MOST_ROWS = 65_536
_SHORT_PREFIX = 3
_SHORT_PREFIX_ROWS = 512
_LONGEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Step:
    """What one critical section found."""

    ids: tuple[int, ...]
    """Message rows, newest first, all older than those of the step before."""
    examined: int
    """Rows looked at so far, whether they matched or not."""
    label: str | None = None
    """Why and how an index was gone round, None where it was not."""
    done: bool = False
    """Nothing older matches."""


@dataclass(frozen=True, slots=True)
class _Window:
    """The rows that one critical section fetched."""

    rows: list[Row]
    whole: bool = False
    """The stretch has no further row."""
    refused: str | None = None
    """A label, where the index would not answer."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A range of ids that is asked in one way."""

    table: str | None
    """The index, None for a walk over the rows."""
    expression: str
    judged: bool
    """True where the text of a message has the last word."""
    label: str | None = None
    below: int | None = None
    """Exclusive bounds of the ids, None where there is none."""
    above: int | None = None


def newest(
    reader: Reader,
    query: Query,
    *,
    limit: int,
    below: int | None = None,
    above: int | None = None,
    among: Among | None = None,
    cancel: Cancel | None = None,
) -> Iterator[Step]:
    """Ids of the messages that match, newest row first, in steps; nothing is held between two of them.

    A message counts that is active or was compacted in place (facts/hermes-format.md §3.4).
    A missing, stale, damaged or unfinished index is gone round by a walk, and the label says so.
    A walk does not look into messages of more than 64 MB.

    Args:
        limit: Most ids in all; the iterator ends there, and then the last step need not be `done`.
        below: Only ids under it.
        above: Only ids over it.
        among: Which sessions; all where it is None.
        cancel: Withdraws the question, within a row.

    Raises:
        Interrupted: If it was withdrawn.
        StoreError: If the messages themselves cannot be read.
    """
    layout = reader.layout
    if not layout.has("messages", "session_id"):
        yield Step((), 0, done=True)
        return
    stretches = _within(plan(reader, layout, query), below, above)
    yield from _Search(reader, query, layout, tests(layout, query, among), cancel).steps(stretches, limit)


class _Search:
    """One search while it runs."""

    def __init__(
        self, reader: Reader, query: Query, layout: Layout, conditions: tuple[Test, ...], cancel: Cancel | None
    ) -> None:
        self._reader, self._query, self._layout = reader, query, layout
        self._conditions, self._cancel = conditions, cancel
        self._examined = 0

    def steps(self, stretches: list[Stretch], limit: int) -> Iterator[Step]:
        """Ask the stretches in turn, each in windows that grow, until `limit` ids are found."""
        most = _FIRST_ROWS
        while stretches and limit > 0:
            stretch = stretches[0]
            window = self._window(stretch, min(most, SCAN_ROWS if stretch.judged else _MOST_ROWS), limit)
            if window.refused:
                stretches = [_walked(one, window.refused) for one in stretches]
                continue
            ids, last = self._judge(stretch, window, limit)
            stretches = stretches[1:] if last is None else [replace(stretch, below=last), *stretches[1:]]
            limit, most = limit - len(ids), min(4 * most, _MOST_ROWS)
            yield Step(ids, self._examined, stretch.label, done=not stretches)

    def _window(self, stretch: Stretch, most: int, limit: int) -> _Window:
        sql, bindings = statement(self._layout, stretch, self._conditions)
        enough = limit if not stretch.judged and not self._conditions else most

        def _question(connection: apsw.Connection, _: Layout) -> _Window:
            try:
                return _fetch(connection, sql, bindings, most, enough)
            except (apsw.SQLError, apsw.CorruptError) as error:
                if stretch.table is None:
                    raise
                return _Window([], refused=DAMAGED if isinstance(error, apsw.CorruptError) else UNUSABLE)

        return self._reader.ask(_question, cancel=self._cancel)

    def _judge(self, stretch: Stretch, window: _Window, limit: int) -> tuple[tuple[int, ...], int | None]:
        """Which rows match, and the id to go on below; None where the stretch is done with."""
        ids: list[int] = []
        for row in window.rows:
            if self._cancel is not None and self._cancel.cancelled:
                raise errors.Interrupted("the question was withdrawn while its answers were sifted")
            self._examined += 1
            if row[1] and self._passes(row) and (not stretch.judged or self._answers(row[-1])):
                ids.append(cells.integer(row[0]))
            if len(ids) == limit:
                return tuple(ids), cells.integer(row[0])
        return tuple(ids), None if window.whole else cells.integer(window.rows[-1][0])

    def _answers(self, cell: Value) -> bool:
        return accepts(self._query, searched(cells.text(cell) or ""))

    def _passes(self, row: Row) -> bool:
        place = 2
        for condition in self._conditions:
            end = place + len(condition.columns)
            if not condition.passes(row[place:end]):
                return False
            place = end
        return True


def statement(layout: Layout, stretch: Stretch, conditions: tuple[Test, ...]) -> tuple[str, tuple[Value, ...]]:
    """The question for a stretch: id, whether a search may find it, the cells of the conditions, text where judged."""
    source, row = "messages", "messages.id"
    if stretch.table is not None:
        source, row = (
            f"{stretch.table} CROSS JOIN messages ON messages.id = {stretch.table}.rowid",
            f"{stretch.table}.rowid",
        )
    wanted = [row, columns.findable(layout), *(column for one in conditions for column in one.columns)]
    if any("sessions." in column for column in wanted):
        source += " LEFT JOIN sessions ON sessions.id = messages.session_id"
    if stretch.judged:
        wanted.append(_text(layout))
    bounds = (
        (f"{stretch.table} MATCH ?", stretch.expression if stretch.table else None),
        (f"{row} < ?", stretch.below),
        (f"{row} > ?", stretch.above),
    )
    where = " AND ".join(test for test, bound in bounds if bound is not None)
    sql = f"SELECT {', '.join(wanted)} FROM {source}{' WHERE ' * bool(where)}{where} ORDER BY {row} DESC"
    return sql, tuple(bound for _, bound in bounds if bound is not None)


def _text(layout: Layout) -> str:
    """What the newest indexes hold of a message, as bytes; NUL and bad UTF-8 survive."""
    names = [name for name in ("content", "tool_name", "tool_calls") if layout.has("messages", name)]
    size = " + ".join(columns.octets(layout, "messages", name) for name in names)
    parts = ", ".join(f"messages.{name}" for name in names)
    return (
        f"CASE WHEN {columns.findable(layout)} AND {size} <= {_LONGEST} THEN CAST(concat_ws(' ', {parts}) AS BLOB) END"
    )


def _fetch(connection: apsw.Connection, sql: str, bindings: tuple[Value, ...], most: int, enough: int) -> _Window:
    """Rows until there are `most`, or `enough` that a search may find, or much text; the cursor ends here."""
    rows: list[Row] = []
    octets = 0
    cursor = connection.execute(sql, bindings)
    for row in cursor:
        rows.append(row)
        enough -= bool(row[1])
        octets += len(row[-1]) if isinstance(row[-1], bytes) else 0
        if len(rows) >= most or enough <= 0 or octets >= SCAN_OCTETS:
            cursor.close(force=True)
            return _Window(rows)
    return _Window(rows, whole=True)


def plan(reader: Reader, layout: Layout, query: Query) -> list[Stretch]:
    """How the words are looked for, newest ids first."""
    walk = Stretch(None, "", judged=query.has_words or bool(query.none_of))
    if not query.has_words:
        return [walk]
    if any(cjk_runs(term.text) for term in query.terms):
        way = _by_trigram(layout, query, walk)
    else:
        way = _by_word(layout, query, walk)
    if way.table is None:
        return [way]
    if layout.unindexed is not None:
        done, high = layout.unindexed
        gap = replace(walk, label=REBUILDING, below=high + 1, above=done)
        return [replace(way, above=high), gap, replace(way, below=done + 1)]
    return _sooner(reader, query, way) if layout.fts != "A" else [way]  # A knows no tool calls, a walk does


def _by_word(layout: Layout, query: Query, walk: Stretch) -> Stretch:
    if layout.fts is None or layout.stale:
        return replace(walk, label=STALE if layout.fts else MISSING)
    expression = match(query)
    judged = not expression.isascii() or any(cjk_runs(term.text) for term in query.none_of)
    return Stretch(FTS, expression, judged, _gaps(layout.fts_leaves_out, query))


def _by_trigram(layout: Layout, query: Query, walk: Stretch) -> Stretch:
    """Chinese, Japanese and Korean have no spaces between words: three characters in a row are what is indexed."""
    expression = trigram(query)
    if not expression:
        return replace(walk, label=SHORT)
    if layout.trigram is None or layout.stale:
        return replace(walk, label=STALE if layout.trigram else MISSING)
    if "tool" in layout.trigram_leaves_out and "tool" in {one.value for one in query.of("role")}:
        return replace(walk, label=PARTLY_WALKED)
    return Stretch(TRIGRAM, expression, judged=True, label=_gaps(layout.trigram_leaves_out, query))


def _gaps(left_out: frozenset[str], query: Query) -> str | None:
    """What the index leaves out of what is asked for, as a label; None where that is nothing."""
    roles = {one.value for one in query.of("role")} or set(ROLES)
    said = [words for name, (words, concerned) in _GAPS.items() if name in left_out and concerned & roles]
    return f"{PARTLY}{' and '.join(said)}" if said else None


def _sooner(reader: Reader, query: Query, way: Stretch) -> list[Stretch]:
    """A prefix of one to three letters costs the index its whole list before the first row: look at the newest first.

    facts/performance.md §2d.
    """
    [first, *others] = query.terms
    short = first.prefix and len(first.words) == 1 and len(first.words[0]) <= _SHORT_PREFIX
    newest_row = reader.row("SELECT MAX(id) FROM messages") if short and not others else None
    if newest_row is None or newest_row[0] is None:
        return [way]
    edge = cells.integer(newest_row[0]) - _SHORT_PREFIX_ROWS
    return [Stretch(None, "", judged=True, above=edge), replace(way, below=edge + 1)]


def _walked(stretch: Stretch, label: str) -> Stretch:
    """The same range without the index."""
    return stretch if stretch.table is None else replace(stretch, table=None, expression="", judged=True, label=label)


def _within(stretches: list[Stretch], below: int | None, above: int | None) -> list[Stretch]:
    """The stretches as far as they lie between the bounds; some may then hold nothing."""
    found = []
    for one in stretches:
        top = min((bound for bound in (one.below, below) if bound is not None), default=None)
        bottom = max((bound for bound in (one.above, above) if bound is not None), default=None)
        found.append(replace(one, below=top, above=bottom))
    return found
