"""Orphan sessions: those with messages and without a row, lost by a recovery or deleted by hand.

No statement reads a body; ids are found by skipping from one to the next in an index that starts with them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from ...base.errors import Damaged
from ...base.late_dataclass import dataclass
from ...base.models import Page, Session
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import MESSAGES, Reader, Row
from .counts import counted, counts
from .damage import around_damage

_BY_SESSION = frozenset({"idx_messages_session", "idx_messages_session_id"})
"""Indexes that start with session_id; every version has the first (docs/format.md §2.2)."""

_kept: WeakKeyDictionary[Reader, tuple[int, tuple[str, ...]]] = WeakKeyDictionary()
"""All orphans of a file at a version of its data: each typed letter asks for those that begin with it."""


@dataclass(frozen=True, slots=True)
class OrphanCursor:
    """End of a page of orphans, None before the first."""

    after: str | None = None


def page(reader: Reader, *, limit: int, cursor: OrphanCursor, now: float, profile: str) -> Page[Session]:
    """One page of orphans in the order of their ids; see `sessions.page`."""
    rows = _ids(reader, after=cursor.after, limit=limit + 1)
    shown = rows[:limit]
    more = len(rows) > limit
    following = OrphanCursor(shown[-1]) if shown else cursor
    return Page(by_ids(reader, shown, now=now, profile=profile), more, following if more else None)


def ids(reader: Reader) -> list[str]:
    """Ids of all orphans in order, found once for each state of the file.

    Empty where neither index nor table can be read to its end.
    """
    version = reader.data_version()
    if (kept := _kept.get(reader)) is None or kept[0] != version:
        kept = _kept[reader] = version, tuple(_ids(reader))
    return list(kept[1])


def _ids(reader: Reader, *, after: str | None = None, limit: int = -1) -> list[str]:
    """Those from the first after `after`; a limit of -1 means all."""
    layout = reader.layout
    bindings: Row = (limit,) if after is None else (limit, after)
    behind = "" if after is None else " WHERE session_id > ?2"
    for ids_of in (_SKIP_SCAN, _TABLE_SCAN) if layout.indexes & _BY_SESSION else (_TABLE_SCAN,):
        statement = (
            f"{ids_of.format(behind=behind)} SELECT CAST(id AS BLOB) FROM step WHERE {_is_orphan(layout)} LIMIT ?1"
        )
        try:
            return reader.texts(statement, bindings, needs=MESSAGES)
        except Damaged:
            continue
    return []


def by_ids(reader: Reader, wanted: Sequence[str], *, now: float, profile: str) -> tuple[Session, ...]:
    """Those of some ids without a row that have messages."""
    with_rows = {key: found for key, found in counts(reader, wanted).items() if found.messages}
    first_ids = [found.first_id for found in with_rows.values() if found.first_id is not None]
    starts = _start_times(reader, first_ids) if first_ids else {}
    sessions = (
        Session(id=key, started_at=starts.get(with_rows[key].first_id or 0), orphan=True, profile=profile)
        for key in wanted
        if key in with_rows
    )
    return tuple(counted(session, with_rows[session.id], now) for session in sessions)


_SKIP_SCAN = (
    "WITH RECURSIVE step(id) AS (SELECT min(session_id) FROM messages{behind} UNION ALL"
    " SELECT (SELECT min(session_id) FROM messages WHERE session_id > step.id) FROM step WHERE step.id IS NOT NULL)"
)
_TABLE_SCAN = "WITH step(id) AS (SELECT DISTINCT session_id FROM messages NOT INDEXED{behind} ORDER BY 1)"


def _is_orphan(layout: Layout) -> str:
    row = "SELECT 1 FROM sessions WHERE sessions.id = step.id"
    return "id IS NOT NULL" + (f" AND NOT EXISTS ({row})" if layout.has("sessions", "id") else "")


def _start_times(reader: Reader, first: Sequence[int]) -> dict[int, float | None]:
    """Times of first messages by id, without those on a damaged page."""
    timestamp = column_sql.timestamp(reader.layout, "messages", "timestamp")
    sql = f"SELECT id, {timestamp} FROM messages WHERE id IN (SELECT value FROM json_each(?))"
    rows = around_damage(lambda some: reader.rows(sql, (json.dumps(list(some)),)), first, lambda _, __: [])
    return {cell_values.integer(row_id): cell_values.timestamp(time) for row_id, time in rows}
