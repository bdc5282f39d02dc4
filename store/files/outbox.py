"""Outbox: messages that could not be stored, in files of `pending_messages/` until they are replayed.

Hermes has files of its own there, `pending-<hex>.json` (docs/format.md §1.2, §5.5). Ours are `hermes-tui-<hex>.json`,
0600 in a folder of 0700, one JSON object

    {"format": "hermes-tui pending 1", "session_id", "source", "model", "saved_at", "reason", "conversations": [[…], …],
     "recorder": {"writer", "instance", "stored_key", "doubtful", "calls": [[key, conversation, length, places], …]}}

whose conversations are whole, as the agent held them. The replay writes each call with its own key, so that it and the
agent write it once; where what was stored before is lost, and in files without `recorder`, it compares the whole lists.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..base import safe_files
from ..base.errors import CannotOpen, Damaged, DiskFull, NoPermission, StoreMissing
from ..base.late_dataclass import dataclass
from ..base.strict_json import BadJson, load
from ..formats import message_codec

FOLDER = "pending_messages"
FORMAT = "hermes-tui pending 1"
MAX_BYTES = 256 << 20
"""A bigger file is not read."""

_PREFIX, _SUFFIX = "hermes-tui-", ".json"
_FIELDS = ("session_id", "source", "model", "saved_at", "reason", "conversations")
_RECORDER_FIELDS = ("writer", "instance", "stored_key", "doubtful")

MessageDict = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PendingCall:
    """One call of the recorder."""

    key: str
    conversation: int
    """Index of its list in `Pending.conversations`."""
    length: int
    """Messages of that list which the call had."""
    places: Sequence[int] | None
    """Indexes of its new messages; None where they are compared with what is stored."""


@dataclass(frozen=True, slots=True)
class PendingRecorder:
    """The recorder whose messages are in a file."""

    writer: str | None = None
    """Its name."""
    instance: str = ""
    stored_key: str = ""
    """Key of its last call that was stored, "" for none."""
    doubtful: bool = True
    """What it stored before may be lost."""
    calls: tuple[PendingCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """Unstored messages of one session."""

    path: Path
    session_id: str
    source: str
    model: str | None
    saved_at: float | None
    """Seconds since 1970 UTC."""
    reason: str
    """Reason why they could not be stored."""
    conversations: tuple[tuple[MessageDict, ...], ...]
    """Oldest first, each a list of messages oldest first."""
    recorder: PendingRecorder = PendingRecorder()

    @property
    def messages(self) -> int:
        """Number of messages of the longest conversation."""
        return max(map(len, self.conversations), default=0)


def folder_of(state_db: Path) -> Path:
    """The outbox folder of a store."""
    return state_db.parent / FOLDER


def save(folder: Path, pending: Pending) -> Path:
    """Write a session's pending messages to their file, atomically, and return when they are on the disk.

    Args:
        pending: Its `path` is the file to replace; a new one is made where it has no name.

    Raises:
        DiskFull, NoPermission: It could not be written; an older file is unchanged.
    """
    target = pending.path if pending.path.name else _new_name(folder)
    try:
        safe_files.replace(target, [_text(pending).encode()])
        safe_files.sync(folder.parent)
    except OSError as error:
        kind = DiskFull if error.errno in safe_files.NO_SPACE else NoPermission
        raise kind(f"{target} could not be written ({error.strerror}); the messages are in memory only") from error
    return target


def require_store(state_db: Path) -> None:
    """Refuse a replay where the store is missing: a new one would be in the way of the one that comes back.

    Raises:
        StoreMissing: There is no state.db.
    """
    if not state_db.exists():
        raise StoreMissing(
            f"there is no {state_db.name} in {state_db.parent}; put it back or start Hermes once: until then the "
            f"messages stay in {FOLDER}"
        )


def pending_files(folder: Path) -> tuple[Path, ...]:
    """Our files in the folder, by name; none where there is no folder.

    Raises:
        NoPermission: The folder cannot be listed.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise NoPermission(f"the system refuses to list {folder} ({error.strerror}); look at its owner") from error
    return tuple(folder / name for name in names if name.startswith(_PREFIX) and name.endswith(_SUFFIX))


def claim(path: Path) -> Path:
    """Rename a file to an unknown name, so that its agent may write the old one again without loss.

    Raises:
        NoPermission: The system refused, or another process claimed it.
    """
    try:
        return path.rename(_new_name(path.parent))
    except OSError as error:
        raise NoPermission(f"{path} could not be claimed ({error.strerror}); try again") from error


def read_pending(path: Path) -> Pending:
    """The pending messages in a file.

    Raises:
        CannotOpen: It cannot be read.
        Damaged: It has not our format.
    """
    try:
        data = safe_files.read_bytes(path, max_bytes=MAX_BYTES)
    except OSError as error:
        raise NoPermission(f"the system refuses to read {path} ({error.strerror}); look at its owner") from error
    if data is None:
        raise CannotOpen(f"{path} is no regular file, or over {MAX_BYTES >> 20} MB; it is left alone")
    try:
        value = load(data.decode("utf-8"))
    except (BadJson, UnicodeDecodeError) as error:
        raise Damaged(f"{path} does not hold messages of hermes-tui; keep it and look into it") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT or not isinstance(value.get("session_id"), str):
        raise Damaged(f"{path} does not hold messages of hermes-tui; keep it and look into it")
    conversations = value.get("conversations")
    lists = [item for item in conversations if isinstance(item, list)] if isinstance(conversations, list) else []
    model = value.get("model")
    return Pending(
        path=path,
        session_id=value["session_id"],
        source=str(value.get("source") or "unknown"),
        model=model if isinstance(model, str) else None,
        saved_at=message_codec.timestamp(value.get("saved_at")),
        reason=str(value.get("reason") or ""),
        conversations=tuple(tuple(message for message in item if isinstance(message, dict)) for item in lists),
        recorder=_recorder(value.get("recorder"), [len(item) for item in lists]),
    )


def _recorder(value: object, lengths: Sequence[int]) -> PendingRecorder:
    """The recorder of a file; one without calls where they do not fit lists of these lengths."""
    if not isinstance(value, dict) or not isinstance(listed := value.get("calls"), list):
        return PendingRecorder()
    calls = tuple(call for item in listed if (call := _call(item, lengths)) is not None)
    if len(calls) < len(listed):
        return PendingRecorder()
    writer = value.get("writer")
    return PendingRecorder(
        writer if isinstance(writer, str) else None,
        str(value.get("instance") or ""),
        str(value.get("stored_key") or ""),
        bool(value.get("doubtful", True)),
        calls,
    )


def _call(value: object, lengths: Sequence[int]) -> PendingCall | None:
    match value:
        case [str(key), int(conversation), int(length), list() | None as places]:
            fits = 0 <= conversation < len(lengths) and 0 <= length <= lengths[conversation]
            if fits and all(isinstance(place, int) and 0 <= place < length for place in places or ()):
                return PendingCall(key, conversation, length, None if places is None else tuple(places))
    return None


def remove(path: Path) -> None:
    """Remove a file whose messages are stored; a missing one is no error.

    Raises:
        NoPermission: The system refused.
    """
    try:
        path.unlink(missing_ok=True)
        safe_files.sync(path.parent)
    except OSError as error:
        raise NoPermission(f"{path} is stored and could not be removed ({error.strerror}); remove it") from error


def _new_name(folder: Path) -> Path:
    return folder / f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}"


def _text(pending: Pending) -> str:
    recorder = pending.recorder
    calls = [[call.key, call.conversation, call.length, call.places] for call in recorder.calls]
    known = {name: getattr(recorder, name) for name in _RECORDER_FIELDS} | {"calls": calls}
    value = {name: getattr(pending, name) for name in _FIELDS} | {"recorder": known}
    return json.dumps({"format": FORMAT} | value, default=str) + "\n"
