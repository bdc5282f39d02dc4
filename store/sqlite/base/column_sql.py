"""SQL for a column that a file may lack or that may hold anything at all (docs/format.md §2.1, §2.5).

Text is read as bytes, so that bad UTF-8 raises nothing and a NUL cuts nothing off; `cells.text` makes it text again.
Numbers are cast, so that text in their place is a number too; `cells.moment` refuses the impossible ones.
A column that is absent reads as NULL.
"""

from __future__ import annotations

from .schema_probe import Layout


def text(layout: Layout, table: str, name: str) -> str:
    """The column as bytes."""
    return f"CAST({table}.{name} AS BLOB)" if layout.has(table, name) else "NULL"


def real(layout: Layout, table: str, name: str) -> str:
    """The column as a float."""
    return f"CAST({table}.{name} AS REAL)" if layout.has(table, name) else "NULL"


def whole(layout: Layout, table: str, name: str) -> str:
    """The column as an integer."""
    return f"CAST({table}.{name} AS INTEGER)" if layout.has(table, name) else "NULL"


def n_bytes(layout: Layout, table: str, name: str) -> str:
    """Bytes in the column, 0 for NULL; `length()` would stop at a NUL
    (docs/format.md §3.2), this reads the header alone."""
    return f"COALESCE(octet_length({table}.{name}), 0)" if layout.has(table, name) else "0"


def active(layout: Layout) -> str:
    """True for a message that was not taken back; NULL counts as active (docs/format.md §2.1)."""
    return "messages.active IS NOT 0" if layout.has("messages", "active") else "1"


def compacted(layout: Layout) -> str:
    """True for a message that a compaction in place put aside (docs/format.md §3.4)."""
    if not layout.has("messages", "active") or not layout.has("messages", "compacted"):
        return "0"
    return "(messages.active IS 0 AND messages.compacted IS 1)"


def findable(layout: Layout) -> str:
    """True for a message that a search finds: active, or kept by a compaction in place (docs/format.md §3.4)."""
    if not layout.has("messages", "active"):
        return "1"
    compacted = " OR messages.compacted IS 1" if layout.has("messages", "compacted") else ""
    return f"(messages.active IS NOT 0{compacted})"


def like(fragment: str) -> str:
    r"""The fragment with LIKE's wildcards escaped, for `LIKE ? ESCAPE '\'`."""
    return fragment.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
