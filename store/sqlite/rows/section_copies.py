"""Copies that compactions in place left in a section, from heads and the bodies of rows that look alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from weakref import WeakKeyDictionary

import apsw

from ...base.errors import Damaged
from ...formats.carried_copies import NO_COPIES, Copies, SectionRow, find_copies
from ...formats.compaction_overlap import SUMMARIES
from ...formats.row_encoding import storable
from ..base import cell_values, column_sql
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import Reader, Row
from . import comparison_rows

Version = tuple[Value, ...]
"""Rows of a section, its highest id, its active rows and the sum of their ids: an act of Hermes changes one of them."""

_REMEMBERED = 4_096
"""Sections whose copies are remembered for a reader."""
_SUMMARY_BYTES = max(len(beginning.encode()) for beginning in SUMMARIES)

_known: WeakKeyDictionary[Reader, dict[str, tuple[Version, Copies]]] = WeakKeyDictionary()


UNDONE = "SELECT 1 FROM messages WHERE session_id = ? AND active = 0 LIMIT 1"
"""Whether a section has an inactive row: without one it has no copies. Index on (session_id, active, timestamp)."""


def version_columns(layout: Layout) -> str:
    """Columns of a `Version` in a statement that groups the rows of a section; covering indexes have them."""
    active = column_sql.active(layout)
    return f"count(*), max(id), COALESCE(sum({active}), 0), total(CASE WHEN {active} THEN id END)"


def copies(reader: Reader, session_id: str) -> Copies:
    """The copies of a section; none where a page is damaged: a message shown twice is better than a missing one."""

    def _version(connection: apsw.Connection, layout: Layout) -> Version:
        if not layout.has("messages", "active"):
            return ()
        key = (storable(session_id),)
        if not connection.execute(UNDONE, key).fetchall():
            return ()
        sql = f"SELECT {version_columns(layout)} FROM messages WHERE session_id = ?"
        return connection.execute(sql, key).fetchall()[0]

    try:
        return copies_at(reader, session_id, reader.read(_version))
    except Damaged:
        return NO_COPIES


def copies_at(reader: Reader, session_id: str, version: Version) -> Copies:
    """The copies of a section whose version has just been read."""
    if not version or version[0] == version[2]:
        return NO_COPIES
    known = _known.setdefault(reader, {})
    found = known.get(session_id)
    if found is None or found[0] != version:
        if len(known) >= _REMEMBERED:
            known.clear()
        found = known[session_id] = (version, _found(reader, session_id))
    return found[1]


def _found(reader: Reader, session_id: str) -> Copies:
    layout = reader.layout
    try:
        rows = reader.rows(_statement(layout), (storable(session_id),))
        return find_copies(list(_section_rows(reader, rows)))
    except Damaged:
        return NO_COPIES


def _statement(layout: Layout) -> str:
    """Heads of a section's rows; of tools' results, which may be long, no beginning is read."""
    role, time = column_sql.text(layout, "messages", "role"), column_sql.timestamp(layout, "messages", "timestamp")
    sizes = (column_sql.n_bytes(layout, "messages", name) for name in ("content", "tool_calls"))
    marks = (
        column_sql.whole(layout, "messages", "_compressed_summary"),
        f"CASE WHEN messages.role IS NOT 'tool' THEN substr(CAST(messages.content AS BLOB), 1, {_SUMMARY_BYTES}) END",
        column_sql.text(layout, "messages", "display_identity"),
    )
    return (
        f"SELECT id, {role}, {', '.join(sizes)}, {time}, {column_sql.active(layout)}, {column_sql.compacted(layout)},"
        f" {', '.join(marks)} FROM messages WHERE session_id = ? AND {comparison_rows.A_MESSAGE} ORDER BY id"
    )


def _section_rows(reader: Reader, rows: Sequence[Row]) -> Iterator[SectionRow]:
    """Rows with the identities of those that have a look-alike; any other row is equal to none."""
    sizes = Counter(row[1:4] for row in rows)
    times = Counter((row[1], row[4]) for row in rows)
    alike = [row for row in rows if sizes[row[1:4]] > 1 or times[row[1], row[4]] > 1]
    prints = comparison_rows.fingerprints(reader, [cell_values.integer(row[0]) for row in alike])
    for row_id, _, _, _, timestamp, active, compacted, marked, beginning, mark in rows:
        number = cell_values.integer(row_id)
        yield SectionRow(
            id=number,
            identity=prints[number].identity if number in prints else b"%d" % number,
            time=cell_values.timestamp(timestamp),
            active=bool(active),
            compacted=bool(compacted),
            summary=bool(cell_values.integer(marked)) or (cell_values.text(beginning) or "").startswith(SUMMARIES),
            mark=mark if isinstance(mark, bytes) else None,
        )
