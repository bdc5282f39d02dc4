"""What each question reads, as messages in the order in which they should reach the screen.

Generators: whoever runs one may stop between two messages, and no statement of the store is open then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import count, groupby
from typing import TYPE_CHECKING, TypeAlias

from hermes_tui.feed.answers import (
    Answer,
    CheckArrived,
    DriftsArrived,
    FileSessionsArrived,
    FileTranscriptArrived,
    GrowthArrived,
    ScopeCounted,
    SectionArrived,
    SessionsArrived,
)
from store.base.cancel import Cancel
from store.formats.spool_placement import insert_positions
from store.models import Change, Drift, Head, JsonlFacts, Message, Session

if TYPE_CHECKING:
    from store import SessionDB

FIRST_ROWS = 200
"""Enough for the tallest terminal; the rest follows in pages."""
PAGE_ROWS = 500
PAGE_HEADS = 4096
SPOOLED = -(1 << 40)
"""The first id of a message that waits in the spool, on the screen: below all that SQLite gives."""
FLAG_SECONDS = 0.25
"""Flags are told in groups, as many as come in so long."""
REST = 0.005
"""Seconds of rest after a session was compared, at most: as long as that took, so that keys come through."""
FEW = 32
"""Changed sessions that are read one by one; for more, the newest rows are read instead."""


def listed(db: SessionDB, generation: int) -> Iterator[Answer]:
    """The newest rows and their flags for the first frame, the counts, then every row in pages."""
    look = db.glance(limit=FIRST_ROWS)
    yield SessionsArrived(generation, look.sessions, drifts=look.drifts, facts=look.facts)
    yield ScopeCounted(generation, db.scope())
    page = db.sessions(limit=PAGE_ROWS)
    while page.more:
        yield SessionsArrived(generation, page.items)
        page = db.sessions(limit=PAGE_ROWS, cursor=page.cursor)
    yield SessionsArrived(generation, page.items, done=True)


def flagged(db: SessionDB, generation: int, cancel: Cancel, clock: Callable[[], float]) -> Iterator[Answer]:
    """The verdict of every session that has a JSONL file: what is remembered at once, the rest as it is compared."""
    survey = db.survey(cancel=cancel)
    step = next(survey)
    yield DriftsArrived(generation, step.drifts, step.facts, by_content=True)
    drifts: dict[str, Drift | None] = {}
    facts: dict[str, JsonlFacts] = {}
    told = began = clock()
    for step in survey:
        drifts |= step.drifts
        facts |= step.facts
        if clock() - told >= FLAG_SECONDS:
            yield DriftsArrived(generation, drifts, facts, by_content=True, done=step.done, total=step.total)
            drifts, facts, told = {}, {}, clock()
        time.sleep(min(clock() - began, REST))
        began = clock()
    yield DriftsArrived(generation, drifts, facts, by_content=True, done=step.total, total=step.total)


def changed(
    db: SessionDB, generation: int, change: Change, known: Collection[str], sure: Collection[str]
) -> Iterator[Answer]:
    """The rows and flags that a change touches.

    Args:
        db: The store.
        generation: Of the question.
        change: What changed.
        known: The sessions that are listed.
        sure: Sessions whose verdict stands until there is a new one.
    """
    rows: dict[str, Session] = {}
    if change.store and not 0 < len(change.sessions) <= FEW:
        rows = {row.id: row for row in db.recent(limit=FIRST_ROWS)}
    for session_id in change.sessions if len(change.sessions) <= FEW else ():
        if (row := db.session(session_id)) is not None:
            rows[row.id] = row
    if rows:
        yield SessionsArrived(generation, tuple(rows.values()))
    if change.files - set(known):
        yield FileSessionsArrived(generation, db.file_sessions())
    drifts: dict[str, Drift | None] = {}
    facts: dict[str, JsonlFacts] = {}
    for session_id in change.files | change.sessions:
        session = rows.get(session_id) or db.session(session_id)
        if session is None:
            continue
        if (fact := db.facts(session_id)) is None:
            drifts |= {session_id: None} if session_id in change.files else {}  # its file is gone
        elif session_id not in sure:
            drifts[session_id], facts[session_id] = db.drift(session, fact), fact
    if drifts:
        yield DriftsArrived(generation, drifts, facts)


def verified(db: SessionDB, generation: int, session_ids: Sequence[str], cancel: Cancel) -> Iterator[Answer]:
    """The verdicts of sessions that changed."""
    for step in db.verify(session_ids, cancel=cancel):
        if step.drifts:
            yield DriftsArrived(generation, step.drifts, step.facts, by_content=True)


def checked(db: SessionDB, generation: int, session_id: str) -> Iterator[Answer]:
    """What the sources of the session on the screen lack, and why a repair would be refused."""
    check, refused = db.objection(session_id)
    yield CheckArrived(generation, check, refused)


def from_file(db: SessionDB, generation: int, session: Session) -> Iterator[Answer]:
    """What a session's JSONL file has, in one piece."""
    yield FileTranscriptArrived(generation, session.id, db.file_messages(session.id, asides=True))


def transcript(db: SessionDB, generation: int, session: Session) -> Iterator[Answer]:
    """The chain that a session belongs to, section after section; what waits in the spool stands in its place."""
    chain = db.chain(session.id)
    numbers = count(SPOOLED)
    for place, section_id in enumerate(chain, 1):
        row = session if section_id == session.id else db.session(section_id)
        pieces = _pieces(db, section_id, chain[place - 2] if place > 1 else "")
        first, piece = True, next(pieces)
        while piece is not None:
            (heads, waiting), piece = piece, next(pieces, None)
            told = tuple(replace(one, id=next(numbers)) for one in waiting)
            done = place == len(chain) and piece is None
            yield SectionArrived(generation, section_id, heads, place, len(chain), first, done, row, told)
            first = False


_Piece: TypeAlias = tuple[tuple[Head, ...], tuple[Message, ...]]


def _pieces(db: SessionDB, section_id: str, before: str) -> Iterator[_Piece | None]:
    """The heads of a section in pages, or as far as something waits that belongs behind them; at least one piece."""
    waiting = db.waiting(section_id)
    pages = _pages(db, section_id, before)
    if not waiting:
        yield from ((page, ()) for page in pages)
        return
    heads = tuple(head for page in pages for head in page)
    done = 0
    for place, some in groupby(zip(insert_positions([head.timestamp for head in heads], waiting), waiting, strict=True), _first):
        yield heads[done:place], tuple(message for _, message in some)
        done = place
    if heads[done:]:
        yield heads[done:], ()


def _first(pair: tuple[int, Message]) -> int:
    return pair[0]


def _pages(db: SessionDB, section_id: str, before: str) -> Iterator[tuple[Head, ...]]:
    """The heads of a section without those that only repeat the section before."""
    repeated = db.carried(section_id, before)
    after, more = 0, True
    while more:
        page = db.heads(section_id, after=after, limit=PAGE_HEADS)
        yield tuple(head for head in page.items if head.id not in repeated)
        after, more = page.items[-1].id if page.items else after, page.more


def growth(db: SessionDB, generation: int, session_id: str, after: int) -> Iterator[GrowthArrived]:
    """What was added to a section after message `after`."""
    more = True
    while more:
        page = db.heads(session_id, after=after, limit=PAGE_HEADS)
        more = page.more
        if page.items:
            yield GrowthArrived(generation, session_id, page.items)
            after = page.items[-1].id
