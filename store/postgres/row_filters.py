"""Filters of a search on rows: columns to select and tests of their cells, in Python, so that they mean the same as
for JSONL files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ..engine.search import SessionFilter
from ..query.ast import Filter, Query
from ..query.filters import passes
from . import cells, column_sql
from .schema_probe import Layout

_NAME = re.compile(r'\\?"name\\?"\s*:\s*\\?"([^"\\]+)')
_TEXTS = {"source": "sessions", "model": "sessions", "cwd": "sessions", "title": "sessions", "role": "messages"}

Test = Callable[[Sequence[object]], bool]
_Condition = tuple[tuple[str, ...], Test]
"""Columns, and the test of their cells."""


class Filters:
    """The filters of one query, and a test of session ids."""

    def __init__(self, layout: Layout, query: Query, session_filter: SessionFilter) -> None:
        self._conditions = list(_conditions(layout, query, session_filter))
        self.columns = [column for columns, _ in self._conditions for column in columns]

    @property
    def any(self) -> bool:
        """True where there is a filter."""
        return bool(self._conditions)

    def passes(self, row: Sequence[object]) -> bool:
        """True where the cells of `columns` pass all of them."""
        place = 0
        for columns, test in self._conditions:
            if not test(row[place : place + len(columns)]):
                return False
            place += len(columns)
        return True


def _conditions(layout: Layout, query: Query, session_filter: SessionFilter) -> Iterator[_Condition]:
    for key, table in _TEXTS.items():
        if _asked(query, key):
            yield (column_sql.text(layout, table, key),), _text(query, key)
    if _asked(query, "tool"):
        yield tuple(column_sql.text(layout, "messages", name) for name in ("tool_name", "tool_calls")), _tool(query)
    for rule in query.filters:
        if rule.key in ("after", "before"):
            yield (column_sql.column(layout, "messages", "timestamp"),), _time(rule)
        if (rule.key, rule.value) == ("is", "archived"):
            yield (column_sql.whole(layout, "sessions", "archived"),), _flag(rule)
        if rule.key == "has":
            yield (column_sql.n_bytes(layout, "messages", "reasoning", "reasoning_content"),), _flag(rule)
    if session_filter is not None:
        yield ("messages.session_id",), lambda row: session_filter(cells.text(row[0]) or "")


def _asked(query: Query, key: str) -> bool:
    return any(rule.key == key for rule in query.filters)


def _text(query: Query, key: str) -> Test:
    return lambda row: passes(query, key, [cells.text(row[0])])


def _tool(query: Query) -> Test:
    """The tool of a result or of a call, whose JSON may be encoded twice (docs/format.md §3.3)."""
    return lambda row: passes(query, "tool", [cells.text(row[0]), *_NAME.findall(cells.text(row[1]) or "")])


def _time(rule: Filter) -> Test:
    bound = rule.timestamp or 0.0

    def _passes(row: Sequence[object]) -> bool:
        timestamp = cells.timestamp(row[0])
        is_so = timestamp is not None and (timestamp >= bound if rule.key == "after" else timestamp < bound)
        return is_so is not rule.negated

    return _passes


def _flag(rule: Filter) -> Test:
    return lambda row: (cells.integer(row[0]) != 0) is not rule.negated
