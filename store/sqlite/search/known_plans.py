"""Plans of searches, kept as long as nothing is committed: a query is planned for its hits, their order and number.

Whether any word is behind an escape (`escaped_words`) is looked up once, and most words never are.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import apsw

from ...base.late_dataclass import replace
from ...query.ast import Query
from ..base import cell_values
from ..base.schema_probe import Layout
from .plan import plan
from .scan_ranges import ScanRange

_MOST = 64
"""Queries of which plans are kept; each letter typed is one."""
_MOST_IDS = 10_000
"""Candidates of a plan that is kept."""

_Kept = tuple[int, Layout, dict[tuple[Query, bool], tuple[ScanRange, ...]]]
_kept: WeakKeyDictionary[apsw.Connection, _Kept] = WeakKeyDictionary()
"""The version of the data and the layout at which plans were made, by connection: versions are its own."""


def planned(connection: apsw.Connection, layout: Layout, query: Query, *, whole: bool = False) -> tuple[ScanRange, ...]:
    """The ranges to search for a query's words, newest ids first, as `plan` gives them.

    In a read transaction, with the layout that was probed in it.

    Args:
        whole: It is known that the index has lost no row (`lost_rows`).
    """
    [(cell,)] = connection.execute("PRAGMA data_version").fetchall()
    version = cell_values.integer(cell)
    kept = _kept.get(connection)
    if kept is None or kept[0] != version or kept[1] is not layout:
        kept = _kept[connection] = version, layout, {}
    if (known := kept[2].get((query, whole))) is None:
        known = tuple(_without_empty(connection, item) for item in plan(connection, layout, query))
        if whole:
            known = tuple(replace(item, unindexed=None) if item.unindexed else item for item in known)
        if sum(len(item.ids or ()) for item in known) <= _MOST_IDS:
            if len(kept[2]) >= _MOST:
                kept[2].clear()
            kept[2][query, whole] = known
    return known


def _without_empty(connection: apsw.Connection, item: ScanRange) -> ScanRange:
    """A range without the rows that its expression lacks, where the index has none at all."""
    if item.escapes is None or item.lacking is None:
        return item
    sql = f"SELECT 1 FROM {item.table} WHERE {item.table} MATCH ? LIMIT 1"
    try:
        if connection.execute(sql, (item.escapes.expression,)).fetchall():
            return item
    except (apsw.SQLError, apsw.CorruptError):  # the search itself says so
        return item
    return replace(item, escapes=replace(item.escapes, expression="") if item.escapes.mistaken else None)
