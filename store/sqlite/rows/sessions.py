"""Session lists: pages newest first, counts, links between sessions.

No statement reads a message body or `system_prompt`, so the cost of a page is that of its rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ...base.cancel import Cancel
from ...base.errors import Damaged
from ...base.late_dataclass import dataclass, replace
from ...base.models import Page, Relation, Scope, Session
from ...engine.rows import NO_COUNTS, Counts
from ...formats.lineage import Lineage, Link
from ...formats.session_state import is_live
from ..base import cell_values, column_sql
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import MESSAGES, SESSIONS, Reader, Row, Statement
from . import orphan_sessions
from .counts import counted, counts
from .damage import around_damage
from .orphan_sessions import OrphanCursor

MOST_RELATIVES = 2_000
"""From so many relatives of some sessions on all families are read, once; the largest seen have some hundreds."""

NEWEST_ROWS = 2048
"""Newest message rows whose sessions are `newest`."""

BY_START = "idx_sessions_started"
"""Index on started_at of every version (docs/format.md §2.2); the planner alone would sort all rows."""

MARKERS = {"branched": "_branched_from", "delegate": "_delegate_from", "reset": "_reset_from"}
"""Name of a marker in a Link -> its key in the JSON of `sessions.model_config` (docs/format.md §4.3)."""


@dataclass(frozen=True, slots=True)
class DamagedTableCursor:
    """End of a page by id, None before the first."""

    after: str | None = None


@dataclass(frozen=True, slots=True)
class SessionCursor:
    """End of a page: both cells of the sort key, text as bytes, and the type of the first."""

    started_at: Value
    kind: Value
    id: Value


def page(reader: Reader, *, limit: int, cursor: object, now: float, profile: str) -> Page[Session]:
    """A page of all sessions, newest start first; at the end those that have messages and no row, by id.

    Where a page of the file is damaged, sessions may come twice, and those that cannot be read say so.

    Args:
        cursor: `Page.cursor` of the page before; None for the first.
    """
    rows: Page[Session] = Page(())
    if not isinstance(cursor, OrphanCursor):
        rows = _rows(reader, limit, cursor, now=now, profile=profile)
        if rows.more:
            return rows
        cursor = OrphanCursor()
    room = limit - len(rows.items)
    orphans = orphan_sessions.page(reader, limit=room, cursor=cursor, now=now, profile=profile)
    return Page((*rows.items, *orphans.items), orphans.more, orphans.cursor)


def _rows(reader: Reader, limit: int, cursor: object, *, now: float, profile: str) -> Page[Session]:
    """The rows behind the cursor; from where a page is damaged all of them once more, by id."""
    if not isinstance(cursor, DamagedTableCursor):
        after = cursor if isinstance(cursor, SessionCursor) else None
        try:
            return _page_by_start(reader, limit=limit, cursor=after, now=now, profile=profile)
        except Damaged:
            cursor = DamagedTableCursor()
    return _page_by_id(reader, limit=limit, cursor=cursor, now=now, profile=profile)


def _page_by_start(
    reader: Reader, *, limit: int, cursor: SessionCursor | None, now: float, profile: str
) -> Page[Session]:
    """One page of all sessions, newest start first, ties by id.

    Args:
        limit: Rows on the page.
        cursor: `Page.cursor` of the page before, None for the first.
        now: Seconds since 1970, to determine live sessions.
        profile: Profile that the file belongs to.
    """
    layout = reader.layout
    if not layout.has("sessions", "started_at"):
        return Page(())
    rows = reader.rows(*_timed(layout, cursor, limit + 1)) if cursor is None or cursor.started_at is not None else []
    if len(rows) <= limit:
        rows += reader.rows(*_untimed(layout, cursor, limit + 1 - len(rows)))
    shown = rows[:limit]
    more = len(rows) > limit
    last = SessionCursor(shown[-1][1], shown[-1][2], shown[-1][0]) if shown and more else None
    return Page(_sessions(reader, shown, now, profile), more, last)


def _page_by_id(reader: Reader, *, limit: int, cursor: DamagedTableCursor, now: float, profile: str) -> Page[Session]:
    """One page in the order of the index on ids, for a table with damaged pages."""
    behind, key = ("", ()) if cursor.after is None else (" WHERE id > ?", (cursor.after,))
    ids = reader.texts(f"SELECT CAST(id AS BLOB) FROM sessions{behind} ORDER BY id LIMIT ?", (*key, limit + 1))
    ids, more = ids[:limit], len(ids) > limit
    return Page(by_ids(reader, ids, now=now, profile=profile), more, DamagedTableCursor(ids[-1]) if more else None)


def by_ids(reader: Reader, ids: Iterable[str], *, now: float, profile: str) -> tuple[Session, ...]:
    """The existing sessions, newest start first, then those that have messages and no row.

    One with its row on a damaged page has a `problem`.
    """
    columns, requested = _list_columns(reader.layout), list(ids)
    where = "id IN (SELECT value FROM json_each(?)) ORDER BY started_at DESC, id DESC"

    def _read(some: Sequence[str]) -> tuple[Session, ...]:
        rows = reader.rows(f"SELECT {columns} FROM sessions WHERE {where}", (json.dumps(list(some)),))
        return _sessions(reader, rows, now, profile)

    def _unreadable(session_id: str, error: Damaged) -> tuple[Session, ...]:
        session = Session(id=session_id, problem=f"its row cannot be read: {error}", profile=profile)
        return (counted(session, counts(reader, [session_id]).get(session_id, NO_COUNTS), now),)

    listed = around_damage(_read, requested, _unreadable) if reader.layout.has("sessions", "started_at") else []
    known = {session.id for session in listed}
    missing = [key for key in requested if key not in known]
    return (*listed, *(orphan_sessions.by_ids(reader, missing, now=now, profile=profile) if missing else ()))


def newest(reader: Reader) -> tuple[str, ...]:
    """Ids of the sessions of the newest message rows."""
    newest_rows = "SELECT session_id FROM messages ORDER BY id DESC LIMIT ?"
    sql = f"SELECT DISTINCT CAST(session_id AS BLOB) FROM ({newest_rows})"
    return tuple(reader.texts(sql, (NEWEST_ROWS,), needs=MESSAGES))


def links(reader: Reader, ids: Iterable[str] | None = None) -> tuple[Link, ...]:
    """Links of children and parents: all of the file, or those related to the given sessions.

    A session without parent and child, as most are, has none.
    """
    statement = _link_statement(reader.layout)
    if ids is None:
        sql, bindings = f"{statement} WHERE {_IN_A_FAMILY}", tuple[str, ...]()
    else:
        sql, bindings = f"{_NEAR} {statement} WHERE id IN near AND {_HAS_KIN}", (json.dumps(list(ids)),)
    return tuple(map(_link, reader.rows(sql, bindings, needs=("sessions", "parent_session_id"))))


def lineage_of(reader: Reader, ids: Iterable[str]) -> Lineage:
    """Lineage of the relatives of the given sessions; empty where a page on the way is damaged."""
    try:
        return whole_lineage_of(reader, ids)
    except Damaged:
        return Lineage(())


def whole_lineage_of(reader: Reader, ids: Iterable[str]) -> Lineage:
    """The same, which raises Damaged; where they have very many relatives, that of the file, once for each state."""
    kept = reader.lineage
    if kept is not None and kept[0] == reader.data_version():
        return kept[1]
    found = links(reader, ids)
    if len(found) < MOST_RELATIVES:
        return Lineage(found)
    version, whole = reader.data_version(), Lineage(links(reader))
    reader.lineage = version, whole
    return whole


def scope(reader: Reader) -> Scope:
    """Number of sessions, each left-out one counted once: as archived, else as child, else as hidden.

    With a damaged page only the total.
    """
    total = reader.number("SELECT count(*) FROM sessions", needs=SESSIONS) + len(orphan_sessions.ids(reader))
    try:
        archived, hidden, family = _marked(reader, "archived"), _marked(reader, "hidden"), links(reader)
    except Damaged:
        return Scope(total)
    lineage = Lineage(family)
    children = {link.id for link in family if is_child(lineage, link.id)} - archived
    return Scope(total, len(archived), len(children), len(hidden - archived - children))


def is_child(lineage: Lineage, session_id: str) -> bool:
    """True for sessions listed under their parent: delegates and older sections."""
    return lineage.relation(session_id) is Relation.DELEGATE or len(set(lineage.place(session_id))) > 1


def find_by_name(reader: Reader, text: str, *, limit: int) -> list[str]:
    """Ids of sessions that have the text in their id or title; the exact id first, then the newest."""
    title = " OR title LIKE ?2 ESCAPE '\\'" if reader.layout.has("sessions", "title") else ""
    return reader.texts(
        f"SELECT CAST(id AS BLOB) FROM sessions WHERE id LIKE ?2 ESCAPE '\\'{title}"
        " ORDER BY id = ?1 DESC, started_at DESC, id DESC LIMIT ?3",
        (text, f"%{column_sql.like(text)}%", limit),
        needs=("sessions", "started_at"),
    )


_IN_A_FAMILY = (
    "parent_session_id IS NOT NULL"
    " OR id IN (SELECT parent_session_id FROM sessions WHERE parent_session_id IS NOT NULL)"
)

_HAS_KIN = (
    "(parent_session_id IS NOT NULL"
    " OR EXISTS (SELECT 1 FROM sessions AS child WHERE child.parent_session_id = sessions.id))"
)

_NEAR = (
    "WITH RECURSIVE near(id) AS (SELECT value FROM json_each(?1)"
    " UNION SELECT sessions.parent_session_id FROM near CROSS JOIN sessions ON sessions.id = near.id"
    " WHERE sessions.parent_session_id IS NOT NULL"
    f" UNION SELECT sessions.id FROM near CROSS JOIN sessions ON sessions.parent_session_id = near.id"
    f" LIMIT {2 * MOST_RELATIVES} + json_array_length(?1))"  # each relative may have a parent that is nowhere
)


def _timed(layout: Layout, cursor: SessionCursor | None, limit: int) -> Statement:
    """Rows after the cursor by the index on time, for starts of any type: blobs, then texts, then numbers."""
    behind, key = "started_at IS NOT NULL", Row()
    if cursor is not None:
        behind = "(started_at, id) < (CASE ? WHEN 'text' THEN CAST(?2 AS TEXT) ELSE ?2 END, CAST(?3 AS TEXT))"
        key = (cursor.kind, cursor.started_at, cursor.id)
    statement = f"{_list_statement(layout)} WHERE {behind} ORDER BY started_at DESC, id DESC LIMIT ?"
    return statement, (*key, limit)


def _untimed(layout: Layout, cursor: SessionCursor | None, limit: int) -> Statement:
    """Rows without a start, which come last."""
    is_behind = cursor is not None and cursor.started_at is None
    behind, key = (" AND id < CAST(? AS TEXT)", (cursor.id,)) if cursor and is_behind else ("", ())
    return f"{_list_statement(layout)} WHERE started_at IS NULL{behind} ORDER BY id DESC LIMIT ?", (*key, limit)


def _list_statement(layout: Layout) -> str:
    """Rows of the list, by the index on starts where it exists."""
    indexed = f" INDEXED BY {BY_START}" if BY_START in layout.indexes else ""
    return f"SELECT {_list_columns(layout)} FROM sessions{indexed}"


def _list_columns(layout: Layout) -> str:
    """Columns of a listed row, in the order of `_session`."""
    return ", ".join(
        (
            "CAST(id AS BLOB)",
            "CASE typeof(started_at) WHEN 'text' THEN CAST(started_at AS BLOB) ELSE started_at END",
            "typeof(started_at)",
            *(column_sql.short_text(layout, "sessions", name) for name in ("source", "title", "model")),
            *(column_sql.timestamp(layout, "sessions", name) for name in ("started_at", "ended_at")),
            column_sql.short_text(layout, "sessions", "end_reason"),
            column_sql.text(layout, "sessions", "parent_session_id"),
            *(column_sql.whole(layout, "sessions", name) for name in ("archived", "hidden")),
            *(column_sql.short_text(layout, "sessions", name) for name in ("cwd", "profile_name")),
        )
    )


def _sessions(reader: Reader, rows: Sequence[Row], now: float, profile: str) -> tuple[Session, ...]:
    """Sessions of rows, with their counts and positions in the lineage."""
    ids = [cell_values.text(row[0]) or "" for row in rows]
    of_ids, lineage = counts(reader, ids), lineage_of(reader, ids)
    return tuple(
        placed(_session(row, key, of_ids.get(key, NO_COUNTS), now, profile), lineage)
        for key, row in zip(ids, rows, strict=True)
    )


def _session(row: Row, session_id: str, counts: Counts, now: float, profile: str) -> Session:
    cell, _, _, source, title, model, started, ended, reason, parent, archived, hidden, cwd, own_profile = row
    started_at, ended_at = cell_values.timestamp(started), cell_values.timestamp(ended)
    last_active = started_at if counts.last_active is None else counts.last_active
    whole = "\ufffd" not in session_id or cell_values.is_text(cell)
    unreadable = "" if whole else "its id is no valid text: only a search finds its messages"
    return Session(
        id=session_id,
        problem=unreadable or counts.problem,
        source=cell_values.shared_text(source) or "",
        title=cell_values.text(title),
        model=cell_values.shared_text(model),
        started_at=started_at,
        last_active=last_active,
        messages=counts.messages,
        rows=counts.rows,
        first_id=counts.first_id,
        last_id=counts.last_id,
        live=is_live(ended_at=ended_at, last_active=last_active, now=now),
        ended_at=ended_at,
        end_reason=cell_values.shared_text(reason),
        parent_id=cell_values.text(parent),
        archived=bool(cell_values.integer(archived)),
        hidden=bool(cell_values.integer(hidden)),
        cwd=cell_values.shared_text(cwd),
        profile=profile,
        profile_name=cell_values.shared_text(own_profile),
    )


def placed(session: Session, lineage: Lineage) -> Session:
    """A session with its relation and its place in its chain."""
    if session.id not in lineage:
        return session
    section, sections = lineage.place(session.id)
    if session.parent_id is None and sections == 1:
        return session
    return replace(session, relation=lineage.relation(session.id), chain=sections, section=section)


_RESET_IN_CHAT = (
    "sessions.session_key <> '' AND EXISTS (SELECT 1 FROM sessions AS parent"
    " WHERE parent.id = sessions.parent_session_id AND parent.session_key = sessions.session_key AND parent.end_reason"
    " IN ('session_reset', 'session_switch', 'idle', 'daily', 'suspended', 'resume_pending_expired', 'new_session'))"
)
"""The same chat continued after its session had ended at a boundary (docs/format.md §4.3, §4.5)."""


def _link_statement(layout: Layout) -> str:
    """Columns of a Link, in the order of `_link`; a marker counts where it names the parent."""
    config = "sessions.model_config" if layout.has("sessions", "model_config") else "NULL"
    named = {
        name: f"CASE WHEN json_valid({config}) THEN json_extract({config}, '$.{key}') END IS sessions.parent_session_id"
        for name, key in MARKERS.items()
    }
    if layout.has("sessions", "session_key"):
        named["reset"] = f"({named['reset']} OR {_RESET_IN_CHAT})"
    columns = (
        *(column_sql.text(layout, "sessions", name) for name in ("id", "parent_session_id", "source")),
        *(column_sql.timestamp(layout, "sessions", name) for name in ("started_at", "ended_at")),
        column_sql.text(layout, "sessions", "end_reason"),
        *(f"sessions.parent_session_id IS NOT NULL AND {test}" for test in named.values()),
    )
    return f"SELECT {', '.join(columns)} FROM sessions"


def _link(row: Row) -> Link:
    session_id, parent, source, started, ended, reason, *marked = row
    return Link(
        id=cell_values.text(session_id) or "",
        parent_id=cell_values.text(parent),
        source=cell_values.text(source) or "",
        started_at=cell_values.timestamp(started),
        ended_at=cell_values.timestamp(ended),
        end_reason=cell_values.text(reason),
        markers=frozenset(name for name, holds in zip(MARKERS, marked, strict=True) if holds),
    )


def _marked(reader: Reader, column: str) -> set[str]:
    """Ids of sessions with a column that is not 0."""
    sql = f"SELECT CAST(id AS BLOB) FROM sessions WHERE CAST({column} AS INTEGER) != 0"
    return set(reader.texts(sql, needs=("sessions", column)))


def active_since(reader: Reader, timestamp: float, *, cancel: Cancel | None = None) -> frozenset[str]:
    """Open sessions whose newest message is not older than a time: all that can be live."""
    layout = reader.layout
    if not layout.has("sessions", "ended_at") or not layout.has("messages", "timestamp"):
        return frozenset()
    last = "(SELECT max(timestamp) FROM messages WHERE session_id = sessions.id)"
    sql = f"SELECT CAST(id AS BLOB) FROM sessions WHERE ended_at IS NULL AND COALESCE({last}, started_at) >= ?"
    return frozenset(reader.texts(sql, (timestamp,), cancel=cancel))
