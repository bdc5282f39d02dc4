"""Names of files that any program made, wrote, renamed or removed in some folders, as inotify reports them.

They cost nothing for the other files, however many a folder has. Elsewhere than on Linux, and where a user has no such
events left, nothing is reported; another machine's writes into a network filesystem leave no event.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_REPORTED = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200
"""IN_MODIFY, IN_ATTRIB, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE."""
_OVERFLOW, _IGNORED = 0x4000, 0x8000
"""Events were lost; a folder is no longer watched, because it is gone."""
_EVENT = struct.Struct("iIII")
_AT_ONCE = 65_536
MOST_READS = 64
"""Reads of one call; the rest is left for the next one."""


class FolderEvents:
    """What happened in some folders, which need not be there; used by one thread."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._events, self._watch = _inotify()
        self._watched: dict[Path, tuple[object, int]] = dict.fromkeys(folders, (None, -1))
        """The folder that was found there, and the number of its watch."""

    def take(self) -> Mapping[Path, set[str] | None]:
        """Names since the last call, by folder; None for one of which something may not have been reported."""
        known = {path for path in self._watched if self._is_watched(path)}
        named = self._read()
        return {
            path: named.get(number, set()) if named is not None and path in known else None
            for path, (_, number) in self._watched.items()
        }

    def _is_watched(self, path: Path) -> bool:
        """False where it has to be watched from now on, or cannot be."""
        if self._events is None:
            return False
        before, number = self._watched[path]
        found = _identity(path)
        if found != before or number < 0:
            self._watched[path] = found, self._watch(self._events.fileno(), os.fsencode(path), _REPORTED)
            return False
        return True

    def _read(self) -> dict[int, set[str]] | None:
        """Names by watch; None where some were lost."""
        named: dict[int, set[str]] = {}
        is_whole = True
        for raw in self._raw():
            place = 0
            while place < len(raw):
                number, kind, _, length = _EVENT.unpack_from(raw, place)
                place += _EVENT.size + length
                name = raw[place - length : place].rstrip(b"\0")
                is_whole = is_whole and not kind & (_OVERFLOW | _IGNORED)
                if kind & _IGNORED:
                    self._watched |= {path: (None, -1) for path, (_, own) in self._watched.items() if own == number}
                named.setdefault(number, set()).add(os.fsdecode(name))
        return named if is_whole else None

    def _raw(self) -> Iterable[bytes]:
        for _ in range(MOST_READS):
            if self._events is None or not (raw := self._events.read(_AT_ONCE)):  # None for no more
                return
            yield raw

    def close(self) -> None:
        """Close the descriptor; may be called twice."""
        if self._events is not None:
            self._events.close()


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a folder; another one may have those of one that is gone."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _inotify() -> tuple[io.FileIO | None, Any]:
    """Its descriptor, and the call that adds a folder; None for none."""
    import ctypes

    libc = ctypes.CDLL(None)
    try:
        number = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        return (io.FileIO(number, "rb") if number >= 0 else None), libc.inotify_add_watch
    except AttributeError:
        return None, None
