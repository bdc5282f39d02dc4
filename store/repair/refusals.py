"""Refusals of a repair: messages that may have been undone, sessions in use, stores that are not written."""

from __future__ import annotations

from collections.abc import Iterator

from ..base.errors import StoreMissing
from ..drift.verdict import LATER
from ..engine.operations import OperationHeader, RepairFacts
from ..engine.ports import Engine
from ..formats.alignment import Comparison
from .inputs import Sources
from .model import Refusal, Why


def facts(engine: Engine, found: Sources, *, now: float) -> RepairFacts:
    """Facts of the database about a session, in one read transaction; empty without a database."""
    try:
        return engine.repairs.facts(found.session_id, found.conversation, now=now)
    except StoreMissing:
        return RepairFacts()


def of(found: Sources, comparison: Comparison, facts: RepairFacts, *, by_name: bool) -> Iterator[Refusal]:
    """Reasons why messages are not inserted, the most serious first."""
    missing = comparison.missing_in_sqlite
    if found.written.problem:
        yield Refusal(Why.UNREADABLE, found.written.problem, 0)
    if not missing and facts.stopped is None:
        return
    if facts.newer:
        yield Refusal(Why.READ_ONLY, "this store belongs to a newer Hermes than this, it is only read", missing)
    if facts.undoing:
        words = f"the undo of {facts.undoing.operation} was stopped: undo {facts.undoing.operation} finishes it"
        yield Refusal(Why.UNDOING, words, missing)
    if facts.holder:
        yield Refusal(Why.BUSY, f"Hermes is at work on it ({facts.holder}): try again when it is done", missing)
    if not found.known and not by_name:
        words = "Hermes does not know this session: it was never imported, or it was deleted"
        yield Refusal(Why.NO_ROW, words, missing)
    if facts.stopped is not None:  # everything else was checked at its start
        return
    yield from _resurrections(found, comparison, missing)
    if comparison.uncertain:
        words = "both sides have messages of their own in one place, and no time tells which side came first"
        yield Refusal(Why.ORDER, words, len(comparison.uncertain), merge_helps=True)
    if crossing := comparison.crossing - comparison.uncertain:
        words = "SQLite has messages that say the same in another place, and they may be the same ones"
        yield Refusal(Why.ORDER, words, len(crossing), merge_helps=True)


def _resurrections(found: Sources, comparison: Comparison, missing: int) -> Iterator[Refusal]:
    """Signs that the messages which SQLite lacks were deleted from it."""
    undone = sum(not row.message.active and not row.compacted for row in found.rows)
    if undone:
        words = f"{undone} of its messages were undone, and what SQLite lacks may have been undone with them"
        yield Refusal(Why.UNDONE, words, missing, merge_helps=True)
    if _is_compacted(found, comparison):
        words = "older messages were compacted into a summary, and what SQLite lacks may be among them"
        yield Refusal(Why.COMPACTED, words, missing, merge_helps=True)
    if _is_rewritten(found, comparison):
        words = "SQLite was written anew after the file's last change, and what it lacks may have been taken out then"
        yield Refusal(Why.REWRITTEN, words, missing, merge_helps=True)


def _is_compacted(found: Sources, comparison: Comparison) -> bool:
    """True for a compaction in place, or a summary that the file does not have."""
    if any(row.compacted for row in found.rows):
        return True
    places = found.messages
    return any(
        here is None and there is not None and found.rows[places[there]].summary for here, there in comparison.union
    )


def _is_rewritten(found: Sources, comparison: Comparison) -> bool:
    """True where a message of the file was stored after the file's last change: it was deleted and inserted again."""
    file = found.written.file
    if file is None:
        return False
    latest = file.mtime_ns / 1e9 + LATER
    places = found.messages
    times = (
        found.rows[places[there]].message.time
        for here, there in comparison.union
        if here is not None and there is not None
    )
    return any(time is not None and time > latest for time in times)


def changed(stopped: OperationHeader, missing: int) -> Refusal:
    """Refusal of a stopped repair that cannot be continued."""
    words = f"{stopped.operation} was stopped, and file or rows are others by now: undo {stopped.operation} first"
    return Refusal(Why.CHANGED, words, missing)


def referred(facts: RepairFacts, comparison: Comparison) -> Refusal:
    """Refusal of messages that would get new ids while other tables refer to them."""
    words = f"its messages would get other ids, and {', '.join(facts.referrers)} refers to them by these"
    return Refusal(Why.REFERRED, words, comparison.missing_in_sqlite)
