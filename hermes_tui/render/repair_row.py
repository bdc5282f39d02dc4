"""Row of a repair in the journal, and what the journal says of it (docs/look.md §13)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, blank, fit, pad, span
from hermes_tui.render.repair_result import entries
from hermes_tui.render.row import with_cursor
from hermes_tui.render.safe import one_line
from hermes_tui.render.time import in_words, local, many
from store import TrashEntry
from store.repair.model import Operation, State

WHEN, WHAT, MESSAGES, STATE = 16, 7, 8, 12
"""Cells of columns."""
STAMP = "%Y-%m-%d %H:%M"
WORDS = {
    State.RUNNING: "stopped",
    State.DONE: "done",
    State.UNDOING: "undo stopped",
    State.UNDONE: "undone",
}


def operation_head(*, width: int) -> Line:
    """Draw the columns' names."""
    room = _room(width)
    names = f"{'when':<{WHEN}}  {'what':<{WHAT}}{'session':<{room}}{'messages':>{MESSAGES}} state"
    return (blank(1), span(names, Role.DIM))


def operation_row(
    operation: Operation | TrashEntry, title: str, *, width: int, now: datetime, glyphs: Glyphs, cursor: bool = False
) -> Line:
    """Draw a repair or a deletion: when, what, session, messages, state.

    Args:
        title: The session's, "" where it has none.
        now: The time, aware; its zone is the reader's.
    """
    room = _room(width)
    name = pad(fit(one_line(title or operation.session_id), room - 1, glyphs.truncated), room)
    is_deletion = isinstance(operation, TrashEntry)
    stopped = operation.state in (State.RUNNING, State.UNDOING)
    number = operation.messages if isinstance(operation, TrashEntry) else _messages(operation)
    line = (
        span(f"{_when(operation.started_at, now):<{WHEN}}  {'delete' if is_deletion else 'repair':<{WHAT}}", Role.DIM),
        span(name, bold=cursor),
        span(f"{in_words(number):>{MESSAGES}} ", Role.DIM),
        span(WORDS[operation.state], Role.WARNING if stopped else Role.DIM),
    )
    return with_cursor(line, glyphs, cursor=cursor)


def past_lines(operation: Operation, title: str, *, width: int, now: datetime, glyphs: Glyphs) -> Iterator[Line]:
    """Draw the receipt of a repair of before, from its journal."""
    session = one_line(operation.session_id)
    moved = (("ids", f"{many(operation.moved, 'message')} under another id"),) if operation.moved else ()
    groups = (
        (("operation", operation.id), ("session", f"{session} · {one_line(title)}" if title else session)),
        (
            ("when", _when(operation.started_at, now)),
            ("inserted", f"{many(_messages(operation), 'message')} of {in_words(operation.to_insert)}"),
            *moved,
            ("state", WORDS[operation.state]),
            ("backup", "/".join(operation.backup.parts[-3:])),
        ),
    )
    yield from entries(groups, width=width, glyphs=glyphs)


def past_sentence(operation: Operation) -> Line:
    """Say in a few words what a repair of before did."""
    ending = " inserted, and taken out again" if operation.state is State.UNDONE else " inserted"
    return (span(many(_messages(operation), "message")), span(ending, Role.DIM))


def _when(timestamp: float, now: datetime) -> str:
    return local(now, timestamp).strftime(STAMP)


def _messages(operation: Operation) -> int:
    """The messages that it inserted; of an undone one those that were taken out again."""
    return operation.to_insert if operation.state is State.UNDONE else operation.inserted


def _room(width: int) -> int:
    return max(width - 1 - WHEN - 2 - WHAT - MESSAGES - 1 - STATE, 8)
