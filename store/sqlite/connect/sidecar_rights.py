"""Rights of the sidecars that a reader leaves: the owner of a store can read and write them (docs/format.md §7.5).

SQLite makes a -wal and a -shm as the user who looks, with the mode that the file has then. An agent could not open
those of another user, nor its own ones from an hour in which the file was read-only.
"""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import apsw

from ...base import errors

LARGEST_COPY = 1024**3
"""Bytes of a store of another user that are copied to be read."""
_WRITE_VERSION = 18
"""Byte of the header that is 2 in WAL mode (https://sqlite.org/fileformat.html §1.3)."""
_OWNER = stat.S_IRUSR | stat.S_IWUSR


def would_lock_out(path: Path, shm: Path) -> bool:
    """Whether a look at a file would leave sidecars that its owner cannot open.

    That is so in WAL mode where the file is another user's and no -shm of its owner lies there. SQLite gives what root
    makes to the owner.
    """
    owner, user = _owner(path), os.geteuid()
    return owner is not None and user not in (0, owner) and _owner(shm) != owner and _is_wal(path)


def check_size(path: Path, files: list[Path]) -> None:
    """Refuse to copy a store of another user that is too large.

    Raises:
        NoPermission: Its message names the owner and says what to do.
    """
    size = sum(file.stat().st_size for file in files)
    if size > LARGEST_COPY:
        name = _name(path)
        raise errors.NoPermission(
            f"{path} is {name}'s, whose agents cannot open what a look of yours would leave beside it, and with "
            f"{size / 1024**3:.1f} GB it is too large to be read from a copy; run hermes-tui as {name}"
        )


def give_to_owner(sidecars: tuple[Path, ...]) -> None:
    """Let the owner of each sidecar read and write it, whatever mode the file had when it was made."""
    for path in sidecars:
        try:
            found = path.stat()
            if found.st_mode & _OWNER != _OWNER and os.geteuid() in (0, found.st_uid):
                path.chmod(stat.S_IMODE(found.st_mode) | _OWNER)
        except OSError:  # gone, or on a medium without modes
            continue


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except OSError:
        return None


def _name(path: Path) -> str:
    owner = path.stat().st_uid
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"user {owner}"


def _is_wal(path: Path) -> bool:
    """By the header, through SQLite's own file: another descriptor would drop the locks of this process when closed."""
    try:
        file = apsw.VFSFile("", str(path.resolve()), [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0])
    except (apsw.Error, OSError):
        return False
    try:
        return file.xRead(1, _WRITE_VERSION) == b"\x02"
    except apsw.Error:
        return False
    finally:
        file.xClose()
