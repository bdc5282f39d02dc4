"""Sentences on deletions: what goes, stays and speaks against it, where copies remain, what an undo brought back.

Pure; the sentences are not safe for a terminal before `safe` has seen them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hermes_tui.render.time import in_words, many, size
from store import Against, CopyKind, CopyLeft, DeletePlan, DeletionRefused, EmptyPlan, Objection, TrashReceipt
from store.errors import StoreError
from store.files.gateway import Gateway, GatewayState

Line = tuple[str, str]
"""A verb and its sentence."""

SHOWN = 6
"""Ids that are named; the others are counted."""


class Insist(NamedTuple):
    """How to insist, in the words of the place where a plan is shown."""

    force: str
    children: str


OPTIONS = Insist("--force", "--with-children")
_AGAINST = {
    Against.RECENT: "its last message is younger than 15 minutes, so an agent may be at work on it",
    Against.BUSY: "Hermes is at work on it ({})",
    Against.HELD: "a gateway runs and has it as the present session of a chat",
    Against.REPAIR: "a repair of it was stopped ({}): finish or undo that first",
    Against.REFERRED: "{} refers to its messages and would lose rows that no undo brings back",
    Against.STRUCTURE: "this state.db has what no known Hermes has, it is only read ({})",
}
_COPIES = {
    CopyKind.SNAPSHOT: "a copy of state.db by Hermes",
    CopyKind.ARCHIVE: "an archive, which was not looked into",
    CopyKind.REPAIR: "the backup of a repair",
    CopyKind.PAGES: "its free pages keep bytes until Hermes vacuums",
    CopyKind.ROUTE: "names it as the session of a chat",
}


def held(messages: int, files: int) -> str:
    """What a deletion takes or brings back; files only where there are some, and they alone where there are no rows."""
    counted = (many(messages, "message") if messages or not files else "", many(files, "file") if files else "")
    return " and ".join(filter(None, counted))


def plan_lines(plan: DeletePlan, *, force: bool, insist: Insist = OPTIONS) -> Iterator[Line]:
    """The plan of a deletion, line by line."""
    again = f", which is left of {plan.operation}" if plan.operation else ""
    yield "delete", held(plan.messages, len(plan.files)) + again
    if len(plan.session_ids) > 1:
        yield "sections", ", ".join(plan.session_ids)
    if plan.kept_children:
        yield "keep", f"{', '.join(plan.kept_children)}: branches and subagents stay ({insist.children} takes them)"
    refusal = plan.refusal(force=force)
    for objection in plan.objections:
        overruled = objection.against.can_be_forced
        yield (
            ("refuse" if refusal else "note"),
            against(objection) + (f"; {insist.force} insists" if overruled and not force else ""),
        )
    yield "trash", "everything is copied to backups/hermes-tui and read back first; an undo brings it back with all ids"
    yield from copy_lines(plan.copies)
    if plan.gateway is not None:
        yield "note", gateway_words(plan.gateway)


def receipt_lines(receipt: TrashReceipt) -> Iterator[Line]:
    """What a deletion did, and where copies remain."""
    yield "trash", str(receipt.folder)
    yield from copy_lines(receipt.copies)
    yield "undo", f"hermes-tui undo {receipt.operation}"
    if receipt.gateway is not None:
        yield "note", gateway_words(receipt.gateway)


def restored_lines(receipt: TrashReceipt) -> Iterator[Line]:
    """What an undo brought back, and what it could not."""
    for session_id, title in (receipt.titles or {}).items():
        yield "title", f"{session_id} is “{title}” now: its own was taken"
    for path in receipt.left_in_trash:
        yield "left", f"{path}: another file has its place"
    if receipt.gateway is not None:
        yield "note", gateway_words(receipt.gateway)


def empty_lines(plan: EmptyPlan) -> Iterator[Line]:
    """What emptying the trash removes for good."""
    held = sum(entry.can_be_restored for entry in plan.entries)
    yield "remove", f"{many(held, 'deletion')} that could be undone, {size(plan.n_bytes)}"
    if undone := len(plan.entries) - held:
        yield "remove", f"{many(undone, 'deletion')} that {'was' if undone == 1 else 'were'} undone: the copies only"
    if plan.repair_backups:
        yield "remove", f"{many(len(plan.repair_backups), 'backup')} of repairs of these sessions, and their entries"
    if plan.leftovers:
        yield "remove", f"{many(len(plan.leftovers), 'folder')} of deletions that were killed before they began"
    if plan.stopped:
        yield "keep", f"{named(plan.stopped)}: stopped, finish or undo them first"
    yield "note", "state.db keeps bytes of deleted rows in free pages until Hermes vacuums (hermes sessions optimize)"


def copy_lines(copies: Sequence[CopyLeft]) -> Iterator[Line]:
    """Places where copies remain, a line for each kind."""
    for kind in CopyKind:
        paths = [str(copy.path) for copy in copies if copy.kind is kind]
        if paths:
            yield "remains", f"{named(paths)}: {_COPIES[kind]}"


def named(names: Sequence[str]) -> str:
    """The first names of a list, and how many more."""
    more = f" and {in_words(len(names) - SHOWN)} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def against(objection: Objection) -> str:
    """What speaks against a deletion, in a sentence without a full stop."""
    return _AGAINST[objection.against].format(objection.detail)


def error_words(error: StoreError) -> str:
    """The message of an error; that of a refused deletion has the reason in a sentence."""
    return (
        f"{error.session_id} is left alone: {against(error.objection)}"
        if isinstance(error, DeletionRefused)
        else str(error)
    )


def gateway_words(gateway: Gateway) -> str:
    """What a gateway will see, and which verbs of Hermes go through it."""
    if gateway.state is GatewayState.UNKNOWN:
        return "whether a gateway has it in memory cannot be seen here; it would see the change after /resume"
    who = gateway.backend or (f"pid {gateway.pid}" if gateway.pid else "pid unknown")
    return (
        f"the gateway ({who}) keeps what it has in memory until /resume or a restart;"
        " hermes sessions delete, rename and archive go through it, and have no undo"
    )
