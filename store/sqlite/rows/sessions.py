"""Sessions as rows of a list: pages newest first, counts, and the links between them.

No statement here reads a message body or `system_prompt`: a page costs what its rows cost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...base.cancel import Cancel
from ...base.errors import Damaged
from ...base.models import Page, Relation, Scope, Session
from ...engine.rows import NO_COUNTS, Counts
from ...formats.lineage import Lineage, Link
from ...formats.session_state import is_live
from ..base import cell_values, column_sql
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import Reader
from . import orphan_sessions
from .counts import counts

NEWEST_ROWS = 2048
"""Newest message rows that `recent` looks at for the sessions they belong to."""

BY_START = "idx_sessions_started"
"""Index on started_at that every version makes (docs/format.md §2.2); the planner alone would sort all rows."""

MARKERS = {"branched": "_branched_from", "delegate": "_delegate_from", "reset": "_reset_from"}
"""Name of a marker in a Link -> its key in the JSON of `sessions.model_config` (docs/format.md §4.3)."""


class DamagedTableCursor(NamedTuple):
    """Where a page by id ended, None before the first."""

    after: str | None = None


class SessionCursor(NamedTuple):
    """Where a page ended: both cells of the key, text as bytes, and the type of the first."""

    started_at: Value
    kind: Value
    id: Value


def page(reader: Reader, *, limit: int, cursor: SessionCursor | None, now: float, profile: str) -> Page[Session]:
    """One page of all sessions, newest start first, ties by id.

    Args:
        limit: Rows on the page.
        cursor: `Page.cursor` of the page before, None for the first.
        now: Seconds since 1970, for what is live.
        profile: Of sessions whose row names none.
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


def page_by_id(reader: Reader, *, limit: int, cursor: DamagedTableCursor, now: float, profile: str) -> Page[Session]:
    """One page in the order of ids, as the index on them has them: for a table of which pages are damaged."""
    behind, key = ("", ()) if cursor.after is None else (" WHERE id > ?", (cursor.after,))
    rows = reader.rows(f"SELECT CAST(id AS BLOB) FROM sessions{behind} ORDER BY id LIMIT ?", (*key, limit + 1))
    ids = [cell_values.text(row[0]) or "" for row in rows[:limit]]
    more = len(rows) > limit
    return Page(by_ids(reader, ids, now=now, profile=profile), more, DamagedTableCursor(ids[-1]) if more else None)


def by_ids(reader: Reader, ids: Iterable[str], *, now: float, profile: str) -> tuple[Session, ...]:
    """The sessions that are there, newest start first; at the end those that have messages and no row.

    One whose row lies on a damaged page says so.
    """
    layout = reader.layout
    wanted = list(ids)
    rows: list[tuple[Value, ...]] = []
    try:
        if layout.has("sessions", "started_at"):
            rows = reader.rows(
                f"SELECT {_listed(layout)} FROM sessions WHERE id IN (SELECT value FROM json_each(?))"
                " ORDER BY started_at DESC, id DESC",
                (json.dumps(wanted),),
            )
    except Damaged as error:
        if len(wanted) == 1:
            lost = Session(id=wanted[0], problem=f"its row cannot be read: {error}", profile=profile)
            return (_counted(lost, counts(reader, wanted).get(wanted[0], NO_COUNTS), now),)
        half = len(wanted) // 2
        parts = (by_ids(reader, part, now=now, profile=profile) for part in (wanted[:half], wanted[half:]))
        return tuple(session for part in parts for session in part)
    found = _sessions(reader, rows, now, profile)
    known = {one.id for one in found}
    alone = [one for one in wanted if one not in known]
    return (*found, *orphan_sessions.by_ids(reader, alone, now=now, profile=profile)) if alone else found


def newest(reader: Reader) -> tuple[str, ...]:
    """Ids of the sessions that the newest message rows belong to."""
    if not reader.layout.has("messages", "session_id"):
        return ()
    rows = reader.rows(
        "SELECT DISTINCT CAST(session_id AS BLOB) FROM (SELECT session_id FROM messages ORDER BY id DESC LIMIT ?)",
        (NEWEST_ROWS,),
    )
    return tuple(cell_values.text(row[0]) or "" for row in rows)


def links(reader: Reader, ids: Iterable[str] | None = None) -> tuple[Link, ...]:
    """Children and their parents: all of the file, or those that are connected to the given sessions."""
    layout = reader.layout
    if not layout.has("sessions", "parent_session_id"):
        return ()
    if ids is None:
        return tuple(_link(row) for row in reader.rows(f"{_related(layout)} WHERE {_IN_A_FAMILY}"))
    rows = reader.rows(f"{_NEAR} {_related(layout)} WHERE id IN near", (json.dumps(list(ids)),))
    return tuple(_link(row) for row in rows)


def lineage_of(reader: Reader, ids: Iterable[str]) -> Lineage:
    """What the given sessions are connected to; nothing is known of it where a page on the way is damaged."""
    try:
        return Lineage(links(reader, ids))
    except Damaged:
        return Lineage(())


def scope(reader: Reader) -> Scope:
    """How many sessions the file has, each left-out one counted once: archived before child before hidden.

    Where a page is damaged all of them, and none as left out.
    """
    layout = reader.layout
    alone = len(orphan_sessions.ids(reader))
    if not layout.has("sessions", "id"):
        return Scope(alone)
    total = reader.row("SELECT count(*) FROM sessions")
    every = (cell_values.integer(total[0]) if total else 0) + alone
    try:
        return replace(_left_out(reader, layout), total=every)
    except Damaged:
        return Scope(every)


def _left_out(reader: Reader, layout: Layout) -> Scope:
    """What the default list leaves out, counted; the total is not."""
    archived = _marked(reader, layout, "archived")
    family = links(reader)
    lineage = Lineage(family)
    children = {link.id for link in family if is_child(lineage, link.id)} - archived
    hidden = _marked(reader, layout, "hidden") - archived - children
    return Scope(0, len(archived), len(children), len(hidden))


def is_child(lineage: Lineage, session_id: str) -> bool:
    """True for what the list leaves to its parent: delegates and older sections."""
    return lineage.chain(session_id)[-1] != session_id or lineage.relation(session_id) is Relation.DELEGATE


def find_by_name(reader: Reader, text: str, *, limit: int) -> list[str]:
    """Ids of sessions that have this id, begin so, or have it in their title; that very id first, then the newest."""
    layout = reader.layout
    if not layout.has("sessions", "started_at"):
        return []
    title = " OR title LIKE ?3 ESCAPE '\\'" if layout.has("sessions", "title") else " OR ?3 IS NULL"
    like = column_sql.like(text)
    rows = reader.rows(
        f"SELECT CAST(id AS BLOB) FROM sessions WHERE id = ?1 OR id LIKE ?2 ESCAPE '\\'{title}"
        " ORDER BY id = ?1 DESC, started_at DESC, id DESC LIMIT ?4",
        (text, f"{like}%", f"%{like}%", limit),
    )
    return [cell_values.text(row[0]) or "" for row in rows]


_IN_A_FAMILY = (
    "parent_session_id IS NOT NULL"
    " OR id IN (SELECT parent_session_id FROM sessions WHERE parent_session_id IS NOT NULL)"
)

_NEAR = (
    "WITH RECURSIVE near(id) AS (SELECT value FROM json_each(?)"
    " UNION SELECT sessions.parent_session_id FROM near CROSS JOIN sessions ON sessions.id = near.id"
    " WHERE sessions.parent_session_id IS NOT NULL"
    " UNION SELECT sessions.id FROM near CROSS JOIN sessions ON sessions.parent_session_id = near.id)"
)


Question = tuple[str, tuple[Value, ...]]
"""A statement and its bindings."""


def _timed(layout: Layout, cursor: SessionCursor | None, limit: int) -> Question:
    """Rows behind the cursor by the index on time, whatever a start may be: blobs, then texts, then numbers."""
    behind, key = "started_at IS NOT NULL", tuple[Value, ...]()
    if cursor is not None:
        behind = "(started_at, id) < (CASE ? WHEN 'text' THEN CAST(?2 AS TEXT) ELSE ?2 END, CAST(?3 AS TEXT))"
        key = (cursor.kind, cursor.started_at, cursor.id)
    statement = f"{_walked(layout)} WHERE {behind} ORDER BY started_at DESC, id DESC LIMIT ?"
    return statement, (*key, limit)


def _untimed(layout: Layout, cursor: SessionCursor | None, limit: int) -> Question:
    """Rows without a start, which come last."""
    there = cursor is not None and cursor.started_at is None
    behind, key = (" AND id < CAST(? AS TEXT)", (cursor.id,)) if cursor and there else ("", ())
    return f"{_walked(layout)} WHERE started_at IS NULL{behind} ORDER BY id DESC LIMIT ?", (*key, limit)


def _walked(layout: Layout) -> str:
    """Rows of the list, by the index on their starts where there is one."""
    indexed = f" INDEXED BY {BY_START}" if BY_START in layout.indexes else ""
    return f"SELECT {_listed(layout)} FROM sessions{indexed}"


def _listed(layout: Layout) -> str:
    """Columns of a listed row, in the order `_session` unpacks."""
    return ", ".join(
        (
            "CAST(id AS BLOB)",
            "CASE typeof(started_at) WHEN 'text' THEN CAST(started_at AS BLOB) ELSE started_at END",
            "typeof(started_at)",
            *(column_sql.text(layout, "sessions", name) for name in ("source", "title", "model")),
            *(column_sql.real(layout, "sessions", name) for name in ("started_at", "ended_at")),
            *(column_sql.text(layout, "sessions", name) for name in ("end_reason", "parent_session_id")),
            *(column_sql.whole(layout, "sessions", name) for name in ("archived", "hidden")),
            *(column_sql.text(layout, "sessions", name) for name in ("cwd", "profile_name")),
        )
    )


def _sessions(reader: Reader, rows: Sequence[tuple[Value, ...]], now: float, profile: str) -> tuple[Session, ...]:
    """Rows with their counts and their places in the lineage."""
    plain = [_session(row, profile) for row in rows]
    ids = [session.id for session in plain]
    counted = counts(reader, ids)
    lineage = lineage_of(reader, ids)
    return tuple(_placed(_counted(session, counted.get(session.id, NO_COUNTS), now), lineage) for session in plain)


def _session(row: tuple[Value, ...], profile: str) -> Session:
    name, _, _, source, title, model, started, ended, reason, parent, archived, hidden, cwd, named = row
    return Session(
        id=cell_values.text(name) or "",
        problem="" if cell_values.is_text(name) else "its id is no valid text: only a search finds its messages",
        source=cell_values.text(source) or "",
        title=cell_values.text(title),
        model=cell_values.text(model),
        started_at=cell_values.timestamp(started),
        ended_at=cell_values.timestamp(ended),
        end_reason=cell_values.text(reason),
        parent_id=cell_values.text(parent),
        archived=bool(cell_values.integer(archived)),
        hidden=bool(cell_values.integer(hidden)),
        cwd=cell_values.text(cwd),
        profile=cell_values.text(named) or profile,
    )


def _counted(session: Session, counted: Counts, now: float) -> Session:
    last_active = session.started_at if counted.last_active is None else counted.last_active
    return replace(
        session,
        messages=counted.messages,
        problem=session.problem or counted.problem,
        first_id=counted.first_id,
        last_id=counted.last_id,
        last_active=last_active,
        live=is_live(ended_at=session.ended_at, last_active=last_active, now=now),
    )


def _placed(session: Session, lineage: Lineage) -> Session:
    chain = lineage.chain(session.id)
    if session.parent_id is None and len(chain) == 1:
        return session
    return replace(
        session,
        relation=lineage.relation(session.id),
        chain=len(chain),
        section=chain.index(session.id) + 1,
    )


_STARTED_AGAIN = (
    "sessions.session_key <> '' AND EXISTS (SELECT 1 FROM sessions AS parent"
    " WHERE parent.id = sessions.parent_session_id AND parent.session_key = sessions.session_key AND parent.end_reason"
    " IN ('session_reset', 'session_switch', 'idle', 'daily', 'suspended', 'resume_pending_expired', 'new_session'))"
)
"""The same chat went on after its session had ended at a boundary (docs/format.md §4.3, §4.5)."""


def _related(layout: Layout) -> str:
    """Columns of a Link, in the order `_link` unpacks; a marker counts where it names the parent."""
    config = "sessions.model_config" if layout.has("sessions", "model_config") else "NULL"
    named = {
        name: f"CASE WHEN json_valid({config}) THEN json_extract({config}, '$.{key}') END IS sessions.parent_session_id"
        for name, key in MARKERS.items()
    }
    if layout.has("sessions", "session_key"):
        named["reset"] = f"({named['reset']} OR {_STARTED_AGAIN})"
    facts = (
        *(column_sql.text(layout, "sessions", name) for name in ("id", "parent_session_id", "source")),
        *(column_sql.real(layout, "sessions", name) for name in ("started_at", "ended_at")),
        column_sql.text(layout, "sessions", "end_reason"),
        *(f"sessions.parent_session_id IS NOT NULL AND {test}" for test in named.values()),
    )
    return f"SELECT {', '.join(facts)} FROM sessions"


def _link(row: tuple[Value, ...]) -> Link:
    name, parent, source, started, ended, reason, *marked = row
    return Link(
        id=cell_values.text(name) or "",
        parent_id=cell_values.text(parent),
        source=cell_values.text(source) or "",
        started_at=cell_values.timestamp(started),
        ended_at=cell_values.timestamp(ended),
        end_reason=cell_values.text(reason),
        markers=frozenset(name for name, holds in zip(MARKERS, marked, strict=True) if holds),
    )


def _marked(reader: Reader, layout: Layout, column: str) -> set[str]:
    """Ids of the sessions where the column is not 0."""
    if not layout.has("sessions", column):
        return set()
    rows = reader.rows(f"SELECT CAST(id AS BLOB) FROM sessions WHERE CAST({column} AS INTEGER) != 0")
    return {cell_values.text(row[0]) or "" for row in rows}


def active_since(reader: Reader, timestamp: float, *, cancel: Cancel | None = None) -> frozenset[str]:
    """The sessions that are not ended and whose newest message is no older than `moment`: all that can be live."""
    layout = reader.layout
    if not layout.has("sessions", "ended_at") or not layout.has("messages", "timestamp"):
        return frozenset()
    last = "(SELECT max(timestamp) FROM messages WHERE session_id = sessions.id)"
    sql = f"SELECT CAST(id AS BLOB) FROM sessions WHERE ended_at IS NULL AND COALESCE({last}, started_at) >= ?"
    return frozenset(cell_values.text(row[0]) or "" for row in reader.rows(sql, (timestamp,), cancel=cancel))
