"""Rows of which the trigram index may lack something, found once for each state of the file.

A content that begins with a NUL (docs/format.md §3.2) has no trigram in what older versions of SQLite wrote: FTS5 keeps
the number of tokens of each row in some bytes (sqlite.org/fts5.html, the columnsize option), so that only rows without
any are looked at. In the last two characters of a text no trigram starts: layout B has the calls of tools there.
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import apsw

from ...base.cancel import Cancel
from ...base.late_dataclass import replace
from ...query.ast import Query
from ..base import cell_values
from ..base.schema_probe import TRIGRAM, Layout
from ..connect.reader import Reader
from .fts5_match import match_trigrams
from .scan_ranges import ScanRange

SIZES = f"{TRIGRAM}_docsize"
_ROWS = 65_536
"""Rows of one read transaction."""
_HIGHEST = (1 << 63) - 1
_MOST_KEPT = 10_000

_kept: WeakKeyDictionary[Reader, dict[str, tuple[int, tuple[int, ...] | None]]] = WeakKeyDictionary()
"""What was found, by its kind, at a version of the data."""


def lost_among(reader: Reader, layout: Layout, scan: ScanRange, cancel: Cancel | None) -> ScanRange | None:
    """The rows of a range that the index may lack, to be verified; None where they are not known.

    Raises:
        Interrupted: It was cancelled.
        StoreError: The messages cannot be read.
    """
    ids = blank_rows(reader, layout, cancel)
    if scan.unindexed is not None and scan.unindexed.bindings and ids is not None:  # short words
        ends = ending_rows(reader, layout, cancel)
        ids = None if ends is None else tuple(sorted({*ids, *ends}, reverse=True))
    return None if ids is None else replace(scan, table=None, ids=ids, unindexed=None, verified=True)


def nothing_lost(reader: Reader, query: Query, version: int) -> bool:
    """True where it is known that the index lacked no row for a query's words at a version of the data."""
    kept = _kept.get(reader, {})
    kinds = ["blank"] if match_trigrams(query) else ["blank", "ending"]
    return all(kept.get(kind) == (version, ()) for kind in kinds)


def blank_rows(reader: Reader, layout: Layout, cancel: Cancel | None) -> tuple[int, ...] | None:
    """Ids of contents that begin with a NUL and have no trigram, newest first; None where that is not known.

    Raises:
        Interrupted: It was cancelled.
        StoreError: The messages cannot be read.
    """
    if layout.trigram != "B" or SIZES not in layout.tables:
        return None
    condition = "sizes.sz = x'00' AND substr(CAST(messages.content AS BLOB), 1, 1) = x'00'"
    source = f"{SIZES} AS sizes CROSS JOIN messages ON messages.id = sizes.id"
    return _found(reader, "blank", f"SELECT sizes.id FROM {source} WHERE {condition} AND sizes.id", SIZES, cancel)


def ending_rows(reader: Reader, layout: Layout, cancel: Cancel | None) -> tuple[int, ...] | None:
    """The same of messages whose tool's name or calls end beyond ASCII."""
    names = [name for name in ("tool_name", "tool_calls") if layout.has("messages", name)]
    if layout.trigram != "B" or not names:
        return None
    ends = " OR ".join(f"octet_length(substr({name}, -2)) > length(substr({name}, -2))" for name in names)
    return _found(reader, "ending", f"SELECT id FROM messages NOT INDEXED WHERE ({ends}) AND id", "messages", cancel)


def _found(reader: Reader, kind: str, sql: str, table: str, cancel: Cancel | None) -> tuple[int, ...] | None:
    """Ids by a statement that goes on with a range, of the whole table."""
    version, kept = reader.data_version(), _kept.setdefault(reader, {})
    if (known := kept.get(kind)) is None or known[0] != version:
        try:
            ids = tuple(_ids(reader, sql, table, cancel))
        except (apsw.SQLError, apsw.CorruptError):
            return None
        known = kept[kind] = version, ids if len(ids) <= _MOST_KEPT else None
    return known[1]


def _ids(reader: Reader, sql: str, table: str, cancel: Cancel | None) -> Iterator[int]:
    """The ids, newest first, in read transactions of bounded length."""
    below: int | None = _HIGHEST
    while below is not None:

        def _read(connection: apsw.Connection, _: Layout, below: int = below) -> tuple[list[int], int | None]:
            edge = f"SELECT id FROM {table} WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET {_ROWS - 1}"
            last = connection.execute(edge, (below,)).fetchall()
            lowest = cell_values.integer(last[0][0]) if last else None
            bounds = (-_HIGHEST if lowest is None else lowest, below - 1)
            rows = connection.execute(f"{sql} BETWEEN ? AND ? ORDER BY 1 DESC", bounds).fetchall()
            return [cell_values.integer(row[0]) for row in rows], lowest

        found, below = reader.read(_read, cancel=cancel)
        yield from found
