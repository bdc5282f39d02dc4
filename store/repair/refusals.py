"""Refusals of a repair: messages that may have been undone, sessions in use, stores that are not written."""

from __future__ import annotations

from collections.abc import Iterator

from ..base.errors import StoreMissing
from ..drift.sources import Sources
from ..drift.verdict import LATER
from ..engine.operations import RepairFacts
from ..engine.ports import Engine
from ..engine.rows import StoredRow
from ..formats.comparison import Comparison
from .model import Refusal, Why

OF_SOME = (Why.ORDER, Why.EDITED_OR_LOST, Why.ORPHAN)
"""Reasons that leave out some messages; for any other nothing is done."""


def conversation(engine: Engine, session_id: str) -> tuple[str, ...]:
    """The session and the others of its compression chain."""
    try:
        return engine.sessions.chain(session_id)
    except StoreMissing:
        return (session_id,)


def facts(engine: Engine, found: Sources, conversation: tuple[str, ...], *, now: float) -> RepairFacts:
    """Facts of the database about a session, in one read transaction; empty without a database."""
    try:
        return engine.repairs.facts(found.session_id, conversation, now=now)
    except StoreMissing:
        return RepairFacts()


def of(found: Sources, comparison: Comparison, facts: RepairFacts, *, by_name: bool) -> Iterator[Refusal]:
    """Reasons why messages are not inserted, the most serious first."""
    missing = comparison.missing_in_sqlite
    if found.written.problem:
        yield Refusal(Why.UNREADABLE, 0, found.written.problem)
    if not missing and facts.stopped is None:
        return
    if facts.obstacle:
        yield Refusal(Why.READ_ONLY, missing, facts.obstacle)
    if facts.undoing:
        yield Refusal(Why.UNDOING, missing, facts.undoing.operation)
    if facts.holder:
        yield Refusal(Why.BUSY, missing, facts.holder)
    if not found.known and not by_name:
        yield Refusal(Why.NO_ROW, missing)
    if facts.stopped is not None:  # everything else was checked at its start
        return
    yield from _resurrections(found, comparison, missing)
    for why, lines in zip(OF_SOME, (comparison.uncertain, comparison.unlike, comparison.orphans), strict=True):
        if lines:
            yield Refusal(why, len(lines), merge_helps=True)


def _resurrections(found: Sources, comparison: Comparison, missing: int) -> Iterator[Refusal]:
    """Signs that the messages which SQLite lacks were deleted from it."""
    undone = sum(not row.message.active and not row.compacted for row in found.rows if row.copy_of is None)
    if undone:
        yield Refusal(Why.UNDONE, missing, str(undone), merge_helps=True)
    if _is_compacted(found, comparison):
        yield Refusal(Why.COMPACTED, missing, merge_helps=True)
    if _is_rewritten(found, comparison):
        yield Refusal(Why.REWRITTEN, missing, merge_helps=True)


def _is_compacted(found: Sources, comparison: Comparison) -> bool:
    """True for a compaction in place, or a summary that the file does not have."""
    if any(row.stored.compacted for row in found.rows):
        return True
    return any(here is None and row.summary for here, row in _stored(found, comparison))


def _is_rewritten(found: Sources, comparison: Comparison) -> bool:
    """True where a message of the file was stored after the file's last change: it was deleted and inserted again."""
    file = found.written.file
    if file is None:
        return False
    latest = file.mtime_ns / 1e9 + LATER
    times = (row.message.time for here, row in _stored(found, comparison) if here is not None)
    return any(time is not None and time > latest for time in times)


def _stored(found: Sources, comparison: Comparison) -> Iterator[tuple[int | None, StoredRow]]:
    """The messages of SQLite, each with its place in the file."""
    places = found.messages
    return ((here, found.rows[places[there]]) for here, there in comparison.union if there is not None)
