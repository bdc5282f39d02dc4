"""Places of a reader in the sessions that were read, kept across runs: where one opens, which have news."""

from __future__ import annotations

from hermes_tui.kept.values import ReadingPlace
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.rows import SessionRow
from hermes_tui.widgets.arrival import arrival, reading_place
from hermes_tui.widgets.transcript import Transcript
from store.models import Relation, Session

MOST_SECTIONS = 100
"""Sections of a chain that are looked through for a place."""


class KeptPlaces:
    """Keeps the place in each session that was entered; one that is only looked at beside the list was not read."""

    def __init__(self, state: BrowserState, pane: Transcript) -> None:
        self._state = state
        self._pane = pane
        self._entered = ""

    def observe(self) -> None:
        """Note that a session is read, or keep the place in one that was left."""
        if self._state.inside:
            self._entered = self._state.reading.row.session.id if self._state.reading.row else ""
        else:
            self.leave()

    def leave(self) -> None:
        """Keep the place in the session that was read, before it is left."""
        self.keep()
        self._entered = ""

    def keep(self) -> None:
        """Keep the place in the session that is read."""
        pane, row = self._pane, self._state.catalog.row(self._entered)
        if row is not None and pane.session_id == self._entered and pane.total:
            now, newest = self._state.now().timestamp(), row.session.last_active
            place = reading_place(pane.cursor, unseen=pane.new_below, newest=newest, now=now)
            self._state.kept.put_place(self._entered, place)

    def expect(self, row: SessionRow, *, led: bool) -> None:
        """Have a session opened at its place; one on the pane stays as it is.

        Args:
            led: Something else says where, such as a hit.
        """
        if row.session.id != self._pane.session_id:
            self._pane.expect(row.session.id, arrival(self._place(row.session), live=row.session.live and not led))

    def has_news(self, session: Session) -> bool:
        """Whether a session that was read has messages since."""
        place = self._state.kept.all.places.get(session.id)
        if place is None or place.seen_at is None or session.id == self._entered:
            return False
        return session.last_active is not None and session.last_active > place.seen_at

    def _place(self, session: Session) -> ReadingPlace | None:
        """The place in a session, or in a section before it that was the last one then."""
        places = self._state.kept.all.places
        for _ in range(MOST_SECTIONS):
            if session.id in places or session.relation is not Relation.CONTINUATION:
                break
            row = self._state.catalog.row(session.parent_id or "")
            if row is None:
                break
            session = row.session
        return places.get(session.id)
