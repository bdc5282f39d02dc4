"""Sessions of which files have more than SQLite, as they are copied: all of their messages in order, each labelled.

Between two rows of SQLite there is no id, so that such a session has ids of its own in the copy, above all of SQLite's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from ..base.errors import CannotOpen, Damaged
from ..base.models import Message, Origin, Session
from ..drift import verdict
from ..drift.sources import Sources, read_sources
from ..engine.operations import RawRow
from ..engine.push_target import FILE_IDS, SOURCE, SessionCopy
from ..files.home import FileStat
from ..files.verdict_cache import NOT_STORED
from ..formats import message_codec
from ..home_store import HomeStore
from .session_copies import mark_of

MOST_MESSAGES = 1 << 20
"""Messages of a session that are copied with those of its files; a longer one is copied as SQLite has it."""
_SESSIONS = 1 << 39
"""Places for such sessions, by the digest of their id."""


class FileCopies:
    """Makes the copies of sessions whose files have more, and remembers which have not."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store
        self._alike: dict[str, object] = {}
        """Session -> the state of both of its sides when nothing more was in its file."""
        self._found: dict[str, FileStat] = {}
        self._waiting = self._only = frozenset[str]()
        self.look()

    def look(self) -> None:
        """List the files, for the sessions that are asked for next."""
        self._found = dict(self._store.files.newest_first())
        self._waiting = frozenset(self._store.leftovers.spool.ids())

    def ids(self, known: Container[str]) -> list[str]:
        """The sessions that files have and SQLite has not."""
        found = [session.id for session in self._store.leftovers.sessions(known)]
        self._only = frozenset(found)
        return found

    def state(self) -> object:
        """What changes with any file that is copied."""
        leftovers = self._store.leftovers
        files = [(name, stat.stamp) for name, stat in self._store.files.newest_first()]
        snapshots = [(name, stat.stamp) for name, stat in leftovers.snapshots.files().items()]
        return files, sorted(snapshots), sorted(map(str, leftovers.spool.files()))

    def may_have_more(self, session_id: str) -> bool:
        """False where the files of a session surely have nothing that SQLite lacks."""
        if session_id in self._waiting or session_id in self._only:
            return True
        if (file := self._found.get(session_id)) is None:
            return False
        rows = self._rows(session_id)
        if verdict.is_in_sync(session_id, self._store.files, rows):
            return False
        return self._alike.get(session_id) != (file.stamp, rows)

    def merged(self, copy: SessionCopy) -> SessionCopy | None:
        """A session with what its files have; None where they have nothing more.

        Args:
            copy: All of it as SQLite has it.
        """
        session_id = copy.session_id
        found = list(self._in_order(copy)) if copy.messages or copy.row is not None else self._alone(session_id)
        if len(found) == len(copy.messages) or len(found) > MOST_MESSAGES:
            if (file := self._found.get(session_id)) is not None:
                self._alike[session_id] = (file.stamp, self._rows(session_id))
            return None
        first = FILE_IDS + int.from_bytes(hashlib.blake2b(session_id.encode(errors="surrogatepass")).digest()[:5])
        first = FILE_IDS + (first - FILE_IDS) % _SESSIONS * MOST_MESSAGES
        messages = [row | {"id": first + place} for place, row in enumerate(found)]
        row = copy.row
        if row is None and (alone := self._store.leftovers.session(session_id)) is not None:
            row = _session_row(alone)
        return replace(copy, mark=f"files {mark_of([row or {}, *messages])}", row=row, messages=messages, after=None)

    def _rows(self, session_id: str) -> Sequence[object]:
        return self._store.engine.sessions.row_counts([session_id]).get(session_id, NOT_STORED)

    def _alone(self, session_id: str) -> list[RawRow]:
        return [_message_row(message) for message in self._store.leftovers.messages(session_id)]

    def _in_order(self, copy: SessionCopy) -> Iterator[RawRow]:
        """All messages, those of a file between the rows where the comparison puts them, then what waits."""
        stored = {raw["id"]: raw for raw in copy.messages}
        sources = read_sources(self._store.engine, self._store.files, copy.session_id)
        lines = self._lines(sources)
        places, given = sources.messages, 0
        for line, place in sources.compared(self._store.engine).union if lines else ():
            if place is not None:
                for row in sources.rows[given : places[place] + 1]:
                    yield stored.pop(row.id, {})
                given = max(given, places[place] + 1)
            elif line is not None and line in lines:
                yield _message_row(lines[line])
        yield from stored.values()
        for message in self._store.leftovers.waiting(copy.session_id):
            yield _message_row(message)

    def _lines(self, sources: Sources) -> dict[int, Message]:
        """The messages of its file by their places; none where it cannot be read."""
        try:
            records = self._store.files.message_records(sources.session_id)
            return {
                place: message_codec.message_of_record(record.value, session_id=sources.session_id, line=record.id)
                for place, record in enumerate(records)
            }
        except (CannotOpen, Damaged):
            return {}


def _message_row(message: Message) -> RawRow:
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


def _session_row(session: Session) -> RawRow:
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
