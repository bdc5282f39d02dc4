"""Messages that may have a text, from their cells as they are stored: a find decodes those alone."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ...base.errors import Damaged
from ..base import cell_values, column_sql
from ..connect.reader import Reader

MAX_IDS = 4_096
"""Messages of one read transaction."""
_COLUMNS = ("content", "tool_calls", "reasoning_content", "reasoning")


def containing(reader: Reader, ids: Sequence[int], words: str) -> frozenset[int]:
    """Messages of which a cell has a text in any case, or may have it where LIKE does not see it.

    LIKE ends at a NUL (docs/format.md §3.2), so a cell with one is taken for such. All ids where a page is damaged.

    Args:
        reader: The store.
        ids: At most MAX_IDS.
        words: ASCII, of characters that JSON does not escape.
    """
    if len(ids) > MAX_IDS:
        raise ValueError(f"{len(ids)} messages were asked for at once, at most {MAX_IDS} may be")
    layout, pattern = reader.layout, f"%{column_sql.like(words)}%"
    names = [name for name in _COLUMNS if layout.has("messages", name)]
    if not names:
        return frozenset(ids)
    tests = " OR ".join(_test(f"messages.{name}") for name in names)
    sql = (
        f"SELECT messages.id FROM json_each(?) AS named CROSS JOIN messages ON messages.id = named.value WHERE {tests}"
    )
    try:
        rows = reader.rows(sql, (json.dumps(list(ids)), *[pattern] * len(names)))
    except Damaged:
        return frozenset(ids)
    return frozenset(cell_values.integer(row[0]) for row in rows)


def _test(cell: str) -> str:
    return column_sql.blob(cell, f"{cell} LIKE ? ESCAPE '\\' OR instr({cell}, char(0)) > 0", "1")
