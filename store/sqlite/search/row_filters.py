"""Filters of a search on rows: columns to select and tests of their cells.

The tests are in Python, so that `source:` and `title:` mean the same as for JSONL files; their columns are selected
with the hit and are never SQL conditions, which SQLite might use as its outer loop.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from ...base.cancel import Cancel
from ...base.late_dataclass import dataclass
from ...base.late_pattern import late_pattern
from ...engine.search import SessionFilter
from ...query.ast import Filter, Query
from ...query.filters import admits
from ..base import cell_values
from ..base import column_sql as columns
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import Reader, Row
from ..rows.damage import around_damage

_NAME = late_pattern(r'\\?"name\\?"\s*:\s*\\?"([^"\\]+)')
_TEXTS = {
    "source": ("sessions", "source"),
    "model": ("sessions", "model"),
    "cwd": ("sessions", "cwd"),
    "title": ("sessions", "title"),
    "role": ("messages", "role"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on the cells of `columns`."""

    columns: tuple[str, ...]
    passes: Callable[[Sequence[Value]], bool]
    likely: str = ""
    """A test in SQL that every row meets which passes; "" for none."""
    bindings: tuple[str, ...] = ()
    """Of `likely`."""

    @property
    def of_session(self) -> bool:
        """True where it depends on the session only."""
        return any("sessions." in column for column in self.columns)


Conditions = tuple[Condition, ...]


def row_conditions(layout: Layout, query: Query, session_filter: SessionFilter) -> Conditions:
    """Conditions of a query's filters on a file of this layout.

    `is:flagged` and `is:live` are not in the file: the caller passes their sessions as `session_filter`.
    """
    if not query.filters and session_filter is None:
        return ()
    conditions = [_text(layout, query, key) for key in _TEXTS if _filters(query, key)]
    if _filters(query, "tool"):
        conditions.append(_tool(layout, query))
    conditions += [_time(layout, item) for key in ("after", "before") for item in _filters(query, key)]
    conditions += [_flag(_archived(layout), item) for item in _filters(query, "is") if item.value == "archived"]
    conditions += [_flag(_reasoning(layout), item) for item in _filters(query, "has") if item.value == "reasoning"]
    if session_filter is not None:
        session_id = columns.text(layout, "messages", "session_id")
        conditions.append(Condition((session_id,), lambda row: session_filter(cell_values.text(row[0]) or "")))
    return tuple(conditions)


class SessionConditions:
    """Conditions on sessions, tested once per session, since reading the end of a session's row can cost many pages."""

    def __init__(self, reader: Reader, conditions: Sequence[Condition]) -> None:
        self._reader, self._conditions = reader, conditions
        self._known: dict[Value, bool] = {}

    def load(self, id_cells: Iterable[Value], cancel: Cancel | None) -> None:
        """Test the sessions that are new, in one read transaction where no page is damaged; raises Interrupted.

        Of a session whose row is on a damaged page nothing is known, as of one without a row.
        """
        unknown = {cell for cell in id_cells if cell not in self._known}
        if not unknown:
            return
        sql = f"{self._select} WHERE id IN (SELECT value FROM json_each(?))"

        def _read(some: Sequence[Value]) -> list[Row]:
            ids = json.dumps([cell_values.text(cell) for cell in some])
            return self._reader.rows(sql, (ids,), cancel=cancel)

        rows = {row[0]: row[1:] for row in around_damage(_read, list(unknown), lambda *_: ())}
        self._known |= {cell: passes(self._conditions, rows.get(cell, self._absent)) for cell in unknown}

    def passing(self, cancel: Cancel | None) -> list[str] | None:
        """Ids of all sessions that pass; None where a message without a session's row may pass, too.

        Raises:
            Damaged: A row of a session cannot be read.
        """
        if passes(self._conditions, self._absent):
            return None
        likely = [item for item in self._conditions if item.likely]
        where = " WHERE " * bool(likely) + " AND ".join(item.likely for item in likely)
        bindings = tuple(value for item in likely for value in item.bindings)
        distinct = f"SELECT DISTINCT {', '.join(self._names)} FROM sessions{where}"
        passing = {cells for cells in self._reader.rows(distinct, bindings, cancel=cancel) if self._passes(cells)}
        rows = self._reader.rows(f"{self._select}{where}", bindings, cancel=cancel) if passing else []
        return [cell_values.text(row[0]) or "" for row in rows if row[1:] in passing]

    def _passes(self, cells: Row) -> bool:
        return passes(self._conditions, cells)

    @property
    def _names(self) -> list[str]:
        return [name for item in self._conditions for name in item.columns]

    @property
    def _select(self) -> str:
        return f"SELECT {', '.join(['CAST(sessions.id AS BLOB)', *self._names])} FROM sessions"

    @property
    def _absent(self) -> Row:
        """The cells of a session without a row."""
        return (None,) * sum(len(item.columns) for item in self._conditions)

    def __call__(self, row: Sequence[Value]) -> bool:
        """True where the session with this id passes; it was loaded before."""
        return self._known[row[0]]


def passes(conditions: Iterable[Condition], row: Sequence[Value]) -> bool:
    """True where a row, its cells in the order of the conditions' columns, passes all of them."""
    place = 0
    for condition in conditions:
        end = place + len(condition.columns)
        if not condition.passes(row[place:end]):
            return False
        place = end
    return True


def _filters(query: Query, key: str) -> tuple[Filter, ...]:
    return (*query.filters_of(key), *query.filters_of(key, negated=True))


def _text(layout: Layout, query: Query, key: str) -> Condition:
    plain, negated = query.filters_of(key), query.filters_of(key, negated=True)
    column = columns.text(layout, *_TEXTS[key])
    likely, bindings = _likely(".".join(_TEXTS[key]), plain) if layout.has(*_TEXTS[key]) else ("", ())
    return Condition((column,), lambda row: _passes_any(plain, negated, (cell_values.text(row[0]),)), likely, bindings)


def _likely(cell: str, plain: tuple[Filter, ...]) -> tuple[str, tuple[str, ...]]:
    """A test for a text that one of some filters may let pass; LIKE ends at a NUL and knows no accents."""
    if not plain or not all(item.value.isascii() for item in plain):
        return "", ()
    tests = " OR ".join(f"{cell} LIKE ? ESCAPE '\\'" for _ in plain)
    return f"({tests} OR octet_length({cell}) <> length({cell}))", tuple(
        f"%{columns.like(item.value)}%" for item in plain
    )


def _tool(layout: Layout, query: Query) -> Condition:
    """Condition on the tool of a result or of a call, whose JSON may be encoded twice (docs/format.md §3.3)."""
    plain, negated = query.filters_of("tool"), query.filters_of("tool", negated=True)

    def _passes(row: Sequence[Value]) -> bool:
        name, calls = cell_values.text(row[0]), cell_values.text(row[1])
        return _passes_any(plain, negated, (name, *_NAME.findall(calls or "")))

    return Condition(tuple(columns.text(layout, "messages", name) for name in ("tool_name", "tool_calls")), _passes)


@lru_cache(maxsize=4096)
def _passes_any(plain: tuple[Filter, ...], negated: tuple[Filter, ...], names: tuple[str | None, ...]) -> bool:
    """True where a plain filter passes for any of the names, and all negated ones for all names."""
    if plain and not any(admits(item, name) for item in plain for name in names):
        return False
    return all(admits(item, name) for item in negated for name in names)


def _time(layout: Layout, condition: Filter) -> Condition:
    bound = condition.timestamp or 0.0

    def _passes(row: Sequence[Value]) -> bool:
        timestamp = cell_values.timestamp(row[0])
        passes = timestamp is not None and (timestamp >= bound if condition.key == "after" else timestamp < bound)
        return passes is not condition.negated

    return Condition((columns.timestamp(layout, "messages", "timestamp"),), _passes)


def _archived(layout: Layout) -> str:
    return f"COALESCE({columns.whole(layout, 'sessions', 'archived')}, 0)"


def _reasoning(layout: Layout) -> str:
    return " + ".join(columns.n_bytes(layout, "messages", name) for name in ("reasoning", "reasoning_content"))


def _flag(column: str, condition: Filter) -> Condition:
    return Condition((column,), lambda row: (cell_values.integer(row[0]) != 0) is not condition.negated)
