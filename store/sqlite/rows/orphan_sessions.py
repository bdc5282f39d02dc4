"""Sessions that have messages and no row of their own: a recovery lost it, or somebody deleted it by hand.

No statement reads a body; ids are found by leaping from one to the next in the index that begins with them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ...base.errors import Damaged
from ...base.models import Page, Session
from ...engine.rows import Counts
from ...formats.session_state import is_live
from ..base import cell_values, column_sql
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import Reader
from .counts import counts

_BY_SESSION = frozenset({"idx_messages_session", "idx_messages_session_id"})
"""Indexes that begin with session_id; every version makes the first (docs/format.md §2.2)."""


@dataclass(frozen=True, slots=True)
class OrphanCursor:
    """Where a page of orphans ended, None before the first."""

    after: str | None = None


def page(reader: Reader, *, limit: int, cursor: OrphanCursor, now: float, profile: str) -> Page[Session]:
    """One page of orphans in the order of their ids; see `sessions.page`."""
    found = ids(reader, after=cursor.after, limit=limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    following = OrphanCursor(shown[-1]) if shown else cursor
    return Page(by_ids(reader, shown, now=now, profile=profile), more, following if more else None)


def ids(reader: Reader, *, after: str | None = None, limit: int = -1) -> list[str]:
    """Ids of orphans in their order, from the first behind `after`; -1 for all of them.

    None where neither the index nor the table can be read to its end: then the sessions that are there say so.
    """
    layout = reader.layout
    if not layout.has("messages", "session_id"):
        return []
    bindings: tuple[Value, ...] = (limit,) if after is None else (limit, after)
    behind = "" if after is None else " WHERE session_id > ?2"
    leaping = _LEAPING.format(behind=behind)
    walking = _WALKING.format(behind=behind)
    for step in (leaping, walking) if layout.indexes & _BY_SESSION else (walking,):
        try:
            rows = reader.rows(f"{step} SELECT CAST(id AS BLOB) FROM step WHERE {_alone(layout)} LIMIT ?1", bindings)
        except Damaged:
            continue
        return [cell_values.text(row[0]) or "" for row in rows]
    return []


def by_ids(reader: Reader, wanted: Sequence[str], *, now: float, profile: str) -> tuple[Session, ...]:
    """Those of `wanted`, which have no row of a session, that have messages."""
    found = {one: told for one, told in counts(reader, wanted).items() if told.messages}
    begun = _begun(reader, [told.first_id for told in found.values() if told.first_id is not None]) if found else {}
    return tuple(
        _session(one, found[one], begun.get(found[one].first_id or 0), now, profile) for one in wanted if one in found
    )


_LEAPING = (
    "WITH RECURSIVE step(id) AS (SELECT min(session_id) FROM messages{behind} UNION ALL"
    " SELECT (SELECT min(session_id) FROM messages WHERE session_id > step.id) FROM step WHERE step.id IS NOT NULL)"
)
_WALKING = "WITH step(id) AS (SELECT DISTINCT session_id FROM messages NOT INDEXED{behind} ORDER BY 1)"


def _alone(layout: Layout) -> str:
    there = "SELECT 1 FROM sessions WHERE sessions.id = step.id"
    return "id IS NOT NULL" + (f" AND NOT EXISTS ({there})" if layout.has("sessions", "id") else "")


def _begun(reader: Reader, first: Sequence[int]) -> dict[int, float | None]:
    """When the first messages were, by their ids; nothing of those on a damaged page."""
    timestamp = column_sql.real(reader.layout, "messages", "timestamp")
    try:
        rows = reader.rows(
            f"SELECT id, {timestamp} FROM messages WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(first)),),
        )
    except Damaged:
        half = len(first) // 2
        return _begun(reader, first[:half]) | _begun(reader, first[half:]) if half else {}
    return {cell_values.integer(name): cell_values.timestamp(time) for name, time in rows}


def _session(session_id: str, told: Counts, begun: float | None, now: float, profile: str) -> Session:
    last_active = begun if told.last_active is None else told.last_active
    return Session(
        id=session_id,
        started_at=begun,
        last_active=last_active,
        messages=told.messages,
        orphan=True,
        profile=profile,
        problem=told.problem,
        live=is_live(ended_at=None, last_active=last_active, now=now),
        first_id=told.first_id,
        last_id=told.last_id,
    )
