"""Painter of the browser: views of the state onto the widgets, no more often than a reader can follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from textual.timer import Timer

from hermes_tui.screens.browse.compose import BrowserWidgets
from hermes_tui.screens.browse.ports import Part
from hermes_tui.screens.browse.presenter import frame_view, list_view
from hermes_tui.state.browser_state import HELD, BrowserState

CALM = 0.25
"""Seconds between two pictures of what streams in: a number may change four times a second."""
ANSWERED = 0.1
"""Seconds that the rest of an answer is waited for, its order above all, before the screen shows its beginning; more
where the beginning was late."""


class Painter:
    """Draws the parts that are asked for, at once.

    Args:
        call_after: Calls something after some seconds, on the screen.
    """

    def __init__(
        self, state: BrowserState, widgets: BrowserWidgets, call_after: Callable[[float, Callable[[], None]], Timer]
    ) -> None:
        self._state = state
        self._widgets = widgets
        self._call_after = call_after
        self._due = Part(0)
        self._held = False
        self._timer: Timer | None = None
        self._waiting: Timer | None = None
        """Runs while an answer is awaited and the lists are not drawn."""
        self._waits_since = self._streamed_at = 0.0
        self.before_frame: Callable[[], None] = lambda: None
        """Called once the lists are drawn, before the frame is."""

    def changed(self, part: Part, *, after: float = 0.0) -> None:
        """See `ports.Changed`; lists that are drawn at once let the next news be drawn at once, too."""
        if after:
            self._call_after(after, partial(self.changed, part))
            return
        self._due |= part
        if Part.LISTS in part:
            self._end_wait()
        elif Part.LISTS_ANSWERED in part:
            self._await_answer()
        elif Part.LISTS_SOON in part and self._waiting is not None:
            waited = time.monotonic() - self._waits_since
            self._wait(min(max(ANSWERED, 2 * waited), HELD))
        if not self._held:
            self._draw()

    def catch_up(self) -> None:
        """Draw what waits for an answer."""
        if self._waiting is not None:
            self._end_wait()
            self._draw()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Draw at the end of the block, once for all that is asked for in it."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self._draw()

    def _await_answer(self) -> None:
        """Wait for it as long as what was asked before was waited for, if nothing was drawn since."""
        now = time.monotonic()
        self._waits_since = now if self._waiting is None else self._waits_since
        self._wait(max(0.0, self._waits_since + HELD - now))

    def _wait(self, seconds: float) -> None:
        self._end_wait()
        self._waiting = self._call_after(seconds, self.catch_up)

    def _end_wait(self) -> None:
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None

    def _draw(self) -> None:
        if self._waiting is not None:
            self._widgets.show_status(frame_view(self._state))
            return
        due, self._due = self._due, Part(0)
        if Part.LISTS_ANSWERED in due:
            due |= Part.LISTS
        if Part.LISTS in due:
            self._streamed_at = 0.0
        elif Part.LISTS_SOON in due:
            due |= self._streamed()
        if not due & ~Part.LISTS_SOON:
            return
        state, widgets = self._state, self._widgets
        widgets.observe(state)
        if Part.LISTS in due:
            self._stop_timer()
            widgets.show_list(list_view(state))
            widgets.observe(state)
        elif Part.ROWS in due:
            widgets.update_rows(state.fresh)
        self._held = True
        self.before_frame()
        self._held, self._due = False, Part(0)
        widgets.show(frame_view(state))

    def _streamed(self) -> Part:
        """The lists if the last picture has stood long enough; else nothing, and a timer."""
        wait = self._streamed_at + CALM - time.monotonic()
        if wait <= 0:
            self._streamed_at = time.monotonic()
            return Part.LISTS
        if self._timer is None:
            self._timer = self._call_after(wait, self._draw_streamed)
        return Part(0)

    def _draw_streamed(self) -> None:
        self._stop_timer()
        self.changed(Part.LISTS_SOON)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
