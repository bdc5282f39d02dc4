"""First picture of a session: held until the messages on the screen are there, as long as they are not late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from textual.strip import Strip
from textual.timer import Timer

from hermes_tui.widgets.transcript_cursor import TranscriptCursor

HELD = 0.25
"""Seconds that the picture of before stays at most."""


class Pane(Protocol):
    """What is painted."""

    @property
    def session_id(self) -> str | None:
        """The session that is shown."""


class FirstPicture:
    """Paints a pane; where another session's messages or the end are awaited, only at the end of the wait.

    Args:
        pane: Is painted.
        cursor: Knows what is on its screen.
        call_after: Calls something after some seconds.
        refresh: Paints what is different.
    """

    def __init__(
        self,
        pane: Pane,
        cursor: TranscriptCursor,
        call_after: Callable[[float, Callable[[], None]], Timer],
        refresh: Callable[[], None],
    ) -> None:
        self._refresh = refresh
        self._pane = pane
        self._call_after = call_after
        self._cursor = cursor
        self._session: str | None = None
        self._timer: Timer | None = None
        self._awaited = False
        """The end was asked for and is not here yet."""
        self._rows: dict[int, Strip] = {}
        """The picture of before."""

    def paint(self) -> None:
        """Paint now, or as soon as all that is on the screen is there."""
        layout, viewport = self._cursor.layout, self._cursor.viewport
        was_awaited, self._awaited = self._awaited, viewport.following and viewport.waits
        if self._session != self._pane.session_id or (self._awaited and not was_awaited):
            self._session = self._pane.session_id
            self._stop()
            self._timer = self._call_after(HELD, self._end)
        shown = {row.index for row in viewport.rows}
        if self._timer is None or (not self._awaited and all(map(layout.complete, shown))):
            self._stop()
            self._refresh()

    def row(self, y: int, width: int, draw: Callable[[int], Strip]) -> Strip:
        """A row of the picture: while one is held that of before, whatever has the pane painted meanwhile."""
        before = self._rows.get(y)
        if self._timer is not None and before is not None and before.cell_length == width:
            return before
        self._rows[y] = strip = draw(y)
        return strip

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        self._refresh()
