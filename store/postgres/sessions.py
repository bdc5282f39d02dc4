"""Session lists: pages newest first, counts, links between sessions; no statement reads a message body."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..base.cancel import Cancel
from ..base.models import Page, Relation, Scope, Session
from ..base.strict_json import load_or
from ..engine.push_target import FILE_IDS
from ..engine.rows import NO_COUNTS
from ..formats.lineage import Lineage, Link
from . import cells, column_sql
from .counts import counted, counts
from .prepared import Statement
from .reader import Reader, Row
from .schema_probe import Layout

MOST_RELATIVES = 2_000
"""Relatives of some sessions that are read; where there are more, all of the schema are."""
NEWEST_ROWS = 2_048
"""Newest message rows whose sessions are `newest`."""
MARKERS = {"branched": "_branched_from", "delegate": "_delegate_from", "reset": "_reset_from"}
"""Name of a marker in a Link -> its key in the JSON of `sessions.model_config` (docs/format.md §4.3)."""
_BOUNDARIES = (
    *("session_reset", "session_switch", "idle", "daily", "suspended", "resume_pending_expired", "new_session"),
)
"""Ends after which the same chat goes on in another session (docs/format.md §4.5)."""
_RELATED = (
    "parent_session_id IS NOT NULL OR id IN (SELECT parent_session_id FROM {table} WHERE parent_session_id IS NOT NULL)"
)
_STARTED = "COALESCE(sessions.started_at, '-Infinity'::float8)"
_START, _ID = "sessions.started_at::float8", 'sessions.id COLLATE "C"'


class SessionCursor(NamedTuple):
    """End of a page of sessions that have a row."""

    started_at: float | None
    id: str


class OrphanCursor(NamedTuple):
    """End of a page of those that have none."""

    after: str


def page(reader: Reader, *, limit: int, cursor: object, now: float, profile: str) -> Page[Session]:
    """All sessions, newest start first; at the end those that have messages and no row, by id."""
    shown: tuple[Session, ...] = ()
    if not isinstance(cursor, OrphanCursor):
        rows = _page(reader, limit + 1, cursor if isinstance(cursor, SessionCursor) else None)
        shown = _sessions(reader, rows[:limit], now, profile)
        if len(rows) > limit:
            last = rows[limit - 1]
            started = last[-1] if isinstance(last[-1], float) else None
            return Page(shown, more=True, cursor=SessionCursor(started, cells.text(last[0]) or ""))
        cursor = OrphanCursor("")
    room = limit - len(shown)
    ids = orphans(reader, after=cursor.after, limit=room + 1)
    orphaned = _orphans(reader, ids[:room], now, profile)
    more = len(ids) > room
    following = OrphanCursor(ids[room - 1]) if more and room else cursor
    return Page((*shown, *orphaned), more, following if more else None)


def _page(reader: Reader, limit: int, cursor: SessionCursor | None) -> list[Row]:
    """Those that have a start, in the order of its index, which a page behind another goes on with; then the others."""
    select = f"SELECT {_columns(reader.layout)}, {_START} FROM {reader.layout.sessions} AS sessions WHERE {_START}"
    started = f"{select} IS NOT NULL{{behind}} ORDER BY {_START} DESC, {_ID} DESC LIMIT %s"
    others = f"{select} IS NULL{{behind}} ORDER BY {_ID} DESC LIMIT %s"
    if cursor is None:
        parts: list[Statement] = [(started.format(behind=""), (limit,)), (others.format(behind=""), (limit,))]
    elif cursor.started_at is None:
        parts = [(others.format(behind=f" AND {_ID} < %s"), (cursor.id, limit))]
    else:
        behind = f" AND ({_START}, {_ID}) < (%s::float8, %s)"
        parts = [(started.format(behind=behind), (*cursor, limit)), (others.format(behind=""), (limit,))]
    return [row for rows in reader.batch(parts) for row in rows][:limit]


def by_ids(reader: Reader, ids: Iterable[str], *, now: float, profile: str) -> tuple[Session, ...]:
    """Some sessions, newest start first, then those that have messages alone."""
    wanted, layout = list(ids), reader.layout
    if not wanted:
        return ()
    rows = reader.rows(
        f"SELECT {_columns(layout)}, {_STARTED} FROM {layout.sessions} AS sessions WHERE id = ANY(%s)"
        f' ORDER BY {_STARTED} DESC, sessions.id COLLATE "C" DESC',
        (wanted,),
    )
    found = _sessions(reader, rows, now, profile)
    known = {session.id for session in found}
    return (*found, *_orphans(reader, [name for name in wanted if name not in known], now, profile))


def newest(reader: Reader) -> tuple[str, ...]:
    """Ids of the sessions of the newest messages, newest first."""
    rows = f"SELECT id, session_id FROM {reader.layout.messages} WHERE id < {FILE_IDS} ORDER BY id DESC LIMIT %s"
    sql = f"SELECT session_id FROM ({rows}) AS newest GROUP BY session_id ORDER BY max(id) DESC"
    return tuple(reader.texts(sql, (NEWEST_ROWS,)))


def ids(reader: Reader) -> list[str]:
    """Ids of all sessions that have a row, newest start first."""
    return reader.texts(
        f'SELECT id FROM {reader.layout.sessions} AS sessions ORDER BY {_STARTED} DESC, id COLLATE "C" DESC'
    )


def orphans(reader: Reader, *, after: str = "", limit: int | None = None) -> list[str]:
    """Ids of sessions that have messages and no row, found by skipping from one session to the next."""
    return reader.texts(_orphans_statement(reader.layout), (after, limit))


def _orphans_statement(layout: Layout) -> str:
    """Their ids after one; it binds that and how many."""
    return (
        'WITH RECURSIVE step(id) AS (SELECT min(session_id COLLATE "C") FROM '
        f'{layout.messages} WHERE session_id COLLATE "C" > %s UNION ALL SELECT (SELECT min(session_id COLLATE "C")'
        f' FROM {layout.messages} WHERE session_id COLLATE "C" > step.id) FROM step WHERE step.id IS NOT NULL)'
        f" SELECT id FROM step WHERE id IS NOT NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {layout.sessions} AS known WHERE known.id = step.id)"
        ' ORDER BY id COLLATE "C" LIMIT %s'
    )


def has(reader: Reader, session_id: str) -> bool:
    """True where a session has a row."""
    return bool(reader.rows(f"SELECT 1 FROM {reader.layout.sessions} WHERE id = %s", (session_id,)))


def row_counts(reader: Reader, ids: Collection[str]) -> Mapping[str, Sequence[object]]:
    """Rows, highest id (0 for none), active and compacted rows of those that are known."""
    layout, wanted = reader.layout, list(ids)
    if not wanted:
        return {}
    active, compacted = column_sql.active(layout), column_sql.compacted(layout)
    rows = reader.rows(
        f"SELECT count(*), max(id), count(*) FILTER (WHERE {active}), count(*) FILTER (WHERE {compacted}), session_id"
        f" FROM {layout.messages} AS messages WHERE session_id = ANY(%s) GROUP BY session_id",
        (wanted,),
    )
    found: dict[str, Sequence[object]] = {cells.text(row[4]) or "": row[:4] for row in rows}
    rest = [name for name in wanted if name not in found]
    known = reader.texts(f"SELECT id FROM {layout.sessions} WHERE id = ANY(%s)", (rest,)) if rest else []
    return found | dict.fromkeys(known, (0, 0, 0, 0))


def scope(reader: Reader) -> Scope:
    """Number of sessions, each left-out one counted once: as archived, else as child, else as hidden."""
    layout = reader.layout
    links_of_all = f"{_link_statement(layout)} WHERE {_RELATED.format(table=layout.sessions)}"
    [[[number]], orphaned, *marked, linked] = reader.batch(
        [
            (f"SELECT count(*) FROM {layout.sessions}", ()),
            (f"SELECT count(*) FROM ({_orphans_statement(layout)}) AS orphans", ("", None)),
            (_marked_statement(layout, "archived"), ()),
            (_marked_statement(layout, "hidden"), ()),
            (links_of_all if layout.has("sessions", "parent_session_id") else "SELECT WHERE false", ()),
        ]
    )
    total = cells.integer(number) + cells.integer(orphaned[0][0])
    archived, hidden = ({cells.text(row[0]) or "" for row in rows} for rows in marked)
    family = tuple(map(_link, linked))
    lineage = Lineage(family)
    children = {link.id for link in family if _is_child(lineage, link.id)} - archived
    return Scope(total, len(archived), len(children), len(hidden - archived - children))


def _is_child(lineage: Lineage, session_id: str) -> bool:
    return lineage.relation(session_id) is Relation.DELEGATE or len(set(lineage.place(session_id))) > 1


def _marked_statement(layout: Layout, column: str) -> str:
    test = f"{column_sql.whole(layout, 'sessions', column)} <> 0" if layout.has("sessions", column) else "false"
    return f"SELECT id FROM {layout.sessions} AS sessions WHERE {test}"


def lineage(reader: Reader, ids: Iterable[str]) -> Lineage:
    """The families of some sessions."""
    found = links(reader, ids)
    return Lineage(found if len(found) < MOST_RELATIVES else links(reader))


def chain(reader: Reader, session_id: str) -> tuple[str, ...]:
    """Ids of the compression chain, root first."""
    return lineage(reader, [session_id]).chain(session_id)


def links(reader: Reader, ids: Iterable[str] | None = None) -> tuple[Link, ...]:
    """Links of children and parents: all of the schema, or those related to the given sessions."""
    layout = reader.layout
    if not layout.has("sessions", "parent_session_id"):
        return ()
    table = layout.sessions
    near, params = "", tuple[object, ...]()
    where = _RELATED.format(table=table)
    if ids is not None:
        near = (
            "WITH RECURSIVE near(id) AS (SELECT pg_catalog.unnest(%s::text[])"
            f" UNION SELECT other.id FROM near CROSS JOIN LATERAL"
            f" (SELECT parent_session_id AS id FROM {table} WHERE id = near.id AND parent_session_id IS NOT NULL"
            f" UNION ALL SELECT id FROM {table} WHERE parent_session_id = near.id) AS other"
            ") "
        )
        # few are expected of an array, so that no plan looks at all sessions
        where, params = f"id = ANY(ARRAY(SELECT id FROM near LIMIT {2 * MOST_RELATIVES}))", (list(ids),)
    return tuple(map(_link, reader.rows(f"{near}{_link_statement(layout)} WHERE {where}", params)))


def _link_statement(layout: Layout) -> str:
    key = column_sql.column(layout, "sessions", "session_key")
    parent = column_sql.column(layout, "sessions", "session_key", alias="parent")
    names = ", ".join(f"'{name}'" for name in _BOUNDARIES)
    is_same_chat = (
        f"({key} <> '' AND EXISTS (SELECT 1 FROM {layout.sessions} AS parent WHERE parent.id ="
        f" sessions.parent_session_id AND {parent} = {key} AND parent.end_reason IN ({names})))"
    )
    columns = (
        *(column_sql.text(layout, "sessions", name) for name in ("id", "parent_session_id", "source")),
        *(column_sql.column(layout, "sessions", name) for name in ("started_at", "ended_at")),
        column_sql.text(layout, "sessions", "end_reason"),
        column_sql.text(layout, "sessions", "model_config"),
        is_same_chat if layout.has("sessions", "session_key") else "false",
    )
    return f"SELECT {', '.join(columns)} FROM {layout.sessions} AS sessions"


def _link(row: Row) -> Link:
    session_id, parent, source, started, ended, reason, config, same_chat = row
    found = load_or(cells.text(config) or "", None)
    named = {name for name, key in MARKERS.items() if isinstance(found, dict) and parent and found.get(key) == parent}
    return Link(
        id=cells.text(session_id) or "",
        parent_id=cells.text(parent),
        source=cells.text(source) or "",
        started_at=cells.timestamp(started),
        ended_at=cells.timestamp(ended),
        end_reason=cells.text(reason),
        markers=frozenset(named | ({"reset"} if same_chat and parent else set())),
    )


def find_by_name(reader: Reader, text: str, *, limit: int) -> list[str]:
    """Ids of sessions that have the text in their id or title; the exact id first, then the newest."""
    like = f"%{column_sql.like(text)}%"
    layout = reader.layout
    title = column_sql.column(layout, "sessions", "title")
    return reader.texts(
        f"SELECT id FROM {layout.sessions} AS sessions WHERE id ILIKE %s OR ({title})::text ILIKE %s"
        f' ORDER BY id = %s DESC, {_STARTED} DESC, id COLLATE "C" DESC LIMIT %s',
        (like, like, text, limit),
    )


def active_since(reader: Reader, timestamp: float, *, cancel: Cancel | None = None) -> frozenset[str]:
    """Open sessions whose newest message is not older than a time."""
    layout = reader.layout
    if not layout.has("sessions", "ended_at") or not layout.has("messages", "timestamp"):
        return frozenset()
    last = f"(SELECT max(timestamp) FROM {layout.messages} WHERE session_id = sessions.id)"
    sql = (
        f"SELECT id FROM {layout.sessions} AS sessions WHERE ended_at IS NULL"
        f" AND COALESCE({last}, started_at) >= %s::float8"
    )
    return frozenset(reader.texts(sql, (timestamp,), cancel=cancel))


def _columns(layout: Layout) -> str:
    """Columns of a listed row, in the order of `_session`."""
    return ", ".join(
        (
            "sessions.id",
            *(column_sql.short_text(layout, "sessions", name) for name in ("source", "title", "model")),
            *(column_sql.column(layout, "sessions", name) for name in ("started_at", "ended_at")),
            column_sql.short_text(layout, "sessions", "end_reason"),
            column_sql.text(layout, "sessions", "parent_session_id"),
            *(column_sql.whole(layout, "sessions", name) for name in ("archived", "hidden")),
            *(column_sql.short_text(layout, "sessions", name) for name in ("cwd", "profile_name")),
        )
    )


def _sessions(reader: Reader, rows: Sequence[Row], now: float, profile: str) -> tuple[Session, ...]:
    """Sessions of rows, with their counts and positions in the lineage."""
    sessions = [_session(row, profile) for row in rows]
    names = [session.id for session in sessions]
    if not names:
        return ()
    of_ids, family = counts(reader, names), lineage(reader, names)
    return tuple(_placed(counted(session, of_ids.get(session.id, NO_COUNTS), now), family) for session in sessions)


def _session(row: Row, profile: str) -> Session:
    session_id, source, title, model, started, ended, reason, parent, archived, hidden, cwd, own_profile, _ = row
    return Session(
        id=cells.text(session_id) or "",
        source=cells.text(source) or "",
        title=cells.text(title),
        model=cells.text(model),
        started_at=cells.timestamp(started),
        ended_at=cells.timestamp(ended),
        end_reason=cells.text(reason),
        parent_id=cells.text(parent),
        archived=bool(archived),
        hidden=bool(hidden),
        cwd=cells.text(cwd),
        profile=profile,
        profile_name=cells.text(own_profile),
    )


def _placed(session: Session, lineage: Lineage) -> Session:
    section, sections = lineage.place(session.id)
    if session.parent_id is None and sections == 1:
        return session
    return replace(session, relation=lineage.relation(session.id), chain=sections, section=section)


def _orphans(reader: Reader, wanted: Sequence[str], now: float, profile: str) -> tuple[Session, ...]:
    """Those of some ids without a row that have messages."""
    with_rows = counts(reader, wanted)
    first_ids = [found.first_id for found in with_rows.values() if found.first_id is not None]
    layout = reader.layout
    time = column_sql.column(layout, "messages", "timestamp")
    sql = f"SELECT id, {time} FROM {layout.messages} AS messages WHERE id = ANY(%s)"
    starts = {cells.integer(row[0]): cells.timestamp(row[1]) for row in reader.pages(sql, first_ids)}
    sessions = (
        Session(id=key, started_at=starts.get(with_rows[key].first_id or 0), orphan=True, profile=profile)
        for key in wanted
        if key in with_rows
    )
    return tuple(counted(session, with_rows[session.id], now) for session in sessions)
