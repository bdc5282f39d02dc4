"""The page about sessions that are kept in order: plan, progress, result.

Pure; everything that is stored passes `safe`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from hermes_tui.render.bound_keys import bound
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, span
from hermes_tui.render.safe import one_line, safe
from hermes_tui.render.text import hanging
from hermes_tui.render.time import in_words, local, many, size
from hermes_tui.render.trash import Insist, error_words, held, plan_lines, receipt_lines, restored_lines
from store import DeletePlan, Mark, MarkPlan, TrashEntry, TrashReceipt
from store.errors import ColumnMissing, StoreError
from store.manage.model import TrashProgress
from store.repair.model import State

VERB = 10
"""Cells of a verb, which starts in column 4."""
BAR = 40
"""Cells of the bar at most."""


_WORDS = {
    (Mark.ARCHIVED, True): "archive",
    (Mark.ARCHIVED, False): "unarchive",
    (Mark.PINNED, True): "pin",
    (Mark.PINNED, False): "unpin",
}


PAST = {
    State.RUNNING: "stopped before its end",
    State.DONE: "in the trash",
    State.UNDOING: "its undo was stopped before its end",
    State.UNDONE: "undone: everything was brought back",
}


def deletion(plan: DeletePlan, name: str, *, force: bool, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The plan of one deletion under its title, else under the `name` that the list has for it."""
    yield _title(plan.title or name)
    yield from entries(
        plan_lines(plan, force=force, insist=Insist(bound("force"), bound("children"))), width=width, glyphs=glyphs
    )
    yield ()


def undo(operations: Iterable[str], *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The plan of the undo of deletions."""
    said = [("undo", f"{operation}: everything that it took comes back, with all ids") for operation in operations]
    yield from entries(said, width=width, glyphs=glyphs)


def mark(plan: MarkPlan, left_out: int, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The plan of a mark; `left_out` sessions that were chosen are in files alone."""
    said = [
        (_WORDS[plan.mark, plan.on], sections(len(plan.session_ids))),
        ("ids", ", ".join(plan.session_ids)),
        ("note", "nothing is deleted, and the same key takes it back"),
    ]
    if left_out:
        said.insert(1, ("left out", f"{many(left_out, 'session')} in files alone: a mark is a cell of SQLite's"))
    yield from entries(said, width=width, glyphs=glyphs)


def sections(number: int) -> str:
    """The number of sessions that have a mark set: of a chain, Hermes marks each section."""
    return "1 session" if number == 1 else f"{many(number, 'session')}, each section of a chain is one"


def no_column(missing: ColumnMissing) -> str:
    """Say to people that a mark cannot be set; the message of the error is for agents, who write fields."""
    return f"nothing was done: this state.db has no column “{missing.column}”, which a newer Hermes adds"


def rename(before: str | None, after: str | None, taken: str | None, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The plan of a new title; `taken` is the id of another session that has it."""
    said = [("title", f"“{before}”" if before else "none so far")]
    said.append(("rename", "type the title below, then enter" if after is None else f"“{after}”" if after else "none"))
    if taken:
        said.append(("refused", f"session {taken} has this title"))
    said.append(("note", "titles are unique in a home, and at most 100 characters"))
    yield from entries(said, width=width, glyphs=glyphs)


def result(receipt: TrashReceipt, name: str, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """What a deletion or an undo did."""
    undone = receipt.state is State.UNDONE
    yield _title(name)
    counted = held(receipt.messages, receipt.files)
    yield from entries([("restored" if undone else "deleted", counted)], width=width, glyphs=glyphs)
    lines = restored_lines(receipt) if undone else receipt_lines(receipt)
    yield from entries(lines, width=width, glyphs=glyphs)
    yield ()


def past(entry: TrashEntry, *, now: datetime, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The receipt of a deletion of before, from the journal."""
    yield _title(entry.title or entry.session_id)
    said = [
        ("deleted", held(entry.messages, entry.files)),
        ("when", local(now, entry.started_at).strftime("%Y-%m-%d %H:%M")),
        ("sections", ", ".join(entry.session_ids)),
        ("state", PAST[entry.state]),
        ("trash", f"{entry.folder} · {size(entry.n_bytes)}"),
        ("undo", f"hermes-tui undo {entry.id}"),
    ]
    yield from entries(said[: 5 if entry.state is State.UNDONE else 6], width=width, glyphs=glyphs)


def failure(error: Exception, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """What was refused, or went wrong."""
    if isinstance(error, ColumnMissing):
        words = no_column(error)
    else:
        words = error_words(error) if isinstance(error, StoreError) else str(error)
    yield from entries([("refused", words)], width=width, glyphs=glyphs)


def progress(counted: TrashProgress | None, word: str, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """A deletion or an undo that runs."""
    done, total = (counted.done, counted.total) if counted else (0, 0)
    said = f"{in_words(done)} of {in_words(total)} rows" if total else "copied and read back first"
    room = max(min(BAR, width - 4 - VERB - len(said) - 3), 4)
    front = (blank(2), span(glyphs.running, Role.ACCENT, bold=True), span(f" {word:<{VERB}}"))
    yield (*front, *glyphs.progress(done, total, room), span(f"  {said}"))


def entries(said: Iterable[tuple[str, str]], *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Verbs and sentences; one that is too long goes on below."""
    room = max(width - 4 - VERB - 1, 8)
    for verb, text in said:
        mark_, role = _mark(verb, glyphs)
        front = (blank(2), mark_, span(f" {verb:<{VERB}}"))
        yield from hanging(front, glyphs.words(safe(text.replace("\n", " "))), room, role)


def _title(text: str) -> Line:
    return (blank(2), span(one_line(text), Role.TEXT, bold=True))


def _mark(verb: str, glyphs: Glyphs) -> tuple[Span, Role]:
    if not verb:
        return blank(1), Role.DIM
    if verb in ("refuse", "refused", "left", "failed"):
        return glyphs.bad, Role.ERROR
    if verb in ("deleted", "restored", "archived", "pinned", "renamed", "done", "written"):
        return glyphs.good, Role.TEXT
    if verb == "replace":
        return span("!", Role.WARNING, bold=True), Role.WARNING
    if verb in ("file", "delete", "archive", "unarchive", "pin", "unpin", "rename"):
        return span(glyphs.alone, Role.ACCENT, bold=True), Role.TEXT
    return span(glyphs.backup if verb == "trash" else glyphs.waiting, Role.DIM), Role.DIM
