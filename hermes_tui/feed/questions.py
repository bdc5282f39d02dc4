"""Reads of the requests, as messages in the order in which they should reach the screen.

Generators: the caller may stop between two messages, and no statement of the store is open then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count, pairwise
from threading import Timer

from hermes_tui.feed import answers
from hermes_tui.feed.answers import Answer
from store import Browser, Piece
from store.base.cancel import Cancel, raise_if_cancelled
from store.base.late_dataclass import dataclass, field, replace
from store.errors import CannotOpen, Damaged, Interrupted
from store.formats.compaction_overlap import EDGE_ROWS
from store.models import (
    Change,
    Drift,
    Head,
    Hit,
    JsonlFacts,
    Message,
    Origin,
    SectionVersion,
    Session,
    SurveyStep,
    Verdict,
)
from store.query.parse import Query

FIRST_ROWS = 200
"""Enough for the tallest terminal; the rest follows in pages."""
PAGE_ROWS = 250
PAGE_REST = 0.02
"""Seconds of rest after a page at most: as long as it took, so that keys come through."""
LOOK, LOOKS = 0.004, 50
"""Seconds between two looks whether the screen has taken a page, and how many of them there are."""
PAGE_HEADS = 4096
SPOOLED = -(1 << 40)
"""The first id of a message that waits in the spool, on the screen: below all that SQLite gives."""
FLAG_SECONDS = 0.25
"""Flags are posted in groups, as many as come in so long."""
REST = 0.005
"""Seconds of rest after a session was compared, at most: as long as that took, so that keys come through."""
FEW = 32
"""Changed sessions that are read one by one; for more, the newest rows are read instead."""
NEW_BODIES = 16
"""New messages that come with their bodies: as many as fit on a screen."""
FIRST_MESSAGES = 12
"""Messages of a session that is looked at."""
AT_ONCE = 1e-5
"""Seconds between two rows that one statement may have inserted."""
HIT_LIMIT = 2000
QUIET = 0.3
"""Seconds without a key after which more is looked for than the first screens."""
FIRST_HITS = 200
"""Hits that a key finds at once, with the best where an index ranks them; the others follow when no other key does."""
RANKED_WITHIN = 0.02
"""Seconds in which the best are found while somebody types, or else once nobody does."""
MOST_WORDS = 8
"""Words of a sentence of which each is left out once."""
ENOUGH_HITS = 1000
"""Hits that are counted there."""
BEST_HITS = 200
"""Hits that are ranked; the others follow them in their order."""


def listed(db: Browser, generation: int, *, is_behind: Callable[[], bool] = lambda: False) -> Iterator[Answer]:
    """The newest rows and their flags for the first frames, the counts, then every row in pages.

    Args:
        db: The store.
        generation: Of the request.
        is_behind: Whether the screen has not taken yet what it got; a page waits for that, though not for long.
    """
    for look in db.glances(limit=FIRST_ROWS):
        yield answers.SessionsArrived(generation, look.sessions, drifts=look.drifts, facts=look.facts)
    yield answers.ScopeCounted(generation, db.scope())
    began = time.monotonic()
    page = db.sessions(limit=PAGE_ROWS)
    while page.more:
        yield answers.SessionsArrived(generation, page.items)
        time.sleep(min(time.monotonic() - began, PAGE_REST))
        _await(lambda: not is_behind())
        began = time.monotonic()
        page = db.sessions(limit=PAGE_ROWS, cursor=page.cursor)
    yield answers.SessionsArrived(generation, page.items, done=True)


def _await(holds: Callable[[], bool]) -> None:
    for _ in range(LOOKS):
        if holds():
            return
        time.sleep(LOOK)


def file_sessions(db: Browser, generation: int) -> Iterator[Answer]:
    """The sessions that live in files alone."""
    yield answers.FileSessionsArrived(generation, db.file_sessions())


def problems(db: Browser, generation: int) -> Iterator[Answer]:
    """The profiles of the merged list that could not be read."""
    yield answers.PartsUnread(generation, db.problems())


def outlines(db: Browser, generation: int, steps: Iterable[Sequence[str]]) -> Iterator[Answer]:
    """Status and first words of sessions, some at a time."""
    for session_ids in steps:
        yield answers.OutlinesArrived(generation, db.outlines(session_ids))


def flagged(db: Browser, generation: int, cancel: Cancel, clock: Callable[[], float]) -> Iterator[Answer]:
    """The verdict of every session that has a JSONL file: what is remembered at once, the rest as it is compared."""
    survey = db.survey(cancel=cancel)
    step = next(survey, SurveyStep(0, 0))  # of homes none of which can be read there is none
    yield answers.DriftsArrived(generation, step.drifts, step.facts, by_content=True)
    steps: list[SurveyStep] = []
    posted = began = clock()
    for step in survey:
        steps.append(step)
        if clock() - posted >= FLAG_SECONDS:
            yield _flags(generation, steps, done=step.done, total=step.total)
            steps, posted = [], clock()
        time.sleep(min(clock() - began, REST))
        began = clock()
    yield _flags(generation, steps, done=step.total, total=step.total)


def _flags(generation: int, steps: Sequence[SurveyStep], *, done: int = 0, total: int = 0) -> answers.DriftsArrived:
    """Verdicts of some steps as one answer."""
    drifts: dict[str, Drift | None] = {}
    facts: dict[str, JsonlFacts] = {}
    for step in steps:
        drifts |= step.drifts
        facts |= step.facts
    checks = (check for step in steps for check in step.checks)
    uncompared = frozenset(check.session_id for check in checks if check.verdict is Verdict.UNREAD)
    return answers.DriftsArrived(
        generation, drifts, facts, by_content=True, uncompared=uncompared, done=done, total=total
    )


def changed(
    db: Browser, generation: int, change: Change, known: Collection[str], verified: Collection[str]
) -> Iterator[Answer]:
    """The rows and flags that a change touches.

    Args:
        db: The store.
        generation: Of the question.
        change: What changed.
        known: Sessions of files alone that are listed.
        verified: Sessions whose verdict stands until there is a new one.
    """
    rows: dict[str, Session] = {}
    if change.store and not 0 < len(change.sessions) <= FEW:
        rows = {row.id: row for row in db.recent(limit=FIRST_ROWS)}
    for session_id in change.sessions if len(change.sessions) <= FEW else ():
        if (row := db.session(session_id)) is not None:
            rows[row.id] = row
    if rows:
        yield answers.SessionsArrived(generation, tuple(rows.values()))
    if any(_is_new(db, session_id, known) for session_id in change.files - rows.keys()):
        yield answers.FileSessionsArrived(generation, db.file_sessions())
    drifts: dict[str, Drift | None] = {}
    facts: dict[str, JsonlFacts] = {}
    for session_id in change.files | change.sessions:
        session = rows.get(session_id) or db.session(session_id)
        if session is None:
            continue
        if (fact := db.facts(session_id)) is None:
            drifts |= {session_id: None} if session_id in change.files else {}  # its file is gone
        elif session_id not in verified:
            drifts[session_id], facts[session_id] = db.drift(session, fact), fact
    if drifts:
        yield answers.DriftsArrived(generation, drifts, facts)


def _is_new(db: Browser, session_id: str, known: Collection[str]) -> bool:
    """Whether only files have a session, and it is not listed yet."""
    return session_id not in known and ((row := db.session(session_id)) is None or row.origin is not Origin.SQLITE)


def verified(db: Browser, generation: int, session_ids: Sequence[str], cancel: Cancel) -> Iterator[Answer]:
    """The verdicts of sessions that changed."""
    for step in db.verify(session_ids, cancel=cancel):
        if step.drifts or step.checks:
            yield _flags(generation, [step])


def checked(db: Browser, generation: int, session_id: str) -> Iterator[Answer]:
    """The messages that the sources of the session on the screen lack, and why a repair would be refused."""
    check, refused = db.objection(session_id)
    yield answers.CheckArrived(generation, check, refused)


def opened(db: Browser, generation: int, session: Session, origin: Origin | None) -> Iterator[Answer]:
    """The transcript of a session that was listed; the beginning of a long one comes first.

    That is read before it is known at which version, so it is compared with the beginning that is read then.
    """
    early = None if origin is Origin.JSONL else _early(db, generation, session)
    if early is None:
        yield from transcript(db, generation, session.id, origin)
        return
    yield early
    yield answers.SectionsCounted(generation, versions(db, session.id))
    pieces = _pieces(db, generation, session.id, origin)
    first = next(pieces)
    if not isinstance(first, answers.SectionArrived) or _is_other(first, early):
        yield answers.TranscriptReread(generation, (first, *pieces))
        return
    yield replace(first, heads=(), first=False)
    yield from pieces


def transcript(db: Browser, generation: int, session_id: str, origin: Origin | None) -> Iterator[Answer]:
    """The chain that a session belongs to, section after section, or the messages of its files in one piece.

    Args:
        db: The store.
        generation: Of the request.
        session_id: The session.
        origin: The source that is asked for; None for the one that speaks for the session.
    """
    yield answers.SectionsCounted(generation, versions(db, session_id))
    yield from _pieces(db, generation, session_id, origin)


def _early(db: Browser, generation: int, session: Session) -> answers.SectionArrived | None:
    try:
        piece = db.beginning(session)
    except (CannotOpen, Damaged):
        return None
    return None if piece is None else _arrived(generation, piece)


def _is_other(piece: answers.SectionArrived, early: answers.SectionArrived) -> bool:
    known, found = ((each.session_id, each.heads, each.places, each.done, each.waiting) for each in (early, piece))
    return known != found


def versions(db: Browser, session_id: str) -> dict[str, SectionVersion]:
    """The versions of the sections of a session's chain; none where SQLite cannot be read."""
    try:
        return db.versions(db.chain(session_id))
    except (CannotOpen, Damaged):
        return {}


def changes(
    db: Browser,
    generation: int,
    session_id: str,
    origin: Origin | None,
    *,
    known: Mapping[str, SectionVersion] | None,
    tip: str,
) -> Iterator[Answer]:
    """What has changed in the transcript on the screen: its growth, or all of it where anything else has.

    Args:
        known: The versions of its sections as they are shown; None to read all of it again.
        tip: The section that grows, "" for none.
    """
    found = versions(db, session_id)
    if found == known:
        return
    if known is not None and tip in known and tip in found:
        new = [*growth(db, generation, tip, known[tip].last_id)]
        grown = [head for message in new for head in message.heads]
        if found == {**known, tip: known[tip].grown(grown)} and not _repeats(db, known, tip, grown):
            yield answers.GrowthArrived(generation, tip, tuple(grown), new[-1].bodies if new else ())
            return
    pieces = tuple(_pieces(db, generation, session_id, origin))
    yield answers.SectionsCounted(generation, found)
    yield answers.TranscriptReread(generation, pieces)


def early_growth(
    db: Browser, generation: int, tip: str, known: Mapping[str, SectionVersion]
) -> Iterator[answers.GrowthArrived]:
    """The growth of a section before its version may be looked at, unless a compaction may have inserted it.

    That inserts rows with older times, or a microsecond apart (docs/format.md §3.8).
    """
    if tip not in known:
        return
    for message in growth(db, generation, tip, known[tip].last_id):
        times = [head.timestamp for head in message.heads if head.timestamp is not None]
        at_once = any(later - earlier <= AT_ONCE for earlier, later in pairwise(times))
        if at_once or _repeats(db, known, tip, message.heads):
            return
        yield message


def _repeats(db: Browser, known: Mapping[str, SectionVersion], tip: str, heads: Sequence[Head]) -> bool:
    """Whether new rows of a section may change what is shown of it: they repeat the section before, or were undone
    or compacted already."""
    if not all(head.active for head in heads):
        return True
    chain = list(known)
    if chain[0] == tip or known[tip].rows >= EDGE_ROWS:
        return False
    carried = db.carried(tip, chain[chain.index(tip) - 1])
    return any(head.id in carried for head in heads)


def _pieces(
    db: Browser, generation: int, session_id: str, origin: Origin | None
) -> Iterator[answers.SectionArrived | answers.FileTranscriptArrived]:
    reading = db.reading(session_id, origin=origin)
    numbers = count(SPOOLED)
    for piece in db.pieces(reading, asides=True):
        if reading.origin is not Origin.SQLITE:
            yield answers.FileTranscriptArrived(generation, session_id, piece.messages)
            continue
        yield _arrived(generation, piece, tuple(replace(message, id=next(numbers)) for message in piece.messages))


def _arrived(generation: int, piece: Piece, spooled: tuple[Message, ...] = ()) -> answers.SectionArrived:
    place = piece.place, piece.sections, piece.first, piece.last
    return answers.SectionArrived(generation, piece.section_id, piece.heads, *place, piece.row, spooled)


def growth(db: Browser, generation: int, session_id: str, after: int) -> Iterator[answers.GrowthArrived]:
    """The heads that were added to a section after message `after`."""
    more = True
    while more:
        page = db.heads(session_id, after=after, limit=PAGE_HEADS)
        more = page.more and bool(page.items)
        if page.items:
            bodies = () if more else tuple(db.messages([head.id for head in page.items[-NEW_BODIES:]]))
            yield answers.GrowthArrived(generation, session_id, page.items, bodies)
            after = page.items[-1].id


def family(db: Browser, generation: int, session_id: str) -> Iterator[answers.FamilyArrived]:
    """The family of a session, with the outlines of its members."""
    members = db.family(session_id)
    yield answers.FamilyArrived(generation, session_id, members, db.outlines([kin.session.id for kin in members]))


def beginning(db: Browser, generation: int, session_id: str, first_id: int) -> Iterator[answers.BeginningArrived]:
    """The first messages of a session."""
    yield answers.BeginningArrived(generation, session_id, db.context(session_id, first_id, width=FIRST_MESSAGES))


def looked_up(db: Browser, generation: int, words: str) -> Iterator[Answer]:
    """The numbers of sessions, and the places of the sessions that `words` may mean."""
    yield answers.WhereaboutsArrived(generation, words, db.census(), db.where(words))


@dataclass(slots=True)
class StandingSearch:
    """The search on the screen; it stands until the next one, so that new messages are found too."""

    generation: int
    query: Query
    clock: Callable[[], float]
    cancel: Cancel = field(default_factory=Cancel)
    seen: int | None = None
    """Highest message id that it has covered, None before it began."""


def hits(db: Browser, search: StandingSearch, *, after_id: int = 0) -> Iterator[answers.HitsArrived]:
    """A search, batch by batch; with `after_id` the hits that were added since, marked as such."""
    began = search.clock()
    for batch in db.search(search.query, limit=HIT_LIMIT, cancel=search.cancel, after_id=after_id):
        milliseconds = round((search.clock() - began) * 1000)
        yield answers.HitsArrived(search.generation, batch, milliseconds, standing=after_id > 0)


def hits_again(db: Browser, search: StandingSearch) -> Iterator[answers.HitsArrived]:
    """The same search once more, its hits marked as added since, for files and late rows have no ids to go on from."""
    for message in hits(db, search):
        if message.batch.hits:
            yield replace(message, standing=True)


def best_at_once(db: Browser, search: StandingSearch, found: Sequence[Hit]) -> answers.HitsRanked | None:
    """The best hits of a search; None where it takes longer than a key may, because much of a large store matches."""
    short = Cancel()
    end = Timer(RANKED_WITHIN, short.cancel)
    end.daemon = True
    with search.cancel.interrupting(short.cancel):
        end.start()
        try:
            return best_of(db, replace(search, cancel=short), found)
        except Interrupted:
            raise_if_cancelled(search.cancel)
            return None
        finally:
            end.cancel()


def best_of(db: Browser, search: StandingSearch, found: Sequence[Hit]) -> answers.HitsRanked:
    """The best hits of a search; where no index ranks, of those that were found."""
    began = search.clock()
    best = db.rank(search.query, limit=BEST_HITS, found=found, cancel=search.cancel)
    return answers.HitsRanked(search.generation, best, round((search.clock() - began) * 1000))


def beyond(
    db: Browser,
    search: StandingSearch,
    *,
    found: Sequence[Hit],
    capped: bool,
    ranked: answers.HitsRanked | None = None,
) -> Iterator[Answer]:
    """The answers after the batches of a search: the best hits, their number, or the words that were meant.

    Args:
        found: The hits of those batches.
        capped: There are more.
        ranked: The best, where they are known.
    """
    generation, query, cancel = search.generation, search.query, search.cancel
    if not found:
        yield answers.WordsMeant(generation, db.meant(_finished(query), cancel=cancel))
        yield from _with_one_word_less(db, search)
    elif query.has_words and len(found) > 1:
        yield ranked or best_of(db, search, found)
    if capped:
        yield answers.HitsCounted(generation, db.count(query, cancel=cancel))


def _with_one_word_less(db: Browser, search: StandingSearch) -> Iterator[Answer]:
    """The query without the one word that keeps it from having hits, where there is such a word."""
    query, generation = search.query, search.generation
    if len(query.any_of) != 1 or not 1 < len(query.terms) <= MOST_WORDS:
        return
    found = None
    for term in query.terms:
        fewer = replace(query, any_of=(tuple(other for other in query.terms if other is not term),))
        count = db.count(fewer, cap=ENOUGH_HITS, cancel=search.cancel)
        if count.hits > (found.hits if found else 0):
            text = " ".join(f"{query.text[: term.start]} {query.text[term.end :]}".split())
            found = answers.WordLeftOut(generation, term.text, text, count.hits, count.capped)
    if found is not None:
        yield found


def newest_in(db: Browser) -> int:
    """The highest message id, 0 where SQLite cannot be read: then the files alone are searched."""
    try:
        return max([row.last_id or 0 for row in db.recent(limit=1)], default=0)
    except (CannotOpen, Damaged):
        return 0


def _finished(query: Query) -> Query:
    """The same words, none of them still being typed."""
    return replace(query, any_of=tuple(tuple(replace(term, prefix=False) for term in terms) for terms in query.any_of))
