"""First picture of a session: held until the messages on the screen are there, or for a frame."""

from __future__ import annotations

from collections.abc import Callable

from textual.timer import Timer
from textual.widget import Widget

HELD = 0.1
"""Seconds that the picture of before stays."""


class FirstPicture:
    """Whether a pane is painted now, while the bodies of its messages are awaited.

    Args:
        pane: Is painted at the end of the wait in any case.
    """

    def __init__(self, pane: Widget) -> None:
        self._pane = pane
        self._timer: Timer | None = None

    def begin(self) -> None:
        """Another session is shown from now on."""
        self._stop()
        self._timer = self._pane.set_timer(HELD, self._end)

    def is_due(self, is_whole: Callable[[], bool]) -> bool:
        """Whether to paint; `is_whole` says whether anything that is on the screen is still awaited."""
        if self._timer is not None and not is_whole():
            return False
        self._stop()
        return True

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        self._pane.refresh()
