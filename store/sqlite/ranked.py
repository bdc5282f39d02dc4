"""Search as agents ask for it: ranked by FTS5, or newest first by LIKE (facts/hermes-format.md §6.1–§6.4).

The hits are one critical section; what stands round them is asked for by `messages.window`, one section each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from ..draft import storable
from ..words import cjk_runs
from . import cells, columns, faults
from .cells import Value
from .connection import Reader
from .layout import FTS, TRIGRAM, Layout

OPERATORS = frozenset({"AND", "OR", "NOT"})

_ORDERS = {"newest": "messages.timestamp DESC, rank", "oldest": "messages.timestamp ASC, rank"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked besides the words."""

    sources: Sequence[str] | None = None
    """Only these; none at all where it is empty; None for all."""
    not_sources: Sequence[str] | None = None
    roles: Sequence[str] | None = None
    """Only these; all where it is empty or None."""
    limit: int = 20
    offset: int = 0
    sort: str | None = None
    """newest or oldest; anything else is by rank."""
    inactive: bool = False
    """Find what the user took back, too."""


@dataclass(frozen=True, slots=True)
class Found:
    """A hit; `snippet` has its matches between >>> and <<<, but not where LIKE found it."""

    id: int
    session_id: str
    role: str
    snippet: str
    timestamp: float | None
    tool_name: str | None
    source: str
    model: str | None
    session_started: float | None


def find(reader: Reader, match: str, asked: Asked) -> list[Found]:
    """Hits of an FTS5 expression: one critical section, nothing raised for what the words are.

    A missing, stale, unfinished or damaged index is gone round by LIKE, and so is the trigram index for Chinese,
    Japanese and Korean words that are too short for it.

    Args:
        match: Sanitised words (`query.sanitise`).

    Raises:
        StoreError: The file itself cannot be read.
    """
    return [_found(row) for row in reader.ask(lambda connection, layout: _hits(connection, layout, match, asked))]


def _hits(connection: apsw.Connection, layout: Layout, match: str, asked: Asked) -> list[tuple[Value, ...]]:
    if not match or not layout.has("messages", "session_id"):
        return []
    for statement, bindings in _matching(layout, match, asked):
        try:
            return list(connection.execute(statement, bindings))
        except apsw.Error as error:
            if not (faults.of_index(error) or isinstance(error, apsw.SQLError)):
                raise
    return list(connection.execute(*_like(layout, match, asked)))


def _matching(layout: Layout, match: str, asked: Asked) -> list[tuple[str, list[Value]]]:
    """The statement on the index that fits the words, if one does and is whole."""
    if layout.stale or layout.unindexed:
        return []
    words = _words(match)
    table = FTS
    if cjk_runs(match):
        if layout.trigram is None or not _fit_trigrams(words) or _is_left_out(layout, asked):
            return []
        table = TRIGRAM
        match = " ".join(word if word in OPERATORS else _quoted(word) for word in match.replace('"', " ").split())
    elif layout.fts is None:
        return []
    where, bindings = _conditions(layout, asked)
    order = _ORDERS.get(asked.sort or "", "rank")
    snippet = f"CAST(snippet({table}, -1, '>>>', '<<<', '...', 40) AS BLOB)"
    statement = (
        f"SELECT {_facts(layout, snippet)} FROM {table} CROSS JOIN messages ON messages.id = {table}.rowid"
        f" CROSS JOIN sessions ON sessions.id = messages.session_id"
        f" WHERE {table} MATCH ?{where} ORDER BY {order} LIMIT ? OFFSET ?"
    )
    return [(statement, [match, *bindings, asked.limit, asked.offset])]


def _like(layout: Layout, match: str, asked: Asked) -> tuple[str, list[Value]]:
    """Newest first by id, any word where OR stands between them and all of them otherwise."""
    words = _words(match) or [match]
    names = [name for name in ("content", "tool_name", "tool_calls") if layout.has("messages", name)]
    one = "(" + " OR ".join(f"messages.{name} LIKE ? ESCAPE '\\'" for name in names) + ")"
    tests = (" OR " if "OR" in match.split() else " AND ").join([one] * len(words))
    where, bindings = _conditions(layout, asked)
    snippet = "CAST(substr(messages.content, max(1, instr(messages.content, ?) - 40), 120) AS BLOB)"
    patterns = [f"%{columns.like(word.rstrip('*'))}%" for word in words for _ in names]
    statement = (
        f"SELECT {_facts(layout, snippet)} FROM messages CROSS JOIN sessions ON sessions.id = messages.session_id"
        f" WHERE ({tests}){where} ORDER BY messages.id DESC LIMIT ? OFFSET ?"
    )
    return statement, [words[0], *patterns, *bindings, asked.limit, asked.offset]


def _conditions(layout: Layout, asked: Asked) -> tuple[str, list[Value]]:
    """What narrows the hits; terms with `+` never become the outer loop."""
    where = "" if asked.inactive else f" AND {columns.findable(layout)}"
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
            *(columns.text(layout, "messages", name) for name in ("session_id", "role")),
            snippet,
            columns.real(layout, "messages", "timestamp"),
            columns.text(layout, "messages", "tool_name"),
            *(columns.text(layout, "sessions", name) for name in ("source", "model")),
            columns.real(layout, "sessions", "started_at"),
        )
    )


def _found(row: tuple[Value, ...]) -> Found:
    name, session_id, role, snippet, moment, tool, source, model, started = row
    return Found(
        id=cells.integer(name),
        session_id=cells.text(session_id) or "",
        role=cells.text(role) or "",
        snippet=cells.text(snippet) or "",
        timestamp=cells.moment(moment),
        tool_name=cells.text(tool),
        source=cells.text(source) or "",
        model=cells.text(model),
        session_started=cells.moment(started),
    )


def _words(match: str) -> list[str]:
    return [word for word in match.replace('"', " ").split() if word not in OPERATORS]


def _quoted(word: str) -> str:
    return f'"{word}"'


def _is_left_out(layout: Layout, asked: Asked) -> bool:
    """True where rows are asked for that the trigram index never has (facts §2.4, C)."""
    internal = {"cron", "subagent"}.intersection(asked.sources or ())
    left_out = layout.trigram_leaves_out
    return ("tool" in left_out and "tool" in (asked.roles or ())) or ("internal" in left_out and bool(internal))


def _fit_trigrams(words: Sequence[str]) -> bool:
    """A trigram needs three characters, in every word that no other index parts."""
    return all(sum(map(len, cjk_runs(word))) >= 3 for word in words if cjk_runs(word))
