"""Schemas of one database that are asked at once: several in one read-only transaction, each alone where that fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..base.errors import Locked, StoreError, Unreachable
from ..engine.fleet import State
from ..engine.push_target import FILE_IDS
from . import cells, column_sql
from .changes import STRUCTURE, revision
from .reader import Reader, Row
from .schema_probe import Layout

T = TypeVar("T")

SECONDS = 2.0
"""Time limit of a statement for many schemas; whichever takes longer is asked by itself."""
NEWEST_ROWS = 64
"""Newest message rows whose times are looked at: a clock may have been set back, and an import writes old messages."""
FILE_ROWS = 512
"""Rows of files whose times are looked at; they are in no order of time."""


class SchemaFleet:
    """Implements `engine.fleet.Fleet`.

    Args:
        readers: Of the schemas, all of one database.
    """

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = readers

    def newest(self, places: Sequence[int]) -> list[float | None]:
        """Times that nothing of each schema is newer than."""
        return self._each(places, self._newest, None)

    def stamp(self) -> str:
        """The transactions that are visible: a commit in any schema changes them."""
        return str(self._readers[0].rows("SELECT pg_catalog.pg_current_snapshot()::text")[0][0])

    def states(self, places: Sequence[int]) -> list[State | None]:
        """Structure, revision and highest id of each schema."""
        return self._each(places, self._states, None)

    def _each(self, places: Sequence[int], ask: Callable[[list[Reader]], list[T]], otherwise: T) -> list[T]:
        """The answers of some schemas at once; where that fails each half of them is asked, or each alone."""
        readers = [self._readers[place] for place in places]
        if not readers:
            return []
        try:
            readers[0].look_up(readers)
            if all(reader.known_layout for reader in readers):
                return ask(readers)
            readable = [place for place in places if self._readers[place].known_layout]
            answers = dict(zip(readable, self._each(readable, ask, otherwise), strict=True))
            return [answers.get(place, otherwise) for place in places]
        except Unreachable:
            return [otherwise] * len(places)
        except StoreError as error:
            if len(places) == 1:
                return [otherwise]
            part = 1 if isinstance(error, Locked) else len(places) // 2  # each further try would wait as long
            parts = (places[start : start + part] for start in range(0, len(places), part))
            return [answer for some in parts for answer in self._each(some, ask, otherwise)]

    def _newest(self, readers: list[Reader]) -> list[float | None]:
        statements = [(_newest_statement(reader.layout), ()) for reader in readers]
        return [_bound(rows[0]) for rows in readers[0].batch(statements, seconds=SECONDS)]

    def _states(self, readers: list[Reader]) -> list[State | None]:
        layouts = [reader.layout for reader in readers]
        statements = [(f"SELECT ({revision(layout)}), ({_highest(layout)})", ()) for layout in layouts]
        schemas = [layout.schema for layout in layouts]
        structure, *found = readers[0].batch([(STRUCTURE, (schemas,)), *statements], seconds=SECONDS)
        by_schema: dict[object, list[Row]] = {}
        for schema, oid, stamp, columns, indexes in structure:
            by_schema.setdefault(schema, []).append((oid, stamp, columns, str(indexes)))
        return [
            State((tuple(by_schema.get(schema, ())), rows[0][0]), cells.integer(rows[0][1]))
            for schema, rows in zip(schemas, found, strict=True)
        ]


def _highest(layout: Layout) -> str:
    return f"SELECT max(id) FROM {layout.messages} WHERE id < {FILE_IDS}"


def _newest_statement(layout: Layout) -> str:
    """The newest times of written messages, of starts, and of messages of files; how many of the last were seen."""
    time = column_sql.column(layout, "messages", "timestamp")
    table = f"SELECT {time} AS time FROM {layout.messages} AS messages WHERE id"
    written = f"{table} < {FILE_IDS} ORDER BY id DESC LIMIT {NEWEST_ROWS}"
    files = f"{table} >= {FILE_IDS} LIMIT {FILE_ROWS + 1}" if layout.is_ours else "SELECT 0 AS time WHERE false"
    return (
        "SELECT written.time, started.time, files.time, files.many FROM"
        f" (SELECT max(time) AS time FROM ({written}) AS rows) AS written,"
        f" (SELECT max(started_at) AS time FROM {layout.sessions}) AS started,"
        f" (SELECT max(time) AS time, count(*) AS many FROM ({files}) AS rows) AS files"
    )


def _bound(row: Row) -> float:
    *times, files = row
    known = [cells.timestamp(time) for time in times if time is not None]
    if None in known or cells.integer(files) > FILE_ROWS:
        return math.inf
    return max([0.0, *(time for time in known if time is not None)])
