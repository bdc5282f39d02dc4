"""SQLite's two long-lived locks on a store in WAL mode, as this process holds them.

An open connection keeps a shared lock on the file, and one on a byte of the -shm that says it is in use. Closing any
other descriptor of a file drops this process's lock on it, and what was dropped stays dropped (docs/reliability.md S2).
fcntl's F_GETLK does not report a process its own locks, and F_OFD_GETLK does: it asks for an open file, to which those
of its process are another's (fcntl(2)). Of several holders it reports the first only; where that is another process,
/proc/self/fdinfo is read, which has them all (Documentation/filesystems/proc.rst), on the descriptor that took them.
Its files stay open here, so that no look takes a descriptor.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
from collections.abc import Iterable

from .descriptors import OwnedDescriptor, opened

INFO = "/proc/self/fdinfo"

_SHARED = 1073742335
"""End of the range that a reader locks in the file (SHARED_FIRST + SHARED_SIZE - 1 of os.h); a writer's covers it."""
_RESERVED = 1073741825
"""Byte that a writer locks in DELETE mode (RESERVED_BYTE); with those around it once it writes to the file."""
_IN_USE = 128
"""The -shm's byte (UNIX_SHM_DMS of os_unix.c)."""

_WRITTEN = re.compile(rb" WRITE \S+ \S+ (\d+) (\d+)\n")
_LENGTH = 4096
_FLOCK = "hhqqi0q"
"""Type, whence, start, length and process of C's struct flock."""
_PROCESS = struct.calcsize("hhqqi") - struct.calcsize("i")


class LongLocks:
    """The locks of this process on a file and its -shm; not to be used in a process forked since.

    Args:
        file: Descriptors of SQLite on the file.
        shm: Descriptors of this process on its -shm; none where a connection has the file for itself.

    Raises:
        OSError: No descriptor is left to look.
    """

    def __init__(self, file: Iterable[int], shm: Iterable[int]) -> None:
        self._views: list[OwnedDescriptor] = []
        self._marks: list[tuple[int, bytes]] = []
        self._questions: list[tuple[int, bytes]] = []
        self._ours = struct.pack(_FLOCK, 0, 0, 0, 0, os.getpid())[_PROCESS:]
        try:
            self.found = self._look(file, _SHARED)
            self._look(shm, _IN_USE)  # where SQLite may not write the -shm it may do without that lock
        except OSError:
            self.close()
            raise
        if len(self._questions) < len(self._views):
            self._questions = []

    @property
    def held(self) -> bool:
        """True while each lock that was found is held."""
        try:
            if self._questions:  # three times in an append
                for number, question in self._questions:
                    if not fcntl.fcntl(number, fcntl.F_OFD_GETLK, question).endswith(self._ours):
                        return False
            else:
                for number, mark in self._marks:
                    if mark not in os.pread(number, _LENGTH, 0):
                        return False
        except OSError:  # the descriptor with the lock was closed
            return False
        return self.found

    def covers(self, before: LongLocks) -> bool:
        """True where every lock that was found before is among those found now."""
        return self.found and len(self._views) >= len(before._views)

    def close(self) -> None:
        """Close what is looked at. May be called twice."""
        self.found = False
        views, self._views, self._marks, self._questions = self._views, [], [], []
        for view in views:
            view.close()

    def _look(self, numbers: Iterable[int], byte: int) -> bool:
        mark = b" %d\n" % byte  # locks of readers may end there too
        for number in numbers:
            view = _opened(number)
            if view is None:
                continue
            if mark in os.pread(view.fileno(), _LENGTH, 0):
                self._views.append(view)
                self._marks.append((view.fileno(), mark))
                question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
                if self._answers(number, question):
                    self._questions.append((number, question))
                return True
            view.close()
        return False

    def _answers(self, number: int, question: bytes) -> bool:
        """True where the lock is reported as this process's: no other got it first, and the filesystem knows."""
        try:
            return fcntl.fcntl(number, fcntl.F_OFD_GETLK, question).endswith(self._ours)
        except OSError:
            return False


def writes(numbers: Iterable[int]) -> bool:
    """True where this process holds the write lock of DELETE mode through one of its descriptors.

    Raises:
        OSError: No descriptor is left to look.
    """
    for number in numbers:
        view = _opened(number)
        if view is None:
            continue
        with view:
            locks = _WRITTEN.findall(os.pread(view.fileno(), _LENGTH, 0))
        if any(int(first) <= _RESERVED <= int(last) for first, last in locks):
            return True
    return False


def _opened(number: int) -> OwnedDescriptor | None:
    """What the system says of a descriptor; None for one that another thread closed just now."""
    try:
        return opened(f"{INFO}/{number}")
    except FileNotFoundError:
        return None
