"""Blocks of old messages that a repair put at the end of the table, where id order is not time order.

A search follows row ids, because they cost nothing (docs/performance.md §2), and they increase with time while messages
are written as they are sent. A repair inserts old messages; its journal has the ids it reserved, so that the block is
searched where its newest message belongs.
Hermes rewrites rows of a session, too (compaction in place, /retry, import); those are unknown, so they are sorted by
time only within a batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from ...base.late_dataclass import dataclass
from ..base import cell_values
from ..base.schema_probe import OPERATIONS as TABLE
from ..base.schema_probe import Layout

MAX_BLOCKS = 32
"""Blocks that are searched in time order, those of the newest rows."""


@dataclass(frozen=True, slots=True)
class IdRange:
    """Ids between two exclusive bounds, None for no bound."""

    below: int | None = None
    above: int | None = None


@dataclass(frozen=True, slots=True)
class RepairedBlock:
    """Ids reserved by one repair, and the last id whose message is older than its newest one."""

    first: int
    last: int
    place: int


def ranges(connection: apsw.Connection, layout: Layout) -> list[IdRange]:
    """All ids as ranges, the newest in time first."""
    known = all(layout.has(TABLE, name) for name in ("operation", "step", "kind", "state", "entry"))
    if not known or not layout.has("messages", "timestamp"):
        return [IdRange()]
    return by_time(_blocks(connection))


def by_time(blocks: Sequence[RepairedBlock]) -> list[IdRange]:
    """Ranges of ids in time order: the ids outside the blocks, split where a block belongs, and the blocks."""
    cuts = sorted({0, *(cut for block in blocks for cut in (block.place, block.first - 1, block.last))})
    ranges = [(block.place, 1, IdRange(block.last + 1, block.first - 1)) for block in blocks]
    for low, high in zip(cuts, [*cuts[1:], None], strict=True):
        if not any(block.first <= low + 1 <= block.last for block in blocks):
            ranges.append((low, 0, IdRange(None if high is None else high + 1, low or None)))
    return [ids for _, _, ids in sorted(ranges, key=lambda item: (-item[0], item[1]))]


_REPAIR = (
    f"SELECT CAST(entry AS BLOB) FROM {TABLE} WHERE operation {{}} AND step = 0 AND kind = 'repair'"
    " AND state <> 'undone'"
)
REPAIRS = " UNION ALL ".join(_REPAIR.format(range_) for range_ in ("< 'append '", "> 'append!'"))
"""Statement for the entries of repairs; thousands of keyed appends in the same table are skipped by their key."""


def _blocks(connection: apsw.Connection) -> list[RepairedBlock]:
    blocks = []
    for base, size in sorted(_reserved(connection.execute(REPAIRS).fetchall()), reverse=True)[:MAX_BLOCKS]:
        newest = connection.execute(_NEWEST, (base + size, base)).fetchall()
        timestamp = cell_values.timestamp(newest[0][1]) if newest else None
        if timestamp is not None:
            place = _place(connection, base, timestamp)
            if place < base:
                blocks.append(RepairedBlock(base + 1, base + size, place))
    return blocks


_NEWEST = "SELECT id, CAST(timestamp AS REAL) FROM messages WHERE id <= ? AND id > ? ORDER BY id DESC LIMIT 1"


def _reserved(rows: list[tuple[apsw.SQLiteValue, ...]]) -> list[tuple[int, int]]:
    """(base, size) of the operations that reserved ids."""
    from .repair_journal import entry_of

    reserved = []
    for (cell,) in rows:
        entry = entry_of(cell)
        base, size = entry.get("base"), entry.get("size")
        if isinstance(base, int) and isinstance(size, int) and base > 0 and size > 0:
            reserved.append((base, size))
    return reserved


def _place(connection: apsw.Connection, base: int, timestamp: float) -> int:
    """The highest id up to `base` with a message no later than a time, by bisection: time increases with ids."""
    low, high = 0, base
    while low < high:
        middle = (low + high + 1) // 2
        row = connection.execute(_NEWEST, (middle, low)).fetchall()
        if not row or (cell_values.timestamp(row[0][1]) or 0.0) <= timestamp:
            low = middle
        else:
            high = cell_values.integer(row[0][0]) - 1
    return low
