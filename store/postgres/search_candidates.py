"""Candidates of a search: what is read of them, and which of them match."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.cancel import Cancel, raise_if_cancelled
from ..query.ast import Query
from ..query.matcher import accepts
from . import cells, column_sql, terms
from .reader import Reader, Row
from .row_filters import Filters
from .schema_probe import Layout
from .search_plan import Plan


class Candidates:
    """Those of one search."""

    def __init__(
        self, reader: Reader, query: Query, plan: Plan, filters: Filters, *, states: str, cancel: Cancel | None
    ) -> None:
        self._reader, self._query, self._plan, self._filters, self._cancel = reader, query, plan, filters, cancel
        self._layout = reader.layout
        self.states = states
        """SQL: true for messages that are searched."""
        self.is_lean = bool(plan.decides) and not filters.any
        """The server decides about most, so that ids are enough."""
        self.examined = 0

    def rows(self, ids: Sequence[int]) -> list[Row]:
        """What decides about some candidates, the highest id first."""
        sql = (
            f"SELECT {self.columns()} FROM {self._layout.messages} AS messages{self.joined()}"
            f" WHERE messages.id = ANY(%s) AND {self.states} ORDER BY messages.id DESC"
        )
        return self._reader.rows(sql, (*self.decisive, list(ids)), cancel=self._cancel)

    @property
    def decisive(self) -> tuple[object, ...]:
        """What `columns` binds."""
        return self._plan.deciding if self.is_lean else ()

    def columns(self) -> str:
        """Id, whether the index decides, the text where it is read at once, cells of filters."""
        if self.is_lean:
            return f"messages.id, ({self._plan.decides})"
        long = self._plan.perhaps_long
        texts: Sequence[str] = column_sql.searched_texts(self._layout)
        if self._plan.certain and self._plan.matches:
            texts = [f"CASE WHEN {long} THEN {text} END" for text in texts]
        decided = f"({long}) IS NOT TRUE" if self._plan.certain and self._plan.matches else "false"
        return ", ".join(("messages.id", decided, *texts, *self._filters.columns))  # NULL where a row has no calls

    def joined(self) -> str:
        """The sessions that filters look at."""
        if not self._filters.any:
            return ""
        return f" LEFT JOIN {self._layout.sessions} AS sessions ON sessions.id = messages.session_id"

    def matching(self, rows: Sequence[Row]) -> list[int]:
        """Ids of the rows of `columns` that match."""
        raise_if_cancelled(self._cancel)
        if self.is_lean:
            return self._decided(rows)
        found = []
        filtered = 2 + len(column_sql.searched_texts(self._layout))
        for row in rows:
            raise_if_cancelled(self._cancel)
            self.examined += 1
            row_id, decided, *texts = row[:filtered]
            if not self._filters.passes(row[filtered:]):
                continue
            if decided or accepts(self._query, terms.searched_text(*texts)):
                found.append(cells.integer(row_id))
        return found

    def _decided(self, rows: Sequence[Row]) -> list[int]:
        """The rows that the server decided, and others whose text has the words."""
        self.examined += len(rows)
        perhaps = [cells.integer(row_id) for row_id, decided in rows if not decided]
        right = self.confirmed(perhaps) if perhaps else frozenset[int]()
        return [cells.integer(row_id) for row_id, decided in rows if decided or row_id in right]

    def confirmed(self, ids: Sequence[int]) -> frozenset[int]:
        """Those whose texts match."""
        pages = self._reader.pages(texts_statement(self._layout), ids, cancel=self._cancel) if ids else ()
        return frozenset(
            cells.integer(row_id) for row_id, *parts in pages if accepts(self._query, terms.searched_text(*parts))
        )


def texts_statement(layout: Layout) -> str:
    """Binds ids: the texts that a search looks at."""
    texts = ", ".join(column_sql.searched_texts(layout))
    return f"SELECT id, {texts} FROM {layout.messages} AS messages WHERE id = ANY(%s)"
