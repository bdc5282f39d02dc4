"""Messages that may have a text, from their cells as they are stored: a find decodes those alone."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ...base.errors import Damaged
from ..base import cell_values, column_sql
from ..base.cell_values import Value
from ..connect.reader import Reader

MAX_IDS = 4_096
"""Messages of one read transaction."""
_COLUMNS = ("content", "tool_calls", "reasoning_content", "reasoning")


def containing(reader: Reader, ids: Sequence[int], words: str) -> frozenset[int]:
    """Messages of which a cell has a text in any case, or may have it where LIKE does not see it.

    LIKE ends at a NUL (docs/format.md §3.2), so a cell with one is taken for such.
    All ids where a page is damaged or a cell is larger than what is read.

    Args:
        reader: The store.
        ids: At most MAX_IDS.
        words: ASCII, of characters that JSON does not escape.
    """
    if len(ids) > MAX_IDS:
        raise ValueError(f"{len(ids)} messages were asked for at once, at most {MAX_IDS} may be")
    layout, pattern = reader.layout, f"%{column_sql.like(words)}%"
    cells = [f"messages.{name}" for name in _COLUMNS if layout.has("messages", name)]
    if not cells or not ids:
        return frozenset(ids)
    source, keys = _source(ids)
    try:
        tests = " OR ".join(map(_test, cells))
        rows = reader.rows(f"SELECT messages.id FROM {source} AND ({tests})", (*keys, *[pattern] * len(cells)))
    except Damaged:
        return frozenset(ids)
    return frozenset(cell_values.integer(row[0]) for row in rows)


def _source(ids: Sequence[int]) -> tuple[str, tuple[Value, ...]]:
    """Rows of some ids; those without a gap are a range of the table, which costs a third of looking up each."""
    first, last = min(ids), max(ids)
    if last - first + 1 == len(ids) == len(set(ids)):
        return "messages WHERE messages.id BETWEEN ? AND ?", (first, last)
    named = "json_each(?) AS named CROSS JOIN messages ON messages.id = named.value WHERE 1"
    return named, (json.dumps(list(ids)),)


def _test(cell: str) -> str:
    """True for a cell that has the text or a NUL; an empty column costs one look, and printf ends at a NUL too."""
    has_nul = f"octet_length(printf('%s', {cell})) <> octet_length({cell})"
    return f"({cell} IS NOT NULL AND ({cell} LIKE ? ESCAPE '\\' OR {has_nul}))"
