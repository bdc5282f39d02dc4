"""How a store is, check by check, and what waits to be written into it (docs/look.md §8 has its columns). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, span
from hermes_tui.render.safe import one_line
from hermes_tui.render.text import wrap
from hermes_tui.render.time import age, in_words, many
from store.files.outbox import Pending
from store.models import Finding, Status

NAME = 13
"""Cells of a check's name, which starts in column 4."""
MEASURE = 96
FEW = 3
"""Checks that the status line names."""
AS_BEFORE = "for the same reason"


def finding_lines(found: Sequence[Finding], *, ways: dict[str, str], width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Draw what the checks found, and below what is not well what to do.

    Args:
        ways: Check -> what can be done on the screen, in place of what the store advises.
    """
    told: set[str] = set()
    for finding in found:
        ill = finding.ok is False
        text = AS_BEFORE if finding.detail in told else finding.detail
        told |= {finding.detail} if ill else set()
        role = Role.TEXT if ill else Role.DIM
        yield from _entry(_mark(finding, glyphs), finding.check, text, role, width=width)
        advice = ways.get(finding.check, finding.advice)
        if advice:
            yield from _entry(blank(1), "", advice, Role.ACCENT, width=width, measure=width)


def waiting_lines(
    waiting: Sequence[Pending], problems: Sequence[str], *, now: datetime, width: int, glyphs: Glyphs
) -> Iterator[Line]:
    """Draw the files that keep messages: how old, whose, how many, and why the store did not take them."""
    for owed in waiting:
        whole = f"{one_line(owed.session_id)}: a conversation of {many(owed.messages, 'message')}"
        name = age(now, owed.saved_at)
        yield from _entry(span(glyphs.aside, Role.DIM), name, whole, Role.TEXT, width=width)
        yield from _entry(blank(1), "", owed.reason, Role.DIM, width=width)
    for problem in problems:
        yield from _entry(span(glyphs.failed, Role.ERROR, bold=True), "", problem, Role.TEXT, width=width)


def replayed_line(name: str, written: int, error: str, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Draw what became of a file that waited."""
    if error:
        yield from _entry(span(glyphs.failed, Role.ERROR, bold=True), "kept", error, Role.TEXT, width=width)
        return
    text = f"{many(written, 'message')} of {one_line(name)}" if written else f"{one_line(name)}: all were there already"
    yield from _entry(span(glyphs.ok, Role.GOOD, bold=True), "written", text, Role.TEXT, width=width)


def health_sentence(found: Sequence[Finding], *, done: bool, slow: bool, glyphs: Glyphs) -> Line:
    """Say how the store is, or that it is still being looked at.

    Args:
        done: Every check was made.
        slow: It has taken 150 ms.
    """
    ill = list(dict.fromkeys(one.check for one in found if one.ok is False))
    if not done:
        words = glyphs.words(f"{many(len(found), 'check')} made · still looking…") if slow else ""
        return (span(words, Role.DIM),)
    if ill:
        number = sum(one.ok is False for one in found)
        verb = "is" if number == 1 else "are"
        said = f" {in_words(number)} of {many(len(found), 'check')} {verb} not well:"
        rest = f" and {len(ill) - FEW} more" if len(ill) > FEW else ""
        return (glyphs.status(Status.ERROR), span(said), span(f" {', '.join(ill[:FEW])}{rest}", Role.DIM))
    unknown = sum(one.ok is None for one in found)
    rest = f", {in_words(unknown)} could not be made" if unknown else ""
    said = f" {in_words(len(found) - unknown)} of {many(len(found), 'check')} are well{rest}"
    return (glyphs.status(Status.DONE), span(said, Role.DIM))


def _mark(finding: Finding, glyphs: Glyphs) -> Span:
    if finding.ok is None:
        return span(glyphs.waiting, Role.DIM)
    return span(glyphs.ok, Role.DIM) if finding.ok else span(glyphs.failed, Role.ERROR, bold=True)


def _entry(mark: Span, name: str, text: str, role: Role, *, width: int, measure: int = MEASURE) -> Iterator[Line]:
    """Draw a mark, a name and a text; what does not fit goes on below, nothing is cut."""
    room = max(min(width - 2, measure) - 4 - NAME, 8)
    for row, part in enumerate(wrap(one_line(text), room)):
        front = (blank(2), mark, span(f" {name:<{NAME}}", Role.DIM)) if row == 0 else (blank(4 + NAME),)
        yield (*front, span(part, role))
