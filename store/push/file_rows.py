"""Messages of files as rows of a copy: in order with those of SQLite, and what is appended to both sides later."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from ..base.errors import CannotOpen, Damaged
from ..base.models import Message, Origin, Session
from ..drift.sources import Sources
from ..engine.operations import Cell, RawRow, RawText
from ..engine.ports import Engine
from ..engine.push_target import SOURCE, SessionCopy
from ..files import jsonl_reader
from ..files.home import FileStat
from ..files.jsonl_files import JsonlFiles, compared_message, is_message
from ..formats import jsonl, message_codec

_IDENTITY = ("role", "content", "tool_calls", "tool_call_id")


class Tail:
    """Where a file ended, and which messages each side had then without the other.

    Args:
        file: The file as it was read.
        spare: Messages of SQLite that the file lacks, by identity.
        lacking: Identities of those that SQLite lacks.
    """

    def __init__(self, file: FileStat, spare: Counter[bytes], lacking: frozenset[bytes]) -> None:
        self._file, self._spare, self._lacking = file, spare, lacking

    @classmethod
    def of(cls, sources: Sources) -> Tail | None:
        """The end of a session's file; None without one."""
        if sources.written.file is None:
            return None
        stored = Counter(sources.rows[place].message.identity for place in sources.messages)
        written = Counter(line.identity for line in sources.written.entries)
        return cls(sources.written.file, stored - written, frozenset(written - stored))

    def follow(self, file: FileStat, rows: Sequence[RawRow]) -> bool:
        """Take what was appended to both sides; False where it may be anything but messages that SQLite has."""
        new = [_identity(row) for row in rows]
        if self._lacking.intersection(new):
            return False
        lines: list[bytes] = []
        if file.stamp != self._file.stamp:
            found = _appended(self._file, file)
            if found is None:
                return False
            lines = found
        spare = self._spare + Counter(new)
        if Counter(lines) - spare:
            return False
        self._spare, self._file = spare - Counter(lines), file
        return True


def _appended(before: FileStat, file: FileStat) -> list[bytes] | None:
    """Identities of the messages behind the old end of a file; None where it is another or not plainly longer."""
    if file.inode != before.inode or file.size <= before.size or not before.size:
        return None
    try:
        raw = jsonl_reader.read_between(file.path, before.size - 1, file.size)
    except (CannotOpen, Damaged):
        return None
    if not raw.startswith(b"\n") or not raw.endswith(b"\n"):
        return None
    found = []
    for record in jsonl.parse([raw[1:]]):
        if isinstance(record, jsonl.BadLine) or record.salvaged or record.replaced:
            return None
        if is_message(record):
            found.append(compared_message(record.value).identity)
    return found


def has_more(sources: Sources) -> bool:
    """False where SQLite surely has every message of the file."""
    stored = Counter(sources.rows[place].message.identity for place in sources.messages)
    return bool(Counter(line.identity for line in sources.written.entries) - stored)


def lines(files: JsonlFiles, session_id: str) -> Iterator[Message]:
    """The messages of a session's file."""
    for record in files.message_records(session_id):
        yield message_codec.message_of_record(record.value, session_id=session_id, line=record.id)


def in_order(copy: SessionCopy, sources: Sources, engine: Engine, lines: Sequence[Message]) -> Iterator[RawRow]:
    """All messages, those of a file between the rows where the comparison puts them."""
    stored = {raw["id"]: raw for raw in copy.messages}
    places, given = sources.messages, 0
    for line, place in sources.compared(engine).union if lines else ():
        if place is not None:
            for row in sources.rows[given : places[place] + 1]:
                if (raw := stored.pop(row.id, None)) is not None:
                    yield raw
            given = max(given, places[place] + 1)
        elif line is not None and line < len(lines):
            yield message_row(lines[line])
    yield from stored.values()


def message_row(message: Message) -> RawRow:
    """A message of a file as a row."""
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.tool_calls
    ]
    return {
        "session_id": message.session_id,
        "role": message.role,
        "content": message.text,
        "timestamp": message.timestamp,
        "tool_calls": json.dumps(calls) if calls else None,
        "tool_call_id": message.tool_call_id,
        "tool_name": message.tool_name,
        "reasoning": message.reasoning or None,
        "finish_reason": message.finish_reason,
        "active": int(message.active),
        SOURCE: message.origin.value,
    }


def session_row(session: Session) -> RawRow:
    """A session of files as a row."""
    return {
        "id": session.id,
        "source": session.source,
        "model": session.model,
        "title": session.title,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "end_reason": session.end_reason,
        "cwd": session.cwd,
        "message_count": session.messages,
        SOURCE: Origin(session.origin).value,
    }


def _identity(row: RawRow) -> bytes:
    return message_codec.identity(*(_text(row.get(name)) for name in _IDENTITY))


def _text(cell: Cell) -> object:
    raw = cell.raw if isinstance(cell, RawText) else cell
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
