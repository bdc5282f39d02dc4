"""Message counts and id bounds of sessions, from covering indexes and around damaged pages."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ...base.errors import Damaged
from ...base.late_dataclass import replace
from ...base.models import Session
from ...engine.rows import Counts
from ...formats.session_state import is_live
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import Reader, Row
from . import section_copies
from .damage import around_damage

_UNDONE_INDEX = "idx_messages_session_active"
"""Index on the session, the state and the time of messages."""
_UNDONE = (
    "(SELECT count(*) FROM messages AS undone WHERE undone.session_id = messages.session_id AND undone.active = 0)"
)


def counts(reader: Reader, ids: Sequence[str]) -> dict[str, Counts]:
    """Counts of each session that has rows, by one grouped walk of a covering index.

    Around a damaged page the sessions are split until only those with rows on it remain.
    """
    layout = reader.layout
    if not ids or not layout.has("messages", "session_id"):
        return {}
    return dict(
        around_damage(
            lambda some: _read(reader, layout, some).items(),
            ids,
            lambda key, error: [(key, _of_damaged(reader, key, str(error)))],
        )
    )


def counted(session: Session, counts: Counts, now: float) -> Session:
    """A session with its counts, and whether it is live."""
    last_active = session.started_at if counts.last_active is None else counts.last_active
    return replace(
        session,
        messages=counts.messages,
        rows=counts.rows,
        problem=session.problem or counts.problem,
        first_id=counts.first_id,
        last_id=counts.last_id,
        last_active=last_active,
        live=is_live(ended_at=session.ended_at, last_active=last_active, now=now),
    )


def _read(reader: Reader, layout: Layout, ids: Sequence[str]) -> dict[str, Counts]:
    """Counts of some sessions; where the index with the states is damaged, copies are counted too."""
    whole = section_copies.version_columns(layout)
    try:
        if _UNDONE_INDEX not in layout.indexes:
            rows = _grouped(reader, layout, whole, ids)
        else:  # versions have sums over the rows, which take as long again, for copies that few sessions have
            rows = _grouped(reader, layout, f"count(*), max(id), count(*) - {_UNDONE}, 0", ids)
            undone = [cell_values.text(row[0]) or "" for row in rows if row[3] != row[5]]
            rows = [row for row in rows if row[3] == row[5]] + _grouped(reader, layout, whole, undone)
    except Damaged:
        rows = _grouped(reader, layout, "count(*), max(id), count(*), 0", ids)
    found: dict[str, Counts] = {}
    for session_cell, lowest, last, *version in rows:
        session_id = cell_values.text(session_cell) or ""
        copied = len(section_copies.copies_at(reader, session_id, tuple(version)).originals)
        found[session_id] = _counts((version[0], lowest, version[1], last), copied=copied)
    return found


def _grouped(reader: Reader, layout: Layout, version: str, ids: Sequence[str]) -> list[Row]:
    statement = _statement(layout, version, grouped=len(ids) > 1)
    return reader.rows(statement, (json.dumps(list(ids)),)) if ids else []


def _statement(layout: Layout, version: str, *, grouped: bool) -> str:
    """Lowest id, time of the newest row and version by session, of one session without grouping."""
    given = "(SELECT value FROM json_each(?))"
    chosen = f"session_id IN {given} GROUP BY session_id" if grouped else f"session_id = {given}"
    return (
        f"WITH counted(session_id, lowest, many, highest, alive, ids) AS MATERIALIZED"
        f" (SELECT session_id, min(id), {version}"
        f" FROM messages WHERE {chosen})"
        f" SELECT CAST(counted.session_id AS BLOB), lowest, {column_sql.timestamp(layout, 'messages', 'timestamp')},"
        " many, highest, alive, ids FROM counted CROSS JOIN messages ON messages.id = highest"
    )


def _counts(row: Sequence[cell_values.Value], problem: str = "", *, copied: int = 0) -> Counts:
    number, lowest, highest, last = row
    return Counts(
        cell_values.integer(number) - copied,
        cell_values.integer(number),
        cell_values.integer(lowest),
        cell_values.integer(highest),
        cell_values.timestamp(last),
        problem,
    )


def _of_damaged(reader: Reader, session_id: str, cause: str) -> Counts:
    """Counts from the index alone, of a session with damaged rows; none where the index is damaged too."""
    problem = f"part of its messages cannot be read: {cause}"
    for columns in ("count(*), min(id), max(id), max(timestamp)", "count(*), min(id), max(id), NULL"):
        try:
            row: Row | None = reader.row(f"SELECT {columns} FROM messages WHERE session_id = ?", (session_id,))
        except Damaged:
            continue
        if row is not None and row[1] is not None:
            return _counts(row, problem)
    return Counts(problem=problem)
