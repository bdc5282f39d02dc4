"""Versions of the sections of an open transcript: what any act of Hermes on their rows changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from ...base.late_dataclass import replace
from ...base.models import SectionVersion
from ..base import cell_values, column_sql
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import Reader

_Run = Callable[[str, tuple[Value, ...]], Iterable[tuple[Value, ...]]]


def versions(reader: Reader, ids: Sequence[str]) -> dict[str, SectionVersion]:
    """Versions of some sections in one read transaction; of all active rows a covering index alone is read."""
    return reader.read(lambda connection, layout: _versions(connection.execute, layout, json.dumps(list(ids))))


def _versions(run: _Run, layout: Layout, ids: str) -> dict[str, SectionVersion]:
    if not layout.has("messages", "session_id"):
        return {}
    active = column_sql.active(layout)
    counted = run(
        f"SELECT CAST(session_id AS BLOB), count(*), max(id), sum({active}), total(iif({active}, id, 0)) FROM messages"
        " WHERE session_id IN (SELECT value FROM json_each(?)) GROUP BY session_id",
        (ids,),
    )
    found = {cell_values.text(key) or "": SectionVersion(*map(cell_values.integer, cells)) for key, *cells in counted}
    inactive = [key for key, version in found.items() if version.active < version.rows]
    if not inactive:
        return found
    compacted = run(
        f"SELECT CAST(session_id AS BLOB), sum({column_sql.compacted(layout)}) FROM messages"
        f" WHERE session_id IN (SELECT value FROM json_each(?)) AND NOT ({active}) GROUP BY session_id",
        (json.dumps(inactive),),
    )
    for key, number in compacted:
        session_id = cell_values.text(key) or ""
        found[session_id] = replace(found[session_id], compacted=cell_values.integer(number))
    return found
