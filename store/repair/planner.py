"""Planner of repairs: missing messages, their places, ids and times, and refusals.

Reads both sources and writes nothing; the `Plan` is shown, the items are applied step by step.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..base.models import Check
from ..drift import verdict
from ..drift.sources import Sources, read_sources, stamp_of
from ..engine.operations import OperationHeader, RepairFacts, RepairIntent
from ..engine.ports import Engine
from ..engine.rows import SessionVersion
from ..files.home import FileStamp
from ..files.jsonl_files import JsonlFiles
from ..formats import message_codec, row_conversion
from ..formats.comparison import Comparison
from . import id_allocation, refusals, side_by_side
from .id_allocation import Place, Reserved
from .model import DifferenceRow, Plan, Refusal, Run, Why
from .timestamp_interpolation import Times

_ROWS_BEFORE, _ROWS_FROM = 2, 12


@dataclass(frozen=True, slots=True)
class Item:
    """A message that a step writes."""

    place: Place
    offset: int = 0
    """Byte offset of a missing message's line."""
    timestamp: float = 0.0
    n_bytes: int = 0


@dataclass(frozen=True, slots=True)
class RepairWork:
    """A plan with everything that is needed to apply it."""

    plan: Plan
    items: tuple[Item, ...]
    """Written messages, last message first."""
    sources: Sources
    stamp: FileStamp | None
    conversation: tuple[str, ...]
    """The session and the others of its compression chain."""
    version: SessionVersion
    """Version of the session's rows up to `up_to`, checked before each step."""
    up_to: int | None
    """Highest row id that matters; None for all rows."""
    places: frozenset[int]
    """Places in JSONL of the inserted messages."""
    intent: RepairIntent
    """The same, as the journal keeps it."""
    header: OperationHeader | None
    """The stopped repair that is continued."""
    block: int
    """Number of ids of a new block; 0 where none is needed."""
    started_at: float
    """Start of the session by its file."""


@dataclass(frozen=True, slots=True)
class _Missing:
    """Inserted messages: places in JSONL and, for each, the number of rows before it."""

    places: tuple[int, ...]
    gaps: tuple[int, ...]
    n_bytes: tuple[int, ...] = ()
    left_out: Counter[str] | None = None
    unstorable: int = 0


_NOTHING = _Missing((), ())


def make_plan(
    engine: Engine, files: JsonlFiles, session_id: str, *, merge: bool = False, by_name: bool = True
) -> RepairWork:
    """Plan the repair of one session.

    Args:
        merge: Insert also messages whose refusals a merge overrides.
        by_name: The session was requested by its id: one without a row in Hermes is adopted.

    Raises:
        SessionMissing: Neither source knows it.
        StoreError: SQLite cannot be read.
    """
    found = read_sources(engine, files, session_id)
    comparison = found.compared(engine)
    conversation = refusals.conversation(engine, session_id)
    facts = refusals.facts(engine, found, conversation, now=time.time())
    merge = merge or (facts.stopped is not None and facts.stopped.merge)
    chosen = _chosen(engine, found, comparison, facts, merge=merge, by_name=by_name)
    block = sum(place.in_block for place in chosen.places)
    up_to = None if block else _horizon(found, facts.stopped)
    return RepairWork(
        plan=_plan(engine, found, comparison, chosen, merge=merge),
        items=tuple(_items(found, comparison, chosen)),
        sources=found,
        conversation=conversation,
        stamp=stamp_of(found.written.file),
        version=found.version(up_to),
        up_to=up_to,
        places=frozenset(chosen.missing.places),
        intent=_intent(found, chosen.missing),
        header=facts.stopped,
        block=block,
        started_at=_started(found),
    )


def objected(engine: Engine, files: JsonlFiles, session_id: str) -> tuple[Check, Why | None]:
    """The verdict on a session, and why a repair would do nothing; None where it would do something.

    Faster than `make_plan`: it does not test whether each message can be stored.

    Raises:
        SessionMissing: Neither source knows it.
    """
    found = read_sources(engine, files, session_id)
    comparison = found.compared(engine)
    facts = refusals.facts(engine, found, refusals.conversation(engine, session_id), now=time.time())
    reasons = [*refusals.of(found, comparison, facts, by_name=True)]
    blocked = any(refusal.why not in refusals.OF_SOME for refusal in reasons)
    idle = facts.stopped is None and not _missing(found, comparison, merge=False).places
    check = verdict.verified(session_id, comparison, verdict.sides(found))
    return check, reasons[0].why if reasons and (blocked or idle) else None


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Chosen messages, and the refusals of the others."""

    missing: _Missing
    places: Sequence[Place]
    refusals: tuple[Refusal, ...]
    stopped: OperationHeader | None
    """The stopped repair that is continued."""
    blocked: bool
    """Nothing is done."""


def _chosen(
    engine: Engine, found: Sources, comparison: Comparison, facts: RepairFacts, *, merge: bool, by_name: bool
) -> _Chosen:
    reasons = [
        refusal
        for refusal in refusals.of(found, comparison, facts, by_name=by_name)
        if not (merge and refusal.merge_helps)
    ]
    if any(refusal.why not in refusals.OF_SOME for refusal in reasons):
        return _Chosen(_NOTHING, (), tuple(reasons), None, blocked=True)
    wanted = _missing(found, comparison, merge=merge) if facts.stopped is None else _left(found, facts)
    if wanted is None and facts.stopped:
        reasons.append(Refusal(Why.CHANGED, comparison.missing_in_sqlite, facts.stopped.operation))
    if wanted is None:
        return _Chosen(_NOTHING, (), tuple(reasons), None, blocked=True)
    missing = _stored(engine, found, wanted)
    if missing.unstorable:
        reasons.append(Refusal(Why.UNSTORABLE, missing.unstorable))
    places = _placed(engine, found, missing, facts.stopped)
    if facts.referrers and any(place.old is not None for place in places):
        reasons.append(Refusal(Why.REFERRED, comparison.missing_in_sqlite, ", ".join(facts.referrers)))
        return _Chosen(_NOTHING, (), tuple(reasons), None, blocked=True)
    return _Chosen(missing, places, tuple(reasons), facts.stopped, blocked=False)


def _plan(engine: Engine, found: Sources, comparison: Comparison, chosen: _Chosen, *, merge: bool) -> Plan:
    missing = chosen.missing
    return Plan(
        check=verdict.verified(found.session_id, comparison, verdict.sides(found)),
        runs=tuple(_runs(found, missing)),
        moved=sum(place.old is not None for place in chosen.places),
        common=sum(None not in step for step in comparison.union) + _out_of_place(found, comparison),
        meta_lines=found.written.meta_lines,
        damaged=tuple(found.written.damaged),
        left_out=dict(missing.left_out or {}),
        refusals=chosen.refusals,
        creates_session=not found.known and bool(missing.places),
        same_up_to=_first_difference(comparison),
        difference=tuple(_difference(engine, found, comparison, frozenset(missing.places))),
        rows=len(found.rows),
        merge=merge,
        elsewhere=len(comparison.elsewhere),
        alike=comparison.alike,
        operation=chosen.stopped.operation if chosen.stopped else None,
        fingerprint=_fingerprint(found, missing, blocked=chosen.blocked),
    )


def _horizon(found: Sources, stopped: OperationHeader | None) -> int:
    """The highest id that matters: rows that an agent appends above it follow all written ones."""
    if stopped is not None and stopped.size:
        return stopped.base + stopped.size
    return found.rows[-1].id if found.rows else 0


def _missing(found: Sources, comparison: Comparison, *, merge: bool) -> _Missing:
    """The places in JSONL that SQLite lacks: those with a certain position, or all and those that were edited."""
    rows = found.messages
    places, gaps, before = [], [], 0
    for here, there in comparison.union:
        before = before if there is None else rows[there] + 1
        wanted = merge or here not in comparison.refused if there is None else merge and here in comparison.edited
        if here is not None and wanted:
            places.append(here)
            gaps.append(before)
    return _Missing(tuple(places), tuple(gaps))


def _left(found: Sources, facts: RepairFacts) -> _Missing | None:
    """Messages that a stopped repair still has to insert; None where file or rows have changed since.

    Taken from the journal, not compared again: positions in a half-repaired session are less certain.
    """
    intent = facts.intent or RepairIntent((), ())
    if intent.stamp != (stamp_of(found.written.file) or ())[: len(intent.stamp)]:  # older journals have no ctime_ns
        return None
    ids = {row.id: place for place, row in enumerate(found.rows, 1)} | {0: 0}
    now = dict(move for done in facts.done for move in done.moves)
    inserted = sum(len(done.inserted_ids) for done in facts.done)
    places: list[int] = []
    gaps: list[int] = []
    for first, number, row in intent.runs:
        before = ids.get(_moved(row, now))
        if before is None:
            return None
        places += range(first, first + number)
        gaps += [before] * number
    left = max(0, len(places) - inserted)
    return _Missing(tuple(places[:left]), tuple(gaps[:left]))


def _moved(row: int, now: Mapping[int, int]) -> int:
    """The id that a row has after all moves."""
    while row in now:
        row = now[row]
    return row


def _intent(found: Sources, missing: _Missing) -> RepairIntent:
    """The same, as the journal keeps it before the first write."""
    runs: list[tuple[int, int, int]] = []
    for place, gap in zip(missing.places, missing.gaps, strict=True):
        before = found.rows[gap - 1].id if gap else 0
        if runs and runs[-1][2] == before and sum(runs[-1][:2]) == place:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1, before)
        else:
            runs.append((place, 1, before))
    return RepairIntent(stamp_of(found.written.file) or (), tuple(runs))


def _stored(engine: Engine, found: Sources, missing: _Missing) -> _Missing:
    """The same without messages that would not read the same from SQLite; sizes and fields without a column counted."""
    if not missing.places:
        return missing
    has = engine.messages.columns().__contains__
    entries, offsets = found.written.entries, found.written.offsets
    left_out: Counter[str] = Counter()
    kept: list[tuple[int, int, int]] = []
    values = found.written.values(offsets[place] for place in missing.places)
    for place, gap, value in zip(missing.places, missing.gaps, values, strict=False):
        adopted = row_conversion.convert(value, timestamp=0.0, has=has)
        if row_conversion.identity_of(adopted.row) != entries[place].identity:
            continue
        left_out.update(adopted.left_out)
        kept.append((place, gap, adopted.n_bytes))
    places, gaps, n_bytes = zip(*kept, strict=True) if kept else ((), (), ())
    return _Missing(places, gaps, n_bytes, left_out, len(missing.places) - len(kept))


def _placed(engine: Engine, found: Sources, missing: _Missing, stopped: OperationHeader | None) -> list[Place]:
    """An id for every message that is written."""
    if not missing.places:
        return []
    kept = [row.id for row in found.rows]

    return id_allocation.place(kept, missing.gaps, engine.repairs.free_ids, reserved=_reserved(kept, stopped))


def _reserved(kept: Sequence[int], stopped: OperationHeader | None) -> Reserved | None:
    if stopped is None or not stopped.size:
        return None
    used = [row_id for row_id in kept if stopped.base < row_id <= stopped.base + stopped.size]
    return Reserved(stopped.base + 1, min(used, default=stopped.base + stopped.size + 1))


def _items(found: Sources, comparison: Comparison, chosen: _Chosen) -> Iterator[Item]:
    """Written messages, last message first."""
    missing = chosen.missing
    n_bytes_of = {row.id: row.n_bytes for row in found.rows}
    times = Times([row.message.time for row in found.rows], otherwise=_started(found))
    timestamps = times.between([_time(found, comparison, place) for place in missing.places], missing.gaps)
    for place in reversed(chosen.places):
        if place.source is None:
            yield Item(place, n_bytes=n_bytes_of.get(place.old or 0, 0))
        else:
            offset = found.written.offsets[missing.places[place.source]]
            yield Item(place, offset, timestamps[place.source], missing.n_bytes[place.source])


def _time(found: Sources, comparison: Comparison, place: int) -> float | None:
    """The time of a line on the clock of SQLite; where that is not known, as a local time of this machine."""
    entry, clocks = found.written.entries[place], comparison.clocks
    if entry.time is None or not entry.zoneless:
        return entry.time
    if clocks is not None and clocks.exact:
        return entry.time + clocks.offset(place)
    return message_codec.local_timestamp(entry.time)


def _started(found: Sources) -> float:
    """The first timestamp in the session's file, else the time of its last change."""
    first = next((entry for entry in found.written.entries if entry.time is not None), None)
    file = found.written.file
    known = (
        None if first is None else message_codec.local_timestamp(first.time or 0.0) if first.zoneless else first.time
    )
    if known is None and file is not None:
        known = message_codec.timestamp(file.mtime_ns / 1e9)
    return known or 0.0


def _runs(found: Sources, missing: _Missing) -> Iterator[Run]:
    """Inserted messages by place, neighbours joined, in numbers from 1 as they are displayed."""
    numbers = {0: 0}
    for place, row in enumerate(found.rows, 1):
        numbers[place] = numbers[place - 1] + row.is_message
    last = numbers[len(found.rows)]
    run: Run | None = None
    for place, gap in zip(missing.places, missing.gaps, strict=True):
        after = numbers[gap]
        if run and run.after == after and run.last == place:
            run = Run(run.number + 1, after, run.first, place + 1, run.at_end)
            continue
        if run:
            yield run
        run = Run(1, after, place + 1, place + 1, after == last)
    if run:
        yield run


def _out_of_place(found: Sources, comparison: Comparison) -> int:
    """Number of JSONL messages that are stored as undone or compacted rows, out of place."""
    return len(found.written.entries) - sum(here is not None for here, _ in comparison.union)


def _first_difference(comparison: Comparison) -> int:
    """Places of the union before the first that a side lacks; all of them where none does."""
    return next((at for at, step in enumerate(comparison.union) if None in step), len(comparison.union))


def _difference(
    engine: Engine, found: Sources, comparison: Comparison, inserted: frozenset[int]
) -> Iterator[DifferenceRow]:
    """The first difference and its context."""
    first = _first_difference(comparison)
    if first < len(comparison.union):
        steps = comparison.union[max(0, first - _ROWS_BEFORE) : first + _ROWS_FROM]
        yield from side_by_side.pairs(engine, found, steps, inserted)


def _fingerprint(found: Sources, missing: _Missing, *, blocked: bool) -> bytes:
    """Fingerprint of the file and of the messages to insert; rows appended by an agent do not change it."""
    about = (stamp_of(found.written.file), found.known, blocked, missing.places)
    return hashlib.blake2b(repr(about).encode(), digest_size=16).digest()
