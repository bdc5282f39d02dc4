"""Rail beside the scroll column: marks of what a transcript has, and the one that a cell shows (docs/look.md §13)."""

from __future__ import annotations

from enum import IntFlag

from hermes_tui.render import message_kind
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Role, Span, span
from hermes_tui.render.tools.arguments import read
from hermes_tui.render.tools.edits import asks_for_edit, is_difference
from hermes_tui.render.tools.outcome import has_failed
from store.models import Message


class Mark(IntFlag):
    """Marks of a message; a cell shows the highest one in it."""

    NONE = 0
    PROMPT = 1
    DIFF = 2
    SEAM = 4
    """A seam or a new day stands above it."""
    ERROR = 8
    HIT = 16
    MACHINE = 32
    """A user's message that no user wrote."""


_HIT, _ERROR, _SEAM, _DIFF, _PROMPT = map(int, (Mark.HIT, Mark.ERROR, Mark.SEAM, Mark.DIFF, Mark.PROMPT))


def marks_of(message: Message) -> Mark:
    """Marks that need the body of a message: failed results, edits, messages that no user wrote."""
    if message.role == "user":
        return Mark.MACHINE if message_kind.is_machine_made(message) else Mark.NONE
    if message.role == "tool":
        failed = Mark.ERROR if has_failed(message) else Mark.NONE
        return failed | (Mark.DIFF if is_difference(message.text) else Mark.NONE)
    edits = any(asks_for_edit(read(call.arguments).values) for call in message.tool_calls)
    return Mark.DIFF if edits else Mark.NONE


def cell(marks: int, glyphs: Glyphs) -> Span:
    """One cell of the rail.

    Args:
        marks: Those of all messages that it stands for.
        glyphs: What to draw with.
    """
    if marks & _HIT:
        return span(glyphs.waiting, Role.ACCENT, bold=True)
    if marks & _ERROR:
        return span(glyphs.failed, Role.ERROR)
    if marks & _SEAM:
        return span(glyphs.seam, Role.DIM)
    if marks & _DIFF:
        return span(glyphs.words("±"), Role.DIM)
    if marks & _PROMPT:
        return span(glyphs.thumb, Role.ACCENT)
    return span(glyphs.divider, Role.HAIR)
