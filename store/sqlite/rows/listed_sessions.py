"""Sessions of a whole list: their order by one statement, and rows with their ends by one statement a page.

What is not plain (a text that is no UTF-8, copies, a damaged page, an end that lies further inside) is left out, and
read by the statements of `sessions` and `session_ends`, which hold for every row.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import lru_cache
from weakref import WeakKeyDictionary

import apsw

from ...base.errors import Damaged
from ...base.models import Session
from ...engine.rows import SessionEnds
from ...formats.lineage import Lineage
from ...formats.session_state import TURNS, Ending, is_live
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import MESSAGES, Reader, Row
from . import orphan_sessions, sessions
from .messages import WALK, opening, readable
from .section_copies import version_columns
from .session_ends import FIRST_BYTES, described

_LONGEST = 65_536
_START_BYTES = 16
"""Bytes of an answer: where they are spaces alone, more is read elsewhere."""

_TEXTS = {str, type(None)}

ListedRow = tuple[Session, SessionEnds | None]


def order(reader: Reader, *, by_start: bool) -> list[tuple[float, str]] | None:
    """Every session with its time, the newest first: of its last message, or of its start.

    By their start without those that have no row, so that no message is looked at.
    None where a session cannot be asked for by its id.
    """
    layout = reader.layout
    if not layout.has("sessions", "started_at") or not layout.has(*MESSAGES):
        return None
    version = reader.data_version()
    reader.lineage = version, Lineage(sessions.links(reader))  # each page asks for its own
    indexed = f" INDEXED BY {sessions.BY_START}" if sessions.BY_START in layout.indexes else ""
    started = column_sql.timestamp(layout, "sessions", "started_at")
    times = _times(reader, f"SELECT id, {started} FROM sessions{indexed}")
    if not by_start:
        last = _times(reader, _LAST.format(time=column_sql.timestamp(layout, "messages", "timestamp")))
        orphans = [key for key in last if key not in times]
        starts = orphan_sessions.by_ids(reader, orphans, now=0.0, profile="") if orphans else ()
        times |= {session.id: session.started_at for session in starts}
        times |= {key: time for key, time in last.items() if time is not None}
    together = "".join(times)
    if "\0" in together or "\ufffd" in together:
        return None
    return sorted([(0.0 if time is None else time, key) for key, time in times.items()], reverse=True)


_LAST = (
    "SELECT known.session_id, {time} FROM (SELECT session_id, max(id) AS last FROM messages"
    " GROUP BY session_id) AS known CROSS JOIN messages ON messages.id = known.last"
)


def _times(reader: Reader, sql: str) -> dict[str, float | None]:
    """Times by session; an id that is no UTF-8 has U+FFFD in it."""
    return {cell_values.text(key) or "": cell_values.timestamp(time) for key, time in reader.rows(sql)}


def listed(reader: Reader, ids: Sequence[str], *, now: float, profile: str) -> dict[str, ListedRow]:
    """Rows and ends of those of some sessions that are plain; the first words of those alone that have no title."""
    layout = reader.layout

    def _read(connection: apsw.Connection, layout: Layout) -> list[Row]:
        return connection.execute(_statement(layout), (json.dumps(list(ids)),)).fetchall()

    if not layout.has("sessions", "started_at") or not layout.has(*MESSAGES):
        return {}
    try:
        rows = reader.read(_read)
        odd = _described(reader, ids)
    except (UnicodeDecodeError, Damaged):
        return {}
    found = {str(row[0]): listed_row for row in rows if (listed_row := _listed(row, now, profile)) is not None}
    lineage = sessions.lineage_of(reader, ids)
    return {
        key: (sessions.placed(session, lineage) if key in lineage else session, ends)
        for key, (session, ends) in found.items()
        if key not in odd
    }


_of_file: WeakKeyDictionary[Reader, tuple[int, int | None, frozenset[str]]] = WeakKeyDictionary()
"""The opening of the file, the highest id that was looked at, None where a page is damaged, and the described sessions
up to it."""


def _described(reader: Reader, ids: Sequence[str]) -> Collection[str]:
    """Those of some sessions that a row describes, and maybe others.

    For a first page its own rows are looked at; with a second one the roles of all rows, once, which costs half as much
    as those of all sessions one by one.
    """
    opening_of_file = reader.data_version() >> 32
    kept = _of_file.get(reader)
    if kept is None or kept[0] != opening_of_file:
        _of_file[reader] = opening_of_file, 0, frozenset()
        return described(reader, ids)
    if kept[1] is None:
        return described(reader, ids)
    try:
        highest = reader.number("SELECT max(id) FROM messages")
        rows = reader.texts(_DESCRIBED, (kept[1], highest)) if highest > kept[1] else []
    except Damaged:
        _of_file[reader] = opening_of_file, None, frozenset()
        return described(reader, ids)
    _of_file[reader] = opening_of_file, highest, kept[2].union(rows)
    return _of_file[reader][2]


_DESCRIBED = (
    "SELECT DISTINCT CAST(session_id AS BLOB) FROM messages NOT INDEXED"
    " WHERE id > ? AND id <= ? AND role = 'session_meta'"
)


@column_sql.once
def _statement(layout: Layout) -> str:
    has_calls = "octet_length(ending.tool_calls) > 2" if layout.has("messages", "tool_calls") else "0"
    answer = (
        f"CASE WHEN ending.role = 'assistant' AND ({has_calls}) IS NOT 1"
        f" THEN CAST(substr(CAST(ending.content AS BLOB), 1, {_START_BYTES}) AS BLOB) END"
    )
    first = (
        "CASE WHEN ending.role = 'tool' OR COALESCE(sessions.title, '') = '' THEN"
        f" (SELECT CASE messages.role WHEN 'user' THEN {opening(FIRST_BYTES)} END FROM messages WHERE id = lowest) END"
    )
    columns = (
        *("sessions.id", _time(layout, "started_at"), _time(layout, "ended_at")),
        *(_text(layout, name) for name in ("source", "title", "model", "end_reason")),
        "sessions.parent_session_id" if layout.has("sessions", "parent_session_id") else "NULL",
        *(column_sql.whole(layout, "sessions", name) for name in ("archived", "hidden")),
        *(_text(layout, name) for name in ("cwd", "profile_name")),
        *("lowest", "highest", "many", "alive"),
        f"(SELECT {column_sql.timestamp(layout, 'messages', 'timestamp')} FROM messages WHERE id = highest)",
        *("ending.role", "ending.finish_reason" if layout.has("messages", "finish_reason") else "NULL"),
        *(has_calls, answer, first),
    )
    return (
        "WITH counted(session_id, lowest, last, many, highest, alive, ids) AS MATERIALIZED (SELECT session_id, min(id),"
        f" max(CASE WHEN {column_sql.active(layout)} THEN id END), {version_columns(layout)} FROM messages"
        " WHERE session_id IN (SELECT value FROM json_each(?1)) GROUP BY session_id)"
        f" SELECT {', '.join(columns)} FROM json_each(?1) AS wanted CROSS JOIN sessions ON sessions.id = wanted.value"
        " LEFT JOIN counted ON counted.session_id = sessions.id"
        " LEFT JOIN messages AS ending ON ending.id = counted.last"
    )


def _text(layout: Layout, name: str) -> str:
    """A text of a session as it is stored, the start of a long one as bytes."""
    if not layout.has("sessions", name):
        return "NULL"
    cell = f"sessions.{name}"
    start = column_sql.short_text(layout, "sessions", name)
    return f"CASE WHEN octet_length({cell}) > {_LONGEST} THEN {start} ELSE NULLIF({cell}, '') END"


def _time(layout: Layout, name: str) -> str:
    return column_sql.timestamp(layout, "sessions", name)


def _listed(row: Row, now: float, profile: str) -> ListedRow | None:
    """A row with its ends; None where more must be read, or a text is none."""
    session_id, started, ended, source, title, model, reason, parent, archived, hidden, cwd, own_profile = row[:12]
    lowest, highest, many, alive, last = row[12:17]
    if not {*map(type, (session_id, source, title, model, reason, parent, cwd, own_profile))} <= _TEXTS:
        return None
    ends = None
    if many is not None and (many != alive or many > WALK or (ends := _ends(title, row[17:])) is None):  # type: ignore[arg-type, operator]
        return None
    started_at, ended_at = cell_values.timestamp(started), cell_values.timestamp(ended)
    active = cell_values.timestamp(last)
    active = started_at if active is None else active
    session = Session(
        *(session_id, source or "", title, model, started_at, ended_at, reason, active, many or 0, many or 0, parent),  # type: ignore[arg-type]
        archived=bool(archived),
        hidden=bool(hidden),
        cwd=cwd,  # type: ignore[arg-type]
        profile=profile,
        profile_name=own_profile,  # type: ignore[arg-type]
        live=is_live(ended_at=ended_at, last_active=active, now=now),
        first_id=lowest,  # type: ignore[arg-type]
        last_id=highest,  # type: ignore[arg-type]
    )
    return session, ends


def _ends(title: str | None, row: Row) -> SessionEnds | None:
    """The ends of a session that has rows; None where more of it must be read."""
    role, finish_reason, has_calls, answer, first = row
    is_named = bool(title and title.strip())
    if role not in TURNS or not (finish_reason is None or isinstance(finish_reason, str)):
        return None
    if isinstance(answer, bytes) and not answer.decode("utf-8", "ignore").strip():
        return None
    if (role == "tool" or not is_named) and first is None:
        return None
    return _shared_ends(str(role), finish_reason, bool(has_calls), "" if is_named else readable(first))


@lru_cache(maxsize=512)
def _shared_ends(role: str, finish_reason: str | None, has_calls: bool, first_words: str) -> SessionEnds:
    """Most sessions of a list end alike."""
    return SessionEnds(first_words, Ending(role, finish_reason, has_calls), has_turns=True)
