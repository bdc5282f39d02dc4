"""A queue among the programs that write through this store, so that none waits long while others go twice.

Jitter alone lets chance decide who is next; the kernel lets waiters of a file lock in one after the other, which takes
the longest waits of a crowd to a third (tests/benchmarks/contention.py).
The lock is that of a small file beside the store, never of the store itself, and nothing depends on it: who cannot have
it, and every other program, still waits for SQLite's own lock.
"""

from __future__ import annotations

import _thread
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SUFFIX = ".hermes-tui-queue"


def queue_file(path: Path) -> Path:
    """The small file beside the store at `path` whose lock is the queue."""
    return Path(f"{os.path.realpath(path)}{SUFFIX}")


class WriterQueue:
    """The turn of one program; used by one thread at a time.

    Args:
        path: The state.db.
        clock: Seconds that only go up.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._descriptor: int | None = None
        self._pid = 0

    @contextmanager
    def acquire(self, deadline: float) -> Iterator[None]:
        """Wait to be next, until `deadline` at most; then go on all the same, and leave it to SQLite's lock."""
        descriptor = self._open()
        if descriptor is None or not self._have(descriptor, deadline):
            yield
            return
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the descriptor back. May be called twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _open(self) -> int | None:
        """The descriptor of this process; None where the file cannot be made."""
        if self._descriptor is None or self._pid != os.getpid():
            flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
            try:
                self._descriptor = os.open(queue_file(self._path), flags, 0o600)
            except OSError:
                return None
            self._pid = os.getpid()
        return self._descriptor

    def _have(self, descriptor: int, deadline: float) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._wait(descriptor, deadline)
        except OSError:  # this filesystem has no such locks
            return False
        return True

    def _wait(self, descriptor: int, deadline: float) -> bool:
        """Stand in the queue in a thread, because the system's wait cannot be given an end."""
        self._descriptor = None  # the waiter's own, until it hands it over
        there = _Waiter(descriptor)
        try:
            arrived = there.arrived(max(0.0, deadline - self._clock()))
        except BaseException:  # ctrl+c while standing there
            there.leave()
            raise
        if arrived:
            self._descriptor = descriptor
        return arrived


class _Waiter:
    """Waits for a lock; whoever gives up leaves it the descriptor, which it closes as soon as it has the lock.

    A thread of the plainest kind and a lock to wait at: `threading`'s own wake two threads more for each turn, which
    costs a crowd on few cores a tenth of its appends.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decided = threading.Lock()
        self._news = threading.Lock()
        self._news.acquire()
        self._locked = self._left = False
        _thread.start_new_thread(self._run, ())

    def arrived(self, seconds: float) -> bool:
        """True once it is our turn, False where that took too long."""
        self._news.acquire(timeout=seconds)
        with self._decided:
            self._left = not self._locked
        return not self._left

    def leave(self) -> None:
        """Want it no more, whether it is there or not."""
        with self._decided:
            self._left = True
            if self._locked:
                os.close(self._descriptor)

    def _run(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError:
            pass  # a filesystem that takes it back: whoever waits goes on without it
        with self._decided:
            self._locked = True
            self._news.release()
            if self._left:
                os.close(self._descriptor)
