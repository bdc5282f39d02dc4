"""Processes that hold the locks of a store, from /proc/locks, without opening or locking it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...base.late_dataclass import dataclass
from ...base.process_locks import FileLock, locks_on, process_name
from . import read_open, writer_queue

LOCKS = Path("/proc/locks")

_RESERVED = 0x40000001
"""Byte of the file that a writer locks in DELETE mode; readers lock those after it."""
_WAL_WRITER = 120
"""Byte of the -shm that a writer locks in WAL mode; every open connection locks another one."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process with a lock."""

    pid: int
    """-1 for a lock without a process."""
    name: str
    """The system's name of it, "" where it ended or is hidden."""

    def __str__(self) -> str:
        return f"{self.name or 'a process'} ({self.pid})" if self.pid > 0 else "an unknown process"


def write_lock_holder(path: Path) -> Holder | None:
    """The process that holds the write lock of the store at `path`, None for none."""
    return _holding(read_open.sidecars(path)[2], _WAL_WRITER) or _holding(path, _RESERVED)


def other_processes(path: Path) -> tuple[Holder, ...]:
    """Other processes with a lock on the store or in our queue, by process id.

    In WAL mode those that ever read or wrote through an open connection; in DELETE mode those that do so now.
    """
    files = (path, read_open.sidecars(path)[2], writer_queue.queue_file(path))
    pids = {lock.pid for file in files for lock in _locks(file)}
    return tuple(Holder(pid, process_name(pid)) for pid in sorted(pids) if pid > 0 and pid != os.getpid())


def _holding(path: Path, byte: int) -> Holder | None:
    for lock in _locks(path):
        if lock.writes and not lock.waits and lock.first <= byte and (lock.last is None or byte <= lock.last):
            return Holder(lock.pid, process_name(lock.pid))
    return None


def _locks(path: Path) -> Iterator[FileLock]:
    """Locks on one file; none where they are unknown."""
    return (lock for lock in locks_on(path, LOCKS) or () if lock.same_device)
