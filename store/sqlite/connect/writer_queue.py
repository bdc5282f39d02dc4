"""Fair queue among the processes that write through this package, by byte locks on a file beside the store.

With jitter alone the next writer is random, which doubles the longest waits (tests/benchmarks/contention.py).
A process stands in the queue by a lock on one byte, whose offset is the microsecond in which it came; it is first when
no earlier byte is locked. A place that is older than `LONGEST` counts no more, so that a process that was stopped, or
that waits for a Hermes without a queue, holds the others up for a fraction of a second, once.
POSIX locks are not inherited by a fork and end with their process. Nothing waits in a thread: the queue is polled.
The file is never the store itself, and correctness does not depend on it: without it, and in every other program,
writers still wait for SQLite's own lock.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from ..base.descriptors import OwnedDescriptor, opened

SUFFIX = ".hermes-tui-queue"

LONGEST = 0.25
"""Seconds after which a place in the queue counts no more."""
_PAUSE = 0.0004
"""Seconds between two looks at the queue."""
_MICROSECONDS = 1_000_000


def queue_file(path: Path) -> Path:
    """The lock file of the queue of the store at `path`."""
    return Path(f"{os.path.realpath(path)}{SUFFIX}")


class WriterQueue:
    """Place of this process in the queue; used by one thread at a time.

    Args:
        path: The state.db.
        clock: Seconds of the system's monotonic clock, the same in every process.
        sleep: Sleeps for a number of seconds.
    """

    _file: OwnedDescriptor | None = None

    def __init__(
        self, path: Path, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._path = path
        self._clock = clock
        self._sleep = sleep
        self._stands = False

    def enter(self, deadline: float) -> None:
        """Wait until this process is first, until `deadline`, for `LONGEST` at most; not at all without a queue."""
        try:
            if self._file is None:
                self._file = opened(queue_file(self._path), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW)
            self._stands = True
            if not self._alone():
                place = self._stand()
                while not self._first(place) and self._clock() < deadline:
                    self._sleep(_PAUSE)
        except OSError:  # the file cannot be made, or this filesystem has no such locks
            return

    def leave(self) -> None:
        """Leave the queue. May be called twice."""
        if self._file is not None and self._stands:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
            except OSError:
                pass  # as in `enter`
            self._stands = False

    def close(self) -> None:
        """Close the descriptor. May be called twice."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _alone(self) -> bool:
        """Lock the byte of this microsecond with all earlier ones that count; False where another process stands there.

        That is what somebody has who stood and is first.
        """
        assert self._file is not None
        now = self._clock()
        oldest, place = max(0, int((now - LONGEST) * _MICROSECONDS)), int(now * _MICROSECONDS)
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, place + 1 - oldest, oldest)
        except BlockingIOError:
            return False
        return True

    def _stand(self) -> int:
        """Lock the byte of this microsecond; a later one where another process has it."""
        assert self._file is not None
        place = int(self._clock() * _MICROSECONDS)
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except BlockingIOError:
                place = max(place + 1, int(self._clock() * _MICROSECONDS))
            else:
                return place

    def _first(self, place: int) -> bool:
        """True where no other process has an earlier byte that counts."""
        assert self._file is not None
        oldest = max(0, int((self._clock() - LONGEST) * _MICROSECONDS))
        if oldest >= place:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, place - oldest, oldest)
        except BlockingIOError:
            return False
        return True
