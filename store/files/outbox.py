"""Messages that the store would not take, in files of `pending_messages/` beside it until it does.

Hermes keeps its own there as `pending-<hex>.json`, in a form that is not known (docs/format.md §1.2, §5.5); so
ours have another name and say what they are: `hermes-tui-<hex>.json`, 0600 in a folder of 0700, one JSON object

    {"format": "hermes-tui pending 1", "session_id", "source", "model", "saved_at", "reason", "conversations": [[…], …]}

whose conversations are whole, as the agent held them: what of them is new is found when they are replayed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..base import safe_files
from ..base.errors import CannotOpen, Damaged, DiskFull, NoPermission, StoreMissing
from ..base.strict_json import BadJson, load
from ..formats import message_codec

FOLDER = "pending_messages"
FORMAT = "hermes-tui pending 1"

_PREFIX, _SUFFIX = "hermes-tui-", ".json"

MessageDict = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Pending:
    """What one session is still owed."""

    path: Path
    session_id: str
    source: str
    model: str | None
    saved_at: float | None
    """Seconds since 1970 UTC."""
    reason: str
    """Why the store did not take it."""
    conversations: tuple[tuple[MessageDict, ...], ...]
    """Oldest first, each a list of messages oldest first."""

    @property
    def messages(self) -> int:
        """How many messages the longest of them has."""
        return max(map(len, self.conversations), default=0)


def folder_of(state_db: Path) -> Path:
    """Where the messages wait that this store would not take."""
    return state_db.parent / FOLDER


def save(folder: Path, pending: Pending) -> Path:
    """Write what a session is owed to its file, all of it or nothing, and return when it is on the disk.

    Args:
        pending: Its `path` is the file to put it in place of; a new one is made where it has no name.

    Raises:
        DiskFull, NoPermission: It could not be written; an older file stays as it was.
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
    """Replay nothing where the store is missing: one made for it would be in the way of the one that comes back.

    Raises:
        StoreMissing: It is.
    """
    if not state_db.exists():
        raise StoreMissing(
            f"there is no {state_db.name} in {state_db.parent}; put it back or start Hermes once: until then the "
            f"messages stay in {FOLDER}"
        )


def pending_files(folder: Path) -> tuple[Path, ...]:
    """Every file of ours in the folder, by name; none where there is no folder.

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
    """Give a file a name that nobody else knows: its agent may write the old one again meanwhile, and loses nothing.

    Raises:
        NoPermission: The system refuses, or another one claimed it.
    """
    try:
        return path.rename(_new_name(path.parent))
    except OSError as error:
        raise NoPermission(f"{path} could not be claimed ({error.strerror}); try again") from error


def read_pending(path: Path) -> Pending:
    """What a file keeps.

    Raises:
        CannotOpen: It cannot be read.
        Damaged: It is not one of ours.
    """
    try:
        data = safe_files.read_bytes(path)
    except OSError as error:
        raise NoPermission(f"the system refuses to read {path} ({error.strerror}); look at its owner") from error
    if data is None:
        raise CannotOpen(f"{path} is no regular file; it is left alone")
    try:
        value = load(data.decode("utf-8"))
    except (BadJson, UnicodeDecodeError) as error:
        raise Damaged(f"{path} does not hold messages of hermes-tui; keep it and look into it") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT or not isinstance(value.get("session_id"), str):
        raise Damaged(f"{path} does not hold messages of hermes-tui; keep it and look into it")
    conversations = value.get("conversations")
    lists = [one for one in conversations if isinstance(one, list)] if isinstance(conversations, list) else []
    model = value.get("model")
    return Pending(
        path=path,
        session_id=value["session_id"],
        source=str(value.get("source") or "unknown"),
        model=model if isinstance(model, str) else None,
        saved_at=message_codec.timestamp(value.get("saved_at")),
        reason=str(value.get("reason") or ""),
        conversations=tuple(tuple(message for message in one if isinstance(message, dict)) for one in lists),
    )


def remove(path: Path) -> None:
    """Remove a file whose messages are in the store; one that is gone already is no error.

    Raises:
        NoPermission: The system refuses.
    """
    try:
        path.unlink(missing_ok=True)
        safe_files.sync(path.parent)
    except OSError as error:
        raise NoPermission(f"{path} is stored and could not be removed ({error.strerror}); remove it") from error


def _new_name(folder: Path) -> Path:
    return folder / f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}"


def _text(pending: Pending) -> str:
    value = {
        "format": FORMAT,
        "session_id": pending.session_id,
        "source": pending.source,
        "model": pending.model,
        "saved_at": pending.saved_at,
        "reason": pending.reason,
        "conversations": pending.conversations,
    }
    return json.dumps(value, default=str) + "\n"
