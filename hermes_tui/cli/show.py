"""The verbs that look at sessions: list, show, check; as text for people or as JSON lines for scripts.

Every verb opens the store to read only: nothing is created or changed by any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TextIO

from hermes_tui.cli.output import Paper, complain, remark
from hermes_tui.render import message_kind
from hermes_tui.render.line import cells, plain
from hermes_tui.render.row import session_row, title_of
from hermes_tui.render.safe import SafeText, safe, safe_lines
from hermes_tui.render.time import in_words, many
from store import (
    CannotOpen,
    Check,
    Damaged,
    Drift,
    Home,
    JsonlFacts,
    Locked,
    Message,
    Origin,
    Outline,
    Session,
    SessionDB,
    StoreError,
    StoreMissing,
    Verdict,
    open_home,
)
from store.formats.spool_placement import insert_positions
from store.models import UNREADABLE

__all__ = ["check", "checked", "complain", "list_sessions", "now", "opened", "session_named", "show"]

PAGE = 200
"""Sessions whose outlines are asked for at once."""
BODIES = 256
NARROWEST = 40
"""A row of the list keeps so many cells, however long the ids are."""
LOST = frozenset({Verdict.JSONL_AHEAD, Verdict.DIVERGED, Verdict.JSONL_ONLY})
"""What `check` tells by exit code 1."""
INDENT = "    "


def now() -> datetime:
    """The moment, in the reader's zone."""
    return datetime.now().astimezone()


def opened(home: Home) -> closing[SessionDB]:
    """The store of a home, to read, closed on the way out."""
    return closing(open_home(home))


@dataclass(slots=True)
class _Listing:
    """Everything that could be read of the sessions of a home, and what stood in the way."""

    sessions: list[Session] = field(default_factory=list)
    outlines: dict[str, Outline] = field(default_factory=dict)
    facts: dict[str, JsonlFacts] = field(default_factory=dict)
    problem: StoreError | None = None
    parts: tuple[str, ...] = ()
    """Profiles that could not be read, a sentence each."""


def list_sessions(home: Home, *, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Print every session, newest start first: archived, hidden, child and JSONL-only ones too.

    Returns:
        0, also where there is no state.db and never was one; 2 where it could not be read, or not in full.
        stderr says either.
    """
    paper = Paper(out, now=now())
    with opened(home) as db:
        found = _Listing()
        for question in (_from_sqlite, _from_files, _facts, _outlines):
            try:
                question(db, found)
            except Locked:  # every further question would wait as long
                raise
            except StoreError as error:  # the other parts can be read all the same
                found.problem = found.problem or error
        found.parts = db.problems()
        found.sessions.sort(key=lambda one: (one.started_at or one.last_active or 0.0, one.id), reverse=True)
        drifts = ((one, db.drift(one, found.facts.get(one.id))) for one in found.sessions)
        if as_json:
            for session, drift in drifts:
                profile = session.profile if home.is_every else home.name
                paper.json(_listed(session, found.outlines.get(session.id), drift, profile))
        else:
            _print_rows(paper, drifts, found)
    return _listing_ended(home, found, err)


def show(home: Home, session_id: str, *, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Print the messages of one session, from the source that has more of them (a tie goes to SQLite).

    Args:
        session_id: An id, or the start of one that no other session shares.
    """
    paper = Paper(out, now=now())
    with opened(home) as db:
        session = session_named(db, session_id)
        facts = db.facts(session.id)
        longer = session.origin is Origin.SQLITE and facts is not None and facts.messages > _in_sqlite(db, session)
        from_file = longer or session.origin is not Origin.SQLITE
        messages: Iterable[Message] = (
            db.file_messages(session.id, asides=not as_json) if from_file else _rows(db, session)
        )
        if longer and facts is not None:
            counts = f"JSONL has {many(facts.messages, 'message')}, SQLite {in_words(session.messages)}"
            remark(f"{counts}: this is the JSONL", err)
        if not from_file and (waiting := db.waiting(session.id)):
            messages = _with_waiting(list(messages), waiting)
            remark(f"{many(len(waiting), 'message')} of these wait in the spool, not written into SQLite yet", err)
        if session.origin is Origin.SNAPSHOT:
            remark("only a JSON snapshot has this session, and snapshots lose messages", err)
        if session.problem:
            remark(session.problem, err)
        if not as_json:
            paper.line(_heading(session, db.outlines([session.id]).get(session.id), paper))
        unread = 0
        for message in messages:
            unread += message.role == UNREADABLE and not message.aside
            if as_json:
                paper.json(_shown(message))
            else:
                _print_message(paper, message)
    if unread:
        said = f"{many(unread, 'message')} cannot be read, for pages of state.db are damaged"
        remark(f"{said}; copy the folder before you try anything, then run `hermes sessions recover`", err)
    return 0


def check(home: Home, ids: Sequence[str], *, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Compare both sources of some sessions, or of all, by content.

    Returns:
        1 where history lies in JSONL that SQLite lacks, else 0.
    """
    paper = Paper(out, now=now())
    lost = 0
    with opened(home) as db:
        wanted = [session_named(db, one).id for one in ids] or None
        for result in db.checks(wanted):
            lost += result.verdict in LOST
            if as_json:
                paper.json(checked(result))
            else:
                paper.line(_check_line(result))
    if not as_json and lost:
        remark(f"{many(lost, 'session')} with history that only a JSONL file has", err)
    return 1 if lost else 0


def session_named(db: SessionDB, name: str) -> Session:
    """The session with this id, or the only one whose id starts so.

    Raises:
        StoreError: There is none, or more than one.
    """
    trouble: StoreError | None = None
    session = None
    try:
        session = db.session(db.resolve_session_id(name) or name)
    except StoreMissing:
        pass
    except (CannotOpen, Damaged) as error:
        trouble = error
    if session is None:
        starting = [one for one in db.file_sessions() if name and one.id.startswith(name)]
        exact = [one for one in starting if one.id == name]
        session = (exact or starting)[0] if exact or len(starting) == 1 else None
    if session is None and trouble is not None:
        raise trouble
    if session is None:
        raise StoreError(f"no session “{name}” here, or more than one starts so; hermes-tui list prints every id")
    return session


def _from_sqlite(db: SessionDB, found: _Listing) -> None:
    page = db.sessions(limit=PAGE)
    found.sessions += page.items
    while page.more:
        page = db.sessions(limit=PAGE, cursor=page.cursor)
        found.sessions += page.items
    found.sessions = list({session.id: session for session in found.sessions}.values())


def _from_files(db: SessionDB, found: _Listing) -> None:
    known = {session.id for session in found.sessions}
    found.sessions += [session for session in db.file_sessions() if session.id not in known]


def _facts(db: SessionDB, found: _Listing) -> None:
    for facts in db.all_facts():
        found.facts[facts.session_id] = facts


def _outlines(db: SessionDB, found: _Listing) -> None:
    for start in range(0, len(found.sessions), PAGE):
        found.outlines |= db.outlines([session.id for session in found.sessions[start : start + PAGE]])


def _listing_ended(home: Home, found: _Listing, err: TextIO) -> int:
    """Say what was left out, or that there was nothing."""
    if isinstance(found.problem, StoreMissing) and found.sessions:
        remark(f"{home.state_db.parent} has no state.db; these are its JSONL files", err)
        return 0
    if found.problem is None and found.parts:
        return complain(f"partial, {many(len(found.sessions), 'session')} could be read: {found.parts[0]}", err)
    unread = [one for one in found.sessions if one.origin is Origin.SQLITE and one.problem]
    if found.problem is None and unread:
        return complain(f"all are listed, {many(len(unread), 'session')} only in part: {unread[0].problem}", err)
    if found.problem is not None and not isinstance(found.problem, StoreMissing):
        part = f"partial, {many(len(found.sessions), 'session')} could be read: " if found.sessions else ""
        return complain(f"{part}{found.problem}", err)
    if not found.sessions:
        where = f"{home.state_db.parent} has no sessions yet"
        others = ", ".join(one.name for one in home.profiles() if one.name != home.name and not home.is_every)
        there = f" ({others})" if others else ""
        remark(f"{where}; --home DIR or --profile NAME{there} opens another home, --demo a sample", err)
    return 0


def _listed(session: Session, outline: Outline | None, drift: Drift | None, profile: str) -> dict[str, object]:
    return {
        "id": session.id,
        "profile": profile,
        "source": session.source,
        "title": session.title,
        "model": session.model,
        "started_at": session.started_at,
        "last_active": session.last_active,
        "messages": session.messages,
        "status": outline.status if outline else None,
        "verdict": None,
        "drift": drift,
        "parent_id": session.parent_id,
        "archived": session.archived,
        "hidden": session.hidden,
        "live": session.live,
    }


def _print_rows(paper: Paper, rows: Iterable[tuple[Session, Drift | None]], found: _Listing) -> None:
    """The rows of the screen, and after each its id."""
    longest = max((cells(safe(session.id)) for session in found.sessions), default=0)
    width = max(paper.columns - longest, NARROWEST)  # with the cursor's column, which is left out
    for session, drift in rows:
        outline = found.outlines.get(session.id)
        line = session_row(session, outline, drift, width=width, now=paper.now, glyphs=paper.glyphs)
        paper.line(SafeText(f"{plain(line)[1:]} {safe(session.id)}"))


def _in_sqlite(db: SessionDB, session: Session) -> int:
    """Rows without session_meta, undone and compacted ones included (design §5)."""
    return sum(1 for head in _heads(db, session) if head[1] != "session_meta")


def _heads(db: SessionDB, session: Session) -> Iterator[tuple[int, str]]:
    after, more = 0, True
    while more:
        page = db.heads(session.id, after=after)
        yield from ((head.id, head.role) for head in page.items)
        after, more = page.items[-1].id if page.items else after, page.more


def _rows(db: SessionDB, session: Session) -> Iterator[Message]:
    """Every row of a session in order."""
    ids = [message_id for message_id, _ in _heads(db, session)]
    for start in range(0, len(ids), BODIES):
        yield from db.messages(ids[start : start + BODIES])


def _with_waiting(rows: Sequence[Message], waiting: Sequence[Message]) -> Iterator[Message]:
    """The rows, and what waits in the spool in its place among them."""
    done = 0
    for place, message in zip(insert_positions([row.timestamp for row in rows], waiting), waiting, strict=True):
        yield from rows[done:place]
        yield message
        done = place
    yield from rows[done:]


def _shown(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "session_id": message.session_id,
        "role": message.role,
        "timestamp": message.timestamp,
        "text": message.text,
        "tool_calls": [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls],
        "tool_name": message.tool_name,
        "reasoning": message.reasoning,
        "active": message.active,
        "compacted": message.compacted,
        "origin": message.origin,
    }


def _heading(session: Session, outline: Outline | None, paper: Paper) -> SafeText:
    title = title_of(session, outline) or "(no messages)"
    about = " · ".join(part for part in (session.source, session.model, session.id) if part)
    return safe(paper.glyphs.words(f"{title}  {about}"))


def _print_message(paper: Paper, message: Message) -> None:
    """Role and time, then reasoning, text and calls, indented."""
    state = "" if message.active else ", compacted" if message.compacted else ", undone"
    name = f" {message.tool_name}" if message.tool_name else ""
    paper.line(safe(""))
    paper.line(safe(f"{message.role}{name}  {paper.stamp(message.timestamp)}{state}"))
    for note in message_kind.notes(message):
        paper.line(SafeText(INDENT + safe(paper.glyphs.words(note))))
    for label, text in (("reasoning: ", message.reasoning), ("", message_kind.spoken(message))):
        for line in safe_lines(label + text) if text else ():
            paper.line(SafeText(INDENT + line))
    for call in message.tool_calls:
        paper.line(SafeText(INDENT + safe(f"{call.name} {call.arguments}")))


def checked(result: Check) -> dict[str, object]:
    """Give a line of `check --json`."""
    return {
        "session_id": result.session_id,
        "verdict": result.verdict,
        "sqlite_messages": result.sqlite_messages,
        "jsonl_messages": result.jsonl_messages,
        "missing_in_sqlite": result.missing_in_sqlite,
        "missing_in_jsonl": result.missing_in_jsonl,
        "damaged_lines": result.damaged_lines,
        "doubled": result.doubled,
        "repairable": result.repairable,
        "reason": result.reason,
    }


def _check_line(result: Check) -> SafeText:
    """Verdict, both counts, id, and what is wrong in words."""
    words = (
        f"SQLite lacks {in_words(result.missing_in_sqlite)}" if result.missing_in_sqlite else "",
        f"JSONL lacks {in_words(result.missing_in_jsonl)}" if result.missing_in_jsonl else "",
        "repairable" if result.repairable else "",
        result.reason,
    )
    counts = f"{result.sqlite_messages:>7} {result.jsonl_messages:>7}"
    return safe(f"{result.verdict:<12} {counts}  {result.session_id}  {', '.join(filter(None, words))}".rstrip())
