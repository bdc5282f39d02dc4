"""Spool of messages that are not in SQLite yet: `pending_messages/pending-<hex>.json`.

One JSON object per file, in one of three shapes that upstream's gateway/shutdown_flush.py writes since 2026-07:
a message dropped from a full queue (`data.session_id`, `data.message`), an unanswered text (`session_key`,
`data.text`), and the history of an agent whose flush failed (`session_id`, `messages`).
A fourth shape is our outbox's, `hermes-tui-<hex>.json`: whole conversations, of which the longest counts.
Hermes stores them at its next start, except histories. They are never written here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..base.errors import CannotOpen, Damaged
from ..base.late_dataclass import dataclass, replace
from ..base.models import Message, Origin, Session
from ..base.strict_json import BadJson, load
from ..formats import message_codec
from . import gateway_index, home, jsonl_reader
from .listing import Listing

_Contents = tuple[dict[str, tuple[Message, ...]], tuple[str, ...], dict[str, float], tuple[str, ...]]
"""Messages by session, problems, the time of each session's last file, and the problems of files that were not read."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Messages of one file."""

    session_id: str
    order: tuple[float, float, str]
    values: tuple[dict[str, object], ...]


class Spool:
    """The spool of a home; every method may be called from any thread.

    Args:
        folder: `pending_messages/` of a home; a missing one is empty.
        index: `sessions.json`, which maps routing keys to sessions.
        profile: Of sessions that are in the spool only.
    """

    def __init__(self, folder: Path, index: Path, *, profile: str) -> None:
        self._folder = folder
        self._index = index
        self._profile = profile
        self._listing = Listing(self._listed)
        self._last: tuple[Mapping[str, home.FileStat], _Contents] = ({}, ({}, (), {}, ()))
        """Files and what they held, set together: another thread may read them at the same time."""

    def messages(self, session_id: str) -> tuple[Message, ...]:
        """Spooled messages of a session, oldest first; their ids are positions from 1."""
        return self._read()[0].get(session_id, ())

    def ids(self) -> tuple[str, ...]:
        """Sessions with spooled messages; a routing key where its session is unknown."""
        return tuple(self._read()[0])

    def files(self) -> dict[Path, str]:
        """Every file that can be read, with the session of its messages; files that cannot be read are left out."""
        keys = self._sessions_by_key()
        found: dict[Path, str] = {}
        for stat in self._listed().values():
            try:
                piece = _piece(stat.path.name, load(jsonl_reader.read_text(stat.path)), keys)
            except (CannotOpen, Damaged, BadJson):
                continue
            if piece is not None:
                found[stat.path] = piece.session_id
        return found

    def _listed(self) -> dict[str, home.FileStat]:
        files = home.files_named(self._folder, "pending-", ".json")
        return files | home.files_named(self._folder, "hermes-tui-", ".json")

    def problems(self) -> tuple[str, ...]:
        """A sentence for each file that cannot be read."""
        return self._read()[1]

    def unread(self) -> tuple[str, ...]:
        """Those of files that the system did not let us read: nobody knows what is in them."""
        return self._read()[3]

    def session(self, session_id: str) -> Session | None:
        """The session by the spool alone, None without spooled messages."""
        waiting = self.messages(session_id)
        if not waiting:
            return None
        times = [message.timestamp for message in waiting if message.timestamp is not None]
        times = times or [timestamp for timestamp in [self._read()[2].get(session_id)] if timestamp is not None]
        return Session(
            id=session_id,
            started_at=times[0] if times else None,
            last_active=times[-1] if times else None,
            messages=len(waiting),
            profile=self._profile,
            origin=Origin.SPOOL,
        )

    def _read(self) -> _Contents:
        """All that the files hold; read again when any of them changed."""
        files = self._listing.files()
        seen, contents = self._last
        if (files is not seen and files != seen) or contents[3]:
            contents = self._read_all(files)
            self._last = files, contents
        return contents

    def _read_all(self, files: Mapping[str, home.FileStat]) -> _Contents:
        pieces: list[_Piece] = []
        problems: list[str] = []
        unread = [problem] if files and (problem := gateway_index.unread(self._index)) else []
        keys = self._sessions_by_key() if files else {}
        for stat in files.values():
            try:
                piece = _piece(stat.path.name, load(jsonl_reader.read_text(stat.path)), keys)
            except (CannotOpen, Damaged) as error:
                problems.append(str(error))
                unread.append(str(error))
            except BadJson as error:
                problems.append(f"{stat.path.name} is cut off or damaged ({error})")
            else:
                if piece is None:
                    problems.append(f"{stat.path.name} holds no message")
                else:
                    pieces.append(piece)
        pieces.sort(key=lambda piece: piece.order)
        timestamps = {piece.session_id: piece.order[0] for piece in pieces if piece.order[0]}
        return _by_session(pieces), tuple(problems), timestamps, tuple(unread)

    def _sessions_by_key(self) -> dict[str, str]:
        """Routing key -> its present session (docs/format.md §4.11)."""
        entries = gateway_index.entries(self._index)
        return {key: str(entry["session_id"]) for key, entry in entries.items() if entry.get("session_id")}


def _piece(name: str, value: object, keys: dict[str, str]) -> _Piece | None:
    """Messages of one file, None for none."""
    if not isinstance(value, dict):
        return None
    timestamp = message_codec.timestamp(value.get("ts") or value.get("saved_at"))
    inner = value.get("data")
    data = inner if isinstance(inner, dict) else {}
    key = str(value.get("session_key") or "")
    named = data.get("session_id") or value.get("session_id") or keys.get(key) or key
    messages = tuple(_values(value, data))
    if not isinstance(value.get("messages") or value.get("conversations"), list):  # whose times differ
        messages = tuple(_dated(message, timestamp) for message in messages)
    sequence = value.get("seq")
    place = float(sequence) if isinstance(sequence, int) and abs(sequence) < 1 << 53 else 0.0
    return _Piece(str(named), (timestamp or 0.0, place, name), messages) if messages and named else None


def _values(value: dict[str, object], data: dict[str, object]) -> Iterator[dict[str, object]]:
    """The messages of one file as written."""
    history, message, text = value.get("messages"), data.get("message"), data.get("text")
    if isinstance(conversations := value.get("conversations"), list):
        history = max((item for item in conversations if isinstance(item, list)), key=len, default=None)
    if isinstance(history, list):
        yield from (item for item in history if isinstance(item, dict))
    elif isinstance(message, dict):
        yield message
    elif isinstance(text, str) and text:
        yield {"role": "user", "content": text}


def _dated(value: dict[str, object], timestamp: float | None) -> dict[str, object]:
    return value if message_codec.timestamp(value.get("timestamp")) is not None else value | {"timestamp": timestamp}


def _by_session(pieces: list[_Piece]) -> dict[str, tuple[Message, ...]]:
    messages: dict[str, list[Message]] = {}
    for piece in pieces:
        waiting = messages.setdefault(piece.session_id, [])
        for value in piece.values:
            message = message_codec.message_of_record(value, session_id=piece.session_id, line=0, origin=Origin.SPOOL)
            waiting.append(replace(message, id=len(waiting) + 1))
    return {session_id: tuple(waiting) for session_id, waiting in messages.items()}
