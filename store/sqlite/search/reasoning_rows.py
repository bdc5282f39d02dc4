"""Answers that stand in their reasoning alone: no index has that column, but each has the number of a row's words.

FTS5 keeps it in `messages_fts_docsize`, one integer a column (sqlite.org/fts5.html, the columnsize option): a row
without words is found in some bytes, where a scan of the messages reads every page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from weakref import WeakKeyDictionary

import apsw

from ...base.cancel import Cancel
from ...base.fallbacks import Fallback, FallbackKind, IndexGap
from ...base.late_dataclass import replace
from ...query.ast import Query
from ..base import cell_values
from ..base.schema_probe import FTS, Layout
from ..connect.reader import Reader, Row
from .scan_ranges import ScanRange, reasoning_alone

SIZES = f"{FTS}_docsize"
_ROWS = 65_536
"""Sizes that are read in one transaction."""
_HIGHEST = (1 << 63) - 1
_MOST_KEPT = 100_000
_kept: WeakKeyDictionary[Reader, tuple[int, tuple[int, ...]]] = WeakKeyDictionary()
"""Ids of all such messages of a file, at a version of the data: each search asks for them to its end."""


def possible(layout: Layout, query: Query, ranges: Sequence[ScanRange]) -> bool:
    """True where an index is searched for words that such a message may have."""
    roles = {item.value for item in query.filters_of("role")}
    known = SIZES in layout.tables and reasoning_alone(layout) != "NULL"
    return query.has_words and known and (not roles or "assistant" in roles) and any(map(_is_indexed, ranges))


def candidates(
    reader: Reader,
    layout: Layout,
    query: Query,
    ranges: Sequence[ScanRange],
    cancel: Cancel | None,
    *,
    version: int,
) -> Iterator[ScanRange]:
    """Ranges of such messages among those of an index, newest first, each after a read transaction of its own.

    Where the sizes cannot be read the last one is empty and says so.

    Args:
        version: Of the data, from before this call.

    Raises:
        Interrupted: It was cancelled.
        StoreError: The messages cannot be read.
    """
    indexed = [item for item in ranges if _is_indexed(item)] if possible(layout, query, ranges) else []
    if (kept := _kept.get(reader)) is not None and kept[0] == version:
        for item in indexed if kept[1] else ():
            yield ScanRange(None, "", verified=True, below=item.below, above=item.above, ids=kept[1])
        return
    found: list[ScanRange] = []
    for item in indexed:
        for part in _parts(reader, layout, item, cancel):
            found.append(part)
            yield part
    ids = tuple(row for part in found for row in part.ids or ())
    is_whole = [(item.below, item.above) for item in indexed] == [(None, None)]
    if is_whole and len(ids) <= _MOST_KEPT and not any(part.fallback for part in found):
        _kept[reader] = version, ids


def _parts(reader: Reader, layout: Layout, item: ScanRange, cancel: Cancel | None) -> Iterator[ScanRange]:
    """The messages of one range, a transaction each."""
    below, more = item.below, True
    while more:
        ids, below = _read(reader, layout, replace(item, below=below), cancel)
        more = below is not None
        if ids is None:
            unread = Fallback(FallbackKind.GAPS, (IndexGap.REASONING,))
            yield ScanRange(None, "", verified=True, ids=(), fallback=unread)
        elif ids:
            yield ScanRange(None, "", verified=True, ids=ids)


def _is_indexed(item: ScanRange) -> bool:
    return not item.brief and (item.table is not None or item.ids is not None)


def _read(
    reader: Reader, layout: Layout, item: ScanRange, cancel: Cancel | None
) -> tuple[tuple[int, ...] | None, int | None]:
    """Ids of one transaction, None where the sizes cannot be read; the id below which the next one reads, if any."""
    bounds = (_HIGHEST if item.below is None else item.below, -_HIGHEST if item.above is None else item.above)
    sql = (
        f"SELECT sizes.id FROM {SIZES} AS sizes CROSS JOIN messages ON messages.id = sizes.id"
        f" WHERE sizes.id < ? AND sizes.id > ? AND sizes.sz = zeroblob({len(layout.fts_columns)})"
        f" AND {reasoning_alone(layout)} IS NOT NULL ORDER BY sizes.id DESC"
    )

    def _found(connection: apsw.Connection, _: Layout) -> tuple[tuple[int, ...] | None, int | None]:
        edge = f"SELECT id FROM {SIZES} WHERE id < ? AND id > ? ORDER BY id DESC LIMIT 1 OFFSET {_ROWS - 1}"
        try:
            last: list[Row] = connection.execute(edge, bounds).fetchall()
            below = cell_values.integer(last[0][0]) if last else None
            rows = connection.execute(sql, (bounds[0], bounds[1] if below is None else below - 1)).fetchall()
        except (apsw.SQLError, apsw.CorruptError):
            return None, None
        return tuple(cell_values.integer(row[0]) for row in rows), below

    return reader.read(_found, cancel=cancel)
