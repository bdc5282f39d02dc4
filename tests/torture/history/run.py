"""Sessions of known conversations, compared and planned in memory, some repaired in real files.

`python -m tests.torture --only history --full` runs 100,000 of them.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

from store.engine.operations import RawRow
from store.files.jsonl_files import JsonlFiles, compared_message
from store.formats import message_codec
from store.formats.compared_message import ComparedMessage
from store.formats.compared_message import compared as compared_form
from store.formats.comparison import compare
from store.formats.row_encoding import message_row
from store.repair.model import Plan
from store.repair.planner import make_plan
from tests.contract.memory_engine import MemoryEngine
from tests.contract.memory_tables import MESSAGE_DEFAULTS, SESSION_DEFAULTS, MemoryDatabase
from tests.torture.history.judge import ORDER, Outcome, faults, is_ordered, is_two_sided, is_untold
from tests.torture.history.sources import Case, Kept, as_jsonl, case

SID = "s"
ELSEWHERE = ("Asia/Kolkata", "America/New_York", "Europe/Berlin", "UTC")
ONE_SIDED = ("jsonl_ahead", "sqlite_ahead", "tail", "newer")
PLANNED = ("undone", "compacted")
"""Kinds of sessions for which a comparison alone does not say what is refused."""


@dataclass(slots=True)
class Tally:
    """What so many sessions came to."""

    sessions: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    two_sided: Counter[float] = field(default_factory=Counter)
    """Sessions by loss in which each side has what the other lacks, and of these those that are ordered."""
    ordered: Counter[float] = field(default_factory=Counter)
    refused: Counter[float] = field(default_factory=Counter)
    """Ordered ones that were refused, by loss."""
    one_sided: int = 0
    one_sided_refused: int = 0
    untold: int = 0
    """Sessions out of order where what was said in between is on neither side, and no clock tells."""
    repaired: int = 0
    """Sessions that were repaired and undone in real files."""


def run(sessions: int, seed: int, *, every: int = 500, plan_every: int = 10, start: int = 0) -> Tally:
    """So many sessions, from a number on.

    Args:
        sessions: Their number.
        seed: Of their conversations.
        every: Each of so many is repaired in a real file; 0 for none.
        plan_every: Each of so many is planned from a file, under two time zones; the others are compared in memory.
        start: The first number.
    """
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="history-") as name, _zone():
        folder = Path(name)
        (folder / "sessions").mkdir()
        for number in range(start, start + sessions):
            found = case(random.Random(seed * 1_000_003 + number))
            wrong = _try(found, folder, tally, number, planned=number % plan_every == 0 or found.kind in PLANNED)
            if every and number % every == 0:
                from tests.torture.history import files

                wrong += files.faults(found, folder)
                tally.repaired += 1
            for fault in wrong:
                tally.wrong[f"{found.kind}: {_kind(fault)}"] += 1
                tally.examples += [f"{number} {found.kind} {found.clock} {found.rows_clock}: {fault}"]
            tally.sessions += 1
    return tally


def run_all(sessions: int, seed: int, *, workers: int = os.cpu_count() or 1) -> Tally:
    """The same by several processes."""
    block = min(1_000, -(-sessions // workers))
    jobs = [(min(block, sessions - start), seed, start) for start in range(0, sessions, block)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return added(pool.imap_unordered(_job, jobs))


def _job(job: tuple[int, int, int]) -> Tally:
    sessions, seed, start = job
    return run(sessions, seed, start=start)


def added(tallies: Iterable[Tally]) -> Tally:
    """Some tallies as one."""
    whole = Tally()
    for tally in tallies:
        for part in fields(Tally):
            setattr(whole, part.name, getattr(whole, part.name) + getattr(tally, part.name))
    return whole


def _kind(fault: str) -> str:
    return " ".join(word for word in fault.split() if not any(character.isdigit() for character in word))


def _try(found: Case, folder: Path, tally: Tally, number: int, *, planned: bool) -> list[str]:
    _set_zone(ELSEWHERE[number % 4])
    outcome = outcome_of(found, folder) if planned else compared(found)
    wrong = faults(found, outcome)
    if ORDER in wrong and is_untold(found):
        wrong.remove(ORDER)
        tally.untold += 1
    if planned:
        _set_zone(ELSEWHERE[number // 4 % 3])
        if outcome_of(found, folder) != outcome:
            wrong.append("another result in another zone")
    if found.kind in PLANNED:
        wrong += [f"merged: {fault}" for fault in faults(found, outcome_of(found, folder, merge=True))]
    _measure(found, outcome, tally)
    return wrong


def _set_zone(name: str) -> None:
    os.environ["TZ"] = name
    time.tzset()


def _measure(found: Case, outcome: Outcome, tally: Tally) -> None:
    if found.kind in ONE_SIDED and not is_two_sided(found):
        tally.one_sided += 1
        tally.one_sided_refused += outcome.refused
    if found.kind in ("both", "newer") and is_two_sided(found):
        tally.two_sided[found.loss] += 1
        if is_ordered(found):
            tally.ordered[found.loss] += 1
            tally.refused[found.loss] += outcome.refused


@contextmanager
def _zone() -> Iterator[None]:
    """The process's zone is set back afterwards."""
    before = os.environ.get("TZ")
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.__setitem__("TZ", before)
        time.tzset()


def compared(found: Case) -> Outcome:
    """What a comparison in memory makes of a session in which nothing was undone or compacted."""
    lines = [compared_message(kept.message) for kept in found.lines]
    rows = [_row(kept) for kept in found.rows]
    texts = _texts(found)
    comparison = compare(lines, rows, lambda here, there: (texts(found.lines, here), texts(found.rows, there)))
    result = [
        (found.rows[row] if row is not None else found.lines[line or 0], row is None)
        for line, row in comparison.union
        if row is not None or line not in comparison.refused
    ]
    return Outcome(
        result=tuple(kept for kept, _ in result),
        inserted=tuple(kept for kept, inserted in result if inserted),
        refused=bool(comparison.refused),
        edited=len(comparison.edited),
        verdict=comparison.verdict,
        missing=(comparison.missing_in_sqlite, comparison.missing_in_jsonl),
    )


def _texts(found: Case) -> Callable[[Sequence[Kept], Sequence[int]], list[str]]:
    return lambda kept, places: [
        message_codec.split_thinking(str(kept[place].message["role"]), str(kept[place].message["content"]))[0]
        for place in places
    ]


def _row(kept: Kept) -> ComparedMessage:
    message = kept.message
    return compared_form(
        *(message["role"], message["content"], message.get("tool_calls"), message.get("tool_call_id")),
        platform_id=message.get("platform_message_id"),
        time=(float(str(message["timestamp"])), False),
    )


def outcome_of(found: Case, folder: Path, *, merge: bool = False) -> Outcome:
    """What the plan for a session would make of it; it is not applied."""
    path = folder / "sessions" / f"{SID}.jsonl"
    path.write_bytes(as_jsonl(found.lines))
    os.utime(path, (found.changed_at, found.changed_at))
    engine = MemoryEngine(_database(found))
    work = make_plan(engine, JsonlFiles(folder / "sessions"), SID, merge=merge)
    return outcome_of_plan(found, work.plan)


def outcome_of_plan(found: Case, plan: Plan) -> Outcome:
    """The same, from a plan."""
    result, inserted = list(found.rows), list[Kept]()
    for run in reversed(plan.runs):
        block = found.lines[run.first - 1 : run.last]
        result[run.after : run.after] = block
        inserted[:0] = block
    return Outcome(
        result=tuple(result),
        inserted=tuple(inserted),
        refused=bool(plan.refusals),
        why=tuple(str(refusal.why) for refusal in plan.refusals),
        edited=getattr(plan.check, "edited", 0),
        verdict=plan.check.verdict,
        missing=(plan.check.missing_in_sqlite, plan.check.missing_in_jsonl),
    )


def _database(found: Case) -> MemoryDatabase:
    database = MemoryDatabase()
    database.tables.sessions[SID] = SESSION_DEFAULTS | {"id": SID, "source": "telegram", "started_at": 1.0}
    for row_id, kept in enumerate(found.rows, 1):
        cells = message_row(kept.message, now=0.0).values
        row: RawRow = {**MESSAGE_DEFAULTS, "id": row_id, "session_id": SID, **cells, **kept.cells}
        database.tables.messages[row_id] = row
    database.tables.highest = len(found.rows)
    return database
