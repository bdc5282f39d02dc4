"""Watch on a store and its JSONL files, cheap enough to poll a few times a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import CannotOpen
from ..base.late_dataclass import replace
from ..base.models import Change
from .watched_files import WatchedFiles

if TYPE_CHECKING:
    from ..engine.ports import Changes

FILES_PAUSE = 1.0
"""Seconds between two looks at the JSONL files."""


class Watch:
    """Changes since the last poll, of another file since it was made; used by one thread at a time.

    Args:
        changes: Of the watched store; its file may be missing, and be created later.
        sessions_dir: The folder of JSONL files; may be missing too.
        clock: Monotonic seconds.
    """

    def __init__(self, changes: Changes, sessions_dir: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._changes, self._clock = changes, clock
        self._looked = False
        self._file = changes.file()
        self._version: int | None = None
        self._newest = 0
        self._files = WatchedFiles(sessions_dir)
        self._looked_at_files: float | None = None

    def poll(self, *, after: int | None = None) -> Change | None:
        """Changes since the last poll, or None.

        The first poll reports that there is a store, and its newest id, so that nothing is missed that was committed
        while the first rows were read.

        Args:
            after: The first poll reports the sessions of rows above this id, too.

        Raises:
            StoreError: The store cannot be read now; the next poll reports the changes.
        """
        change = self._store(after)
        files = self._changed_files()
        if change is None and not files:
            return None
        change = change or Change(newest_id=self._newest)
        return replace(change, files=files)

    def _store(self, first: int | None) -> Change | None:
        """Changes of state.db, by its inode and the number of its last commit."""
        file, version = self._changes.version()
        if (file, version) == (self._file, self._version) and self._looked:
            return None
        replaced = file != self._file and (self._looked or self._file is not None)
        after = None if replaced else self._newest if self._looked else first
        newest, sessions = (0, frozenset[str]()) if file is None else self._changes.since(after)
        self._looked, self._file, self._version, self._newest = True, file, version, newest
        late = bool(sessions) and newest == after
        change = Change(sessions, store=file is not None, replaced=replaced, newest_id=newest, late=late)
        return change if change.store or change.replaced else None

    def _changed_files(self) -> frozenset[str]:
        now = self._clock()
        if self._looked_at_files is not None and now - self._looked_at_files < FILES_PAUSE:
            return frozenset()
        try:
            changed = self._files.changed(now)
        except CannotOpen:  # reported where the files are read; the store is still watched
            return frozenset()
        self._looked_at_files = now
        return changed
