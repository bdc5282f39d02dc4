"""Agents' reads: whole rows as dicts, every field of the schema; ids, titles, counts and chains."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine.rows import RowDict
from ..engine.session_choice import SessionChoice
from . import cells, column_sql, session_choice
from .messages import MAX_BODIES
from .reader import Params, Reader, Row
from .schema_probe import Layout
from .session_choice import MAX_CHAIN

_NEWEST = 'ORDER BY sessions.started_at DESC NULLS LAST, sessions.id COLLATE "C" DESC'


def _sessions(
    reader: Reader, clause: str, params: Params = (), *, without: frozenset[str] = frozenset()
) -> list[RowDict]:
    """Rows of `sessions`, with `system_prompt` by its hash where it was moved.

    Args:
        without: Columns that are not read.
    """
    layout = reader.layout
    names = [name for name in layout.fields("sessions") if name not in without]
    selected = ", ".join(_cell(layout, name) for name in names)
    rows = reader.rows(f"SELECT {selected} FROM {layout.sessions} AS sessions {clause}", params)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _cell(layout: Layout, name: str) -> str:
    """A column; the prompt may lie in a table of its own."""
    prompts = ("prompt", "hash")
    moved = layout.has("sessions", "system_prompt_hash") and all(layout.has("system_prompts", key) for key in prompts)
    if name == "system_prompt" and moved:
        prompt = f"SELECT prompt FROM {layout.table('system_prompts')} WHERE hash = sessions.system_prompt_hash"
        return f"COALESCE(({prompt}), sessions.system_prompt)"
    return f'sessions."{name}"'


def session(reader: Reader, session_id: str | None) -> RowDict | None:
    """The row of one session, None for none."""
    return next(iter(_sessions(reader, "WHERE sessions.id = %s", (session_id,))), None)


def by_title(reader: Reader, title: str | None) -> RowDict | None:
    """The row of the session with exactly this title, None for none."""
    if not reader.layout.has("sessions", "title"):
        return None
    return next(iter(_sessions(reader, "WHERE sessions.title = %s", (title,))), None)


def newest(reader: Reader, source: str | None, limit: int, offset: int) -> list[RowDict]:
    """Rows by newest start, of one source or of all; a negative limit means no limit."""
    where, params = ("WHERE sessions.source = %s", (source,)) if source is not None else ("", ())
    return _sessions(reader, f"{where} {_NEWEST} LIMIT %s OFFSET %s", (*params, _limit(limit), offset))


def chosen(
    reader: Reader, choice: SessionChoice, *, limit: int, offset: int, by_activity: bool = False, compact: bool = False
) -> list[RowDict]:
    """Sessions of a choice by newest start, or by the last message of their chain; compact without the prompt."""
    layout = reader.layout
    condition, params = session_choice.where(layout, choice)
    order = _NEWEST
    if by_activity:
        heard = f"({session_choice.chain(layout)} SELECT max({_heard(layout, 'chain.id')}) FROM chain)"
        order = _NEWEST.replace("ORDER BY ", f"ORDER BY {heard} DESC NULLS LAST, ")
    return _sessions(
        reader,
        f"WHERE {condition} {order} LIMIT %s OFFSET %s",
        (*params, _limit(limit), offset),
        without=frozenset({"system_prompt"}) if compact else frozenset(),
    )


def _heard(layout: Layout, session_id: str) -> str:
    """Time of the last message of a session, else of its start."""
    return (
        f"COALESCE((SELECT max(timestamp) FROM {layout.messages} WHERE session_id = {session_id}),"
        f" (SELECT section.started_at FROM {layout.sessions} AS section WHERE section.id = {session_id}))"
    )


def _limit(limit: int) -> int | None:
    return None if limit < 0 else limit


def chosen_ids(reader: Reader, choice: SessionChoice) -> list[str]:
    """Ids of the sessions of a choice."""
    condition, params = session_choice.where(reader.layout, choice)
    return reader.texts(f"SELECT id FROM {reader.layout.sessions} AS sessions WHERE {condition}", params)


def count_sessions(reader: Reader, choice: SessionChoice) -> int:
    """Their number."""
    condition, params = session_choice.where(reader.layout, choice)
    return reader.number(f"SELECT count(*) FROM {reader.layout.sessions} AS sessions WHERE {condition}", params)


def last_active(reader: Reader, session_id: str) -> float | None:
    """Time of a session's latest message."""
    row = reader.row(f"SELECT max(timestamp) FROM {reader.layout.messages} WHERE session_id = %s", (session_id,))
    return cells.timestamp(row[0]) if row else None


def tip(reader: Reader, session_id: str) -> str:
    """The last continuation of a session, by upstream's rules: what goes on comes before what is closed, then by the
    last message."""
    seen = [session_id]
    while len(seen) <= MAX_CHAIN and (following := _following(reader, seen[-1])) and following not in seen:
        seen.append(following)
    return seen[-1]


def _following(reader: Reader, session_id: str) -> str | None:
    layout = reader.layout
    row = reader.row(
        f"SELECT child.id FROM (SELECT %s::text AS id) AS known {session_choice.next_section(layout, 'known.id')}"
        " ORDER BY CASE WHEN child.end_reason = 'compression' THEN 0 WHEN child.ended_at IS NULL THEN 1 ELSE 2 END,"
        f' {_heard(layout, "child.id")} DESC NULLS LAST, child.started_at DESC NULLS LAST, child.id COLLATE "C" DESC'
        " LIMIT 1",
        (session_id,),
    )
    return cells.text(row[0]) if row else None


def ancestors(reader: Reader, session_id: str) -> list[str]:
    """A session and all above it, the highest first."""
    layout = reader.layout
    found = reader.texts(
        "WITH RECURSIVE line(id, depth) AS (SELECT %s::text, 0 UNION ALL SELECT child.parent_session_id, depth + 1"
        f" FROM line JOIN {layout.sessions} AS child ON child.id = line.id"
        " WHERE depth < %s AND child.parent_session_id <> '') SELECT id FROM line ORDER BY depth",
        (session_id, MAX_CHAIN - 1),
    )
    return [*dict.fromkeys(found)][::-1] or [session_id]


def messages(
    reader: Reader, session_ids: Sequence[str], *, include_inactive: bool, limit: int = -1, offset: int = 0
) -> list[RowDict]:
    """Rows of `messages` of some sessions in id order; a negative limit means no limit."""
    active = "" if include_inactive else f" AND {column_sql.active(reader.layout)}"
    chosen = f"session_id = ANY(%s){active} ORDER BY id LIMIT %s OFFSET %s"
    return _messages(reader, chosen, (list(session_ids), _limit(limit), offset))


def by_ids(reader: Reader, ids: Sequence[int]) -> list[RowDict]:
    """Rows of `messages` by id, lowest first, without those that are gone.

    Raises:
        ValueError: More than 256 ids.
    """
    if len(ids) > MAX_BODIES:
        raise ValueError(f"at most {MAX_BODIES} messages at a time, not {len(ids)}")
    return _messages(reader, "id = ANY(%s) ORDER BY id", (list(ids),))


def _messages(reader: Reader, chosen: str, params: Params) -> list[RowDict]:
    layout = reader.layout
    names = layout.fields("messages")
    selected = ", ".join(f'messages."{name}"' for name in names)
    rows = reader.rows(f"SELECT {selected} FROM {layout.messages} AS messages WHERE {chosen}", params)
    return [_message(names, row) for row in rows]


def _message(names: Sequence[str], row: Row) -> RowDict:
    found = dict(zip(names, row, strict=True))
    return {**found, "content": cells.content(found.get("content"))}


def count_messages(reader: Reader, session_id: str | None) -> int:
    """Number of message rows of a session, inactive ones too, or of all."""
    where, params = ("", ()) if session_id is None else (" WHERE session_id = %s", (session_id,))
    return reader.number(f"SELECT count(*) FROM {reader.layout.messages}{where}", params)


def ids_like(reader: Reader, prefix: str) -> list[str]:
    """At most two ids with a prefix."""
    sql = f"SELECT id FROM {reader.layout.sessions} WHERE id ILIKE %s LIMIT 2"
    return reader.texts(sql, (f"{column_sql.like(prefix)}%",))


def title_of(reader: Reader, session_id: str | None) -> str | None:
    """The title of a session; None for none."""
    title = column_sql.column(reader.layout, "sessions", "title")
    row = reader.row(f"SELECT {title} FROM {reader.layout.sessions} AS sessions WHERE id = %s", (session_id,))
    return cells.text(row[0]) if row else None


def newest_in_lineage(reader: Reader, title: str) -> str | None:
    """Id of the newest “title #…”, else of the session with exactly this title, else None."""
    numbered = f"{column_sql.like(title)} #%"
    row = reader.row(
        f"SELECT id FROM {reader.layout.sessions} WHERE title = %s OR title ILIKE %s"
        " ORDER BY title ILIKE %s DESC, started_at DESC NULLS LAST LIMIT 1",
        (title, numbered, numbered),
    )
    return cells.text(row[0]) if row else None


def lineage_titles(reader: Reader, base: str) -> list[str]:
    """All titles of a lineage: the base and its “#…”."""
    sql = f"SELECT title FROM {reader.layout.sessions} WHERE title = %s OR title ILIKE %s"
    return reader.texts(sql, (base, f"{column_sql.like(base)} #%"))
