"""Controller of the transcript that is read: what was asked for, and the answers."""

from __future__ import annotations

from hermes_tui.feed import Feed, answers
from hermes_tui.render.compaction_seam import section_seam
from hermes_tui.screens.browse.kept_places import KeptPlaces
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.screens.browse.sources_controller import BOTH, SourcesController
from hermes_tui.state.browser_state import LOOK_AFTER, BrowserState
from hermes_tui.state.rows import SessionRow
from hermes_tui.widgets.message_index import Section, head_of
from hermes_tui.widgets.transcript import Transcript, together
from store.base.late_dataclass import replace
from store.models import Hit, Message, Origin, Relation, Session
from store.query.parse import Query


class ReadingController:
    """One transcript at a time: the last one that was asked for."""

    def __init__(self, state: BrowserState, feed: Feed, changed: Changed, pane: Transcript) -> None:
        self._state = state
        self._reading = state.reading
        self._feed = feed
        self._changed = changed
        self._pane = pane
        self.places = KeptPlaces(state, pane)
        self._sources = SourcesController(state, feed, changed)
        self.take_check = self._sources.take_check
        self._before: Session | None = None
        self.chain: set[str] = set()
        self._spooled = False
        self._section = ""

    def open_chosen(self, *, delay: float = 0.0) -> None:
        """Ask for the session under the list's cursor, unless nothing else is asked for within `delay` seconds."""
        pane = self._state.pane
        if pane.row is not None:
            self.open(pane.row, pane.hit, self._state.search.query, delay=delay)
            self._changed(Part.FRAME, after=LOOK_AFTER)

    def hasten(self, *, delay: float) -> None:
        """Ask for what is awaited `delay` seconds from now: nothing else will be asked for instead."""
        row = self._reading.row
        if row is not None and self._reading.requested_at is not None:
            self._feed.transcript.open(row.session, origin=self._reading.origin, delay=delay)

    def open_section(self, row: SessionRow) -> None:
        """Read a session from where it begins, though the transcript is that of its whole chain."""
        self.open(row)
        self._section = row.session.id if row.session.section > 1 else ""
        self._pane.show_section(self._section)

    def open(self, row: SessionRow, hit: Hit | None = None, query: Query | None = None, *, delay: float = 0.0) -> None:
        """Ask for a session's transcript, and go to a hit in it; one that is here already is not asked for again.

        A hit is shown where it was found; without one the longer source is shown, as agents get it.
        """
        reading = self._reading
        origin = hit.origin if hit else None
        known = reading.row is not None and row.session.id in self.chain
        here = known and reading.error is None and self._is_source(row, origin)
        reading.hit = hit
        self._section = ""
        if not here:
            self.places.leave()
            self.places.expect(row, led=hit is not None)
            reading.row, reading.error, reading.origin, reading.from_file = row, None, origin, False
            reading.find = None
            self._pane.set_query(self._state.search.query)
            reading.requested_at, self.chain = self._state.seconds(), {row.session.id}
            self._sources.forget_check(row.session)
            self._feed.transcript.open(row.session, origin=origin, delay=delay)
            self._feed.sessions.compare(row.session.id)
        self._aim(query)
        self._sources.show()

    def _is_source(self, row: SessionRow, origin: Origin | None) -> bool:
        """Whether the transcript on the screen shows a hit's source; without a hit, the one that speaks."""
        if origin is None:
            return self._reading.origin is None or row.drift is None
        return self._reading.from_file is (origin is not Origin.SQLITE)

    def again(self, _: answers.Answer | None = None) -> None:
        """Ask for the same once more, because it failed or the file was replaced."""
        if (row := self._reading.row) is not None:
            self.chain = set()
            self.open(self._state.catalog.row(row.session.id) or row, self._reading.hit)

    # Answers

    def take_section(self, message: answers.SectionArrived) -> None:
        """Add a section of the chain, or more of it."""
        if self._reading.row is None:
            return
        if message.first:
            self._begin_section(message, self._reading.row)
        else:
            self._pane.append_heads(message.session_id, message.heads, live=False, more=not message.done)
            self._before = message.session
        if message.waiting:
            self._pane.append_waiting(message.session_id, message.waiting, more=not message.done)
            self._spooled = True
        self._changed(Part.FRAME)

    def take_sections(self, message: answers.SectionsArrived) -> None:
        """Add further sections of the chain, and settle and paint once."""
        with together(self._pane):
            for piece in message.pieces:
                self.take_section(piece)

    def take_file_transcript(self, message: answers.FileTranscriptArrived) -> None:
        """Show the messages of a JSONL file."""
        if self._reading.row is not None:
            self._reading.from_file = True
            self._pane.open_messages(self._reading.row, message.messages)
            self._arrived()
            self._changed(Part.FRAME)

    def take_growth(self, message: answers.GrowthArrived) -> None:
        """Add messages that were written; where messages wait in the spool, these may be the ones."""
        if self._spooled:
            self.again()
        else:
            self._pane.put(message.bodies)
            self._pane.append_heads(message.session_id, message.heads)
        self._changed(Part.FRAME)

    def take_reread(self, message: answers.TranscriptReread) -> None:
        """Show the transcript as it is now, because more than its growth has changed."""
        if (row := self._reading.row) is None:
            return
        sections, bodies = list[Section](), list[Message]()
        self._spooled, self.chain = False, {row.session.id}
        for piece in message.pieces:
            if isinstance(piece, answers.FileTranscriptArrived):
                bodies += (body for body in piece.messages if body.id is not None)
                sections.append(Section(row.session.id, tuple(map(head_of, bodies))))
            else:
                bodies += piece.waiting
                self._add_piece(sections, piece)
        self._reading.from_file = any(isinstance(piece, answers.FileTranscriptArrived) for piece in message.pieces)
        self._reading.error = self._reading.requested_at = None
        self._pane.replace(row, sections, bodies)
        self._changed(Part.FRAME)

    def _add_piece(self, sections: list[Section], piece: answers.SectionArrived) -> None:
        """Put a section behind the others, or more of the last one, and what waits behind it."""
        if piece.first:
            sections.append(Section(piece.session_id, piece.heads, self._seam(piece)))
        else:
            sections[-1] = replace(sections[-1], heads=(*sections[-1].heads, *piece.heads))
        self.chain.add(piece.session_id)
        self._before = piece.session
        self._spooled |= bool(piece.waiting)
        if piece.waiting:
            sections.append(Section(piece.session_id, tuple(map(head_of, piece.waiting))))

    def take_change(self, message: answers.StoreChanged) -> None:
        """Compare the messages on the screen with what is stored now."""
        if message.change.store and self._reading.requested_at is None and not self._reading.from_file:
            self._pane.expire()

    def take_bodies(self, message: answers.BodiesArrived) -> None:
        """Show the bodies of messages."""
        self._pane.put(message.messages)

    def take_fresh(self, _: answers.SessionsArrived) -> None:
        """Read the chain again where a compaction has gone on in a new section."""
        fresh = (row.session for row in self._state.fresh if row.session.id not in self.chain)
        goes_on = any(new.relation is Relation.CONTINUATION and new.parent_id in self.chain for new in fresh)
        if goes_on and self._reading.requested_at is None:
            self.again()
        self.take_row()

    def take_row(self, _: answers.Answer | None = None) -> None:
        """Take the session's row as the list has it now; another source may be the longer one."""
        reading = self._reading
        old = reading.row
        row = self._state.catalog.row(old.session.id) if old is not None else None
        if old is None or row is None or row == old:
            return
        reading.row = row
        self._pane.update_row(row)
        swapped = (row.drift in BOTH) is not (old.drift in BOTH)
        if reading.hit is None and (swapped or row.session.origin is not old.session.origin):
            self.again()
        self._sources.show()

    def take_drifts(self, message: answers.DriftsArrived) -> None:
        """Ask again what the sources lack where verdicts were worked out again."""
        if message.by_content:
            self._sources.compare_again(message.drifts)
        self.take_row()

    def take_repaired(self, message: answers.Repaired) -> None:
        """Ask again for the transcript if a repair touched it."""
        session_id = message.session_id
        self._sources.forget(session_id)
        if session_id in self.chain or (self._reading.row is not None and self._reading.row.session.id == session_id):
            self.again()

    def take_failure(self, message: answers.StoreFailed) -> None:
        """Show why the transcript cannot be read."""
        if message.question == "transcript" and message.generation == self._feed.generation("transcript"):
            self._reading.error, self._reading.requested_at = message.error, None
            self._pane.ask_again()
            self._changed(Part.FRAME)

    def _begin_section(self, message: answers.SectionArrived, row: SessionRow) -> None:
        section = Section(message.session_id, message.heads, self._seam(message))
        if message.place == 1:
            self._spooled = False
            self._pane.open(row, [section], more=not message.done)
            self._arrived()
        else:
            self._pane.append_section(section, more=not message.done)
        if message.session_id == self._section:
            self._pane.show_section(self._section)
        self.chain.add(message.session_id)
        self._before = message.session

    def _seam(self, message: answers.SectionArrived) -> str:
        """The words above a section: when it was compacted, and from how many messages."""
        if message.place == 1:
            return ""
        before = self._before
        return section_seam(
            message.place,
            message.places,
            now=self._state.now(),
            compacted_at=before.ended_at if before else None,
            messages=before.messages if before else 0,
        )

    def _arrived(self) -> None:
        self._reading.requested_at = None
        self._aim(None)

    def _aim(self, query: Query | None) -> None:
        if (hit := self._reading.hit) is not None:
            self._pane.show_at(hit.message_id, query)
