"""Agents' search: ranked by FTS5, or newest first by LIKE (docs/format.md §6.1–§6.4).

Hits are one read transaction where no page is damaged; their context is read by `messages.window`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import apsw

from ...base.errors import Damaged
from ...base.late_dataclass import dataclass
from ...base.models import UNREADABLE
from ...engine.search import AgentHit, AgentSearchOptions
from ...formats.row_encoding import storable
from ...query.tokenizer import cjk_runs
from ..base import cell_values, column_sql, error_mapping
from ..base.cell_values import Value
from ..base.schema_probe import FTS, TRIGRAM, Layout
from ..connect.reader import MESSAGES, Reader
from ..rows.damage import around_damage
from .fts5_sanitizer import OPERATORS, sanitise

_ORDERS = {"newest": "messages.timestamp DESC, rank", "oldest": "messages.timestamp ASC, rank"}
_ID_ORDERS = {"newest": "rowid DESC", "oldest": "rowid"}
_ROW = "messages.id"
_BY_SESSION = "idx_messages_session"
"""Index with the id of every message (docs/format.md §2.2)."""
_AT_ONCE = 256
"""Rows that are read in one part beside a damaged page."""


@dataclass(frozen=True, slots=True)
class _Select:
    """A statement on hits, and its parts."""

    columns: str
    source: str
    """FROM and WHERE."""
    bindings: list[Value]
    order: str
    page: list[Value]
    """Limit and offset."""
    row_id: str
    """Column of the message's id, by which rows are found before any of them is read."""
    candidates: tuple[str, list[Value]]
    """Statement of the ids of all rows that may be hits, in order; it reads no page of messages."""

    @property
    def whole(self) -> tuple[str, list[Value]]:
        """The statement."""
        limited = f"SELECT {self.columns} {self.source} ORDER BY {self.order} LIMIT ? OFFSET ?"
        return limited, [*self.bindings, *self.page]

    def of(self, ids: Sequence[int]) -> tuple[str, list[Value]]:
        """The same of some ids, without an order."""
        named = f"{self.row_id} IN (SELECT value FROM json_each(?))"
        return f"SELECT {self.columns} {self.source} AND {named}", [*self.bindings, json.dumps(list(ids))]


def search(reader: Reader, words: str | None, options: AgentSearchOptions) -> list[AgentHit]:
    """Hits of an agent's search; no text raises an error.

    Beside a damaged page hits come as far as they can be read, those by time in the order of their ids; a row that
    cannot be read, and may be a hit, has the role `UNREADABLE`, its id and the reason as its snippet.

    A missing, stale, unfinished or damaged index is bypassed by LIKE, and so is the trigram index for Chinese,
    Japanese and Korean words that are too short for it.

    Args:
        words: As an agent typed them.

    Raises:
        StoreError: The file itself cannot be read.
    """
    match = sanitise(storable(words) or "")
    if not match:
        return []
    try:
        return reader.read(partial(_hits, match, options))
    except Damaged:
        return _around_damage(reader, match, options)


def _hits(match: str, options: AgentSearchOptions, connection: apsw.Connection, layout: Layout) -> list[AgentHit]:
    """All hits, by the index where it can be read."""
    if not layout.has(*MESSAGES):
        return []
    select = _index_select(layout, match, options)
    if select is not None:
        try:
            return list(map(_agent_hit, connection.execute(*select.whole)))
        except apsw.Error as error:
            if not (error_mapping.is_index_error(error) or isinstance(error, apsw.SQLError)):
                raise
    return list(map(_agent_hit, connection.execute(*_like_select(layout, match, options).whole)))


def _around_damage(reader: Reader, match: str, options: AgentSearchOptions) -> list[AgentHit]:
    """The hits in parts: ids first, then their rows until there are enough of them."""
    select, ids = reader.read(partial(_candidates, match, options))

    def _read(some: Sequence[int]) -> list[AgentHit]:
        found = {hit.id: hit for hit in map(_agent_hit, reader.rows(*select.of(some)))}
        return [found[row_id] for row_id in some if row_id in found]

    def _unreadable(row_id: int, error: Damaged) -> list[AgentHit]:
        cause = str(error).partition(";")[0]
        return [AgentHit(row_id, "", UNREADABLE, f"This message cannot be read: {cause}", None, None, "", None, None)]

    hits: list[AgentHit] = []
    wanted = len(ids) if options.limit < 0 else options.offset + options.limit
    for start in range(0, len(ids), _AT_ONCE):
        if len(hits) >= wanted:
            break
        hits += around_damage(_read, ids[start : start + _AT_ONCE], _unreadable)
    return hits[options.offset : wanted]


def _candidates(
    match: str, options: AgentSearchOptions, connection: apsw.Connection, layout: Layout
) -> tuple[_Select, list[int]]:
    """Statement and ids of the index, or of LIKE where the index cannot be read either."""
    select = _index_select(layout, match, options)
    if select is not None:
        try:
            return select, _ids(connection, select)
        except (apsw.CorruptError, apsw.SQLError):
            pass  # then every row may be a hit
    select = _like_select(layout, match, options)
    return select, _ids(connection, select)


def _ids(connection: apsw.Connection, select: _Select) -> list[int]:
    return [cell_values.integer(row_id) for (row_id,) in connection.execute(*select.candidates).fetchall()]


def _index_select(layout: Layout, match: str, options: AgentSearchOptions) -> _Select | None:
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
    sort = (options.sort or "").strip().lower()
    id_order = _ID_ORDERS.get(sort, "rank")
    snippet = column_sql.blob("messages.content", f"CAST(snippet({table}, -1, '>>>', '<<<', '...', 40) AS BLOB)")
    return _Select(
        columns=_hit_columns(layout, snippet),
        source=f"FROM {table} CROSS JOIN messages ON messages.id = {table}.rowid"
        f" CROSS JOIN sessions ON sessions.id = messages.session_id WHERE {table} MATCH ?{where}",
        bindings=[match, *bindings],
        order=_ORDERS.get(sort, "rank"),
        page=[options.limit, options.offset],
        row_id=f"{table}.rowid",
        candidates=(
            f"SELECT rowid FROM {table} WHERE {table} MATCH ? ORDER BY {id_order}",
            [match],
        ),
    )


def _like_select(layout: Layout, match: str, options: AgentSearchOptions) -> _Select:
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
    patterns = [f"%{column_sql.like(word.rstrip('*'))}%" for word in (*included, *excluded) for _ in names]
    by_session = f" INDEXED BY {_BY_SESSION}" if _BY_SESSION in layout.indexes else ""
    return _Select(
        columns=_hit_columns(layout, snippet),
        source="FROM messages CROSS JOIN sessions ON sessions.id = messages.session_id"
        f" WHERE ({tests}){f' AND NOT {contains}' * len(excluded)}{where}",
        bindings=[included[0], *patterns, *bindings],
        order="messages.id DESC",
        page=[options.limit, options.offset],
        row_id=_ROW,
        candidates=(f"SELECT id FROM messages{by_session} ORDER BY id DESC", []),
    )


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
