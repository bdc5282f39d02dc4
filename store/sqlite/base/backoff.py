"""Waiting for a lock: by time, with full jitter, so that no two writers march in step (docs/reliability.md S4)."""

from __future__ import annotations

import random as chance
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import apsw

T = TypeVar("T")

_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.020


@dataclass(frozen=True, slots=True)
class Backoff:
    """How time passes while one waits."""

    clock: Callable[[], float] = time.monotonic
    """Seconds that only go up."""
    sleep: Callable[[float], None] = time.sleep
    """Waits that many seconds."""
    random: Callable[[], float] = chance.random
    """A number in [0, 1)."""

    def outlast(self, action: Callable[[], T], deadline: float) -> T:
        """Do it until no lock is in the way; pauses are random below a bound that doubles from 0.5 to 20 ms.

        Raises:
            apsw.BusyError, apsw.LockedError: If one is in the way at `deadline`.
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
