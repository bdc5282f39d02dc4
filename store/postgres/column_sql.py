"""SQL expressions for columns that may be absent, which read as NULL; functions and casts are pg_catalog's."""

from __future__ import annotations

from .schema_probe import Layout

SEARCHED_TEXTS = ("content", "tool_name", "tool_calls")
"""Columns of a message whose words are found."""
NO_CALLS, BLANK = 4, 64
"""Bytes that calls without one have at most, and a content without a word."""
_SHORT = 65_536
_INLINE = 1_000
"""Bytes up to which a text lies in its row as it is, mostly."""


def column(layout: Layout, table: str, name: str, *, alias: str = "") -> str:
    """The column, or NULL.

    Args:
        alias: Of the table in the statement; its own name where it is empty.
    """
    return f'{alias or table}."{name}"' if layout.has(table, name) else "NULL"


def text(layout: Layout, table: str, name: str) -> str:
    """The column as text; bytes stay bytes."""
    return f"({column(layout, table, name)})::text"


def searched_texts(layout: Layout) -> tuple[str, ...]:
    """What of a message is searched, as `SEARCHED_TEXTS`, and the reasoning of an answer that has nothing else."""
    texts = tuple(text(layout, "messages", name) for name in SEARCHED_TEXTS)
    reasons = ", ".join(f"NULLIF({text(layout, 'messages', name)}, '')" for name in ("reasoning", "reasoning_content"))
    content, calls = (n_bytes(layout, "messages", name) for name in ("content", "tool_calls"))
    blank = f"pg_catalog.btrim({texts[0]}, E' \\t\\n\\r') = ''"
    alone = f"role = 'assistant' AND {calls} <= {NO_CALLS} AND ({content} = 0 OR {content} <= {BLANK} AND {blank})"
    return (*texts, f"CASE WHEN {alone} THEN COALESCE({reasons}) END")


def searched_once(layout: Layout) -> str:
    """The columns by which a search decides; a text that may be compressed or lie elsewhere is read once for all tests
    of it.
    """
    return ", ".join(_read_once(name) if name in SEARCHED_TEXTS else f'"{name}"' for name in layout.searched_columns)


def _read_once(name: str) -> str:
    cell = f'"{name}"::text'
    return f"""CASE WHEN pg_catalog.octet_length({cell}) > {_INLINE} THEN {cell} || '' ELSE {cell} END AS "{name}\""""


def short_text(layout: Layout, table: str, name: str) -> str:
    """The first 64 KB of it."""
    return f"pg_catalog.left({text(layout, table, name)}, {_SHORT})"


def whole(layout: Layout, table: str, name: str) -> str:
    """The column as an integer, 0 for NULL."""
    return f"COALESCE(({column(layout, table, name)})::bigint, 0)"


def n_bytes(layout: Layout, table: str, *names: str) -> str:
    """Bytes in some columns together."""
    known = [name for name in names if layout.has(table, name)]
    parts = [f"COALESCE(pg_catalog.octet_length({text(layout, table, name)}), 0)" for name in known]
    return f"({' + '.join(parts)})" if parts else "0"


def active(layout: Layout) -> str:
    """True for a message that was not undone and is not gone from the home; NULL counts as active."""
    if layout.has("messages", "hermes_tui_gone_at"):
        return "(COALESCE(messages.active, 1) <> 0 AND messages.hermes_tui_gone_at IS NULL)"
    return f"(COALESCE({column(layout, 'messages', 'active')}, 1) <> 0)" if layout.has("messages", "active") else "true"


def compacted(layout: Layout) -> str:
    """True for a message that a compaction in place deactivated."""
    if not layout.has("messages", "active") or not layout.has("messages", "compacted"):
        return "false"
    return f"(NOT {active(layout)} AND COALESCE(messages.compacted, 0) = 1)"


def findable(layout: Layout) -> str:
    """True for a message that a search finds; one that is not active may still be compacted."""
    if compacted(layout) == "false":
        return active(layout)
    return f"({active(layout)} OR COALESCE(messages.compacted, 0) = 1)"


def like(fragment: str) -> str:
    r"""The fragment with LIKE's wildcards escaped by a backslash, which is PostgreSQL's own."""
    return fragment.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
