"""Findings about a store, check by check, and what waits to be written into it (docs/look.md §8 has its columns)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, span
from hermes_tui.render.safe import one_line
from hermes_tui.render.text import hanging
from hermes_tui.render.time import age, in_words, many
from store.files.outbox import Pending
from store.models import Finding, Status

NAME = 13
"""Cells of a check's name, which starts in column 4."""
MEASURE = 96
FEW = 3
"""Checks that the status line names."""


def finding_lines(found: Sequence[Finding], *, ways: dict[str, str], width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Draw what the checks found, and below a failed check what to do.

    Args:
        ways: Check -> what can be done on the screen, in place of what the store advises.
    """
    for finding in found:
        role = Role.TEXT if finding.ok is False else Role.DIM
        yield from _entry(_mark(finding, glyphs), finding.check, finding.detail, role, width=width)
        advice = ways.get(finding.check, finding.advice)
        if advice:
            yield from _entry(blank(1), "", advice, Role.ACCENT, width=width, measure=width)


def waiting_lines(
    waiting: Sequence[Pending], problems: Sequence[str], *, now: datetime, width: int, glyphs: Glyphs
) -> Iterator[Line]:
    """Draw the files that keep messages: how old, whose, how many, and why the store did not take them."""
    for pending in waiting:
        whole = f"{one_line(pending.session_id)}: a conversation of {many(pending.messages, 'message')}"
        name = age(now, pending.saved_at)
        yield from _entry(span(glyphs.backup, Role.DIM), name, whole, Role.TEXT, width=width)
        yield from _entry(blank(1), "", pending.reason, Role.DIM, width=width)
    for problem in problems:
        yield from _entry(glyphs.bad, "", problem, Role.TEXT, width=width)


def replayed_line(name: str, written: int, error: str, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Draw the result of replaying a file that waited."""
    if error:
        yield from _entry(glyphs.bad, "kept", error, Role.TEXT, width=width)
        return
    text = f"{many(written, 'message')} of {one_line(name)}" if written else f"{one_line(name)}: all were there already"
    yield from _entry(glyphs.good, "written", text, Role.TEXT, width=width)


def health_sentence(found: Sequence[Finding], *, done: bool, slow: bool, glyphs: Glyphs) -> Line:
    """Say what the checks found, or that they are still being made.

    Args:
        done: Every check was made.
        slow: It has taken 150 ms.
    """
    failed = list(dict.fromkeys(finding.check for finding in found if finding.ok is False))
    if not done:
        words = glyphs.words(f"{many(len(found), 'check')} made · still looking…") if slow else ""
        return (span(words, Role.DIM),)
    if failed:
        number = sum(finding.ok is False for finding in found)
        said = f" {in_words(number)} of {many(len(found), 'check')} failed:"
        rest = f" and {len(failed) - FEW} more" if len(failed) > FEW else ""
        return (glyphs.status(Status.ERROR), span(said), span(f" {', '.join(failed[:FEW])}{rest}", Role.DIM))
    unknown = sum(finding.ok is None for finding in found)
    rest = f", {in_words(unknown)} could not be made" if unknown else ""
    said = f" {in_words(len(found) - unknown)} of {many(len(found), 'check')} passed{rest}"
    return (glyphs.status(Status.DONE), span(said, Role.DIM))


def _mark(finding: Finding, glyphs: Glyphs) -> Span:
    if finding.ok is None:
        return span(glyphs.waiting, Role.DIM)
    return span(glyphs.ok, Role.DIM) if finding.ok else glyphs.bad


def _entry(mark: Span, name: str, text: str, role: Role, *, width: int, measure: int = MEASURE) -> Iterator[Line]:
    """Draw a mark, a name and a text."""
    room = max(min(width - 2, measure) - 4 - NAME, 8)
    return hanging((blank(2), mark, span(f" {name:<{NAME}}", Role.DIM)), one_line(text), room, role)
