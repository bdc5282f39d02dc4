"""Upstream's search of a schema of Hermes, written after what a revision of its PostgreSQL backend does
(`hermes_state_postgres_search.py` in revision 3e85c1b of hermes-agent, read in a stored copy), and the least that it
could do.

What upstream does, in one statement of a transaction that is read-only: words are looked up in its index, and rows that
are longer than that are searched beside it by ILIKE, each time; matches are ranked by `ts_rank_cd`; of the twenty that
are left it makes excerpts (`ts_headline`). A pair of characters is looked for by ILIKE in every row, of a tool's result
in the first 8,192 characters, newest time first. Its program does not run here: the statement is ours, and its query
language and the messages around each hit, which it reads by a second statement, are left out.

The least: words by the index alone, ranked by `ts_rank`; a pair by LIKE. It misses the end of long rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from tests.homes.on_postgres import LONG, PREFIX

LONG_TIME = 0.02
"""Seconds from which on a statement may not have workers beside it, whose CPU nobody would count."""
_SHOWN = "(m.active = 1 OR m.compacted = 1) AND COALESCE(m.display_kind, '') <> 'hidden'"
_COLUMNS = ("content", "tool_name", "tool_calls")
_TEXT = (
    f"left(COALESCE(m.content, ''), {PREFIX}) || ' ' || left(COALESCE(m.tool_name, ''), 256) || ' ' ||"
    " left(COALESCE(m.tool_calls, ''), 4096)"
)
_EXCERPT = f"ts_headline('simple', {_TEXT}, q.query, 'StartSel=>>>, StopSel=<<<, MaxWords=40, MinWords=10')"
_CUT = "substr(m.content, greatest(1, strpos(lower(m.content), lower(%s)) - 40), 120)"
_TAIL = "m.timestamp, m.tool_name, s.source, s.model, s.started_at"

Statement = tuple[str, list[str]]


def in_full(schema: str, text: str, page: int) -> Statement:
    """Upstream's statement for a query, and what it binds."""
    words = text.strip('"').split() if text.isascii() and not text.startswith('"') else [text.strip('"')]
    content = f"CASE WHEN m.role = 'tool' THEN left(m.content, {PREFIX}) ELSE m.content END"
    columns = (content, "m.tool_name", "m.tool_calls")
    anywhere = " AND ".join(
        "(" + " OR ".join(f"COALESCE({column}, '') ILIKE %s" for column in columns) + ")" for _ in words
    )
    patterns = [f"%{word.strip('*')}%" for word in words for _ in columns]
    rows, sessions = f"{schema}.messages AS m", f"JOIN {schema}.sessions AS s ON s.id = m.session_id"
    hit = "SELECT m.id, m.session_id, m.role"
    if not text.isascii():
        newest = f"ORDER BY m.timestamp DESC, m.id DESC LIMIT {page}"
        scan = f"{hit}, {_CUT}, {_TAIL} FROM {rows} {sessions} WHERE ({anywhere}) AND {_SHOWN} {newest}"
        return scan, [words[0], *patterns]
    long = LONG.replace("content", "m.content").replace("tool_", "m.tool_").replace("role", "m.role")
    ranked = (
        f"WITH q AS (SELECT to_tsquery('simple', %s) AS query), found AS (SELECT m.id FROM {rows} CROSS JOIN q"
        f" WHERE m.search_vector @@ q.query AND NOT COALESCE({long}, false)"
        f" UNION ALL SELECT m.id FROM {rows} WHERE ({long}) AND ({anywhere}))"
        f" {hit}, CASE WHEN {long} THEN {_CUT} ELSE {_EXCERPT} END, {_TAIL}"
        f" FROM found JOIN {rows} ON m.id = found.id CROSS JOIN q {sessions} WHERE {_SHOWN}"
        f" ORDER BY ts_rank_cd(m.search_vector, q.query) DESC, m.id LIMIT {page}"
    )
    return ranked, [_tsquery(text), *patterns, words[0]]


def at_least(schema: str, text: str, page: int) -> Statement:
    """The kindest statement for it."""
    source = f"{schema}.messages AS m JOIN {schema}.sessions AS s ON s.id = m.session_id"
    if not text.isascii():
        match, order, bound = " OR ".join(f"m.{name} LIKE %s" for name in _COLUMNS), "", [f"%{text}%"] * len(_COLUMNS)
    else:
        match, order, bound = "m.search_vector @@ q", "ts_rank(m.search_vector, q) DESC,", [_tsquery(text)]
        source += ", to_tsquery('simple', %s) AS q"
    shown = f"({match}) AND (m.active = 1 OR m.compacted = 1) ORDER BY {order} m.timestamp DESC LIMIT {page}"
    return f"SELECT m.id, m.session_id, m.role, m.content, {_TAIL} FROM {source} WHERE {shown}", bound


def _tsquery(text: str) -> str:
    joined = " <-> " if text.startswith('"') else " & "
    return joined.join(word.replace("*", ":*") for word in text.strip('"').split())


def page_of(connection: psycopg.Connection[Any], statement: Statement) -> Callable[[], Sequence[Any]]:
    """A page by a statement, in a transaction as upstream's pool makes one."""
    sql, bound = statement

    def _page() -> Sequence[Any]:
        with connection.transaction():
            connection.execute("SET TRANSACTION READ ONLY")
            return connection.execute(sql.encode(), bound).fetchall()

    connection.execute("RESET max_parallel_workers_per_gather")
    began = time.perf_counter()
    _page()
    if time.perf_counter() - began > LONG_TIME:
        connection.execute("SET max_parallel_workers_per_gather = 0")
    return _page
