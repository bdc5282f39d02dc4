"""Batch sizes and pauses of a repair, adapted to the measured lock time."""

from __future__ import annotations

import time
from collections.abc import Sequence

STEP_ROWS = 100
"""Maximum messages of one transaction."""
STEP_BYTES = 256 * 1024
"""Maximum bytes of text of one transaction: less than docs/decisions/0011 allows, for trigram indexes fill slowly."""
MIN_ROWS = 10
"""Minimum messages of a step: a commit has a fixed cost."""
HOLD = 0.02
"""Target lock time of a step, in seconds."""
MIN_PAUSE, MAX_PAUSE = 0.005, 0.05
"""Seconds between two steps: as long as the lock was held, so that others get half of the time."""


class StepSizer:
    """Batch sizes of one repair; the first ones are minimal."""

    def __init__(self) -> None:
        self._rows = float(MIN_ROWS)
        self.longest_lock = 0.0
        """Longest time that a step held the lock, in seconds."""

    def rows_in_next_step(self, n_bytes: Sequence[int], start: int) -> int:
        """Number of messages that the next step writes.

        Args:
            n_bytes: Sizes of all messages, in the order in which they are written.
            start: Index of the first one that is not written yet.
        """
        limit = max(1, int(min(self._rows, STEP_ROWS)))
        room = STEP_BYTES * limit // STEP_ROWS
        number = total = 0
        for size in n_bytes[start : start + limit]:
            total += size
            if number and total > room:
                break
            number += 1
        return number

    def record(self, held: float) -> None:
        """Record how long a step held the lock, in seconds."""
        self.longest_lock = max(self.longest_lock, held)
        factor = HOLD / max(held, HOLD / 4)
        self._rows = min(max(self._rows * max(factor, 0.25), MIN_ROWS), STEP_ROWS)

    def pause(self, held: float) -> None:
        """Record the lock time and sleep, so that other writers get the lock."""
        self.record(held)
        time.sleep(min(max(MIN_PAUSE, held), MAX_PAUSE))
