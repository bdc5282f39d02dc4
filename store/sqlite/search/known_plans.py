"""Plans of searches, kept as long as nothing is committed: a query is planned for its hits, their order and number.

Whether any word is behind an escape (`escaped_words`) is looked up once, and most words never are.
"""

from __future__ import annotations

from typing import cast

import apsw

from ...base.late_dataclass import replace
from ...query.ast import Query
from ..base.schema_probe import Layout
from ..connect.reader import Known
from .plan import plan
from .scan_ranges import ScanRange

_MOST = 64
"""Queries of which plans are kept; each letter typed is one."""
_MOST_IDS = 2_000
"""Candidates of a plan that is kept."""

_FEW_TERMS = 4
"""Terms of a query for which it is looked up whether any is behind an escape."""

_Plans = dict[tuple[Query, bool], tuple[ScanRange, ...]]


def planned(
    connection: apsw.Connection, layout: Layout, known: Known, query: Query, *, whole: bool = False
) -> tuple[ScanRange, ...]:
    """The ranges to search for a query's words, newest ids first, as `plan` gives them.

    Args:
        known: What is known at this state of the file (`Reader.read_known`); the plan is added.
        whole: It is known that the index has lost no row (`lost_rows`).
    """
    plans = cast("_Plans", known.setdefault(planned, {}))
    if (found := plans.get((query, whole))) is None:
        found = tuple(plan(connection, layout, query))
        if len(query.terms) + len(query.none_of) <= _FEW_TERMS and not found[0].brief:  # else it may cost the most
            found = tuple(_without_empty(connection, item) for item in found)
        if whole:
            found = tuple(replace(item, unindexed=None) if item.unindexed else item for item in found)
        if sum(len(item.ids or ()) for item in found) <= _MOST_IDS:
            if len(plans) >= _MOST:
                plans.clear()
            plans[query, whole] = found
    return found


def _without_empty(connection: apsw.Connection, item: ScanRange) -> ScanRange:
    """A range without the rows that its expression lacks, where the index has none at all."""
    if item.escapes is None or item.lacking is None:
        return item
    sql = f"SELECT 1 FROM {item.table} WHERE {item.table} MATCH ? LIMIT 1"
    try:
        for expression in (item.escapes.possible, item.escapes.expression):
            if not connection.execute(sql, (expression,)).fetchall():
                return replace(item, escapes=replace(item.escapes, expression="") if item.escapes.mistaken else None)
    except (apsw.SQLError, apsw.CorruptError):  # the search itself says so
        pass
    return item
