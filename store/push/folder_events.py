"""Names of files that any program made, wrote, renamed or removed in some folders, as inotify reports them.

They cost nothing for the other files, however many a folder has. Elsewhere than on Linux, and where a user has no such
events left, nothing is reported; another machine's writes into a network filesystem leave no event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inotify_simple import INotify


class FolderEvents:
    """What happened in some folders, which need not be there; used by one thread."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._events = _inotify()
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
            self._watched[path] = found, _watch(self._events, path)
            return False
        return True

    def _read(self) -> dict[int, set[str]] | None:
        """Names by watch; None where some were lost."""
        if self._events is None:
            return None
        from inotify_simple import flags

        named: dict[int, set[str]] = {}
        is_whole = True
        for event in self._events.read(timeout=0):
            is_whole = is_whole and not event.mask & (flags.Q_OVERFLOW | flags.IGNORED)
            if event.mask & flags.IGNORED:
                self._watched |= {path: (None, -1) for path, (_, own) in self._watched.items() if own == event.wd}
            named.setdefault(event.wd, set()).add(event.name)
        return named if is_whole else None

    def close(self) -> None:
        """Close the descriptor; may be called twice."""
        if self._events is not None:
            self._events.close()
            self._events = None


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a folder; another one may have those of one that is gone."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _watch(events: INotify, path: Path) -> int:
    """The number of a watch; -1 for none."""
    from inotify_simple import flags

    changes = flags.MODIFY | flags.ATTRIB | flags.MOVED_FROM | flags.MOVED_TO | flags.CREATE | flags.DELETE
    try:
        return int(events.add_watch(path, changes))
    except OSError:
        return -1


def _inotify() -> INotify | None:
    """None where there are no such events, or none are left."""
    with suppress(ImportError, OSError):
        from inotify_simple import INotify

        return INotify()
    return None
