"""Locks of processes on a file, and facts of a process, from /proc: nothing is opened for it and no lock is taken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .late_dataclass import dataclass

PROC = Path("/proc")

_START_TIME = 19
"""Place of field 22 of /proc/<pid>/stat behind the name, which ends with the last bracket."""


@dataclass(frozen=True, slots=True)
class FileLock:
    """A line of /proc/locks."""

    kind: str
    """FLOCK, POSIX, OFDLCK, LEASE."""
    pid: int
    """-1 for a lock without a process."""
    writes: bool
    waits: bool
    """True for a process that waits for the lock."""
    same_device: bool
    """False where only the inode is the same: on some filesystems (btrfs) stat has another device."""
    first: int
    last: int | None
    """None for the end of the file."""


def locks_on(path: Path, table: Path = PROC / "locks") -> Iterator[FileLock] | None:
    """Locks on one file; None where they are unknown, as on a system without /proc."""
    try:
        lines = table.read_text().splitlines()
        state = path.stat()
    except OSError:
        return None
    return _locks(lines, state)


def _locks(lines: list[str], state: os.stat_result) -> Iterator[FileLock]:
    device = (os.major(state.st_dev), os.minor(state.st_dev))
    for line in lines:
        fields = [field for field in line.split() if field != "->"]  # marks a waiter for the lock above it
        if len(fields) != 8:
            continue
        major, minor, inode = fields[5].split(":")
        if int(inode) == state.st_ino:
            last = None if fields[7] == "EOF" else int(fields[7])
            same = (int(major, 16), int(minor, 16)) == device
            writes, waits = fields[3] == "WRITE", "->" in line
            yield FileLock(fields[1], int(fields[4]), writes, waits, same, int(fields[6]), last)


def process_name(pid: int) -> str:
    """The system's name of a process, "" where it ended or is hidden."""
    try:
        return (PROC / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return ""


def start_time(pid: int, proc: Path = PROC) -> int | None:
    """Start of a process in clock ticks since the system's; None where it ended or is hidden."""
    try:
        fields = (proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return int(fields[_START_TIME])
    except (OSError, ValueError, IndexError):
        return None
