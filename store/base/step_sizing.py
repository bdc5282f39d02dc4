"""How much a step of a repair writes, and how long it rests: by what the steps before it held the lock for."""

from __future__ import annotations

import time
from collections.abc import Sequence

STEP_ROWS = 100
"""Messages that one transaction writes at most,"""
STEP_BYTES = 256 * 1024
"""or this much text, whichever comes first: less than
docs/decisions/0011 allows, for trigram indexes are slow to fill."""
MIN_ROWS = 10
"""Messages that a step writes at least: a commit costs its time anyway."""
HOLD = 0.02
"""Seconds for which a step should hold the lock."""
MIN_PAUSE, MAX_PAUSE = 0.005, 0.05
"""Seconds between two steps: as long as the lock was held, so that others have it at least half of the time."""


class StepSizer:
    """Of one repair; the first steps are careful."""

    def __init__(self) -> None:
        self._rows = float(MIN_ROWS)
        self.longest_lock = 0.0
        """Seconds that a step held the lock for at most."""

    def rows_in_next_step(self, n_bytes: Sequence[int], start: int) -> int:
        """How many messages the next step writes.

        Args:
            octets: Sizes of all messages, in the order in which they are written.
            start: The first one that is not written yet.
        """
        most = max(1, int(min(self._rows, STEP_ROWS)))
        room = STEP_BYTES * most // STEP_ROWS
        number = held = 0
        for size in n_bytes[start : start + most]:
            held += size
            if number and held > room:
                break
            number += 1
        return number

    def record(self, held: float) -> None:
        """Take in how long a step held the lock."""
        self.longest_lock = max(self.longest_lock, held)
        factor = HOLD / max(held, HOLD / 4)
        self._rows = min(max(self._rows * max(factor, 0.25), MIN_ROWS), STEP_ROWS)

    def pause(self, held: float) -> None:
        """The same, and give others their turn."""
        self.record(held)
        time.sleep(min(max(MIN_PAUSE, held), MAX_PAUSE))
