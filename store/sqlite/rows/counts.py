"""How many messages sessions have, and where they lie: from covering indexes, and round damaged pages."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ...base.errors import Damaged
from ...engine.rows import Counts
from ..base import cell_values, column_sql
from ..connect.reader import Reader, Row


def counts(reader: Reader, ids: Sequence[str]) -> dict[str, Counts]:
    """Rows, lowest and highest id of each session that has rows: one grouped walk of a covering index.

    Where a page of the table is damaged, the sessions are parted until those are alone whose rows lie on it.
    """
    layout = reader.layout
    if not ids or not layout.has("messages", "session_id"):
        return {}
    timestamp = column_sql.real(layout, "messages", "timestamp")
    try:
        rows = reader.rows(
            "WITH counted AS MATERIALIZED (SELECT session_id, count(*) AS many, min(id) AS lowest, max(id) AS highest"
            " FROM messages WHERE session_id IN (SELECT value FROM json_each(?)) GROUP BY session_id)"
            f" SELECT CAST(counted.session_id AS BLOB), many, lowest, highest, {timestamp}"
            " FROM counted CROSS JOIN messages ON messages.id = highest",
            (json.dumps(list(ids)),),
        )
    except Damaged as error:
        if len(ids) == 1:
            return {ids[0]: _of_damaged(reader, ids[0], str(error))}
        half = len(ids) // 2
        return counts(reader, ids[:half]) | counts(reader, ids[half:])
    return {cell_values.text(name) or "": _counts(row) for name, *row in rows}


def _counts(row: Sequence[cell_values.Value], problem: str = "") -> Counts:
    many, lowest, highest, last = row
    return Counts(
        cell_values.integer(many),
        cell_values.integer(lowest),
        cell_values.integer(highest),
        cell_values.timestamp(last),
        problem,
    )


def _of_damaged(reader: Reader, session_id: str, said: str) -> Counts:
    """What the index alone tells of a session whose rows cannot all be read; nothing where it is damaged too."""
    problem = f"part of its messages cannot be read: {said}"
    for facts in ("count(*), min(id), max(id), max(timestamp)", "count(*), min(id), max(id), NULL"):
        try:
            row: Row | None = reader.row(f"SELECT {facts} FROM messages WHERE session_id = ?", (session_id,))
        except Damaged:
            continue
        if row is not None and row[1] is not None:
            return _counts(row, problem)
    return Counts(problem=problem)
