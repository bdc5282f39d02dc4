"""Agents' search: ranked by FTS5, or newest first by LIKE (docs/format.md §6.1–§6.4).

Hits are one read transaction; their context is read by `messages.window`.
"""

from __future__ import annotations

from itertools import pairwise

import apsw

from ...engine.search import AgentHit, AgentSearchOptions
from ...formats.row_encoding import storable
from ...query.tokenizer import cjk_runs
from ..base import cell_values, column_sql, error_mapping
from ..base.cell_values import Value
from ..base.schema_probe import FTS, TRIGRAM, Layout
from ..connect.reader import MESSAGES
from .fts5_sanitizer import OPERATORS, sanitise

_ORDERS = {"newest": "messages.timestamp DESC, rank", "oldest": "messages.timestamp ASC, rank"}


def search(
    connection: apsw.Connection, layout: Layout, words: str | None, options: AgentSearchOptions
) -> list[AgentHit]:
    """Hits of an agent's search; no text raises an error.

    A missing, stale, unfinished or damaged index is bypassed by LIKE, and so is the trigram index for Chinese,
    Japanese and Korean words that are too short for it.

    Args:
        words: As an agent typed them.

    Raises:
        StoreError: The file itself cannot be read.
    """
    match = sanitise(storable(words) or "")
    if not match or not layout.has(*MESSAGES):
        return []
    statement = _index_statement(layout, match, options)
    if statement is not None:
        try:
            return list(map(_agent_hit, connection.execute(*statement)))
        except apsw.Error as error:
            if not (error_mapping.is_index_error(error) or isinstance(error, apsw.SQLError)):
                raise
    return list(map(_agent_hit, connection.execute(*_like_statement(layout, match, options))))


def _index_statement(layout: Layout, match: str, options: AgentSearchOptions) -> tuple[str, list[Value]] | None:
    """Statement on the index for these words, None without a complete one."""
    if layout.stale or layout.unindexed:
        return None
    table = FTS
    if cjk_runs(match):
        if layout.trigram is None or not _have_trigrams(match) or _is_left_out(layout, options):
            return None
        table = TRIGRAM
        match = " ".join(word if word in OPERATORS else f'"{word}"' for word in _words(match))
    elif layout.fts is None:
        return None
    where, bindings = _conditions(layout, options)
    order = _ORDERS.get((options.sort or "").strip().lower(), "rank")
    snippet = column_sql.blob("messages.content", f"CAST(snippet({table}, -1, '>>>', '<<<', '...', 40) AS BLOB)")
    statement = (
        f"SELECT {_hit_columns(layout, snippet)} FROM {table} CROSS JOIN messages ON messages.id = {table}.rowid"
        f" CROSS JOIN sessions ON sessions.id = messages.session_id"
        f" WHERE {table} MATCH ?{where} ORDER BY {order} LIMIT ? OFFSET ?"
    )
    return statement, [match, *bindings, options.limit, options.offset]


def _like_statement(layout: Layout, match: str, options: AgentSearchOptions) -> tuple[str, list[Value]]:
    """Statement by LIKE, newest id first: any word with an OR in the text, else all; none that follows a NOT."""
    plain = _plain()
    names = [plain, *(f"messages.{name}" for name in ("tool_name", "tool_calls") if layout.has("messages", name))]
    contains = "(" + " OR ".join(f"IFNULL({name}, '') LIKE ? ESCAPE '\\'" for name in names) + ")"
    words = _words(match)
    included = [word for before, word in pairwise(["AND", *words]) if word not in OPERATORS and before != "NOT"]
    excluded = [word for before, word in pairwise(words) if word not in OPERATORS and before == "NOT"]
    tests = (" OR " if "OR" in words else " AND ").join([contains] * len(included))
    where, bindings = _conditions(layout, options)
    snippet = f"CAST(substr({plain}, max(1, instr({plain}, ?) - 40), 120) AS BLOB)"
    statement = (
        f"SELECT {_hit_columns(layout, snippet)} FROM messages CROSS JOIN sessions ON sessions.id = messages.session_id"
        f" WHERE ({tests}){f' AND NOT {contains}' * len(excluded)}{where} ORDER BY messages.id DESC LIMIT ? OFFSET ?"
    )
    patterns = [f"%{column_sql.like(word.rstrip('*'))}%" for word in (*included, *excluded) for _ in names]
    return statement, [included[0], *patterns, *bindings, options.limit, options.offset]


def _plain() -> str:
    """The content without the NUL at which LIKE and substr() would stop (docs/format.md §3.2)."""
    content = "CAST(messages.content AS BLOB)"
    plain = f"CASE substr({content}, 1, 1) WHEN x'00' THEN CAST(substr({content}, 2) AS TEXT) ELSE messages.content END"
    return column_sql.blob("messages.content", plain, "NULL")


def _conditions(layout: Layout, options: AgentSearchOptions) -> tuple[str, list[Value]]:
    """Conditions of the options; terms with `+` never become the outer loop."""
    where = "" if options.inactive else f" AND {column_sql.findable(layout)}"
    bindings: list[Value] = []
    for column, names, negated in (
        ("sessions.source", options.sources, ""),
        ("sessions.source", options.not_sources, "NOT "),
        ("messages.role", options.roles or None, ""),
    ):
        if names is not None:
            where += f" AND +{column} {negated}IN ({', '.join('?' * len(names))})"
            bindings.extend(map(storable, names))
    return where, bindings


def _hit_columns(layout: Layout, snippet: str) -> str:
    """Columns of a hit, in the order `_found` unpacks."""
    return ", ".join(
        (
            "messages.id",
            *(column_sql.text(layout, "messages", name) for name in ("session_id", "role")),
            snippet,
            column_sql.timestamp(layout, "messages", "timestamp"),
            column_sql.text(layout, "messages", "tool_name"),
            *(column_sql.text(layout, "sessions", name) for name in ("source", "model")),
            column_sql.timestamp(layout, "sessions", "started_at"),
        )
    )


def _agent_hit(row: tuple[Value, ...]) -> AgentHit:
    row_id, session_id, role, snippet, timestamp, tool, source, model, started = row
    return AgentHit(
        id=cell_values.integer(row_id),
        session_id=cell_values.text(session_id) or "",
        role=cell_values.text(role) or "",
        snippet=cell_values.text(snippet) or "",
        timestamp=cell_values.timestamp(timestamp),
        tool_name=cell_values.text(tool),
        source=cell_values.text(source) or "",
        model=cell_values.text(model),
        session_started=cell_values.timestamp(started),
    )


def _words(match: str) -> list[str]:
    """Words and operators, phrases split into words."""
    return match.replace('"', " ").split()


def _is_left_out(layout: Layout, options: AgentSearchOptions) -> bool:
    """True for options with rows that the trigram index lacks by design (docs/format.md §2.4, C)."""
    internal = {"cron", "subagent"}.intersection(options.sources or ())
    left_out = layout.trigram_leaves_out
    return ("tool" in left_out and "tool" in (options.roles or ())) or ("internal" in left_out and bool(internal))


def _have_trigrams(match: str) -> bool:
    """True where every word with Chinese, Japanese or Korean characters has three of them."""
    return all(sum(map(len, runs)) >= 3 for word in _words(match) if (runs := cjk_runs(word)))
