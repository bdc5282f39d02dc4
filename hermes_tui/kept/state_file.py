"""State file of the user: read in bounds, changed under a lock and replaced whole, mode 0600."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hermes_tui.kept.state_codec import decode, encode
from hermes_tui.kept.values import Kept, bounded, merged
from store.base import safe_files

MAX_BYTES = 1 << 24
"""A bigger file is not ours."""
PATIENCE = 2.0
"""Seconds that a change waits for the lock: another browser holds it for milliseconds, unless it was stopped."""
PAUSE = 0.01
DAMAGED = ".damaged"
"""What is added to the name of a file that is no state file, before another one takes its place."""


class StateFile:
    """The file at one path; it and its folder are made with the first change.

    Args:
        path: A link is followed.
        now: Seconds since 1970.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now

    def read(self) -> Kept:
        """What is kept; nothing where there is no file, or one that cannot be used."""
        try:
            return self._read()
        except (OSError, ValueError):
            return Kept()

    def add(self, changes: Kept, *, patience: float = PATIENCE) -> Kept:
        """Merge changes into the file and return what it has then.

        A file that is no state file is kept under another name.

        Raises:
            OSError: It could not be changed, or another program held the lock for longer than `patience` seconds; the
                file is as it was.
        """
        with self._locked(patience) as path:
            try:
                before = self._read()
            except FileNotFoundError:
                before = Kept()
            except ValueError:
                path.replace(path.with_name(path.name + DAMAGED))
                before = Kept()
            after = bounded(merged(before, changes))
            if after != before:
                safe_files.replace(path, [encode(after)], durable=False)
            return after

    def forget(self) -> bool:
        """Remove the file; False where there is none.

        Raises OSError as it comes.
        """
        if not self._path.exists():
            return False
        with self._locked(PATIENCE) as path:
            path.unlink(missing_ok=True)
        return True

    def _read(self) -> Kept:
        return decode(safe_files.read_own(self._path, max_bytes=MAX_BYTES), now=self._now())

    @contextmanager
    def _locked(self, patience: float) -> Iterator[Path]:
        """The lock of the file, which no other program changes meanwhile, and where the file lies."""
        path = Path(os.path.realpath(self._path))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        lock = os.open(path.with_name(f"{path.name}.lock"), flags, 0o600)
        try:
            _take(lock, time.monotonic() + patience)
            yield path
        finally:
            os.close(lock)


def _take(lock: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EINTR) or time.monotonic() >= deadline:
                raise
            time.sleep(PAUSE)
        else:
            return
