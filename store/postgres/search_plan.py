"""Plan of a search: conditions by which candidates are fetched, and whether an index of words can list them all.

A common word wants the walk by id, a rare one the index; the planner's statistics choose, and EXPLAIN's estimate where
the newest messages had too few (docs/postgres.md §14).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..base.cancel import Cancel
from ..base.errors import Locked
from ..base.fallbacks import Fallback, FallbackKind, IndexGap
from ..query.ast import Query
from . import column_sql, terms, word_statistics
from .reader import Reader, Row
from .schema_probe import TERMS, Layout

SMALL = 5_000
"""Messages of a schema of Hermes' that are scanned, so that nothing is missed that its index splits otherwise."""
FEW_ROWS = 50_000
"""Messages up to which no statistics are read, which takes the longer the more schemas there are: the index may list
every match."""
PROBE_SECONDS = 0.2
"""Time limit of the index where nobody has counted the rows."""
PROBE_ROWS = 1_000
"""Matches up to which the index is taken there."""

_LENGTHS = re.compile(
    r"(?:[\s()<>=:,|&]|content|tool_calls|tool_name|role|'tool'|text|char_length|length|octet_length"
    r"|COALESCE|''|AND|OR|CASE|WHEN|THEN|ELSE|END|[0-9])+"
)
"""A condition on lengths alone, as the partial index on long rows has it; nothing in it runs a function of others."""
_LENGTH = re.compile(r"\b(?:char_|octet_)?length\(")
_NOT_TOOLS = "role <> 'tool'"


@dataclass(frozen=True, slots=True)
class Plan:
    """Conditions by which candidates are fetched."""

    condition: str
    """SQL on `messages`."""
    params: tuple[object, ...]
    certain: bool
    """The condition alone decides, except for rows where `long` holds."""
    long: str = "false"
    """SQL: true for rows that the index has not to their end, as their own index has it; "false" for none."""
    perhaps_long: str = "false"
    """SQL: true for all of these and for others, without reading a text."""
    matches: str = ""
    """The part of the condition that the index of words decides; "" for none."""
    estimated: float | None = None
    """Matches that the index is expected to have, by the planner's statistics; None where there are none."""
    decides: str = ""
    """SQL that holds for candidates that match for sure; others are read. "" where texts decide about each."""
    deciding: tuple[object, ...] = ()
    """What it binds."""
    among: str = ""
    """SQL that holds for every row that matches, with an index of its own by id; "" for none."""
    texts: Callable[[], tuple[str, list[str]]] | None = None
    """SQL that holds for every text that matches, and what it binds; None where an index is not used."""
    fallback: Fallback | None = None

    @property
    def sifted(self) -> tuple[str, tuple[object, ...]]:
        """The condition, where long rows are read for the words on the server."""
        if self.texts is None:
            return self.condition, self.params
        condition, bound = self.texts()
        return f"({self.matches} OR ({self.perhaps_long} AND ({condition})))", (*self.params, *bound)

    def explain(self, layout: Layout) -> str:
        """The statement that estimates the rows of the index; it binds `params`."""
        return f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {layout.messages} AS messages WHERE {self.matches}"


def plan_of(reader: Reader, query: Query) -> Plan:
    """The plan of a query."""
    layout = reader.layout
    column = terms.index_of(layout)
    words = terms.lookups(query, column) if column else None
    is_small = column not in (None, TERMS) and _is_small(reader, layout)
    if words is None or column is None or is_small:
        columns = _columns(layout, whole=is_small or column is None)
        condition, params = terms.prefilter(query, columns)
        decides, deciding = terms.written(query, columns)
        missing = query.has_words and column is None
        fallback = Fallback(FallbackKind.MISSING) if missing else None
        certain = not query.any_of and not query.none_of
        return Plan(condition, tuple(params), certain, decides=decides, deciding=deciding, fallback=fallback)
    long = "messages.hermes_tui_long" if column == TERMS else _long_rows(layout)
    perhaps = long if "<" in long else _LENGTH.sub("octet_length(", long)
    matches = f"messages.{column} @@ %s::tsquery"
    known = word_statistics.statistics_of(reader, column) if layout.rows > FEW_ROWS else None
    asked, sure = (terms.tsquery(words),), terms.without_variants(query)
    is_certain = terms.is_certain(sure, column)
    decided = _decided(column, long, terms.lookups(sure, column) or [], whole=sure == query) if is_certain else ("", ())
    return Plan(
        f"({matches} OR {perhaps})",
        asked,
        is_certain and sure == query,
        long,
        perhaps,
        matches,
        None if known is None else known.estimate(words),
        *decided,
        terms.HAS_PAIRS if layout.lists_pairs and terms.has_pairs(query) else "",
        partial(terms.prefilter, query, _columns(layout, whole=True)),
        _gap(long, query),
    )


def _decided(column: str, long: str, words: terms.Lookups, *, whole: bool) -> tuple[str, tuple[object, ...]]:
    """SQL that holds for candidates that have words for sure, and what it binds.

    Args:
        whole: They are all that the candidates were looked up by.
    """
    if whole and column == TERMS:
        return f"{long} IS NOT TRUE", ()
    return f"messages.{column} @@ %s::tsquery", (terms.tsquery(words),)


def _gap(long: str, query: Query) -> Fallback | None:
    """Results of tools, where Hermes has neither their end in its index nor a list of those that are long."""
    roles = {rule.value for rule in query.filters_of("role")} or {"tool"}
    return Fallback(FallbackKind.GAPS, (IndexGap.LONG,)) if "tool" in roles and _NOT_TOOLS in long else None


def _columns(layout: Layout, *, whole: bool) -> list[str]:
    """SQL of the texts that are searched.

    Args:
        whole: With reasoning, of which Hermes' index has nothing.
    """
    texts = column_sql.searched_texts(layout)
    return [sql for sql in (texts if whole else texts[: len(column_sql.SEARCHED_TEXTS)]) if sql != "(NULL)::text"]


def _is_small(reader: Reader, layout: Layout) -> bool:
    """True for a schema of up to `SMALL` messages, counted where the estimate does not say more."""
    if layout.rows > SMALL:
        return False
    counted = f"SELECT count(*) FROM (SELECT 1 FROM {layout.messages} LIMIT {SMALL + 1}) AS counted"
    return reader.number(counted) <= SMALL


def is_rare(estimated: float, layout: Layout, *, limit: int) -> bool:
    """True where fetching all matches costs less than walking the newest rows until there are enough.

    A match that is fetched costs twice a row that is walked over.

    Args:
        estimated: Matches that are expected.
        limit: Matches that are wanted.
    """
    return estimated <= math.sqrt(max(layout.rows, 1.0) * limit / 2)


def explained(rows: list[Row]) -> float:
    """Matches that the planner expects.

    Args:
        rows: Of the statement that `Plan.explain` made.
    """
    answer = rows[0][0] if rows else None
    plan = json.loads(answer) if isinstance(answer, str) else answer
    return float(plan[0]["Plan"]["Plan Rows"]) if isinstance(plan, list) else math.inf


def is_rare_by_trial(reader: Reader, plan: Plan, cancel: Cancel | None) -> bool:
    """The same where nobody has counted the rows: the index runs with a limit and a timeout."""
    few = (
        f"SELECT count(*) FROM (SELECT 1 FROM {reader.layout.messages} AS messages WHERE {plan.matches}"
        f" LIMIT {PROBE_ROWS + 1}) AS counted"
    )
    try:
        return int(str(reader.rows(few, plan.params, cancel=cancel, seconds=PROBE_SECONDS)[0][0])) <= PROBE_ROWS
    except Locked:
        return False


def _long_rows(layout: Layout) -> str:
    """The condition of Hermes' partial index on rows that its vector has not to their end, else one of our own."""
    for condition in layout.partial_indexes:
        if "length(" in condition and _LENGTHS.fullmatch(condition):
            return f"({condition})"
    calls = column_sql.n_bytes(layout, "messages", "tool_calls")
    content = column_sql.n_bytes(layout, "messages", "content")
    return f"({content} > CASE WHEN messages.role = 'tool' THEN 1024 ELSE 8192 END OR {calls} > 4096)"
