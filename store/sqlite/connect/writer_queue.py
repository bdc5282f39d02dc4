"""Fair queue among the processes that write through this package, by a file lock beside the store.

With jitter alone the next writer is random; the kernel serves waiters of a file lock in order, which cuts the longest
waits of many writers to a third (tests/benchmarks/contention.py).
The lock is on a small file beside the store, never on the store itself, and correctness does not depend on it: without
it, and in every other program, writers still wait for SQLite's own lock.
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
    """The lock file of the queue of the store at `path`."""
    return Path(f"{os.path.realpath(path)}{SUFFIX}")


class WriterQueue:
    """Place of this process in the queue; used by one thread at a time.

    Args:
        path: The state.db.
        clock: Monotonic seconds.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._descriptor: int | None = None
        self._pid = 0

    @contextmanager
    def acquire(self, deadline: float) -> Iterator[None]:
        """Hold the queue's lock in this block; without it from `deadline` on, relying on SQLite's lock."""
        descriptor = self._open()
        if descriptor is None or not self._lock(descriptor, deadline):
            yield
            return
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the descriptor. May be called twice."""
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

    def _lock(self, descriptor: int, deadline: float) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._wait(descriptor, deadline)
        except OSError:  # this filesystem has no such locks
            return False
        return True

    def _wait(self, descriptor: int, deadline: float) -> bool:
        """Wait in a thread, because the system call has no timeout."""
        self._descriptor = None  # owned by the waiter until it has the lock
        waiter = _Waiter(descriptor)
        try:
            locked = waiter.wait(max(0.0, deadline - self._clock()))
        except BaseException:  # ctrl+c while waiting
            waiter.abandon()
            raise
        if locked:
            self._descriptor = descriptor
        return locked


class _Waiter:
    """Waits for a lock in a thread; when abandoned, the thread closes the descriptor as soon as it has the lock.

    A bare thread and a lock: `threading`'s classes wake two more threads for each wait, which costs many writers on few
    cores a tenth of their appends.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decided = threading.Lock()
        self._finished = threading.Lock()
        self._finished.acquire()
        self._locked = self._abandoned = False
        _thread.start_new_thread(self._run, ())

    def wait(self, seconds: float) -> bool:
        """True once the lock is held, False after so many seconds."""
        self._finished.acquire(timeout=seconds)
        with self._decided:
            self._abandoned = not self._locked
        return not self._abandoned

    def abandon(self) -> None:
        """Give the lock up, whether it is held or not."""
        with self._decided:
            self._abandoned = True
            if self._locked:
                os.close(self._descriptor)

    def _run(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError:
            pass  # a filesystem without such locks: the writer goes on without it
        with self._decided:
            self._locked = True
            self._finished.release()
            if self._abandoned:
                os.close(self._descriptor)
