"""SQLite's two long-lived locks on a store in WAL mode, as this process holds them.

An open connection keeps a shared lock on the file, and one on a byte of the -shm that says it is in use. Closing any
other descriptor of a file drops this process's lock on it, and what was dropped stays dropped (docs/reliability.md S2).
fcntl's F_GETLK does not report a process its own locks; /proc/self/fdinfo does, on the descriptor that took them
(Linux, Documentation/filesystems/proc.rst). Its files stay open here, so that a look costs a system call and takes no
descriptor.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from ...base.late_pattern import late_pattern
from .descriptors import OwnedDescriptor, opened

INFO = "/proc/self/fdinfo"

_SHARED = b" 1073742335\n"
"""End of the range that a reader locks in the file (SHARED_FIRST + SHARED_SIZE - 1 of os.h); a writer's covers it."""
_RESERVED = 1073741825
"""Byte that a writer locks in DELETE mode (RESERVED_BYTE); with those around it once it writes to the file."""
_IN_USE = b" 128\n"
"""The -shm's byte (UNIX_SHM_DMS of os_unix.c); locks of readers may end there too."""

_WRITTEN = late_pattern(rb" WRITE \S+ \S+ (\d+) (\d+)\n")
_LENGTH = 4096


class LongLocks:
    """The locks of this process on a file and its -shm; not to be used in a process forked since.

    Args:
        file: Descriptors of SQLite on the file.
        shm: Descriptors of this process on its -shm; none where a connection has the file for itself.

    Raises:
        OSError: No descriptor is left to look.
    """

    def __init__(self, file: Iterable[int], shm: Iterable[int]) -> None:
        self._views: list[tuple[OwnedDescriptor, int, bytes]] = []
        try:
            self.found = self._look(file, _SHARED)
            self._look(shm, _IN_USE)  # where SQLite may not write the -shm it may do without that lock
        except OSError:
            self.close()
            raise

    @property
    def held(self) -> bool:
        """True while each lock that was found is held."""
        look = os.pread
        try:
            for _, number, mark in self._views:  # twice in an append
                if mark not in look(number, _LENGTH, 0):
                    return False
        except OSError:  # the descriptor with the lock was closed
            return False
        return self.found

    def covers(self, before: LongLocks) -> bool:
        """True where every lock that was found before is among those found now."""
        return self.found and len(self._views) >= len(before._views)

    def close(self) -> None:
        """Close what is looked at. May be called twice."""
        views, self._views = self._views, []
        self.found = False
        for view, *_ in views:
            view.close()

    def _look(self, numbers: Iterable[int], mark: bytes) -> bool:
        for number in numbers:
            view = _opened(number)
            if view is None:
                continue
            if mark in os.pread(view.fileno(), _LENGTH, 0):
                self._views.append((view, view.fileno(), mark))
                return True
            view.close()
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
