"""Message counts, id bounds and copies of sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from ..base.models import Session
from ..engine.rows import Counts
from ..formats import message_codec
from ..formats.carried_copies import NO_COPIES, Copies, SectionRow, find_copies
from ..formats.compaction_overlap import SUMMARIES, Fingerprint
from ..formats.session_state import is_live
from . import cells, column_sql
from .reader import Reader, Row
from .schema_probe import Layout

_REMEMBERED = 4_096
"""Sections whose copies are remembered for a reader."""
_SUMMARY = max(map(len, SUMMARIES))

A_MESSAGE = "messages.role IS DISTINCT FROM 'session_meta'"

_known: WeakKeyDictionary[Reader, dict[str, tuple[Row, Copies]]] = WeakKeyDictionary()


def version_columns(layout: Layout) -> str:
    """Rows of a section, its highest id, its active rows and the sum of their ids: any change changes one of them."""
    active = column_sql.active(layout)
    return f"count(*), max(id), count(*) FILTER (WHERE {active}), COALESCE(sum(id) FILTER (WHERE {active}), 0)::text"


def counts(reader: Reader, ids: Sequence[str]) -> dict[str, Counts]:
    """Counts of each session that has rows."""
    if not ids:
        return {}
    layout = reader.layout
    time = column_sql.column(layout, "messages", "timestamp", alias="newest")
    rows = reader.rows(
        "WITH counted(session_id, lowest, many, highest, alive, ids) AS MATERIALIZED"
        f" (SELECT session_id, min(id), {version_columns(layout)} FROM {layout.messages} AS messages"
        " WHERE session_id = ANY(%s) GROUP BY session_id)"
        f" SELECT session_id, lowest, (SELECT {time} FROM {layout.messages} AS newest WHERE newest.id = highest),"
        " many, highest, alive, ids FROM counted",
        (list(ids),),
    )
    found: dict[str, Counts] = {}
    for session_cell, lowest, last, *version in rows:
        session_id, number = cells.text(session_cell) or "", cells.integer(version[0])
        copied = len(copies_at(reader, session_id, tuple(version)).originals)
        bounds = (cells.integer(lowest), cells.integer(version[1]))
        found[session_id] = Counts(number - copied, number, *bounds, cells.timestamp(last))
    return found


def counted(session: Session, counts: Counts, now: float) -> Session:
    """A session with its counts, and whether it is live."""
    last_active = session.started_at if counts.last_active is None else counts.last_active
    return replace(
        session,
        messages=counts.messages,
        rows=counts.rows,
        first_id=counts.first_id,
        last_id=counts.last_id,
        last_active=last_active,
        live=is_live(ended_at=session.ended_at, last_active=last_active, now=now),
    )


def copies_of(reader: Reader, session_id: str) -> Copies:
    """The copies that compactions in place left in a section."""
    layout = reader.layout
    sql = f"SELECT {version_columns(layout)} FROM {layout.messages} AS messages WHERE session_id = %s"
    return copies_at(reader, session_id, reader.row(sql, (session_id,)) or ())


def copies_at(reader: Reader, session_id: str, version: Row) -> Copies:
    """The same of a section whose version has just been read."""
    if not version or version[0] == version[2]:
        return NO_COPIES
    known = _known.setdefault(reader, {})
    found = known.get(session_id)
    if found is None or found[0] != version:
        if len(known) >= _REMEMBERED:
            known.clear()
        found = known[session_id] = (version, find_copies(list(_section_rows(reader, session_id))))
    return found[1]


def _section_rows(reader: Reader, session_id: str) -> Iterator[SectionRow]:
    """Rows with the identities of those that have a look-alike; any other row is equal to none."""
    layout = reader.layout
    columns = (
        *(column_sql.n_bytes(layout, "messages", name) for name in ("content", "tool_calls")),
        column_sql.column(layout, "messages", "timestamp"),
        column_sql.active(layout),
        column_sql.compacted(layout),
        column_sql.whole(layout, "messages", "_compressed_summary"),
        f"CASE WHEN role IS DISTINCT FROM 'tool' THEN pg_catalog.left(messages.content::text, {_SUMMARY}) END",
        column_sql.column(layout, "messages", "display_identity"),
    )
    rows = reader.rows(
        f"SELECT id, role, {', '.join(columns)} FROM {layout.messages} AS messages"
        f" WHERE session_id = %s AND {A_MESSAGE} ORDER BY id",
        (session_id,),
    )
    sizes = Counter(row[1:4] for row in rows)
    times = Counter((row[1], row[4]) for row in rows)
    alike = [cells.integer(row[0]) for row in rows if sizes[row[1:4]] > 1 or times[row[1], row[4]] > 1]
    prints = fingerprints(reader, alike)
    for row_id, _, _, _, time, active, compacted, marked, beginning, mark in rows:
        number = cells.integer(row_id)
        yield SectionRow(
            id=number,
            identity=prints[number].identity if number in prints else b"%d" % number,
            time=cells.timestamp(time),
            active=bool(active),
            compacted=bool(compacted),
            summary=bool(marked) or (cells.text(beginning) or "").startswith(SUMMARIES),
            mark=mark if isinstance(mark, bytes) else None,
        )


def fingerprints(reader: Reader, ids: Sequence[int]) -> dict[int, Fingerprint]:
    """Fingerprints of rows by id."""
    layout = reader.layout
    texts = ", ".join(
        column_sql.text(layout, "messages", name) for name in ("role", "content", "tool_calls", "tool_call_id")
    )
    sql = f"SELECT id, {texts} FROM {layout.messages} AS messages WHERE id = ANY(%s)"
    found: dict[int, Fingerprint] = {}
    for row_id, role, body, calls, call_id in reader.pages(sql, ids):
        said = cells.content(body)
        identity = message_codec.identity(role, said, calls, call_id)
        found[cells.integer(row_id)] = Fingerprint(identity, (said or "").startswith(SUMMARIES))
    return found
