"""Sessions of known conversations, compared and planned in memory, some repaired in real files.

`python -m tests.torture --only history --full` runs 100,000 of them.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from store.files.jsonl_files import JsonlFiles
from store.formats.row_encoding import message_row
from store.repair.model import Plan
from store.repair.planner import make_plan
from tests.contract.memory_engine import MemoryEngine
from tests.contract.memory_tables import MESSAGE_DEFAULTS, SESSION_DEFAULTS, MemoryDatabase
from tests.torture.history.judge import Outcome, faults, is_ordered, is_two_sided
from tests.torture.history.sources import Case, Kept, as_jsonl, case

SID = "s"
ELSEWHERE = ("Asia/Kolkata", "America/New_York", "Europe/Berlin", "UTC")
ONE_SIDED = ("jsonl_ahead", "sqlite_ahead", "tail", "newer")
REWRITING = "rewritten"


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
    repaired: int = 0
    """Sessions that were repaired and undone in real files."""


def run(sessions: int, seed: int, *, every: int = 500) -> Tally:
    """So many sessions; each `every`th is repaired in a real file."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="history-") as name, _zone():
        folder = Path(name)
        (folder / "sessions").mkdir()
        for number in range(sessions):
            found = case(random.Random(seed * 1_000_003 + number))
            wrong = _try(found, folder, tally, number)
            if every and number % every == 0:
                from tests.torture.history import files

                wrong += files.faults(found, folder)
                tally.repaired += 1
            for fault in wrong:
                tally.wrong[f"{found.kind}: {_kind(fault)}"] += 1
                tally.examples += [f"{number} {found.kind} {found.clock} {found.rows_clock}: {fault}"]
            tally.sessions += 1
    return tally


def _kind(fault: str) -> str:
    return " ".join(word for word in fault.split() if not any(character.isdigit() for character in word))


def _try(found: Case, folder: Path, tally: Tally, number: int) -> list[str]:
    os.environ["TZ"] = ELSEWHERE[number % 4]
    time.tzset()
    outcome = outcome_of(found, folder)
    wrong = faults(found, outcome)
    if number % 4 == 0:
        os.environ["TZ"] = ELSEWHERE[number // 4 % 3]
        time.tzset()
        if outcome_of(found, folder) != outcome:
            wrong.append("another result in another zone")
    if found.kind in ("undone", "compacted", "edited"):
        merged = outcome_of(found, folder, merge=True)
        wrong += [f"merged: {fault}" for fault in faults(found, merged) if found.kind != "edited"]
    _measure(found, outcome, tally)
    return wrong


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
    result, inserted = list(found.rows), []
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
        row = MESSAGE_DEFAULTS | {"id": row_id, "session_id": SID} | dict(cells) | dict(kept.cells)
        database.tables.messages[row_id] = row
    database.tables.highest = len(found.rows)
    return database


def cells(kept: Kept) -> dict[str, object]:
    """The cells of a row."""
    return dict(message_row(kept.message, now=0.0).values) | dict(kept.cells)
