"""Result of a repair, and its verdict before: the receipt and the sentences of the repair screen
(docs/look.md §8). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from hermes_tui.render.bound_keys import bound
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, blank, line_cells, span
from hermes_tui.render.repair_plan import backed_up, gateway_sentence, left_sentence
from hermes_tui.render.safe import one_line
from hermes_tui.render.text import hanging
from hermes_tui.render.time import in_words, many
from store.models import Check, Drift, Status, Verdict
from store.repair.model import Operation, Plan, Receipt, State

MARGIN = 3
LABEL = 12
"""Cells of a label; the value stands in column 15."""

Entry = tuple[str, str]
"""A label and its value."""


def verdict(check: Check, *, room: int, glyphs: Glyphs) -> Line:
    """Say how the two sources of a session compare: a flag, what it means, and the numbers, dim.

    Args:
        room: Cells; where they are too few, the numbers stand alone, which say the same.
    """
    sqlite, jsonl = in_words(check.sqlite_messages), in_words(check.jsonl_messages)
    lacks, alone = in_words(check.missing_in_sqlite), in_words(check.missing_in_jsonl)
    flag: Drift | None = None
    match check.verdict:
        case Verdict.JSONL_AHEAD:
            flag, head, rest = Drift.JSONL_AHEAD, "JSONL is ahead:", f"SQLite lacks {lacks} of its {jsonl} messages"
        case Verdict.DIVERGED:
            head, rest = "each has what the other lacks:", f"SQLite lacks {lacks}, JSONL lacks {alone}"
            flag = Drift.DIVERGED
        case Verdict.JSONL_ONLY:
            flag, head = Drift.JSONL_ONLY, "only in JSONL:"
            rest = f"Hermes does not know its {jsonl} messages: never imported, or deleted"
        case Verdict.SQLITE_AHEAD:
            head, rest = "SQLite is ahead:", f"it has all of JSONL, and {alone} messages more"
        case Verdict.SQLITE_ONLY:
            head, rest = "only in SQLite:", f"{sqlite} messages, and no JSONL file"
        case Verdict.UNREAD:
            flag, head, rest = Drift.DAMAGED, "not compared:", check.reason
        case Verdict.SAME:
            head, rest = "the same:", f"SQLite has each of the {jsonl} messages of JSONL"
    if flag is None and check.damaged_lines:
        flag, rest = Drift.DAMAGED, f"{rest}; {many(check.damaged_lines, 'damaged line')}"
    mark = glyphs.status(Status.DONE) if flag is None else glyphs.drift(flag)
    whole: Line = (mark, span(f" {head}"), span(f" {rest}", Role.DIM))
    return whole if line_cells(whole) <= room else (mark, span(f" {rest}"))


def stopped_sentence(operation: Operation, *, glyphs: Glyphs) -> Line:
    """State of a repair or an undo that was stopped or killed."""
    mark = glyphs.status(Status.INTERRUPTED)
    if operation.state is State.UNDOING:
        return (mark, span(" an undo was stopped:"), span(f" {many(operation.inserted, 'message')} left", Role.DIM))
    done = f"{in_words(operation.inserted)} of {many(operation.to_insert, 'message')}"
    return (mark, span(" a repair was stopped:"), span(f" {done} inserted, all in order", Role.DIM))


def done_sentence(receipt: Receipt, *, glyphs: Glyphs) -> Line:
    """Say in a few words what a repair or an undo did."""
    good = span(f"{glyphs.ok}D", Role.GOOD, bold=True)
    if receipt.state is State.UNDONE:
        taken = f" {many(receipt.inserted, 'message')} taken out, {in_words(receipt.rows)} left"
        return (good, span(" undone:"), span(taken, Role.DIM))
    if receipt.state is not State.DONE:
        words = f" {many(receipt.inserted, 'message')} inserted" if receipt.operation else " nothing was written"
        return (glyphs.status(Status.INTERRUPTED), span(" stopped:"), span(words, Role.DIM))
    return (good, span(" repaired:"), span(f" SQLite now has all {many(receipt.rows, 'message')}", Role.DIM))


def receipt_lines(plan: Plan, receipt: Receipt, title: str, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Draw what a repair did: what, counts, safety, and the two ways to undo it.

    Args:
        plan: What was agreed to.
        title: The session's; "" where it has none.
    """
    before = plan.check.sqlite_messages
    after = f"{in_words(receipt.rows)} after, {in_words(before + receipt.inserted)} expected"
    groups: Sequence[Sequence[Entry]] = (
        _named(receipt, title),
        (
            ("inserted", f"{many(receipt.inserted, 'message')}{_numbers(plan, receipt)}"),
            ("kept", _kept(before, receipt)),
            ("left out", left_sentence(plan)),
            ("counted", f"{in_words(before)} before, {after}"),
        ),
        (
            ("backup", f"{backed_up(plan)}, read back before writing"),
            ("took", _took(receipt)),
            *_backups(receipt),
            *_note(receipt),
        ),
    )
    yield from entries(groups, width=width, glyphs=glyphs)
    inserted = many(receipt.inserted, "message")
    taken = f" takes out exactly these {inserted}; anything written later stays."
    if plan.operation is not None:
        taken = f" takes out these {inserted} and those before the stop; later ones stay."
    yield (blank(MARGIN), span(bound("undo"), Role.ACCENT, bold=True), span(taken, Role.DIM))
    yield (blank(MARGIN), span("From a shell: ", Role.DIM), span(f"hermes-tui undo {receipt.operation}"))


def undone_lines(receipt: Receipt, title: str, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Draw what an undo did."""
    moved = f"{many(receipt.moved, 'message')} have their old ids again" if receipt.moved else "none had another id"
    groups: Sequence[Sequence[Entry]] = (
        _named(receipt, title),
        (
            ("taken out", f"{many(receipt.inserted, 'message')}, all that the repair had inserted"),
            ("ids", moved),
            ("left", f"{many(receipt.rows, 'message')}, and what was written since"),
        ),
        (("backup", _path(receipt.backup)), ("took", _took(receipt)), *_note(receipt)),
    )
    yield from entries(groups, width=width, glyphs=glyphs)


def _named(receipt: Receipt, title: str) -> Sequence[Entry]:
    session = one_line(receipt.session_id)
    return (
        ("operation", receipt.operation or "none"),
        ("session", f"{session} · {one_line(title)}" if title else session),
    )


def _numbers(plan: Plan, receipt: Receipt) -> str:
    """The numbers that the inserted messages have in the session, where that is one range."""
    if len(plan.runs) != 1 or plan.operation is not None or plan.insert != receipt.inserted:
        return f" in {len(plan.runs)} places" if len(plan.runs) > 1 else ""
    first = plan.runs[0].after + 1
    return f", {in_words(first)} to {in_words(first + receipt.inserted - 1)}"


def _kept(before: int, receipt: Receipt) -> str:
    moved = f"{in_words(receipt.moved)} of them under another id" if receipt.moved else "untouched"
    return f"{many(before, 'message')}, {moved}"


def _took(receipt: Receipt) -> str:
    lock = f", longest lock {receipt.longest_lock * 1000:.0f} ms" if receipt.longest_lock else ""
    return f"{receipt.seconds:.1f} s in {many(receipt.steps, 'step')}{lock}"


def _backups(receipt: Receipt) -> Iterator[Entry]:
    if receipt.backup:
        yield "kept in", _path(receipt.backup)
    if receipt.index_damaged:
        yield "index", f"damaged: {bound('doctor')} says which, a rebuild by Hermes repairs it"


def _note(receipt: Receipt) -> Iterator[Entry]:
    if receipt.gateway:
        yield "note", gateway_sentence(receipt.gateway)


def _path(folder: Path | None) -> str:
    """The path of a backup below the home."""
    return one_line("/".join(folder.parts[-3:])) if folder else "none"


def entries(groups: Sequence[Sequence[Entry]], *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Draw labels and values, groups apart by a blank row, and one after the last; a value is never cut."""
    room = max(width - MARGIN - LABEL - 1, 8)
    for group in groups:
        yield ()
        for label, value in group:
            front = blank(MARGIN), span(f"{label:<{LABEL}}", Role.DIM)
            yield from hanging(front, glyphs.words(value), room, bold=label == "operation")
    yield ()
