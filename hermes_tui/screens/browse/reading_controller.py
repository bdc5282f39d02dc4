"""The transcript that is being read: what was asked for, what has come, what is wrong with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from hermes_tui.feed import Feed
from hermes_tui.feed import answers as told
from hermes_tui.render.compaction_seam import section_seam
from hermes_tui.state.session_catalog import Catalog
from hermes_tui.widgets.banner import Banner
from hermes_tui.widgets.session_list import SessionRow
from hermes_tui.widgets.transcript import Section, Transcript
from store.errors import StoreError
from store.models import Drift, Hit, Origin, Relation, Session
from store.query.parse import Query

SIGN_AFTER = 0.15
"""Seconds before a pane says that it is loading."""
MANY = 10_000
"""Messages of both sides that take about a second to compare."""
BOTH = (Drift.DIVERGED, Drift.JSONL_AHEAD)
"""Flags of sessions that both sources know."""


class Reading:
    """One transcript at a time: the last one that was asked for."""

    def __init__(
        self, feed: Feed, catalog: Catalog, transcript: Transcript, banner: Banner, now: Callable[[], datetime]
    ) -> None:
        self._feed = feed
        self._catalog = catalog
        self._transcript = transcript
        self._banner = banner
        self._now = now
        self._generation = 0
        self._asked = 0.0
        self._waiting = False
        self._before: Session | None = None
        self._chain: frozenset[str] = frozenset()
        self._checks: dict[str, told.CheckArrived] = {}
        self._comparing = ""
        self._spooled = False
        self._section = ""
        self.from_file = False
        """The JSONL file's side is shown: it is the longer one, or the hit that led here is only there."""
        self.row: SessionRow | None = None
        """The session that was asked for last."""
        self.hit: Hit | None = None
        """The hit that led here, None where the session itself was opened."""
        self.error: StoreError | None = None
        """Why it could not be read."""

    def open_section(self, row: SessionRow) -> None:
        """Read a session from where it begins, though the transcript is that of its whole chain."""
        self.open(row)
        self._section = row.session.id if row.session.section > 1 else ""
        self._transcript.show_section(self._section)

    def open(self, row: SessionRow, hit: Hit | None = None, query: Query | None = None, *, delay: float = 0.0) -> None:
        """Ask for a session's transcript, and go to a hit in it; one that is here already is not asked for again.

        A hit is shown where it was found; without one the longer source speaks, as it does for an agent.
        """
        from_file = row.drift is Drift.JSONL_AHEAD if hit is None else hit.origin is not Origin.SQLITE
        here = row.session.id in self._chain and self.error is None and from_file == self.from_file
        self.hit = hit
        self._section = ""
        if not here:
            self.row, self.error, self._waiting, self.from_file = row, None, True, from_file
            self._chain = frozenset({row.session.id})
            self._forget_check(row.session)
            self._asked = time.monotonic()
            self._generation = self._feed.transcript.open(row.session, origin=hit.origin if hit else None, delay=delay)
        self._aim(query)
        self.show_banner()

    def again(self) -> None:
        """Ask for the same once more, because it failed or the file was replaced."""
        if self.row is not None:
            self._chain = frozenset()
            self.open(self._catalog.row(self.row.session.id) or self.row, self.hit)

    def reread(self, session_id: str) -> None:
        """Ask again for what is shown, if that session is part of it."""
        self._comparing = ""
        self._checks.pop(session_id, None)
        if session_id in self._chain or (self.row is not None and self.row.session.id == session_id):
            self.again()

    def mark(self, query: Query | None) -> None:
        """Mark the words of a query in the text, or none."""
        self._transcript.set_query(query)

    def take(self, message: told.Answer) -> None:
        """Put an answer on the screen, if it answers the last question."""
        if isinstance(message, told.CheckArrived):
            self._checks[message.check.session_id] = message
            self.show_banner()
            return
        if message.generation != self._generation or self.row is None:
            return
        match message:
            case told.SectionArrived():
                self._take_section(message, self.row)
            case told.FileTranscriptArrived():
                self._transcript.open_messages(self.row, message.messages)
                self._arrived()
            case told.GrowthArrived() if self._spooled:
                self.again()  # what was written may be what waited
            case told.GrowthArrived():
                self._transcript.append_heads(message.session_id, message.heads)
            case told.BodiesArrived():
                self._transcript.put(message.messages)

    def take_sessions(self, sessions: Sequence[Session]) -> None:
        """See whether a compaction has gone on in a new section: then the chain is read again."""
        goes_on = (one for one in sessions if one.relation is Relation.CONTINUATION and one.id not in self._chain)
        if any(one.parent_id in self._chain for one in goes_on) and not self._waiting:
            self.again()
        self.refresh_row()

    def fail(self, generation: int, error: StoreError) -> None:
        """It cannot be read."""
        if generation == self._generation:
            self.error, self._waiting = error, False
            self._transcript.faded = False
            self._transcript.ask_again()

    def refresh_row(self) -> None:
        """Take the session's row as the list has it now."""
        if self.row is None:
            return
        row = self._catalog.row(self.row.session.id)
        if row is not None and row != self.row:
            longer = (row.drift is Drift.JSONL_AHEAD) is not (self.row.drift is Drift.JSONL_AHEAD)
            longer = longer or row.session.origin is not self.row.session.origin
            self.row = row
            self._transcript.update_row(row)
            if longer and self.hit is None:
                self.again()
            self.show_banner()

    def show_banner(self) -> None:
        """Say what is wrong with the session, in the row above its text."""
        if self.row is None:
            return
        session, drift = self.row.session, self.row.drift
        told_of = self._checks.get(session.id) if drift in BOTH else None
        if drift in BOTH and told_of is None and self._comparing != session.id:
            self._comparing = session.id
            self._feed.transcript.check(session.id)
        check, refused = (told_of.check, told_of.refused) if told_of else (None, None)
        self._banner.show(session, drift, self._catalog.facts(session.id), check, refused)

    def compare_again(self, verified: Iterable[str]) -> None:
        """Ask anew what the sources of these sessions lack: their verdicts were worked out again."""
        for session_id in verified:
            self._checks.pop(session_id, None)
        if self.row is not None and self.row.session.id not in self._checks:
            self._comparing = ""
            self.show_banner()

    def _forget_check(self, session: Session) -> None:
        """Ask anew when a session is opened, for what was undone since; not of one that takes seconds."""
        facts = self._catalog.facts(session.id)
        if session.messages + (facts.messages if facts else 0) < MANY:
            self._checks.pop(session.id, None)
            self._comparing = "" if self._comparing == session.id else self._comparing

    @property
    def slow(self) -> bool:
        """True where what was asked for has not come for 150 ms."""
        return self._waiting and time.monotonic() - self._asked >= SIGN_AFTER

    def fade(self) -> None:
        """Show the last picture dim while another one is awaited."""
        self._transcript.faded = self.slow

    def _take_section(self, message: told.SectionArrived, row: SessionRow) -> None:
        if message.first:
            self._begin_section(message, row)
        else:
            self._transcript.append_heads(message.session_id, message.heads, live=False)
        if message.waiting:
            self._transcript.append_waiting(message.session_id, message.waiting)
            self._spooled = True

    def _begin_section(self, message: told.SectionArrived, row: SessionRow) -> None:
        section = Section(message.session_id, message.heads, self._label(message))
        if message.place == 1:
            self._spooled = False
            self._transcript.open(row, [section])
            self._arrived()
        else:
            self._transcript.append_section(section)
        if message.session_id == self._section:
            self._transcript.show_section(self._section)
        self._chain |= {message.session_id}
        self._before = message.session

    def _arrived(self) -> None:
        self._waiting = False
        self._transcript.faded = False
        self._aim(None)

    def _aim(self, query: Query | None) -> None:
        if self.hit is not None:
            self._transcript.show_at(self.hit.message_id, query)

    def _label(self, message: told.SectionArrived) -> str:
        """What the seam above a section says: when and from how much it was compacted."""
        if message.place == 1:
            return ""
        before = self._before
        return section_seam(
            message.place,
            message.places,
            now=self._now(),
            compacted_at=before.ended_at if before else None,
            messages=before.messages if before else 0,
        )
