"""SQL expressions for columns that may be absent or hold any type (docs/format.md §2.1, §2.5).

Text is read as bytes, so that invalid UTF-8 raises nothing and a NUL truncates nothing; `cell_values.text` decodes it.
Numbers are cast, so that numeric text counts too; `cell_values.timestamp` rejects impossible times.
An absent column reads as NULL.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from ...formats import row_encoding
from .schema_probe import Layout

P = ParamSpec("P")
T = TypeVar("T")

_SHORT = 65_536
_GROUP = 50
"""Columns of a group; there are at most 2,000 columns, and an expression may be 200 deep."""


def once(make: Callable[Concatenate[Layout, P], T]) -> Callable[Concatenate[Layout, P], T]:
    """A function that makes SQL for a layout, called once for each layout and few arguments; no text of a query."""

    @wraps(make)
    def _made(layout: Layout, /, *args: P.args, **named: P.kwargs) -> T:
        key = (make, args, *named.items())
        if key not in layout.made:
            layout.made[key] = make(layout, *args, **named)
        return cast("T", layout.made[key])

    return _made


def text(layout: Layout, table: str, name: str) -> str:
    """The column as bytes."""
    return blob(f"{table}.{name}") if layout.has(table, name) else "NULL"


def blob(cell: str, shown: str = "", instead: str = "") -> str:
    """A cell as bytes; one that is larger than what connections read is not looked at.

    Args:
        cell: Its column.
        shown: What is made of it, an expression; all of its bytes where it is empty.
        instead: The expression for one that is too large: a sentence with its size where it is empty.
    """
    n_megabytes = f"((octet_length({cell}) + 524288) / 1048576)"
    placeholder = instead or f"CAST('too large to show (' || {n_megabytes} || ' MB)' AS BLOB)"
    return f"CASE WHEN {is_too_large(cell)} THEN {placeholder} ELSE {shown or f'CAST({cell} AS BLOB)'} END"


def is_too_large(cell: str) -> str:
    """True for a cell that no writer of ours makes, by the row's header."""
    return f"octet_length({cell}) > {row_encoding.MAX_ROW}"


def short_text(layout: Layout, table: str, name: str) -> str:
    """The first 64 KB of the column as bytes: of a name or a title nobody reads more, and a row may hold gigabytes."""
    column = text(layout, table, name)
    return column if column == "NULL" else f"substr({column}, 1, {_SHORT})"


def timestamp(layout: Layout, table: str, name: str) -> str:
    """A time as a float, or as the bytes of a text: imported rows have ISO dates (docs/format.md §3.4)."""
    column = f"{table}.{name}"
    if not layout.has(table, name):
        return "NULL"
    return f"CASE typeof({column}) WHEN 'text' THEN CAST({column} AS BLOB) ELSE CAST({column} AS REAL) END"


def whole(layout: Layout, table: str, name: str) -> str:
    """The column as an integer."""
    return f"CAST({table}.{name} AS INTEGER)" if layout.has(table, name) else "NULL"


def n_bytes(layout: Layout, table: str, name: str) -> str:
    """Bytes in the column, 0 for NULL, from the row's header; `length()` would stop at a NUL (docs/format.md §3.2)."""
    return f"COALESCE(octet_length({table}.{quoted(name)}), 0)" if layout.has(table, name) else "0"


def row_bytes(layout: Layout, table: str) -> str:
    """Bytes in all columns; in groups, because SQLite limits how deep an expression is."""
    parts = [n_bytes(layout, table, name) for name in sorted(layout.columns[table])]
    groups = (parts[start : start + _GROUP] for start in range(0, len(parts), _GROUP))
    return " + ".join(f"({' + '.join(group)})" for group in groups)


def active(layout: Layout) -> str:
    """True for a message that was not undone; NULL counts as active (docs/format.md §2.1)."""
    return "messages.active IS NOT 0" if layout.has("messages", "active") else "1"


def compacted(layout: Layout) -> str:
    """True for a message that a compaction in place deactivated (docs/format.md §3.4)."""
    if not layout.has("messages", "active") or not layout.has("messages", "compacted"):
        return "0"
    return "(messages.active IS 0 AND messages.compacted IS 1)"


def findable(layout: Layout) -> str:
    """True for a message that a search finds: active, or compacted in place (docs/format.md §3.4)."""
    if not layout.has("messages", "active"):
        return "1"
    compacted = " OR messages.compacted IS 1" if layout.has("messages", "compacted") else ""
    return f"(messages.active IS NOT 0{compacted})"


def quoted(name: str) -> str:
    """A column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def like(fragment: str) -> str:
    r"""The fragment with LIKE's wildcards escaped, for `LIKE ? ESCAPE '\'`."""
    return fragment.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
