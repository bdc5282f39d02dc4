"""What lies beside SQLite of any session: its JSONL file, what waits in the spool, a snapshot where nothing else is.

A snapshot speaks only where neither SQLite, nor a JSONL file, nor the spool knows the session; what waits in the spool
follows what the JSONL file has, unless it is there already (docs/format.md §5.5).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from pathlib import Path

from ..base.models import Message, Outline, Session
from ..formats import message_codec
from ..formats.alignment import ComparedMessage
from . import home
from .jsonl_files import JsonlFiles
from .snapshots import Snapshots
from .upstream_spool import Spool

APART = 600.0
"""Seconds between two equal messages that are two: a turn is stored as a whole, after its first words were said."""


class FileSources:
    """The files of one home; every method may be called from any thread.

    Args:
        files: The JSONL transcripts.
        folder: Where the state.db lies.
        profile: Of the sessions that only files know.
        stored: Gives what is compared of a session's messages in SQLite; none where it has none.
    """

    def __init__(
        self,
        files: JsonlFiles,
        folder: Path,
        *,
        profile: str,
        stored: Callable[[str], Sequence[ComparedMessage]] = lambda _: (),
    ) -> None:
        self.files = files
        self._stored = stored
        self.snapshots = Snapshots(files.folder, profile=profile)
        self.spool = Spool(folder / "pending_messages", files.folder / "sessions.json", profile=profile)

    def session(self, session_id: str) -> Session | None:
        """The session as files alone know it, None where none does."""
        found = self.files.session(session_id) or self.spool.session(session_id)
        if found is None and (snapshot := self.snapshots.get(session_id)) is not None:
            return snapshot.session
        return found

    def sessions(self, known: Container[str]) -> list[Session]:
        """The sessions that are not among the known ones: JSONL first, the file changed last first."""
        ids = [session_id for session_id, _ in self.files.newest_first()]
        ids += [*self.spool.ids(), *sorted(self.snapshots.files(), reverse=True)]
        found = (self.session(session_id) for session_id in dict.fromkeys(ids) if session_id not in known)
        return [session for session in found if session is not None]

    def dumps(self, session_id: str) -> list[Path]:
        """Dumps of requests that failed; they hold the whole prompt and are named, never read (docs/format.md §1.2)."""
        return [stat.path for name, stat in home.dump_files(self.files.folder).items() if _is_dump_of(name, session_id)]

    @property
    def any(self) -> bool:
        """There is something beside SQLite."""
        return bool(self.files.newest_first() or self.spool.ids() or self.snapshots.files())

    def snapshot_only(self, known: Callable[[list[str]], Container[str]]) -> list[tuple[str, int]]:
        """Sessions that nothing but a snapshot knows, newest first, with its size in bytes.

        Args:
            known: Tells which of some sessions SQLite has.
        """
        found = sorted(self.snapshots.files().items(), key=lambda item: (item[1].mtime_ns, item[0]), reverse=True)
        stored, waiting = known([session_id for session_id, _ in found]), self.spool.ids()
        return [
            (session_id, stat.size)
            for session_id, stat in found
            if session_id not in stored and session_id not in waiting and self.files.find(session_id) is None
        ]

    def outline(self, session_id: str) -> Outline | None:
        """Status and first words as files alone tell them, None where none does."""
        if (found := self.files.outline(session_id)) is not None:
            return found
        if self.spool.messages(session_id):
            return self.spool.outline(session_id)
        snapshot = self.snapshots.get(session_id)
        return snapshot.outline if snapshot else None

    def messages(self, session_id: str, *, asides: bool = False) -> tuple[Message, ...]:
        """The messages of a session that lie beside SQLite; an id is the line's number, or a place behind the lines.

        Args:
            asides: Give the lines of its JSONL file that are no messages, too.
        """
        lines = self.files.lines(session_id)
        written = tuple(one for one in lines if asides or not one.aside)
        waiting = self.waiting(session_id)
        if written or waiting:
            last = lines[-1].id or 0 if lines else 0
            return (*written, *(replace(one, id=last + (one.id or 0)) for one in waiting))
        snapshot = self.snapshots.get(session_id) if self.files.find(session_id) is None else None
        return snapshot.messages if snapshot else ()

    def waiting(self, session_id: str) -> tuple[Message, ...]:
        """What the spool has of a session, and neither SQLite nor its JSONL file."""
        waiting = self.spool.messages(session_id)
        if not waiting:
            return ()
        there: dict[bytes, list[float | None]] = {}
        for entry in (*map(_entry, self.files.messages(session_id)), *self._stored(session_id)):
            there.setdefault(entry.identity, []).append(entry.time)
        return tuple(one for one in waiting if not _taken(there, _entry(one)))


def _is_dump_of(name: str, session_id: str) -> bool:
    """A dump's name is the session's id and a time, which has two or three parts."""
    return name.startswith(f"{session_id}_") and name.removeprefix(f"{session_id}_").replace("_", "").isdigit()


def _taken(there: dict[bytes, list[float | None]], waiting: ComparedMessage) -> bool:
    """Take the message that this one is out of those that are there; False where none is."""
    times = there.get(waiting.identity, [])
    for place, time in enumerate(times):
        if time is None or waiting.time is None or abs(time - waiting.time) <= APART:
            del times[place]
            return True
    return False


def _entry(message: Message) -> ComparedMessage:
    calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls]
    identity = message_codec.identity(message.role, message.text, calls, message.tool_call_id)
    return ComparedMessage(identity, message.timestamp)
