"""Changes of the JSONL files of a folder, found at a cost that hardly grows with their number.

A file that is added, removed or replaced changes the time of its folder, and a file that grows has mostly grown in the
last hour: these are looked at each time. All are listed after a pause that grows with them.
"""

from __future__ import annotations

import os
import stat
import time
from heapq import nlargest
from pathlib import Path

from ..files import home
from ..files.home import FileStamp, FileStat

PAUSE, LONGEST_PAUSE = 1.0, 58.0
"""Seconds between two listings of all files: of up to three hundred, and of any number. A minute later at most, looks
once a second have seen whatever grew."""
PER_FILE = 0.003
"""Seconds of pause for each file: a listing takes some hundredth of that."""
YOUNG = 3600.0
"""Seconds since the last change of a file that is looked at each time."""
MOST_YOUNG = 100
_TICK = 1.0
"""Seconds within which two changes of a folder may have one time."""


class WatchedFiles:
    """The files of one folder; used by one thread at a time.

    Args:
        folder: May be missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, FileStamp] | None = None
        self._young: list[str] = []
        self._folder_time: int | None = None
        self._due = 0.0

    def changed(self, now: float) -> frozenset[str]:
        """Ids whose files changed, came or went since the last look; none at the first.

        Args:
            now: Monotonic seconds.

        Raises:
            CannotOpen: The folder cannot be listed; the next look reports the changes.
        """
        files = self._files
        if files is None or now >= self._due or self._may_have_other_files():
            return self._listed(now)
        return frozenset(name for name in self._young if name in files and self._has_changed(files, name))

    def _may_have_other_files(self) -> bool:
        return self._folder_time is None or _time_of(self._folder) != self._folder_time

    def _listed(self, now: float) -> frozenset[str]:
        wall, folder_time = time.time(), _time_of(self._folder)
        found = home.transcript_stamps(self._folder)
        before, self._files = self._files, found
        self._due = now + min(max(PAUSE, len(found) * PER_FILE), LONGEST_PAUSE)
        is_fresh = folder_time is None or abs(wall - folder_time / 1e9) < _TICK
        self._folder_time = None if is_fresh else folder_time
        oldest = int((wall - YOUNG) * 1e9)
        young = ((stamp[2], name) for name, stamp in found.items() if stamp[2] > oldest)
        self._young = [name for _, name in nlargest(MOST_YOUNG, young)]
        if before is None:
            return frozenset()
        changed = frozenset(name for name, stamp in found.items() if before.get(name) != stamp)
        return changed | (before.keys() - found.keys())

    def _has_changed(self, files: dict[str, FileStamp], name: str) -> bool:
        """Look at one file again."""
        known, found = files[name], _stamp_of(self._folder / f"{name}.jsonl")
        if found is None:
            del files[name]
        else:
            files[name] = found
        return found != known


def _stamp_of(path: Path) -> FileStamp | None:
    """The stamp of the file at a path; None where there is no regular one."""
    try:
        state = os.lstat(path)
    except OSError:
        return None
    return FileStat.of(path, state).stamp if stat.S_ISREG(state.st_mode) else None


def _time_of(folder: Path) -> int | None:
    """Time of a folder's last change, in nanoseconds since 1970; None where it cannot be looked at."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return None
