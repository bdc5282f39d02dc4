"""Watch on the files of a home that is followed: which of them are new or have changed, at the cost of a few.

The system reports names (`folder_events`). Where it may not have, the names of a folder are listed where its time has
changed. Files that changed last are looked at each time in any case, of the others some in turn.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from heapq import nlargest
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ..files.home import FileStamp
from .folder_events import FolderEvents

RECENT = 64
"""Files that changed last, which are looked at each time."""
IN_TURN, IN_TURN_REPORTED = 2_000, 200
"""Others that are looked at each time, and where changes are reported: not those by another machine."""
SHARE = 50.0
"""So many times as long as a listing took is waited before the next one."""
_GONE: FileStamp = (0, 0, 0, 0)
SETTLED = 0.1
"""Seconds after which a change of a folder surely changed its time."""


class Changed(NamedTuple):
    """What changed since the look before."""

    transcripts: set[str]
    """Sessions of JSONL files."""
    snapshots: bool
    spool: bool


class _Folder:
    """The files of one folder whose names have one of some beginnings and an end."""

    def __init__(self, path: Path, begins: tuple[str, ...], end: str, clock: Callable[[], float]) -> None:
        self.path, self._begins, self._end, self._clock = path, begins, end, clock
        self._stamps: dict[str, FileStamp] = {}
        self._recent: dict[str, None] = {}
        self._turn: Iterator[str] = iter(())
        self._listed_at: int | None = None
        """The folder's time when it was listed; None where it may have changed since without one."""
        self._next_listing = 0.0
        self._is_reported = False
        """True where all names that were not reported are known."""

    def changed(self, reported: set[str] | None) -> set[str]:
        """The names of those that are new, were written to or are gone.

        Args:
            reported: Names of the folder that may be; None where others may be as well.
        """
        self._is_reported &= reported is not None
        changed = set() if self._is_reported else self._unknown(will_be_reported=reported is not None)
        most = IN_TURN_REPORTED if self._is_reported else IN_TURN
        some = list(islice(self._turn, most))
        if len(some) < most:
            self._turn = iter(list(self._stamps))
        for name in {*self._recent, *some, *changed, *filter(self._is_ours, reported or ())}:
            stamp = _stamp(f"{self.path}/{name}")
            if stamp != self._stamps.get(name):
                changed.add(name)
            if stamp is not None:
                self._stamps[name] = stamp
            else:
                self._stamps.pop(name, None)
        for name in nlargest(RECENT, changed, key=lambda name: self._stamps.get(name, _GONE)[2]):
            self._recent.pop(name, None)
            self._recent[name] = None
        while len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]
        return changed

    def _is_ours(self, name: str) -> bool:
        return name.endswith(self._end) and name.startswith(self._begins)

    def _unknown(self, *, will_be_reported: bool) -> set[str]:
        """The names that were not there at the listing before."""
        began = self._clock()
        if began < self._next_listing:
            return set()
        with suppress(OSError):
            at = self.path.stat().st_mtime_ns
            if at == self._listed_at:
                self._is_reported = will_be_reported
                return set()
            with os.scandir(self.path) as entries:
                names = {entry.name for entry in entries if entry.name.endswith(self._end)}
            self._is_reported = will_be_reported
            self._listed_at = at if time.time() - at / 1e9 > SETTLED else None
            self._next_listing = self._clock() + SHARE * (self._clock() - began)
            return {name for name in names - self._stamps.keys() if name.startswith(self._begins)}
        return set()


def _stamp(path: str) -> FileStamp | None:
    """None for a file that is gone."""
    try:
        state = os.lstat(path)
    except OSError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


class FileWatch:
    """What changed among the files of a home.

    Args:
        sessions: Folder of the JSONL files and snapshots.
        spool: Folder of the messages that wait.
    """

    def __init__(self, sessions: Path, spool: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        saved = sessions / "saved"
        self._transcripts = _Folder(sessions, ("",), ".jsonl", clock)
        self._snapshots = [_Folder(sessions, ("session_",), ".json", clock), _Folder(saved, ("",), ".json", clock)]
        self._spool = _Folder(spool, ("pending-", "hermes-tui-"), ".json", clock)
        self._events = FolderEvents((sessions, saved, spool))
        self.look()

    def look(self) -> Changed:
        """What changed since the look before."""
        reported = self._events.take()
        names, *saved, spooled = [
            folder.changed(reported[folder.path]) for folder in (self._transcripts, *self._snapshots, self._spool)
        ]
        return Changed({name[: -len(".jsonl")] for name in names}, any(saved), bool(spooled))

    def close(self) -> None:
        """Have nothing reported any more; may be called twice."""
        self._events.close()
