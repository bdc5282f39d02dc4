"""Backup of the rows that a repair may change: `backups/hermes-tui/<operation>/` in the home.

`session.json` holds the session's row, a description of both sources and the digests of both files, `messages.jsonl`
every row of its messages with all columns, one row a line.
Cells are written as `engine.raw_lines` says.
Every file is made exclusively with mode 0600, flushed to the disk, read back and compared.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from ..base import safe_files
from ..base.errors import BackupFailed, DiskFull, NoPermission
from ..base.strict_json import BadJson, load
from ..engine import raw_lines
from ..engine.operations import RawRow

FOLDER = Path("backups") / "hermes-tui"
MAX_SESSION = 256 << 20
"""Bytes of the description of a session; a bigger one is not read."""
SESSION, MESSAGES, STORE = "session.json", "messages.jsonl", "state.db"


class Backup:
    """The folder of one operation.

    Args:
        home: Folder of the state.db.
        operation: Its id, which is safe as a name.
    """

    def __init__(self, home: Path, operation: str) -> None:
        self.folder = home / FOLDER / operation

    def write(self, about: Mapping[str, object], session: RawRow | None, messages: Iterable[RawRow]) -> int:
        """Back up a session; the number of message rows.

        Raises:
            DiskFull: No room; the incomplete backup is removed.
            NoPermission: The folder cannot be made or written.
            BackupFailed: A file does not read back as it was written.
        """
        with os_errors_mapped(self.folder):
            make_folder(self.folder)
            try:
                number, digest = self._write_messages(messages)
                row = None if session is None else raw_lines.plain(session)
                whole = {**about, "messages": number, "sha256": digest, "session": row}
                described = json.dumps({**whole, "digest": _digest_of(whole)}, indent=1).encode()
                if len(described) > MAX_SESSION:
                    raise BackupFailed(f"the row of the session takes over {MAX_SESSION >> 20} MB; nothing was changed")
                self._write(SESSION, [described])
                safe_files.sync(self.folder)
            except (OSError, BackupFailed):
                self.discard()
                raise
        return number

    def session(self) -> Mapping[str, object]:
        """The original row of the session, without cells that JSON has no form for; empty where it had none.

        Raises:
            BackupFailed: The folder cannot be read, or the description is not the one that was written.
        """
        about = self._about()
        if about.get("digest") != _digest_of({name: value for name, value in about.items() if name != "digest"}):
            raise BackupFailed(f"{self.folder / SESSION} is not as it was written; put it back")
        row = about.get("session")
        return row if isinstance(row, dict) else {}

    def _about(self) -> Mapping[str, object]:
        try:
            value = load((safe_files.read_bytes(self.folder / SESSION, max_bytes=MAX_SESSION) or b"").decode("utf-8"))
        except (OSError, UnicodeDecodeError, BadJson) as error:
            raise BackupFailed(f"{self.folder / SESSION} cannot be read; put it back") from error
        return value if isinstance(value, dict) else {}

    def originals(self, ids: Iterable[int]) -> dict[int, RawRow]:
        """The original rows of messages, by id; those that are not in the backup are left out.

        Raises:
            BackupFailed: The folder cannot be read, or the messages are not those that were written.
        """
        wanted = set(ids)
        found: dict[int, RawRow] = {}
        path = self.folder / MESSAGES
        try:
            if digest(path) != self._about().get("sha256"):
                raise BackupFailed(f"{path} is not as it was written; put it back")
            with safe_files.opened(path) as lines:
                for line in lines:
                    image = raw_lines.row_of_line(line)
                    if isinstance(own := image.get("id"), int) and own in wanted:
                        found[own] = image
        except OSError as error:
            raise BackupFailed(f"{self.folder} cannot be read ({error.strerror}); put it back") from error
        return found

    def discard(self) -> None:
        """Remove an unused backup, and the folder of backups where it was the only one."""
        for name in (SESSION, MESSAGES, STORE):
            with suppress(OSError):  # it was not made
                (self.folder / name).unlink()
        with suppress(OSError):  # there is something in it, and so in the folder above
            self.folder.rmdir()
            self.folder.parent.rmdir()

    def _write_messages(self, messages: Iterable[RawRow]) -> tuple[int, str]:
        number = count()
        written = self._write(MESSAGES, (raw_lines.line_of(image) for image, _ in zip(messages, number, strict=False)))
        return next(number), written

    def _write(self, name: str, pieces: Iterable[bytes]) -> str:
        return write_verified(self.folder / name, pieces)


def make_folder(folder: Path) -> None:
    """Make the folder of one operation, and those above it; raises OSError as it comes."""
    for above in (folder.parent.parent, folder.parent):
        above.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700)
    for above in (folder.parent, folder.parent.parent, folder.parent.parent.parent):
        safe_files.sync(above)


def write_verified(path: Path, pieces: Iterable[bytes]) -> str:
    """Write a new file of mode 0600 and read it back; its SHA-256.

    Raises:
        BackupFailed: It does not read back as it was written.
    """
    wanted = hashlib.sha256()
    with safe_files.create(path) as file:
        for piece in pieces:
            wanted.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    if digest(path) != wanted.hexdigest():
        raise BackupFailed(f"{path} does not read back as it was written; check the disk, nothing was changed")
    return wanted.hexdigest()


def _digest_of(about: Mapping[str, object]) -> str:
    """The SHA-256 of a description without its own digest."""
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def digest(path: Path) -> str:
    """The SHA-256 of a file that is not a database; raises OSError."""
    found = hashlib.sha256()
    with safe_files.opened(path) as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


@contextmanager
def os_errors_mapped(folder: Path) -> Iterator[None]:
    """Errors of the system while a backup is made, as those of the store."""
    try:
        yield
    except OSError as error:
        if (why := safe_files.NO_SPACE.get(error.errno or 0)) is not None:
            raise DiskFull(f"no room for the backup in {folder}, nothing was changed; {why}") from error
        raise NoPermission(f"the backup {folder} cannot be made ({error.strerror}); nothing was changed") from error
