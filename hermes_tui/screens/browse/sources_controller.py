"""Controller of the banner: what the two sources of the session that is read lack."""

from __future__ import annotations

from collections.abc import Iterable

from hermes_tui.feed import Feed, answers
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.state.browser_state import BrowserState, Sources
from store.models import Drift, Session

MANY = 10_000
"""Messages of both sides that take about a second to compare."""
BOTH = (Drift.DIVERGED, Drift.JSONL_AHEAD)
"""Flags of sessions that both sources know, and whose JSONL file may be the longer one."""


class SourcesController:
    """Has the sources of the session that is read compared, once for each change."""

    def __init__(self, state: BrowserState, feed: Feed, changed: Changed) -> None:
        self._state = state
        self._reading = state.reading
        self._feed = feed
        self._changed = changed
        self._checks: dict[str, answers.CheckArrived] = {}
        self._comparing = ""

    def take_check(self, message: answers.CheckArrived) -> None:
        """Show what the sources lack."""
        self._checks[message.check.session_id] = message
        self.show()

    def show(self) -> None:
        """Set the facts of the banner, and ask for those that are missing."""
        if (row := self._reading.row) is None:
            return
        session, drift = row.session, row.drift
        known = self._checks.get(session.id) if drift in BOTH else None
        if drift in BOTH and known is None and self._comparing != session.id:
            self._comparing = session.id
            self._feed.transcript.check(session.id)
        check, refused = (known.check, known.refused) if known else (None, None)
        self._reading.sources = Sources(session, drift, self._state.catalog.facts(session.id), check, refused)
        self._changed(Part.FRAME)

    def compare_again(self, verified: Iterable[str]) -> None:
        """Ask again what the sources lack where verdicts were worked out again."""
        for session_id in verified:
            self._checks.pop(session_id, None)
        if self._reading.row is not None and self._reading.row.session.id not in self._checks:
            self._comparing = ""
            self.show()

    def forget(self, session_id: str) -> None:
        """Forget what a session's sources lack: it was repaired."""
        self._comparing = ""
        self._checks.pop(session_id, None)

    def forget_check(self, session: Session) -> None:
        """Compare again when a session is opened, for what was undone since; but not one that takes seconds."""
        facts = self._state.catalog.facts(session.id)
        if session.messages + (facts.messages if facts else 0) < MANY:
            self._checks.pop(session.id, None)
            self._comparing = "" if self._comparing == session.id else self._comparing
