"""Messages of transcripts: heads by page, bodies by id, context of a hit, rows that decide an outline.

Order is id order within a session, never time (docs/format.md §3.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..base.cancel import Cancel
from ..base.models import ContextLine, Head, Message, Origin, Page, SectionVersion, StoredTexts
from ..engine.push_target import SOURCE
from ..engine.rows import SessionEnds, SessionStamp, StoredRow
from ..formats import message_codec
from ..formats.carried_copies import Copies, State
from ..formats.compaction_overlap import SUMMARIES
from ..formats.compared_message import ComparedMessage, compared
from ..formats.session_state import Ending
from . import cells, column_sql
from .counts import A_MESSAGE, copies_of
from .reader import Reader, Row
from .schema_probe import Layout

MAX_BODIES = 256
"""Bodies per request."""
_ENDS_AT_ONCE = 64
"""Sessions whose ends are read in one round trip."""
FIRST_CHARS = 4_096
"""Characters read of the first user message; a multimodal cell is read whole."""
MOST_ROWS = 4_096
"""Rows of a session that are looked at for one that describes it; of a longer one so many and its ends."""


def heads(reader: Reader, session_id: str | None, *, after: int, limit: int) -> Page[Head]:
    """Heads in id order, inactive rows included, from the first id above `after`."""
    layout = reader.layout
    rows = reader.rows(
        f"{_head_statement(layout)} WHERE session_id = %s AND id > %s ORDER BY id LIMIT %s",
        (session_id, after, limit + 1),
    )
    shown = tuple(map(_head, rows[:limit]))
    more = len(rows) > limit
    return Page(shown, more, shown[-1].id if more and shown else None)


def last_heads(reader: Reader, session_id: str | None, *, limit: int) -> tuple[Head, ...]:
    """The last heads of a session, in id order."""
    statement = f"{_head_statement(reader.layout)} WHERE session_id = %s ORDER BY id DESC LIMIT %s"
    return tuple(_head(row) for row in reversed(reader.rows(statement, (session_id, limit))))


def ids(reader: Reader, session_id: str | None) -> Sequence[int]:
    """Ids of all messages of a session, in order."""
    statement = f"SELECT id FROM {reader.layout.messages} AS messages WHERE session_id = %s ORDER BY id"
    return [cells.integer(row[0]) for row in reader.rows(statement, (session_id,))]


def _head_statement(layout: Layout) -> str:
    columns = (
        "id",
        column_sql.text(layout, "messages", "role"),
        column_sql.n_bytes(layout, "messages", "content"),
        column_sql.text(layout, "messages", "tool_name"),
        f"{column_sql.n_bytes(layout, 'messages', 'tool_calls')} > 2",
        f"{column_sql.n_bytes(layout, 'messages', 'reasoning', 'reasoning_content')} > 0",
        column_sql.active(layout),
        column_sql.whole(layout, "messages", "compacted"),
        column_sql.column(layout, "messages", "timestamp"),
    )
    return f"SELECT {', '.join(columns)} FROM {layout.messages} AS messages"


def _head(row: Row) -> Head:
    row_id, role, n_bytes, tool, calls, reasoned, active, compacted, timestamp = row
    return Head(
        id=cells.integer(row_id),
        role=cells.text(role) or "",
        n_bytes=cells.integer(n_bytes),
        tool_name=cells.text(tool),
        has_calls=bool(calls),
        has_reasoning=bool(reasoned),
        active=bool(active),
        compacted=bool(compacted),
        timestamp=cells.timestamp(timestamp),
    )


def bodies(reader: Reader, ids: Sequence[int], *, cancel: Cancel | None = None) -> tuple[Message, ...]:
    """Messages in the order of the ids; ids without a row are left out.

    Raises:
        ValueError: More than `MAX_BODIES` ids.
    """
    if len(ids) > MAX_BODIES:
        raise ValueError(f"at most {MAX_BODIES} messages at a time, not {len(ids)}")
    if not ids:
        return ()
    layout = reader.layout
    sql = f"SELECT {body_columns(layout)} FROM {layout.messages} AS messages WHERE id = ANY(%s)"
    found = {message.id: message for message in map(message_of, reader.rows(sql, (list(ids),), cancel=cancel))}
    return tuple(found[message_id] for message_id in ids if message_id in found)


def readable_bodies(reader: Reader, ids: Sequence[int]) -> tuple[Message, ...]:
    """The same: a damaged page is the server's, and raises."""
    return bodies(reader, ids)


def containing(reader: Reader, ids: Sequence[int], words: str) -> frozenset[int]:
    """Messages of which a field has some words in any case; those with a content that is encoded are taken for such."""
    layout, pattern = reader.layout, f"%{column_sql.like(words)}%"
    content = column_sql.text(layout, "messages", "content")
    names = ("content", "tool_calls", "reasoning_content", "reasoning")
    tests = " OR ".join(f'{column_sql.text(layout, "messages", name)} COLLATE "C" ILIKE %s' for name in names)
    sql = (
        f"SELECT id FROM {layout.messages} AS messages WHERE id = ANY(%s)"
        f" AND ({tests} OR pg_catalog.left({content}, 1) = pg_catalog.chr(1))"
    )
    rows = reader.rows(sql, (list(ids), *[pattern] * len(names)))
    return frozenset(cells.integer(row[0]) for row in rows)


def stored_texts(_: Reader, ids: Sequence[int], *, replies_only: bool = False) -> StoredTexts:  # noqa: ARG001
    """None: each row is read by itself."""
    return StoredTexts.none_of(ids)


_SOURCES = frozenset(Origin)
_SHOWN = ("session_id", "role", "content", "tool_name")
_REST = ("tool_calls", "tool_call_id", "reasoning_content", "reasoning", "finish_reason", "display_kind")


def body_columns(layout: Layout) -> str:
    """Columns of a body, in the order `message_of` unpacks."""
    return ", ".join(
        (
            "messages.id",
            column_sql.column(layout, "messages", "timestamp"),
            *(column_sql.text(layout, "messages", name) for name in _SHOWN),
            column_sql.active(layout),
            *(column_sql.whole(layout, "messages", name) for name in ("compacted", "observed", "_compressed_summary")),
            *(column_sql.text(layout, "messages", name) for name in _REST),
            column_sql.text(layout, "messages", SOURCE),
        )
    )


def message_of(row: Row) -> Message:
    """A message from the cells of `body_columns`."""
    row_id, timestamp, session_id, role_cell, body, tool, active, compacted, observed, summary = row[:10]
    calls, call_id, field, plain, reason, kind, source = map(cells.text, row[10:])
    role = cells.text(role_cell) or ""
    readable = message_codec.readable(message_codec.decode(cells.content(body)))
    text, thought = message_codec.split_thinking(role, readable)
    return Message(
        id=cells.integer(row_id),
        session_id=cells.text(session_id) or "",
        role=role,
        text=text,
        timestamp=cells.timestamp(timestamp),
        tool_calls=message_codec.shown_calls(calls),
        tool_call_id=call_id,
        tool_name=cells.text(tool),
        reasoning=message_codec.joined_reasoning(field or plain or "", thought),
        finish_reason=reason,
        active=bool(active),
        compacted=bool(compacted),
        display_kind=kind,
        observed=bool(observed),
        summary=bool(summary) or message_codec.is_summary(text),
        kept=Origin(source) if source in _SOURCES else Origin.POSTGRES,
    )


def window(
    reader: Reader, session_id: str, message_id: int, *, width: int, n_bytes: int | None = None
) -> tuple[ContextLine, ...]:
    """The messages around one in id order, itself included; empty where the session has no such message."""
    layout = reader.layout
    near = f"SELECT id FROM {layout.messages} WHERE session_id = %s AND id"
    time = column_sql.column(layout, "messages", "timestamp")
    rows = reader.rows(
        f"SELECT id, role::text, {_opening(n_bytes)}, {time} FROM {layout.messages} AS messages WHERE id IN"
        f" ((SELECT * FROM ({near} < %s ORDER BY id DESC LIMIT %s) AS before) UNION ALL SELECT %s::bigint"
        f" UNION ALL (SELECT * FROM ({near} > %s ORDER BY id LIMIT %s) AS behind)) AND session_id = %s ORDER BY id",
        (session_id, message_id, width, message_id, session_id, message_id, width, session_id),
    )
    if message_id not in {row[0] for row in rows}:
        return ()
    return tuple(
        ContextLine(
            cells.integer(row_id),
            cells.text(role) or "",
            _cut(cell, n_bytes),
            row_id == message_id,
            cells.timestamp(timestamp),
        )
        for row_id, role, cell, timestamp in rows
    )


def _opening(n_chars: int | None) -> str:
    """The start of a plain text, all of a coded one (docs/postgres.md §6)."""
    if n_chars is None:
        return "content::text"
    return (
        "CASE WHEN pg_catalog.left(content::text, 1) = E'\\x01' THEN content::text"
        f" ELSE pg_catalog.left(content::text, {n_chars}) END"
    )


def _cut(cell: object, n_bytes: int | None) -> str:
    """A content as a reader sees it, cut where it is plain text."""
    plain = cells.content(cell)
    if n_bytes is not None and plain is not None and not plain.startswith(message_codec.PREFIX):
        plain = plain.encode()[:n_bytes].decode(errors="replace")
    return message_codec.readable(message_codec.decode(plain))


def first_user_text(reader: Reader, session_id: str) -> str:
    """Readable start of the first user message in id order; "" for none."""
    row = reader.row(
        f"SELECT {_opening(FIRST_CHARS)} FROM {reader.layout.messages} AS messages"
        " WHERE session_id = %s AND role = 'user' ORDER BY id LIMIT 1",
        (session_id,),
    )
    return _cut(row[0], FIRST_CHARS) if row else ""


def ends(reader: Reader, session_id: str) -> SessionEnds | None:
    """Beginning and end of a session; None where it has no message."""
    return ends_of(reader, [session_id]).get(session_id)


def ends_of(reader: Reader, ids: Sequence[str]) -> Mapping[str, SessionEnds | None]:
    """The same of those sessions that have messages, many in a round trip."""
    found: dict[str, SessionEnds | None] = {}
    for start in range(0, len(ids), _ENDS_AT_ONCE):
        some, statement = ids[start : start + _ENDS_AT_ONCE], _ends_statement(reader.layout)
        answers = reader.batch([(statement, (session_id,) * 7) for session_id in some])
        known = zip(some, map(_ends, answers), strict=True)
        found |= {session_id: ends for session_id, ends in known if ends is not None}
    return found


def _ends_statement(layout: Layout) -> str:
    """The rows that decide; it binds the session's id seven times."""
    active = column_sql.active(layout)
    of_session = f"FROM {layout.messages} AS messages WHERE session_id = %s"
    calls = column_sql.n_bytes(layout, "messages", "tool_calls")
    reason = column_sql.text(layout, "messages", "finish_reason")
    return (
        f"(SELECT 0, {_opening(FIRST_CHARS)}, NULL, 0::bigint, '' {of_session} AND role = 'user' ORDER BY id LIMIT 1)"
        f" UNION ALL (SELECT 1, {_opening(FIRST_CHARS)}, role::text, {calls}::bigint, {reason} {of_session}"
        f" AND {active} AND role IN ('user', 'assistant', 'tool') ORDER BY id DESC LIMIT 1)"
        f" UNION ALL (SELECT 2, NULL, role::text, 0, NULL {of_session} ORDER BY id LIMIT 1)"
        f" UNION ALL (SELECT 2, NULL, role::text, 0, NULL {of_session} AND {active} ORDER BY id LIMIT 1)"
        f" UNION ALL (SELECT 2, NULL, role::text, 0, NULL {of_session} AND {active} ORDER BY id DESC LIMIT 1)"
        f" UNION ALL (SELECT 2, NULL, role, 0, NULL FROM (SELECT role::text {of_session} LIMIT {MOST_ROWS}) AS seen"
        " WHERE role = 'session_meta' LIMIT 1)"
        f" UNION ALL (SELECT 3, NULL, NULL, 0, NULL {of_session} AND role IN ('user', 'assistant') LIMIT 1)"
    )


def _ends(rows: Sequence[Row]) -> SessionEnds | None:
    found = {row[0]: row for row in rows}
    if 2 not in found:
        return None
    last = None
    if (row := found.get(1)) is not None:
        has_text = bool((cells.text(row[1]) or "").strip())
        last = Ending(cells.text(row[2]) or "", cells.text(row[4]), cells.integer(row[3]) > len("[]"), has_text)
    first = _cut(found[0][1], FIRST_CHARS) if 0 in found else ""
    has_turns = last is None or last.role != "tool" or 3 in found
    described = any(row[0] == 2 and cells.text(row[2]) == "session_meta" for row in rows)
    return SessionEnds(first, last, has_turns, described)


def versions(reader: Reader, ids: Sequence[str]) -> Mapping[str, SectionVersion]:
    """Versions of the sessions that have rows."""
    layout = reader.layout
    active, compacted = column_sql.active(layout), column_sql.compacted(layout)
    rows = reader.rows(
        f"SELECT session_id, count(*), max(id), count(*) FILTER (WHERE {active}),"
        f" COALESCE(sum(id) FILTER (WHERE {active}), 0)::text, count(*) FILTER (WHERE {compacted})"
        f" FROM {layout.messages} AS messages WHERE session_id = ANY(%s) GROUP BY session_id",
        (list(ids),),
    )
    return {cells.text(row[0]) or "": SectionVersion(*map(cells.integer, row[1:])) for row in rows}


def stored_rows(reader: Reader, session_id: str, *, cancel: Cancel | None = None) -> Iterator[StoredRow]:
    """All rows of a session in id order, copies included; the bodies by pages."""
    layout, found = reader.layout, copies_of(reader, session_id)
    sql = f"SELECT id FROM {layout.messages} WHERE session_id = %s ORDER BY id"
    ids = [cells.integer(row[0]) for row in reader.rows(sql, (session_id,), cancel=cancel)]
    names = ("role", "content", "tool_calls", "tool_call_id", "platform_message_id")
    columns = (
        *(column_sql.text(layout, "messages", name) for name in names),
        column_sql.column(layout, "messages", "timestamp"),
        column_sql.active(layout),
        column_sql.compacted(layout),
        column_sql.whole(layout, "messages", "_compressed_summary"),
        column_sql.n_bytes(layout, "messages", *layout.fields("messages")),
    )
    statement = f"SELECT id, {', '.join(columns)} FROM {layout.messages} AS messages WHERE id = ANY(%s) ORDER BY id"
    return (_stored_row(row, found) for row in reader.pages(statement, ids, cancel=cancel))


def _stored_row(row: Row, found: Copies) -> StoredRow:
    row_id, role, body, calls, call_id, platform_id, timestamp, active, compacted, marked, n_bytes = row
    number, own = cells.integer(row_id), State(bool(active), bool(compacted))
    shown, said = found.states.get(number, own), cells.content(body)
    return StoredRow(
        id=number,
        message=compared(
            *(cells.text(role), said, cells.text(calls), cells.text(call_id)),
            platform_id=cells.text(platform_id),
            time=(cells.timestamp(timestamp), False),
            active=shown.active,
        ),
        stored=own,
        meta=role == "session_meta",
        compacted=shown.compacted,
        copy_of=found.originals.get(number),
        summary=bool(marked) or (said or "").startswith(SUMMARIES),
        n_bytes=cells.integer(n_bytes),
    )


def compared_messages(reader: Reader, session_id: str, *, cancel: Cancel | None = None) -> Iterator[ComparedMessage]:
    """The compared form of a session's messages, each once, without session_meta."""
    return (row.message for row in stored_rows(reader, session_id, cancel=cancel) if row.is_message)


def count(reader: Reader, session_id: str) -> int:
    """Messages of a session, each once, without session_meta."""
    sql = f"SELECT count(*) FROM {reader.layout.messages} AS messages WHERE session_id = %s AND {A_MESSAGE}"
    return reader.number(sql, (session_id,)) - len(copies_of(reader, session_id).originals)


def stamp(reader: Reader, session_id: str) -> SessionStamp:
    """Number of rows, highest id and number of active rows."""
    return reader.rows(stamp_statement(reader.layout), (session_id,))[0]


def stamp_statement(layout: Layout) -> str:
    """The statement of a stamp; it binds the session's id."""
    active = f"count(*) FILTER (WHERE {column_sql.active(layout)})"
    return f"SELECT count(*), max(id), {active} FROM {layout.messages} AS messages WHERE session_id = %s"


def marked_copies(reader: Reader, session_id: str, before: str) -> set[int]:
    """Ids of the rows whose `display_identity` the session before has."""
    layout = reader.layout
    if not layout.has("messages", "display_identity"):
        return set()
    sql = (
        f"SELECT id FROM {layout.messages} WHERE session_id = %s AND display_identity IN (SELECT display_identity"
        f" FROM {layout.messages} WHERE session_id = %s AND display_identity IS NOT NULL)"
    )
    return {cells.integer(row[0]) for row in reader.rows(sql, (session_id, before))}


def appends(reader: Reader, session_id: str) -> Mapping[str, Sequence[int]]:
    """Keys of a session's appends, each with the ids of its rows."""
    layout = reader.layout
    if not layout.has("hermes_tui_appends", "ids"):
        return {}
    sql = f"SELECT key, ids FROM {layout.table('hermes_tui_appends')} WHERE session_id = %s"
    rows = reader.rows(sql, (session_id,))
    return {cells.text(key) or "": list(map(cells.integer, ids)) for key, ids in rows if isinstance(ids, list)}
