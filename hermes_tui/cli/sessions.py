"""The verb `list`: every session with its status and flag."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TextIO

from hermes_tui.cli.list_format import complaint, formatted
from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, complain, remark
from hermes_tui.cli.printed_ids import ids_of_all
from hermes_tui.cli.stores import opened
from hermes_tui.render.line import cells, plain
from hermes_tui.render.row import SessionRow, session_row
from hermes_tui.render.safe import SafeText, safe
from hermes_tui.render.time import many
from hermes_tui.state.session_catalog import timestamp_of
from store import Browser, Home, JsonlFacts, Locked, Origin, Outline, Session, StoreError, StoreMissing
from store.base.late_dataclass import dataclass, field, replace

PAGE = 200
"""Sessions whose outlines are asked for at once."""
META_ROWS = 2
"""Rows of a session that are no messages, at most: so much longer may SQLite look than it is."""
FIELDS = (
    *("id", "profile", "source", "title", "model", "started_at", "last_active", "messages", "shown"),
    *("status", "verdict", "drift", "parent_id", "archived", "hidden", "live"),
)
"""Fields of a session for scripts."""
NARROWEST = 40
"""A row of the list keeps so many cells, however long the ids are."""


@dataclass(slots=True)
class _Listing:
    """The sessions of a home as far as they could be read, and the errors."""

    sessions: list[Session] = field(default_factory=list)
    outlines: dict[str, Outline] = field(default_factory=dict)
    """Those of the page that is printed."""
    facts: dict[str, JsonlFacts] = field(default_factory=dict)
    problem: StoreError | None = None
    spooled: frozenset[str] = frozenset()
    """Sessions that have messages in the spool."""
    parts: tuple[str, ...] = ()
    """Profiles that could not be read, a sentence each."""

    def read(self, part: Callable[[Browser, _Listing], None], db: Browser) -> None:
        """Read a part; where it cannot be read, the others can be all the same."""
        try:
            part(db, self)
        except Locked:  # every further read would wait as long
            raise
        except StoreError as error:
            self.problem = self.problem or error


def list_sessions(home: Home, options: Options, streams: Streams) -> int:
    """Print every session, the one with the newest message first: archived, hidden, child and JSONL-only ones too.

    Returns:
        0, also where there is no state.db and never was one; 2 where it could not be read, or not in full.
        stderr says either.
    """
    output = Output(streams.out)
    form = options.format if options.verb == "list" else ""
    if wrong := complaint(form, FIELDS):
        return complain(wrong, streams.err)
    with opened(home) as db:
        found = _Listing()
        for read in (_from_sqlite, _from_files, _facts, _spooled):
            found.read(read, db)
        found.sessions.sort(key=lambda session: (timestamp_of(session), session.id), reverse=True)
        printed = ids_of_all(home, found.sessions)
        rows = _shown_rows(db, found)
        if options.json or form:
            for row in rows:
                fields = _session_json(row, printed)
                if form:
                    output.line(formatted(form, fields))
                else:
                    output.json(fields)
        else:
            _print_rows(output, rows, [printed(session.id) for session in found.sessions])
        found.parts = db.problems()
    return _listing_ended(home, found, streams.err)


def _from_sqlite(db: Browser, found: _Listing) -> None:
    page = db.sessions(limit=PAGE)
    found.sessions += page.items
    while page.more:
        page = db.sessions(limit=PAGE, cursor=page.cursor)
        found.sessions += page.items
    found.sessions = list({session.id: session for session in found.sessions}.values())


def _from_files(db: Browser, found: _Listing) -> None:
    known = {session.id for session in found.sessions}
    found.sessions += [session for session in db.file_sessions() if session.id not in known]


def _facts(db: Browser, found: _Listing) -> None:
    for facts in db.all_facts():
        found.facts[facts.session_id] = facts


def _spooled(db: Browser, found: _Listing) -> None:
    found.spooled = db.spooled()


def _shown_rows(db: Browser, found: _Listing) -> Iterator[SessionRow]:
    """The rows in their order, whose outlines are read a page at a time."""
    for start in range(0, len(found.sessions), PAGE):
        sessions = found.sessions[start : start + PAGE]
        found.read(partial(_outlines, sessions), db)
        for session in sessions:
            facts = found.facts.get(session.id)
            outline, drift = found.outlines.get(session.id), db.drift(session, facts)
            yield SessionRow(_as_shown(db, session, facts, found.spooled), outline, drift)


def _outlines(sessions: Sequence[Session], db: Browser, found: _Listing) -> None:
    found.outlines = db.outlines(sessions)


def _as_shown(db: Browser, session: Session, facts: JsonlFacts | None, spooled: frozenset[str]) -> Session:
    """The session with the number of messages that `show` prints, from the source that it reads."""
    if facts is None and session.id not in spooled:
        return session
    if session.problem or session.origin not in (Origin.SQLITE, Origin.JSONL):
        return session
    messages = session.messages
    with suppress(StoreError):  # then the row's own number stays
        if facts is not None and facts.messages + META_ROWS > messages and not _is_stored(db, session):
            messages = facts.messages
        messages += len(db.waiting(session.id)) if session.id in spooled else 0
    return session if messages == session.messages else replace(session, messages=messages)


def _is_stored(db: Browser, session: Session) -> bool:
    return db.reading(session.id).origin is Origin.SQLITE


def _listing_ended(home: Home, found: _Listing, err: TextIO) -> int:
    """Report what was left out, or that there was nothing; the exit code."""
    if isinstance(found.problem, StoreMissing) and found.sessions:
        remark(f"{home.state_db.parent} has no state.db; these are its JSONL files", err)
        return 0
    if found.problem is None and found.parts:
        return complain(f"partial, {many(len(found.sessions), 'session')} could be read: {found.parts[0]}", err)
    unread = [session for session in found.sessions if session.origin is Origin.SQLITE and session.problem]
    if found.problem is None and unread:
        return complain(f"all are listed, {many(len(unread), 'session')} only in part: {unread[0].problem}", err)
    if found.problem is not None and not isinstance(found.problem, StoreMissing):
        part = f"partial, {many(len(found.sessions), 'session')} could be read: " if found.sessions else ""
        return complain(f"{part}{found.problem}", err)
    if not found.sessions:
        where = f"{home.state_db.parent} has no sessions yet"
        others = ", ".join(
            profile.name for profile in home.profiles() if profile.name != home.name and not home.is_every
        )
        there = f" ({others})" if others else ""
        remark(f"{where}; --home DIR or --profile NAME{there} opens another home, --demo a sample", err)
    return 0


def _session_json(row: SessionRow, printed: Callable[[str], str]) -> dict[str, object]:
    session = row.session
    return {
        "id": printed(session.id),
        "profile": session.profile,
        "source": session.source,
        "title": session.title,
        "model": session.model,
        "started_at": session.started_at,
        "last_active": session.last_active,
        "messages": session.messages,
        "shown": row.shown,
        "status": row.outline.status if row.outline else None,
        "verdict": None,
        "drift": row.drift,
        "parent_id": printed(session.parent_id) if session.parent_id else session.parent_id,
        "archived": session.archived,
        "hidden": session.hidden,
        "live": session.live,
    }


def _print_rows(output: Output, rows: Iterable[SessionRow], ids: Sequence[str]) -> None:
    """The rows of the screen, and after each its id."""
    longest = max((cells(safe(session_id)) for session_id in ids), default=0)
    width = max(output.columns - longest, NARROWEST)  # with the cursor's column, which is left out
    for row, session_id in zip(rows, ids, strict=True):
        line = session_row(row, width=width, now=output.now, glyphs=output.glyphs)
        output.line(SafeText(f"{plain(line)[1:]} {safe(session_id)}"))
