"""Search as agents ask for it: ranked by FTS5, or newest first by LIKE (docs/format.md §6.1–§6.4).

The hits are one critical section; what stands round them is asked for by `messages.window`, one section each.
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
from ..connect.reader import Reader
from .fts5_sanitizer import sanitise

OPERATORS = frozenset({"AND", "OR", "NOT"})

_ORDERS = {"newest": "messages.timestamp DESC, rank", "oldest": "messages.timestamp ASC, rank"}


def search(reader: Reader, words: str | None, asked: AgentSearchOptions) -> list[AgentHit]:
    """Hits of an agent's search: one critical section, nothing raised for what the words are.

    A missing, stale, unfinished or damaged index is gone round by LIKE, and so is the trigram index for Chinese,
    Japanese and Korean words that are too short for it.

    Args:
        words: As an agent typed them; `fts5_sanitizer` makes the expression.

    Raises:
        StoreError: The file itself cannot be read.
    """
    match = sanitise(storable(words) or "")
    return [_found(row) for row in reader.read(lambda connection, layout: _hits(connection, layout, match, asked))]


def _hits(
    connection: apsw.Connection, layout: Layout, match: str, asked: AgentSearchOptions
) -> list[tuple[Value, ...]]:
    if not match or not layout.has("messages", "session_id"):
        return []
    by_index = _matching(layout, match, asked)
    if by_index is not None:
        try:
            return list(connection.execute(*by_index))
        except apsw.Error as error:
            if not (error_mapping.is_index_error(error) or isinstance(error, apsw.SQLError)):
                raise
    return list(connection.execute(*_like(layout, match, asked)))


def _matching(layout: Layout, match: str, asked: AgentSearchOptions) -> tuple[str, list[Value]] | None:
    """The statement on the index that fits the words, None where no whole one does."""
    if layout.stale or layout.unindexed:
        return None
    table = FTS
    if cjk_runs(match):
        if layout.trigram is None or not _fit_trigrams(match) or _is_left_out(layout, asked):
            return None
        table = TRIGRAM
        match = " ".join(word if word in OPERATORS else f'"{word}"' for word in _words(match))
    elif layout.fts is None:
        return None
    where, bindings = _conditions(layout, asked)
    order = _ORDERS.get(asked.sort or "", "rank")
    snippet = f"CAST(snippet({table}, -1, '>>>', '<<<', '...', 40) AS BLOB)"
    statement = (
        f"SELECT {_facts(layout, snippet)} FROM {table} CROSS JOIN messages ON messages.id = {table}.rowid"
        f" CROSS JOIN sessions ON sessions.id = messages.session_id"
        f" WHERE {table} MATCH ?{where} ORDER BY {order} LIMIT ? OFFSET ?"
    )
    return statement, [match, *bindings, asked.limit, asked.offset]


def _like(layout: Layout, match: str, asked: AgentSearchOptions) -> tuple[str, list[Value]]:
    """Newest first by id: any word where OR stands between them, all of them otherwise, none that follows a NOT."""
    names = [_PLAIN, *(f"messages.{name}" for name in ("tool_name", "tool_calls") if layout.has("messages", name))]
    one = "(" + " OR ".join(f"IFNULL({name}, '') LIKE ? ESCAPE '\\'" for name in names) + ")"
    words = _words(match)
    rows_scanned = [word for before, word in pairwise(["AND", *words]) if word not in OPERATORS and before != "NOT"]
    others = [word for before, word in pairwise(words) if word not in OPERATORS and before == "NOT"]
    tests = (" OR " if "OR" in words else " AND ").join([one] * len(rows_scanned))
    where, bindings = _conditions(layout, asked)
    snippet = f"CAST(substr({_PLAIN}, max(1, instr({_PLAIN}, ?) - 40), 120) AS BLOB)"
    statement = (
        f"SELECT {_facts(layout, snippet)} FROM messages CROSS JOIN sessions ON sessions.id = messages.session_id"
        f" WHERE ({tests}){f' AND NOT {one}' * len(others)}{where} ORDER BY messages.id DESC LIMIT ? OFFSET ?"
    )
    patterns = [f"%{column_sql.like(word.rstrip('*'))}%" for word in (*rows_scanned, *others) for _ in names]
    return statement, [rows_scanned[0], *patterns, *bindings, asked.limit, asked.offset]


_BYTES = "CAST(messages.content AS BLOB)"
_PLAIN = f"CASE substr({_BYTES}, 1, 1) WHEN x'00' THEN CAST(substr({_BYTES}, 2) AS TEXT) ELSE messages.content END"
"""The content without the NUL that LIKE and substr() would stop at (docs/format.md §3.2)."""


def _conditions(layout: Layout, asked: AgentSearchOptions) -> tuple[str, list[Value]]:
    """What narrows the hits; terms with `+` never become the outer loop."""
    where = "" if asked.inactive else f" AND {column_sql.findable(layout)}"
    bindings: list[Value] = []
    for column, names, negated in (
        ("sessions.source", asked.sources, ""),
        ("sessions.source", asked.not_sources, "NOT "),
        ("messages.role", asked.roles or None, ""),
    ):
        if names is not None:
            where += f" AND +{column} {negated}IN ({', '.join('?' * len(names))})"
            bindings.extend(map(storable, names))
    return where, bindings


def _facts(layout: Layout, snippet: str) -> str:
    """Columns of a hit, in the order `_found` unpacks."""
    return ", ".join(
        (
            "messages.id",
            *(column_sql.text(layout, "messages", name) for name in ("session_id", "role")),
            snippet,
            column_sql.real(layout, "messages", "timestamp"),
            column_sql.text(layout, "messages", "tool_name"),
            *(column_sql.text(layout, "sessions", name) for name in ("source", "model")),
            column_sql.real(layout, "sessions", "started_at"),
        )
    )


def _found(row: tuple[Value, ...]) -> AgentHit:
    name, session_id, role, snippet, timestamp, tool, source, model, started = row
    return AgentHit(
        id=cell_values.integer(name),
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
    """Words and operators, those of phrases one by one."""
    return match.replace('"', " ").split()


def _is_left_out(layout: Layout, asked: AgentSearchOptions) -> bool:
    """True where rows are asked for that the trigram index never has (docs/format.md §2.4, C)."""
    internal = {"cron", "subagent"}.intersection(asked.sources or ())
    left_out = layout.trigram_leaves_out
    return ("tool" in left_out and "tool" in (asked.roles or ())) or ("internal" in left_out and bool(internal))


def _fit_trigrams(match: str) -> bool:
    """A trigram needs three characters, in every word that no other index parts."""
    return all(sum(map(len, runs)) >= 3 for word in _words(match) if (runs := cjk_runs(word)))
