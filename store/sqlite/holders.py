"""Which processes hold the locks of a store, by /proc/locks; nothing is opened, nothing is waited for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from . import opening

LOCKS = Path("/proc/locks")

_RESERVED = 0x40000001
"""The byte of the file that a writer locks in DELETE mode; readers lock what follows it."""
_WAL_WRITER = 120
"""The byte of the -shm that a writer locks in WAL mode."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process with a lock."""

    pid: int
    """-1 where the lock belongs to no process."""
    name: str
    """As the system calls it, empty where it is gone or hidden."""

    def __str__(self) -> str:
        return f"{self.name or 'a process'} ({self.pid})" if self.pid > 0 else "a process that cannot be told"


def writing(path: Path) -> Holder | None:
    """Who holds the write lock of the store at `path` at this moment, None where nobody does."""
    return _holding(opening.sidecars(path)[2], _WAL_WRITER) or _holding(path, _RESERVED)


def _holding(path: Path, byte: int) -> Holder | None:
    try:
        state = path.stat()
        table = LOCKS.read_text()
    except OSError:
        return None
    wanted = (os.major(state.st_dev), os.minor(state.st_dev), state.st_ino)
    for fields in map(str.split, table.splitlines()):
        if len(fields) != 8 or fields[3] != "WRITE":  # a line with an arrow waits for a lock
            continue
        major, minor, inode = fields[5].split(":")
        last = byte if fields[7] == "EOF" else int(fields[7])
        if (int(major, 16), int(minor, 16), int(inode)) == wanted and int(fields[6]) <= byte <= last:
            return Holder(int(fields[4]), _name(int(fields[4])))
    return None


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return ""
