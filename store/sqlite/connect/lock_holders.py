"""Which processes hold the locks of a store, by /proc/locks; nothing is opened, nothing is waited for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import read_open, writer_queue

LOCKS = Path("/proc/locks")

_RESERVED = 0x40000001
"""The byte of the file that a writer locks in DELETE mode; readers lock what follows it."""
_WAL_WRITER = 120
"""The byte of the -shm that a writer locks in WAL mode; what has the store open at all locks another one."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process with a lock."""

    pid: int
    """-1 where the lock belongs to no process."""
    name: str
    """As the system calls it, empty where it is gone or hidden."""

    def __str__(self) -> str:
        return f"{self.name or 'a process'} ({self.pid})" if self.pid > 0 else "a process that cannot be told"


@dataclass(frozen=True, slots=True)
class _Lock:
    """A line of the system's table."""

    pid: int
    writes: bool
    waits: bool
    """It is not held yet."""
    first: int
    last: int | None
    """None for the end of the file, wherever that is."""


def write_lock_holder(path: Path) -> Holder | None:
    """Who holds the write lock of the store at `path` at this moment, None where nobody does."""
    return _holding(read_open.sidecars(path)[2], _WAL_WRITER) or _holding(path, _RESERVED)


def other_processes(path: Path) -> tuple[Holder, ...]:
    """The other processes that have the store open or stand in our queue, as far as a lock tells, by their ids.

    In WAL mode each that ever read or wrote through an open connection; in DELETE mode those that do so right now.
    """
    places = (path, read_open.sidecars(path)[2], writer_queue.queue_file(path))
    found = {lock.pid for place in places for lock in _locks(place)}
    return tuple(Holder(pid, _name(pid)) for pid in sorted(found) if pid > 0 and pid != os.getpid())


def _holding(path: Path, byte: int) -> Holder | None:
    for lock in _locks(path):
        if lock.writes and not lock.waits and lock.first <= byte and (lock.last is None or byte <= lock.last):
            return Holder(lock.pid, _name(lock.pid))
    return None


def _locks(path: Path) -> Iterator[_Lock]:
    """What the system says of the locks of one file; nothing where it does not say."""
    try:
        state = path.stat()
        table = LOCKS.read_text()
    except OSError:
        return
    wanted = (os.major(state.st_dev), os.minor(state.st_dev), state.st_ino)
    for line in table.splitlines():
        fields = [field for field in line.split() if field != "->"]  # the arrow waits for the lock above it
        if len(fields) != 8:
            continue
        major, minor, inode = fields[5].split(":")
        if (int(major, 16), int(minor, 16), int(inode)) == wanted:
            last = None if fields[7] == "EOF" else int(fields[7])
            yield _Lock(int(fields[4]), fields[3] == "WRITE", "->" in line, int(fields[6]), last)


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return ""
