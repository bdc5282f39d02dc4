"""Backoff with full jitter while a lock is held by another writer (docs/reliability.md S4)."""

from __future__ import annotations

import random as chance
import time
from collections.abc import Callable
from typing import TypeVar

import apsw

from ...base.late_dataclass import dataclass

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds that a transaction waits for the lock, unless another number is given."""
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.020
_RETRIES = 3
_RETRY_PAUSE = 0.05


def retried(action: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> T:
    """Repeat an action that failed during another writer's WAL reset (docs/format.md §7.5)."""
    for _ in range(_RETRIES):
        try:
            return action()
        except apsw.IOError:
            sleep(_RETRY_PAUSE)
    return action()


@dataclass(frozen=True, slots=True)
class Backoff:
    """Clock, sleep and randomness of a waiting writer."""

    clock: Callable[[], float] = time.monotonic
    """Monotonic seconds."""
    sleep: Callable[[float], None] = time.sleep
    """Sleeps for a number of seconds."""
    random: Callable[[], float] = chance.random
    """A number in [0, 1)."""

    def retry_until(self, action: Callable[[], T], deadline: float) -> T:
        """Repeat an action until no lock prevents it; pauses are random below a bound that doubles from 0.5 to 20 ms.

        Raises:
            apsw.BusyError, apsw.LockedError: A lock still prevents it at `deadline`.
        """
        bound = _FIRST_PAUSE
        while True:
            try:
                return action()
            except (apsw.BusyError, apsw.LockedError):
                left = deadline - self.clock()
                if left <= 0:
                    raise
            self.sleep(min(left, self.random() * bound))
            bound = min(_LONGEST_PAUSE, 2 * bound)
