"""Controller of repairs: the way to the screen of repairs, and what a repair changes here."""

from __future__ import annotations

from typing import Protocol

from hermes_tui.feed import Feed, answers
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.rows import SessionRow
from hermes_tui.state.session_catalog import is_comparable


class OpenRepair(Protocol):
    """Opens the screen of repairs."""

    def __call__(self, session_id: str | None, *, whole: bool) -> None:
        """Show the repair of one session, or of all flagged ones; with `whole` the whole difference first."""


class RepairController:
    """Opens the screen of repairs for sessions that a repair can look at."""

    def __init__(self, state: BrowserState, feed: Feed, open_repair: OpenRepair) -> None:
        self._state = state
        self._feed = feed
        self._open_repair = open_repair

    def open_current(self, *, whole: bool = False) -> None:
        """Show the repair of the session that is read, or of the one under the list's cursor."""
        self._open(self._state.current, whole=whole)

    def open_shown(self, *, whole: bool) -> None:
        """Show the repair of the session whose transcript is shown."""
        self._open(self._state.reading.row, whole=whole)

    def open_all(self) -> None:
        """Show the repairs of all flagged sessions."""
        self._open_repair(None, whole=False)

    def take_repaired(self, message: answers.Repaired) -> None:
        """Read the session's row and flag again: rows came and went, in the middle too."""
        self._feed.sessions.reread(message.session_id)

    def _open(self, row: SessionRow | None, *, whole: bool) -> None:
        if row is not None and is_comparable(row):
            self._open_repair(row.session.id, whole=whole)
