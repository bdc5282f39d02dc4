"""Cancellation of a request while another thread works on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import Interrupted
from .owned_lock import OwnedLock


class Cancel:
    """One token per request; `cancel` may be called from any thread, any number of times."""

    def __init__(self) -> None:
        self._lock = OwnedLock()
        self._cancelled = False
        self._interrupts: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """True once the request was cancelled."""
        return self._cancelled

    def cancel(self) -> None:
        """Cancel the request and interrupt the statement that is running for it, if any."""
        with self._lock:
            self._cancelled = True
            for interrupt in self._interrupts:
                interrupt()

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Call `interrupt` when the request is cancelled inside this block, never after it."""
        self._add(interrupt)
        try:
            yield
        finally:
            self._remove(interrupt)

    def _add(self, interrupt: Callable[[], None]) -> None:
        with self._lock:
            self._interrupts.append(interrupt)

    def _remove(self, interrupt: Callable[[], None]) -> None:
        with self._lock:
            self._interrupts.remove(interrupt)


def raise_if_cancelled(cancel: Cancel | None) -> None:
    """Raise `Interrupted` where the request was cancelled; None is never cancelled."""
    if cancel is not None and cancel.cancelled:
        raise Interrupted("the request was cancelled")
