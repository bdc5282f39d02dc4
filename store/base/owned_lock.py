"""Lock that knows the running call which holds it, so that no exception leaves it locked.

A signal's handler can raise between any two bytecodes, also between an `acquire` and its `try`, and in a `finally`.
So a lock is not a flag that somebody has to put back: it belongs to a call, and is free once that call has ended.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import Self

_LOOK = 0.02
"""Seconds after which a waiting call looks for itself whether those before it still run."""

_SUSPENDED = 0x20 | 0x80 | 0x200
"""CO_GENERATOR, CO_COROUTINE and CO_ASYNC_GENERATOR of `inspect`, whose import takes a twentieth of a verb's start."""

_of_the_parent: list[list[_Call]] = []
"""Calls of threads that a fork left behind; their frames must not be touched again."""


def runs(frame: FrameType) -> bool:
    """True while a call of a plain function is on the stack of some thread.

    A frame that has ended loses its local variables by this question; a traceback may be all that still refers to it.

    Raises:
        TypeError: The frame is a generator's or a coroutine's, which the question would end.
    """
    if frame.f_code.co_flags & _SUSPENDED:
        raise TypeError(f"{frame.f_code.co_qualname} is no plain function")
    try:
        frame.clear()
    except RuntimeError:  # "cannot clear an executing frame"
        return True
    return False


class OwnedLock:
    """Lock that goes to the calls that ask for it in their order; a thread may take it again.

    Its owner is the call of the function with the `with` block, or the one that calls `acquire`: a plain function, no
    generator, which does not go on after an exception that left the block.
    """

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        """The owner, then those that wait. Only `append`, `remove` and `[0]` are used, each of them one step in C."""

    @property
    def mine(self) -> bool:
        """True where a running call of this thread holds it."""
        calls = self._calls[:1]
        return bool(calls) and calls[0].thread == threading.get_ident() and calls[0].lasts()

    def acquire(
        self, *, timeout: float = float("inf"), frame: FrameType | None = None, beyond: Sequence[object] = ()
    ) -> bool:
        """Take it for the calling function; False where it is not free within `timeout` seconds.

        Args:
            frame: The call that takes it, in place of the calling function's.
            beyond: A list; while something is in it the lock is held, also when the call has ended.
        """
        call = _Call(frame or sys._getframe(1), beyond)
        self._calls.append(call)
        if self._calls[0] is call:
            return True
        deadline = time.monotonic() + timeout
        while (first := self._first()) is not call and first is not None:
            if first.thread == call.thread:
                self._calls.remove(call)
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                self._calls.remove(call)
                return False
            call.wait(first, self._calls, min(left, _LOOK))
        return True

    def release(self, *, frame: FrameType | None = None) -> None:
        """Give it back where the calling function has taken it; does nothing where the function's caller did."""
        frame = frame or sys._getframe(1)
        for call in self._calls[:1]:
            if call.frame is frame:
                self._calls.remove(call)
        first = self._first() if self._calls else None
        if first is not None:
            first.wake()

    def renew(self) -> None:
        """Free it in a forked process, where the threads that held it do not exist."""
        if self._calls:
            _of_the_parent.append(self._calls)
        self._calls = []

    def _first(self) -> _Call | None:
        """The first call that still runs."""
        while calls := self._calls[:1]:
            if calls[0].lasts():
                return calls[0]
            try:
                self._calls.remove(calls[0])
            except ValueError:
                pass  # another thread has looked, too
        return None

    def __enter__(self) -> Self:
        self.acquire(frame=sys._getframe(1))
        return self

    def __exit__(self, *_: object) -> None:
        self.release(frame=sys._getframe(1))


class _Call:
    """A call that holds a lock or waits for it."""

    __slots__ = ("_beyond", "_woken", "frame", "thread")

    def __init__(self, frame: FrameType, beyond: Sequence[object]) -> None:
        self.frame = frame
        self._beyond = beyond
        self.thread = threading.get_ident()
        self._woken: threading.Lock | None = None

    def lasts(self) -> bool:
        """True while it may hold the lock."""
        return runs(self.frame) or bool(self._beyond)

    def wait(self, first: _Call, calls: list[_Call], seconds: float) -> None:
        """Wait until the one before may be done, for so many seconds at most."""
        if self._woken is None:
            self._woken = threading.Lock()
            self._woken.acquire()
        if calls[:1] == [first]:
            self._woken.acquire(timeout=seconds)

    def wake(self) -> None:
        """End its wait."""
        if self._woken is not None and self._woken.locked():
            try:
                self._woken.release()
            except RuntimeError:
                pass  # woken twice
