"""Message counts and id bounds of sessions, from covering indexes and around damaged pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from ...base.errors import Damaged
from ...base.models import Session
from ...engine.rows import Counts
from ...formats.session_state import is_live
from ..base import cell_values, column_sql
from ..connect.reader import Reader, Row
from .damage import around_damage


def counts(reader: Reader, ids: Sequence[str]) -> dict[str, Counts]:
    """Counts of each session that has rows, by one grouped walk of a covering index.

    Around a damaged page the sessions are split until only those with rows on it remain.
    """
    layout = reader.layout
    if not ids or not layout.has("messages", "session_id"):
        return {}
    timestamp = column_sql.real(layout, "messages", "timestamp")

    def _read(some: Sequence[str]) -> list[tuple[str, Counts]]:
        rows = reader.rows(
            "WITH counted AS MATERIALIZED (SELECT session_id, count(*) AS many, min(id) AS lowest, max(id) AS highest"
            " FROM messages WHERE session_id IN (SELECT value FROM json_each(?)) GROUP BY session_id)"
            f" SELECT CAST(counted.session_id AS BLOB), many, lowest, highest, {timestamp}"
            " FROM counted CROSS JOIN messages ON messages.id = highest",
            (json.dumps(list(some)),),
        )
        return [(cell_values.text(session_id) or "", _counts(row)) for session_id, *row in rows]

    return dict(around_damage(_read, ids, lambda key, error: [(key, _of_damaged(reader, key, str(error)))]))


def counted(session: Session, counts: Counts, now: float) -> Session:
    """A session with its counts, and whether it is live."""
    last_active = session.started_at if counts.last_active is None else counts.last_active
    return replace(
        session,
        messages=counts.messages,
        problem=session.problem or counts.problem,
        first_id=counts.first_id,
        last_id=counts.last_id,
        last_active=last_active,
        live=is_live(ended_at=session.ended_at, last_active=last_active, now=now),
    )


def _counts(row: Sequence[cell_values.Value], problem: str = "") -> Counts:
    number, lowest, highest, last = row
    return Counts(
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
