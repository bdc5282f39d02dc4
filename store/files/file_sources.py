"""File sources of a session beside SQLite: its JSONL file, spooled messages, or else a snapshot.

A snapshot is used only where neither SQLite, nor a JSONL file, nor the spool has the session; spooled messages follow
those of the JSONL file, unless they are in it already (docs/format.md §5.5).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.late_dataclass import replace
from ..formats import message_codec
from ..formats.compared_message import ComparedMessage
from ..formats.session_state import outline_of
from . import home
from .snapshots import Snapshots
from .upstream_spool import Spool

if TYPE_CHECKING:
    from ..base.models import Message, Outline, Session
    from .jsonl_files import JsonlFiles

_SAME_MESSAGE = 600.0
"""Seconds up to which equal messages are the same one: a turn is stored as a whole, after it began."""


class FileSources:
    """File sources of one home; every method may be called from any thread.

    Args:
        files: The JSONL transcripts.
        folder: The folder of state.db.
        profile: Of sessions that are in files only.
        stored: Returns the messages of a session in SQLite for comparison.
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
        """The session by its files alone, None without any."""
        session = self.files.session(session_id) or self.spool.session(session_id)
        if session is None and (snapshot := self.snapshots.get(session_id)) is not None:
            return snapshot.session
        return session

    def sessions(self, known: Container[str]) -> list[Session]:
        """The sessions that are not in `known`: JSONL first, the file changed last first."""
        ids = self.files.ids_without(known)
        ids += [*self.spool.ids(), *sorted(self.snapshots.files(), reverse=True)]
        sessions = (self.session(session_id) for session_id in dict.fromkeys(ids) if session_id not in known)
        return [session for session in sessions if session is not None]

    def dumps(self, session_id: str) -> list[Path]:
        """Dumps of failed requests; they hold the whole prompt and are listed, never read (docs/format.md §1.2)."""
        dumps = home.files_named(self.files.folder, "request_dump_", ".json")
        return [stat.path for name, stat in dumps.items() if _is_dump_of(name, session_id)]

    @property
    def any(self) -> bool:
        """True where any session has a file."""
        return bool(self.files.stamps() or self.spool.ids() or self.snapshots.files())

    def snapshot_only(self, known: Callable[[list[str]], Container[str]]) -> list[tuple[str, int]]:
        """Sessions that are in a snapshot only, newest first, with its size in bytes.

        Args:
            known: Returns those of some session ids that SQLite has.
        """
        files = home.newest_first(self.snapshots.files())
        stored, waiting = known([session_id for session_id, _ in files]), self.spool.ids()
        return [
            (session_id, stat.size)
            for session_id, stat in files
            if session_id not in stored and session_id not in waiting and self.files.find(session_id) is None
        ]

    def outline(self, session_id: str) -> Outline | None:
        """Status and first words by the files alone, None without any."""
        if (outline := self.files.outline(session_id)) is not None:
            return outline
        if waiting := self.spool.messages(session_id):
            return outline_of(waiting)
        snapshot = self.snapshots.get(session_id)
        return outline_of(snapshot.messages) if snapshot else None

    def messages(self, session_id: str, *, asides: bool = False) -> tuple[Message, ...]:
        """The messages of a session in files; their ids are line numbers, those of spooled messages follow them.

        Args:
            asides: Include the lines of its JSONL file that are no messages.
        """
        lines = self.files.lines(session_id)
        written = tuple(line for line in lines if asides or not line.aside)
        waiting = self.waiting(session_id)
        if written or waiting:
            last = lines[-1].id or 0 if lines else 0
            return (*written, *(replace(message, id=last + (message.id or 0)) for message in waiting))
        snapshot = self.snapshots.get(session_id) if self.files.find(session_id) is None else None
        return snapshot.messages if snapshot else ()

    def waiting(self, session_id: str) -> tuple[Message, ...]:
        """The spooled messages of a session that are neither in SQLite nor in its JSONL file."""
        waiting = self.spool.messages(session_id)
        if not waiting:
            return ()
        times: dict[bytes, list[float | None]] = {}
        for message in (*map(_compared, self.files.messages(session_id)), *self._stored(session_id)):
            times.setdefault(message.identity, []).append(message.time)
        return tuple(message for message in waiting if not _take(times, _compared(message)))


def _is_dump_of(name: str, session_id: str) -> bool:
    """True for the session's id followed by a time, which has two or three parts."""
    return name.startswith(f"{session_id}_") and name.removeprefix(f"{session_id}_").replace("_", "").isdigit()


def _take(stored: dict[bytes, list[float | None]], message: ComparedMessage) -> bool:
    """Remove an equal message from the times of stored ones; False where there is none."""
    times = stored.get(message.identity, [])
    for place, time in enumerate(times):
        if time is None or message.time is None or abs(time - message.time) <= _SAME_MESSAGE:
            del times[place]
            return True
    return False


def _compared(message: Message) -> ComparedMessage:
    calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls]
    identity = message_codec.identity(message.role, message.text, calls, message.tool_call_id)
    return ComparedMessage(identity, message.timestamp)
