"""Where row order is not time: blocks of old messages that a repair put at the end of the table.

A search goes by row ids, because they cost nothing to follow (docs/performance.md §2), and they rise with time as long
as every message is written when it is said. A repair writes what is old; its journal says which ids it took, so that
the block can be searched where its newest message belongs.
Hermes itself rewrites a session's rows at times (compaction in place, /retry, import): nothing tells which they were,
so they are sorted by time only inside the batch that they come in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from ...base.strict_json import BadJson, load
from ..base import cell_values
from ..base.schema_probe import Layout
from ..connect.reader import Reader

JOURNAL = "hermes_tui_operations"
MAX_BLOCKS = 32
"""Blocks that are put in their place, those of the newest rows."""


@dataclass(frozen=True, slots=True)
class IdRange:
    """Ids between two exclusive bounds, None where there is none."""

    below: int | None = None
    above: int | None = None


@dataclass(frozen=True, slots=True)
class RepairedBlock:
    """Ids that one repair took, and the id before which its newest message was said."""

    first: int
    last: int
    place: int


def ranges(reader: Reader, layout: Layout) -> list[IdRange]:
    """All ids in pieces, those first that were said last."""
    known = all(layout.has(JOURNAL, name) for name in ("operation", "step", "kind", "state", "entry"))
    if not known or not layout.has("messages", "timestamp"):
        return [IdRange()]
    return by_time(reader.read(lambda connection, _: _blocks(connection)))


def by_time(blocks: Sequence[RepairedBlock]) -> list[IdRange]:
    """The ids outside the blocks, parted where a block belongs, and the blocks there."""
    cuts = sorted({0, *(cut for one in blocks for cut in (one.place, one.first - 1, one.last))})
    pieces = [(one.place, 1, IdRange(one.last + 1, one.first - 1)) for one in blocks]
    for low, high in zip(cuts, [*cuts[1:], None], strict=True):
        if not any(one.first <= low + 1 <= one.last for one in blocks):
            pieces.append((low, 0, IdRange(None if high is None else high + 1, low or None)))
    return [piece for _, _, piece in sorted(pieces, key=lambda one: (-one[0], one[1]))]


_REPAIR = (
    f"SELECT CAST(entry AS BLOB) FROM {JOURNAL} WHERE operation {{}} AND step = 0 AND kind = 'repair'"
    " AND state <> 'undone'"
)
REPAIRS = " UNION ALL ".join(_REPAIR.format(range_) for range_ in ("< 'append '", "> 'append!'"))
"""Keyed appends lie in the same table, thousands of them: their names, which begin with one word, are passed over."""


def _blocks(connection: apsw.Connection) -> list[RepairedBlock]:
    found = []
    for base, size in sorted(_reserved(connection.execute(REPAIRS).fetchall()), reverse=True)[:MAX_BLOCKS]:
        newest = connection.execute(_AT, (base + size, base)).fetchall()
        timestamp = cell_values.timestamp(newest[0][1]) if newest else None
        if timestamp is not None:
            place = _place(connection, base, timestamp)
            if place < base:
                found.append(RepairedBlock(base + 1, base + size, place))
    return found


_AT = "SELECT id, CAST(timestamp AS REAL) FROM messages WHERE id <= ? AND id > ? ORDER BY id DESC LIMIT 1"


def _reserved(rows: list[tuple[apsw.SQLiteValue, ...]]) -> list[tuple[int, int]]:
    """(base, size) of the operations whose entry tells them."""
    found = []
    for (cell,) in rows:
        try:
            entry = load(cell_values.text(cell) or "")
        except BadJson:
            continue
        base, size = (entry.get("base"), entry.get("size")) if isinstance(entry, dict) else (None, None)
        if isinstance(base, int) and isinstance(size, int) and base > 0 and size > 0:
            found.append((base, size))
    return found


def _place(connection: apsw.Connection, base: int, timestamp: float) -> int:
    """The highest id up to `base` that was said no later than `moment`, by halving: as good as time rises with ids."""
    low, high = 0, base
    while low < high:
        middle = (low + high + 1) // 2
        row = connection.execute(_AT, (middle, low)).fetchall()
        if not row or (cell_values.timestamp(row[0][1]) or 0.0) <= timestamp:
            low = middle
        else:
            high = cell_values.integer(row[0][0]) - 1
    return low
