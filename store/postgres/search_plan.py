"""Plan of a search: conditions by which candidates are fetched, and whether an index of words can list them all.

A common word wants the walk by id, a rare one the index; the estimate of EXPLAIN chooses (docs/postgres.md §11).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass

from ..base.cancel import Cancel
from ..base.errors import Locked
from ..base.fallbacks import Fallback, FallbackKind
from ..query.ast import Query
from . import column_sql, terms
from .reader import Reader, Row
from .schema_probe import TERMS, Layout

SMALL = 5_000
"""Messages of a schema of Hermes' that are scanned, so that nothing is missed that its index splits otherwise."""
PROBE_SECONDS = 0.2
"""Time limit of the index where nobody has counted the rows."""
PROBE_ROWS = 1_000
"""Matches up to which the index is taken there."""

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
    long: str = "false"
    """SQL: true for rows that the index has not to their end; "false" for none."""
    matches: str = ""
    """The part of the condition that the index of words decides; "" for none."""
    fallback: Fallback | None = None

    def explain(self, layout: Layout) -> str:
        """The statement that estimates the rows of the index; it binds `params`."""
        return f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {layout.messages} AS messages WHERE {self.matches}"


def plan_of(reader: Reader, query: Query) -> Plan:
    """The plan of a query."""
    layout = reader.layout
    column = terms.index_of(layout)
    words = terms.tsquery(query, column) if column else None
    if words is None or (column != TERMS and _is_small(reader, layout)):
        named = [name for name in ("content", "tool_name", "tool_calls") if layout.has("messages", name)]
        condition, params = terms.prefilter(query, [column_sql.text(layout, "messages", name) for name in named])
        missing = query.has_words and column is None
        fallback = Fallback(FallbackKind.MISSING) if missing else None
        return Plan(condition, tuple(params), certain=not query.any_of and not query.none_of, fallback=fallback)
    long = "messages.hermes_tui_long" if column == TERMS else _long_rows(layout)
    matches = f"messages.{column} @@ %s::tsquery"
    return Plan(f"({matches} OR {long})", (words,), terms.is_certain(query), long, matches)


def _is_small(reader: Reader, layout: Layout) -> bool:
    """True for a schema of up to `SMALL` messages, counted where the estimate does not say more."""
    if layout.rows > SMALL:
        return False
    counted = f"SELECT count(*) FROM (SELECT 1 FROM {layout.messages} LIMIT {SMALL + 1}) AS counted"
    return reader.number(counted) <= SMALL


def is_rare(rows: list[Row], layout: Layout, *, limit: int) -> bool:
    """True where fetching all matches costs less than walking the newest rows until there are enough.

    Args:
        rows: Of the statement that `Plan.explain` made.
        limit: Matches that are wanted.
    """
    explained = rows[0][0] if rows else None
    estimated = json.loads(explained) if isinstance(explained, str) else explained
    number = float(estimated[0]["Plan"]["Plan Rows"]) if isinstance(estimated, list) else math.inf
    return number <= math.sqrt(max(layout.rows, 1.0) * limit)


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
