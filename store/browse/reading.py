"""Sessions as readers see them: chosen source, chain without repeated rows, waiting messages in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING

from ..agent import source_choice
from ..base.errors import CannotOpen, Damaged, SessionMissing
from ..base.late_dataclass import dataclass, replace
from ..base.models import Head, JsonlFacts, Message, Origin, Session
from ..formats.carried_copies import NO_COPIES
from ..formats.row_encoding import storable
from ..formats.spool_placement import insert_positions
from .messages import StoredMessages
from .sessions import StoredSessions

if TYPE_CHECKING:
    from ..formats.carried_copies import Copies
    from ..home_store import HomeStore

FIRST_PAGE, PAGE = 64, 4096
"""Maximum heads of the first piece of a section, and of a later one."""
SECTIONS = 256
"""Sections of a chain whose rows are read at once."""


@dataclass(frozen=True, slots=True)
class SessionReading:
    """A session and the source that it is read from."""

    session: Session
    origin: Origin
    facts: JsonlFacts | None = None
    """The JSONL file, where there is one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The next messages of a reading, in order: `heads`, whose bodies are read by id, then `messages`; or `ids`."""

    section_id: str
    row: Session | None
    """The section's own row, None where it is gone."""
    place: int
    """Number of the section in its chain, from 1."""
    sections: int
    """Number of sections in the chain."""
    heads: tuple[Head, ...] = ()
    messages: tuple[Message, ...] = ()
    """Whole messages outside SQLite: waiting ones, or all of a file."""
    first: bool = True
    """True for the first piece of its section."""
    last: bool = True
    """True for the last piece of the reading."""
    ids: tuple[int, ...] = ()
    """Ids of rows in place of `heads`, where records alone were asked for."""


class SessionReader:
    """The one way in which screen, `show` and exports read a session."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store
        self._sessions = StoredSessions(store)
        self._messages = StoredMessages(store)

    def reading(self, session_id: str, *, origin: Origin | None = None) -> SessionReading:
        """The session and its source: the one with more messages, a tie goes to SQLite (`agent.source_choice`).

        Args:
            origin: A requested source, such as that of a hit.

        Raises:
            SessionMissing: No source knows it.
            StoreError: It cannot be read.
        """
        session = self._sessions.session(session_id)
        if session is None:
            raise SessionMissing(f"no session {session_id} here")
        facts = self._store.files.facts(session_id)
        if session.origin is not Origin.SQLITE:
            return SessionReading(session, session.origin, facts)
        longer = source_choice.is_longer(facts, lambda: self._store.engine.messages.count(session_id))
        return SessionReading(session, origin or (Origin.JSONL if longer else Origin.SQLITE), facts)

    def pieces(
        self,
        reading: SessionReading,
        *,
        chain: bool = True,
        asides: bool = False,
        copies: bool = False,
        records: bool = False,
    ) -> Iterator[Piece]:
        """The messages of a reading, piece by piece; at least one.

        Args:
            chain: Read the whole compression chain; else this session alone. Either way each message comes once: what
                compactions copied stands where it was said first, in the state of its last copy.
            asides: Include lines of a JSONL file that are no messages.
            copies: Each row of SQLite as it is stored, in its own place and state: of what a compaction in place
                copied both, as Hermes replays it.
            records: Nothing but the records of the pieces is wanted (`SessionRecords`): of rows they have ids alone.
        """
        session = reading.session
        if reading.origin is not Origin.SQLITE:
            found = self._messages.file_messages(session.id, asides=asides)
            yield Piece(session.id, session, 1, 1, messages=found)
            return
        ids = self._sessions.chain(session.id) if chain else (session.id,)
        rows: dict[str, Session] = {}
        for place, section_id in enumerate(ids, 1):
            if place % SECTIONS == 2:  # the first section is on the screen before the others are asked for
                with suppress(CannotOpen, Damaged):  # then each is looked for by itself, in the files too
                    rows = {row.id: row for row in self._sessions.rows(ids[place - 1 : place - 1 + SECTIONS])}
            row = session if section_id == session.id else rows.get(section_id) or self._sessions.session(section_id)
            before = ids[place - 2] if place > 1 else ""
            repeated = self._messages.carried(section_id, before) if chain else frozenset()
            copied = NO_COPIES if copies else self._messages.copies(section_id)
            piece = Piece(section_id, row, place, len(ids), last=place == len(ids))
            if records and copied == NO_COPIES and (rows_of := self._ids(section_id)):
                yield from _of_ids(piece, [row_id for row_id in rows_of if row_id not in repeated])
                continue
            first = True
            for heads, waiting, more in self._parts(section_id, repeated, copied):
                last = piece.last and not more
                yield replace(piece, heads=heads, messages=waiting, first=first, last=last)
                first = False

    def beginning(self, session: Session) -> Piece | None:
        """The first heads of a long session's chain, at a cost that does not depend on its length.

        Args:
            session: Its row, as it was listed.

        Returns:
            The first piece as `pieces` gives it for the source that speaks, with the session's row alone; None where
            the choice of the source, or what is left out, depends on more than the beginning.
        """
        messages, is_long = self._messages, session.rows > FIRST_PAGE
        if session.origin is not Origin.SQLITE or not is_long or self._store.files.facts(session.id) is not None:
            return None
        ids = self._sessions.chain(session.id)
        if messages.waiting(ids[0]) or messages.copies(ids[0]) != NO_COPIES:
            return None
        is_own = ids[0] == session.id
        page = messages.heads(ids[0], after=(session.first_id or 1) - 1 if is_own else 0, limit=FIRST_PAGE)
        last = len(ids) == 1 and not page.more
        return Piece(ids[0], session if is_own else None, 1, len(ids), page.items, last=last)

    def _parts(
        self, section_id: str, repeated: frozenset[int], copies: Copies
    ) -> Iterator[tuple[tuple[Head, ...], tuple[Message, ...], bool]]:
        """Heads of a section in pages, or up to where a waiting message belongs behind them; at least one part.

        The last of three says whether more of the section follows.
        """
        waiting = self._messages.waiting(section_id)
        pages = self._pages(section_id, repeated, copies)
        if not waiting:
            yield from ((page, (), more) for page, more in pages)
            return
        heads = tuple(head for page, _ in pages for head in page)
        done = 0
        positions = insert_positions([head.timestamp for head in heads], waiting)
        for place, group in groupby(zip(positions, waiting, strict=True), key=lambda pair: pair[0]):
            behind = place < positions[-1] or place < len(heads)
            yield heads[done:place], tuple(message for _, message in group), behind
            done = place
        if heads[done:]:
            yield heads[done:], (), False

    def _ids(self, section_id: str) -> Sequence[int]:
        """Ids of a section's rows; none where messages wait to be put between them, or the index is damaged."""
        try:
            waiting = self._messages.waiting(section_id)
            return () if waiting else self._store.engine.messages.ids(storable(section_id))
        except Damaged:
            return ()

    def _pages(
        self, section_id: str, repeated: frozenset[int], copies: Copies
    ) -> Iterator[tuple[tuple[Head, ...], bool]]:
        left_out = repeated | copies.originals.keys()
        after, more, limit = 0, True, FIRST_PAGE
        while more:
            page = self._messages.heads(section_id, after=after, limit=limit)
            after, more, limit = page.items[-1].id if page.items else after, page.more, min(4 * limit, PAGE)
            yield tuple(_in_state(head, copies) for head in page.items if head.id not in left_out), more


def _of_ids(piece: Piece, ids: Sequence[int]) -> Iterator[Piece]:
    """Pieces of so many rows of a section; at least one."""
    for start in range(0, max(len(ids), 1), PAGE):
        some = tuple(ids[start : start + PAGE])
        yield replace(piece, ids=some, first=not start, last=piece.last and start + PAGE >= len(ids))


def _in_state(head: Head, copies: Copies) -> Head:
    """A head in the state of its message."""
    state = copies.states.get(head.id)
    return head if state is None else replace(head, active=state.active, compacted=state.compacted)


def in_state(message: Message, head: Head) -> Message:
    """A body in the state of its head: of a message with copies the last one has it."""
    if (message.active, message.compacted) == (head.active, head.compacted):
        return message
    return replace(message, active=head.active, compacted=head.compacted)
