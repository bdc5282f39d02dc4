"""Answers to "Why can't I see it?": counts of what the list leaves out and of each source, and one session's place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hermes_tui.render.family import RELATIONS
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, blank, cells, fit, pad, pad_left, span
from hermes_tui.render.row import title_of
from hermes_tui.render.safe import one_line, safe
from hermes_tui.render.text import hanging
from hermes_tui.render.time import in_words, many
from store.models import Census, Drift, FamilyMember, Scope, SessionLocation, Status

LEFT = 5
"""The column that text starts in, as in the blocks of docs/look.md §10."""
NAMES = 18
"""Cells of a name before its number."""
NUMBERS = 7
NO_MARK: Line = (blank(LEFT),)
MEASURE = 96


def counted(listed: int, scope: Scope, census: Census | None, *, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw the counts: what the list leaves out and why, where all sessions are, what cannot be read.

    Args:
        listed: Sessions that the default list has.
        scope: All of them, and what it leaves out.
        census: Where they are; None before it has come.
    """
    lines: list[Line] = [(), _title(f"{in_words(listed)} of {many(scope.total, 'session')} are listed")]
    reasons = (
        ("archived", scope.archived, "put away in Hermes"),
        ("children", scope.children, "subagents, and sections that went on"),
        ("internal", scope.hidden, "marked so by Hermes"),
    )
    lines += [_row(name, number, said, width, glyphs) for name, number, said in reasons if number]
    if census is None:
        return lines
    lines += [(), _title("Where they are")]
    lines += [_row(name, number, said, width, glyphs) for name, number, said in _places(census) if number != 0]
    for problem in census.problems:
        lines += _sentence(problem, Role.TEXT, width, glyphs, mark=(blank(1), glyphs.drift(Drift.DAMAGED), blank(2)))
    if len(census.profiles) > 1:
        lines += [(), _title("Profiles")]
        lines += [_row(name, number, "", width, glyphs) for name, number in census.profiles]
    return lines


def found(words: str, places: Sequence[SessionLocation], *, looked_in: int, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw what a look-up found.

    Args:
        words: What was looked up.
        looked_in: Profiles that were looked into.
    """
    if not places:
        mark = (blank(1), glyphs.status(Status.EMPTY), blank(2))
        said = f"Not on this machine: “{one_line(words)}”"
        sources = "ids and titles, in SQLite, JSONL, spool and snapshots"
        where = f"Looked in {many(looked_in, 'profile')}: {sources}."
        answer = _sentence(said, Role.TEXT, width, glyphs, mark=mark, bold=True)
        return [(), *answer, *_sentence(where, Role.DIM, width, glyphs)]
    return [line for place in places for line in _place(place, width, glyphs)]


def _places(census: Census) -> Iterator[tuple[str, int | None, str]]:
    waiting = f"{many(census.waiting, 'message')} could not be written into SQLite and wait" if census.waiting else ""
    yield "SQLite", census.stored, "" if census.stored is not None else "state.db cannot be read"
    yield "JSONL alone", census.jsonl, "no row in SQLite"
    yield "spool alone", census.spool, waiting
    if not census.spool:
        yield "in the spool", census.waiting, waiting
    yield "snapshot alone", census.snapshots, "the last resort: a snapshot may lack messages"


def _place(place: SessionLocation, width: int, glyphs: Glyphs) -> Iterator[Line]:
    session = place.session
    title = title_of(session, None)
    head = f"{title}  {session.id}" if title else session.id
    yield ()
    yield from _sentence(one_line(head), Role.TEXT, width, glyphs, bold=True)
    yield from _sentence(f"profile {session.profile}", Role.DIM, width, glyphs)
    for reason in place.reasons or ("in the list",):
        yield from _sentence(reason, Role.TEXT if place.reasons else Role.DIM, width, glyphs)
    for held in place.held:
        yield from _sentence(held, Role.DIM, width, glyphs)
    for kin in place.family:
        yield _kin(kin, kin.session.id == session.id, width, glyphs)


def _kin(kin: FamilyMember, here: bool, width: int, glyphs: Glyphs) -> Line:
    session = kin.session
    name = title_of(session, None) or one_line(session.id)
    relation = f"  {RELATIONS[session.relation]}" if session.relation else ""
    room = max(width - LEFT - 2 * kin.depth - cells(relation) - 3, 8)
    text = fit(name, room, glyphs.truncated)
    mark = span(f"{glyphs.cursor} " if here else "  ", Role.ACCENT)
    return (blank(LEFT + 2 * kin.depth), mark, span(text, bold=here), span(relation, Role.DIM))


def _title(text: str) -> Line:
    return (blank(LEFT), span(text, bold=True))


def _row(name: str, number: int | None, said: str, width: int, glyphs: Glyphs) -> Line:
    shown = pad_left(safe("?" if number is None else in_words(number)), NUMBERS)
    label = pad(fit(one_line(name), NAMES, glyphs.truncated), NAMES)
    line: Line = (blank(LEFT), span(label, Role.DIM), span(shown), blank(2))
    room = width - LEFT - NAMES - NUMBERS - 4
    text = glyphs.words(said)
    return (*line, span(text, Role.DIM)) if cells(safe(text)) <= room else line


def _sentence(
    text: str, role: Role, width: int, glyphs: Glyphs, *, mark: Line = NO_MARK, bold: bool = False
) -> Iterator[Line]:
    """A sentence, wrapped, its first line behind a mark of LEFT cells."""
    return hanging(mark, glyphs.words(text), max(min(width - LEFT - 1, MEASURE), 10), role, bold=bold)
