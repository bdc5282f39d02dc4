"""Wait before a plan may be applied: it has to stand on the screen for a while without a key."""

from __future__ import annotations

import time
from collections.abc import Callable

QUIET = 0.8
"""Seconds that a plan stands before a key applies it."""
LONGER = 3.0
"""Seconds after a key that means nothing there: somebody types who looks elsewhere."""


class PlanWait:
    """The plan on the screen, and whether the last key or click came late enough to agree to it.

    Keys count by the time at which they were pressed, plans by the time at which they are shown: a key that waited in a
    queue until its plan was there agrees to nothing.

    Args:
        clock: Seconds that only go forward, those of Textual's events.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._plan: object = None
        self._visible = True
        self._agreed = False
        self._quiet_since = clock()
        self.seconds = QUIET
        """How long the plan has to stand without a key."""

    @property
    def over(self) -> bool:
        """A key that is pressed now would apply the plan."""
        return self._is_over(self._clock())

    @property
    def stands(self) -> bool:
        """There is a plan on the screen."""
        return self._plan is not None and self._visible

    def show(self, plan: object) -> None:
        """Have this plan on the screen, None for none; another one than before starts the wait again."""
        if plan != self._plan:
            self._plan = plan
            self._restart()

    def set_visible(self, visible: bool) -> None:
        """Whether the plan can be seen; under another screen, or in a terminal too small for it, it does not stand."""
        if visible is not self._visible:
            self._visible = visible
            self._restart()

    def act(self, at: float) -> None:
        """Take a key or a click of that time; it agrees to the plan if the wait was over."""
        self._agreed = self._is_over(at)
        self._quiet_since = max(self._quiet_since, at)

    def lengthen(self) -> None:
        """Wait longer, after a key that means nothing."""
        self.seconds = LONGER

    def take_agreement(self) -> bool:
        """Whether the last key or click may apply the plan; once."""
        agreed, self._agreed = self._agreed, False
        return agreed

    def _is_over(self, at: float) -> bool:
        return self.stands and at - self._quiet_since >= self.seconds

    def _restart(self) -> None:
        self._quiet_since, self.seconds, self._agreed = self._clock(), QUIET, False
