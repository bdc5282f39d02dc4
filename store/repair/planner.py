"""A repair worked out: what is missing, where it belongs, which ids and times it gets, and what is refused.

Reads both sources and writes nothing; what is shown of it is the `Plan`, what is applied are its steps.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..base.models import Check
from ..drift import verdict
from ..engine.operations import OperationHeader, RepairFacts, RepairIntent
from ..engine.ports import Engine
from ..engine.rows import SessionVersion
from ..files.home import FileStamp
from ..files.jsonl_files import JsonlFiles
from ..formats import row_conversion
from ..formats.alignment import Comparison
from . import id_allocation, side_by_side
from . import inputs as sources
from . import refusals as objections
from .id_allocation import Place, Reserved
from .inputs import Sources
from .model import Line, Plan, Refusal, Run, Why
from .timestamp_interpolation import Times

_BEFORE, _FROM = 2, 12


@dataclass(frozen=True, slots=True)
class Item:
    """A message that a step writes."""

    place: Place
    offset: int = 0
    """Where the line of a missing one begins."""
    timestamp: float = 0.0
    """Its time."""
    n_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """A plan, and what has to be done for it."""

    plan: Plan
    items: tuple[Item, ...]
    """What is written, last message first."""
    sources: Sources
    stamp: FileStamp | None
    standing: SessionVersion
    """How the session stood,"""
    up_to: int | None
    """as far as ids like this; all of it where it is None."""
    places: frozenset[int]
    """Places in JSONL of what is inserted."""
    intent: RepairIntent
    """The same, to be written down."""
    header: OperationHeader | None
    """The stopped repair that is gone on with."""
    block: int
    """Ids that a new block takes; 0 where none is needed."""
    started_at: float
    """When the session began, as far as its file tells."""


@dataclass(frozen=True, slots=True)
class _Missing:
    """What is inserted: places in JSONL and, for each, how many rows come before it."""

    places: tuple[int, ...]
    gaps: tuple[int, ...]
    n_bytes: tuple[int, ...] = ()
    left_out: Counter[str] | None = None
    unstorable: int = 0


_NOTHING = _Missing((), ())


def work_out(engine: Engine, files: JsonlFiles, session_id: str, *, merge: bool = False, by_name: bool = True) -> Work:
    """Plan the repair of one session.

    Args:
        merge: Insert also what is only refused because nobody asked for it.
        by_name: The session was asked for itself: one that Hermes has no row for is adopted.

    Raises:
        SessionMissing: Neither source knows it.
        StoreError: SQLite cannot be read.
    """
    found = sources.look(engine, files, session_id)
    comparison = found.compared()
    facts = objections.facts(engine, found, now=time.time())
    merge = merge or (facts.stopped is not None and facts.stopped.merge)
    chosen = _chosen(engine, found, comparison, facts, merge=merge, by_name=by_name)
    block = sum(place.in_block for place in chosen.places)
    up_to = None if block else _horizon(found, facts.stopped)
    return Work(
        plan=_plan(engine, found, comparison, chosen, merge=merge),
        items=tuple(_items(found, chosen.missing, chosen.places)),
        sources=found,
        stamp=sources.stamp_of(found.written.file),
        standing=found.standing(up_to),
        up_to=up_to,
        places=frozenset(chosen.missing.places),
        intent=_intent(found, chosen.missing),
        header=facts.stopped,
        block=block,
        started_at=_started(found),
    )


def objected(engine: Engine, files: JsonlFiles, session_id: str) -> tuple[Check, Why | None]:
    """What the sources of a session lack, and why a repair would do nothing, None where it would do something.

    It asks as `work_out` does, and leaves out what takes longest: to see whether each message can be stored.

    Raises:
        SessionMissing: Neither source knows it.
    """
    found = sources.look(engine, files, session_id)
    comparison = found.compared()
    facts = objections.facts(engine, found, now=time.time())
    refusals = [*objections.of(found, comparison, facts, by_name=True)]
    blocked = any(one.why not in (Why.ORDER, Why.CROSSING) for one in refusals)
    idle = facts.stopped is None and not _missing(found, comparison, merge=False).places
    check = verdict.verified(session_id, comparison, _sides(found))
    return check, refusals[0].why if refusals and (blocked or idle) else None


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What is done of what could be, and why the rest is not."""

    missing: _Missing
    places: Sequence[Place]
    refusals: tuple[Refusal, ...]
    stopped: OperationHeader | None
    """The stopped repair that is gone on with."""
    blocked: bool
    """Nothing is done."""


def _chosen(
    engine: Engine, found: Sources, comparison: Comparison, facts: RepairFacts, *, merge: bool, by_name: bool
) -> _Chosen:
    refusals = [
        one for one in objections.of(found, comparison, facts, by_name=by_name) if not (merge and one.merge_helps)
    ]
    if any(one.why not in (Why.ORDER, Why.CROSSING) for one in refusals):
        return _Chosen(_NOTHING, (), tuple(refusals), None, blocked=True)
    wanted = _missing(found, comparison, merge=merge) if facts.stopped is None else _left(found, facts)
    if wanted is None and facts.stopped:
        refusals.append(Refusal(Why.CHANGED, comparison.missing_in_sqlite, facts.stopped.operation))
    if wanted is None:
        return _Chosen(_NOTHING, (), tuple(refusals), None, blocked=True)
    missing = _stored(engine, found, wanted)
    if missing.unstorable:
        refusals.append(Refusal(Why.UNSTORABLE, missing.unstorable))
    places = _placed(engine, found, missing, facts.stopped)
    if facts.referrers and any(place.old is not None for place in places):
        refusals.append(Refusal(Why.REFERRED, comparison.missing_in_sqlite, ", ".join(facts.referrers)))
        return _Chosen(_NOTHING, (), tuple(refusals), None, blocked=True)
    return _Chosen(missing, places, tuple(refusals), facts.stopped, blocked=False)


def _plan(engine: Engine, found: Sources, comparison: Comparison, chosen: _Chosen, *, merge: bool) -> Plan:
    missing = chosen.missing
    return Plan(
        check=verdict.verified(found.session_id, comparison, _sides(found)),
        runs=tuple(_runs(found, missing)),
        moved=sum(place.old is not None for place in chosen.places),
        common=sum(None not in step for step in comparison.union) + _taken_back(found, comparison),
        meta_lines=found.written.meta_lines,
        damaged=tuple(found.written.damaged),
        left_out=dict(missing.left_out or {}),
        refusals=chosen.refusals,
        creates_session=not found.known and bool(missing.places),
        same_up_to=_first_difference(comparison),
        difference=tuple(_difference(engine, found, comparison, frozenset(missing.places))),
        rows=len(found.rows),
        merge=merge,
        operation=chosen.stopped.operation if chosen.stopped else None,
        fingerprint=_fingerprint(found, missing, blocked=chosen.blocked),
    )


def _horizon(found: Sources, stopped: OperationHeader | None) -> int:
    """The highest id that matters: what an agent appends above it comes after all that is written."""
    if stopped is not None and stopped.size:
        return stopped.base + stopped.size
    return found.rows[-1].id if found.rows else 0


def _sides(found: Sources) -> verdict.Sides:
    written = found.written
    return verdict.Sides(
        stored=len(found.messages) if found.known else None,
        written=len(written.entries) if written.file else None,
        damaged=written.bad_lines,
        problem=written.problem,
    )


def _missing(found: Sources, comparison: Comparison, *, merge: bool) -> _Missing:
    """The places in JSONL that SQLite lacks and that belong somewhere for certain, or all of them."""
    rows = found.messages
    places, gaps, before = [], [], 0
    for here, there in comparison.union:
        if there is not None:
            before = rows[there] + 1
        elif here is not None and (merge or here not in comparison.uncertain | comparison.crossing):
            places.append(here)
            gaps.append(before)
    return _Missing(tuple(places), tuple(gaps))


def _left(found: Sources, facts: RepairFacts) -> _Missing | None:
    """What a stopped repair has left to insert, as it was agreed; None where file or rows are others by now.

    It is not worked out again: of a session that is half repaired less is certain than of one that is not.
    """
    intent = facts.intent or RepairIntent((), ())
    if intent.stamp != sources.stamp_of(found.written.file):
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
    """The same, to be written down before anything is done."""
    runs: list[tuple[int, int, int]] = []
    for place, gap in zip(missing.places, missing.gaps, strict=True):
        before = found.rows[gap - 1].id if gap else 0
        if runs and runs[-1][2] == before and sum(runs[-1][:2]) == place:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1, before)
        else:
            runs.append((place, 1, before))
    return RepairIntent(sources.stamp_of(found.written.file) or (), tuple(runs))


def _stored(engine: Engine, found: Sources, missing: _Missing) -> _Missing:
    """The same without what would not read the same from SQLite; sizes and fields without a column counted."""
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
    used = [one for one in kept if stopped.base < one <= stopped.base + stopped.size]
    return Reserved(stopped.base + 1, min(used, default=stopped.base + stopped.size + 1))


def _items(found: Sources, missing: _Missing, places: Sequence[Place]) -> Iterator[Item]:
    """What is written, last message first."""
    n_bytes_of = {row.id: row.n_bytes for row in found.rows}
    timestamps = _timestamps(found, missing)
    for one in reversed(places):
        if one.source is None:
            yield Item(one, n_bytes=n_bytes_of.get(one.old or 0, 0))
        else:
            offset = found.written.offsets[missing.places[one.source]]
            yield Item(one, offset, timestamps[one.source], missing.n_bytes[one.source])


def _timestamps(found: Sources, missing: _Missing) -> list[float]:
    """The times of what is inserted, between those of its neighbours."""
    times = Times([row.message.time for row in found.rows], otherwise=_started(found))
    own = [found.written.entries[place].time for place in missing.places]
    return times.between(own, missing.gaps)


def _started(found: Sources) -> float:
    """The first time that the session's file knows, else when it was last changed."""
    known = (entry.time for entry in found.written.entries if entry.time is not None)
    file = found.written.file
    return next(known, file.mtime_ns / 1e9 if file else 0.0)


def _runs(found: Sources, missing: _Missing) -> Iterator[Run]:
    """What is inserted where, neighbours joined, in numbers that people count by."""
    numbers = {0: 0}
    for place, row in enumerate(found.rows, 1):
        numbers[place] = numbers[place - 1] + (not row.meta)
    last = numbers[len(found.rows)]
    run: Run | None = None
    for place, gap in zip(missing.places, missing.gaps, strict=True):
        after = numbers[gap]
        if run and run.after == after:
            run = Run(run.number + 1, after, run.first, place + 1, run.at_end)
            continue
        if run:
            yield run
        run = Run(1, after, place + 1, place + 1, after == last)
    if run:
        yield run


def _taken_back(found: Sources, comparison: Comparison) -> int:
    """Messages of JSONL that are present as rows which were undone or compacted, out of place."""
    return len(found.written.entries) - sum(here is not None for here, _ in comparison.union)


def _first_difference(comparison: Comparison) -> int:
    """Places of the union before the first that a side lacks; all of them where none does."""
    return next((at for at, step in enumerate(comparison.union) if None in step), len(comparison.union))


def _difference(engine: Engine, found: Sources, comparison: Comparison, inserted: frozenset[int]) -> Iterator[Line]:
    """The first difference and what stands round it."""
    first = _first_difference(comparison)
    if first < len(comparison.union):
        steps = comparison.union[max(0, first - _BEFORE) : first + _FROM]
        yield from side_by_side.pairs(engine, found, steps, inserted)


def _fingerprint(found: Sources, missing: _Missing, *, blocked: bool) -> bytes:
    """Which file, and which of its messages: rows that were only appended to leave it as it is."""
    about = (sources.stamp_of(found.written.file), found.known, blocked, missing.places)
    return hashlib.blake2b(repr(about).encode(), digest_size=16).digest()
