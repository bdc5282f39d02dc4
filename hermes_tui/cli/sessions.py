"""The verb `list`: every session with its status and flag."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from hermes_tui.cli.list_format import complaint, formatted
from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, complain, remark
from hermes_tui.cli.printed_ids import ids_of_all, is_profiles
from hermes_tui.cli.stores import opened
from hermes_tui.render.line import cells
from hermes_tui.render.row import RowTexts, SessionRow
from hermes_tui.render.safe import SafeText, safe
from hermes_tui.render.time import many
from store import Browser, Home, JsonlFacts, Locked, Origin, Session, StoreError, StoreMissing
from store.base.late_dataclass import dataclass, replace

if TYPE_CHECKING:
    from store.browse.listed import Listing

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
class _Printed:
    """What was printed of a home."""

    number: int = 0
    unread: str = ""
    """The problem of the first session that was read in part."""
    unread_number: int = 0
    problem: StoreError | None = None
    parts: tuple[str, ...] = ()
    """Profiles that could not be read, a sentence each."""

    def take(self, session: Session) -> None:
        """Count a session."""
        self.number += 1
        if session.problem and session.origin is Origin.SQLITE:
            self.unread_number += 1
            self.unread = self.unread or session.problem


def list_sessions(home: Home, options: Options, streams: Streams) -> int:
    """Print every session, the one with the newest message first: archived, hidden, child and JSONL-only ones too.

    A page is printed before the next one is read.

    Returns:
        0, also where there is no state.db and never was one; 2 where it could not be read, or not in full.
        stderr says either.
    """
    output = Output(streams.out)
    form = options.format if options.verb == "list" else ""
    if wrong := complaint(form, FIELDS):
        return complain(wrong, streams.err)
    done = _Printed()
    with opened(home) as db:
        listing = db.listing(by_start=options.sort == "started")
        rows: Iterable[SessionRow] = _shown_rows(db, listing, done)
        printed: Callable[[str], str] = str
        if is_profiles(home):
            rows = [*rows]
            printed = ids_of_all(row.session for row in rows)
        if options.json or form:
            _print_fields(output, rows, printed, form)
        else:
            _print_rows(output, rows, printed, _longest(map(printed, listing.ids)))
        done.parts = db.problems()
    return _listing_ended(home, done, streams.err)


def _shown_rows(db: Browser, listing: Listing, done: _Printed) -> Iterator[SessionRow]:
    """The rows in their order; what cannot be read of the home is noted when the others are there."""
    try:
        spooled = db.spooled()
        for page in listing.pages:
            for session, outline, facts in page:
                shown = session if facts is None and not spooled else _as_shown(db, session, facts, spooled)
                done.take(shown)
                has_flag = facts is not None or session.problem
                yield SessionRow(shown, outline, db.drift(session, facts) if has_flag else None)
    except Locked:
        raise
    except StoreError as error:
        done.problem = error


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


def _listing_ended(home: Home, done: _Printed, err: TextIO) -> int:
    """Report what was left out, or that there was nothing; the exit code."""
    sessions = many(done.number, "session")
    if isinstance(done.problem, StoreMissing) and done.number:
        remark(f"{home.state_db.parent} has no state.db; these are its JSONL files", err)
        return 0
    if done.problem is None and done.parts:
        return complain(f"partial, {sessions} could be read: {done.parts[0]}", err)
    if done.problem is None and done.unread:
        return complain(f"all are listed, {many(done.unread_number, 'session')} only in part: {done.unread}", err)
    if done.problem is not None and not isinstance(done.problem, StoreMissing):
        return complain(f"partial, {sessions} could be read: {done.problem}" if done.number else done.problem, err)
    if not done.number:
        where = f"{home.elsewhere or home.state_db.parent} has no sessions yet"
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


def _print_fields(output: Output, rows: Iterable[SessionRow], printed: Callable[[str], str], form: str) -> None:
    """The fields of each row, as an object or in a text of the user's."""
    for row in rows:
        fields = _session_json(row, printed)
        if form:
            output.line(formatted(form, fields))
        else:
            output.json(fields)


def _print_rows(output: Output, rows: Iterable[SessionRow], printed: Callable[[str], str], longest: int) -> None:
    """The rows of the screen, and after each its id."""
    width = max(output.columns - longest, NARROWEST)  # with the cursor's column, which is left out
    texts = RowTexts(width, output.now, output.glyphs)
    for row in rows:
        output.line(SafeText(f"{texts.text(row)} {safe(printed(row.session.id))}"))


def _longest(ids: Iterable[str]) -> int:
    """Cells of the longest of some ids."""
    known = [*ids]
    together = "".join(known)
    is_plain = together.isascii() and together.isprintable()
    return max(map(len, known) if is_plain else (cells(safe(session_id)) for session_id in known), default=0)
