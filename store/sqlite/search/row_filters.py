"""What a search asks of a message besides its words: columns to fetch, and judgement on their cells.

The judgement is Python's, so that `source:` and `title:` mean the same here and for JSONL files; the columns ride along
with the hit and never become a condition that SQLite could start from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ...base.cancel import Cancel
from ...engine.search import SessionFilter
from ...query.ast import Filter, Query
from ...query.filters import admits
from ..base import cell_values
from ..base import column_sql as columns
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import Reader

_NAME = re.compile(r'\\?"name\\?"\s*:\s*\\?"([^"\\]+)')
_TEXTS = {
    "source": ("sessions", "source"),
    "model": ("sessions", "model"),
    "cwd": ("sessions", "cwd"),
    "title": ("sessions", "title"),
    "role": ("messages", "role"),
}


@dataclass(frozen=True, slots=True)
class RowCondition:
    """One condition: the cells of `columns` pass it or not."""

    columns: tuple[str, ...]
    passes: Callable[[Sequence[Value]], bool]

    @property
    def of_session(self) -> bool:
        """True where it speaks of the session, whatever the message."""
        return any("sessions." in column for column in self.columns)


def row_conditions(layout: Layout, query: Query, session_filter: SessionFilter | None) -> tuple[RowCondition, ...]:
    """The conditions of a query's filters on a file of this layout.

    `is:flagged` and `is:live` are not in the file: the caller knows them, and passes `session_filter` for them.
    """
    found = [_text(layout, query, key) for key in _TEXTS if _filters(query, key)]
    if _filters(query, "tool"):
        found.append(_tool(layout, query))
    found += [_time(layout, one) for key in ("after", "before") for one in _filters(query, key)]
    found += [_flag(_archived(layout), one) for one in _filters(query, "is") if one.value == "archived"]
    found += [_flag(_reasoning(layout), one) for one in _filters(query, "has") if one.value == "reasoning"]
    if session_filter is not None:
        session_id = columns.text(layout, "messages", "session_id")
        found.append(RowCondition((session_id,), lambda row: session_filter(cell_values.text(row[0]) or "")))
    return tuple(found)


class OfSessions:
    """The conditions that speak of sessions, asked of each session once: one row may be pages away from its end."""

    def __init__(self, reader: Reader, conditions: Sequence[RowCondition]) -> None:
        self._reader, self._conditions = reader, conditions
        self._known: dict[Value, bool] = {}

    def learn(self, cells_of_ids: Iterable[Value], cancel: Cancel | None) -> None:
        """Ask of the sessions with these ids, those that are new: one critical section; raises Interrupted."""
        unknown = {cell for cell in cells_of_ids if cell not in self._known}
        if not unknown:
            return
        wanted = ", ".join(["CAST(sessions.id AS BLOB)", *(name for one in self._conditions for name in one.columns)])
        names = json.dumps([cell_values.text(cell) for cell in unknown])
        sql = f"SELECT {wanted} FROM sessions WHERE id IN (SELECT value FROM json_each(?))"
        found = {row[0]: row[1:] for row in self._reader.rows(sql, (names,), cancel=cancel)}
        nothing = (None,) * sum(len(one.columns) for one in self._conditions)
        self._known |= {cell: passes(self._conditions, found.get(cell, nothing)) for cell in unknown}

    def __call__(self, row: Sequence[Value]) -> bool:
        """Whether the session with this id passes; it was learned before."""
        return self._known[row[0]]


def passes(conditions: Iterable[RowCondition], row: Sequence[Value]) -> bool:
    """Whether a row, cells in the order of the conditions' columns, passes all of them."""
    place = 0
    for condition in conditions:
        end = place + len(condition.columns)
        if not condition.passes(row[place:end]):
            return False
        place = end
    return True


def _filters(query: Query, key: str) -> tuple[Filter, ...]:
    return (*query.filters_of(key), *query.filters_of(key, negated=True))


def _text(layout: Layout, query: Query, key: str) -> RowCondition:
    plain, negated = query.filters_of(key), query.filters_of(key, negated=True)
    column = columns.text(layout, *_TEXTS[key])
    return RowCondition((column,), lambda row: _admitted(plain, negated, (cell_values.text(row[0]),)))


def _tool(layout: Layout, query: Query) -> RowCondition:
    """A result carries the tool's name, a call has it in its JSON, double-encoded at times (docs/format.md §3.3)."""
    plain, negated = query.filters_of("tool"), query.filters_of("tool", negated=True)

    def _passes(row: Sequence[Value]) -> bool:
        name, calls = cell_values.text(row[0]), cell_values.text(row[1])
        return _admitted(plain, negated, (name, *_NAME.findall(calls or "")))

    return RowCondition(tuple(columns.text(layout, "messages", name) for name in ("tool_name", "tool_calls")), _passes)


@lru_cache(maxsize=4096)
def _admitted(plain: tuple[Filter, ...], negated: tuple[Filter, ...], names: tuple[str | None, ...]) -> bool:
    """One of the plain filters holds for one of the names, and all of the negated ones for all."""
    if plain and not any(admits(one, name) for one in plain for name in names):
        return False
    return all(admits(one, name) for one in negated for name in names)


def _time(layout: Layout, one: Filter) -> RowCondition:
    bound = one.timestamp or 0.0

    def _passes(row: Sequence[Value]) -> bool:
        timestamp = cell_values.timestamp(row[0])
        found = timestamp is not None and (timestamp >= bound if one.key == "after" else timestamp < bound)
        return found is not one.negated

    return RowCondition((columns.real(layout, "messages", "timestamp"),), _passes)


def _archived(layout: Layout) -> str:
    return f"COALESCE({columns.whole(layout, 'sessions', 'archived')}, 0)"


def _reasoning(layout: Layout) -> str:
    return " + ".join(columns.n_bytes(layout, "messages", name) for name in ("reasoning", "reasoning_content"))


def _flag(column: str, one: Filter) -> RowCondition:
    return RowCondition((column,), lambda row: (cell_values.integer(row[0]) != 0) is not one.negated)
