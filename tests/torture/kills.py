"""kill -9 of appenders, alone and in crowds, at random moments and in the middle of every write.

Each appender tells every acknowledgement through a pipe; its successor begins with the message whose outcome is not
known, under the same key.
"""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from store import SessionDB
from tests.torture import disk, programs, stores
from tests.torture.stores import State

ROUNDS_PER_STORE = 12
THOROUGH = 20
"""Every so many rounds, and with every last one of a store, pages and indexes are checked too."""
WRITES = 200
"""An appender dies at the latest in so many writes, where it dies in one."""


@dataclass(slots=True)
class Outcome:
    """What was found."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    checks: int = 0
    faults: list[str] = field(default_factory=list)
    """Complaints of SQLite, FTS5 or an appender that was not killed."""


def run(*, kills: int, writers: int, at_writes: bool, seed: int) -> Outcome:
    """Kill so many appenders, `writers` of them at a time on one store."""
    chance = random.Random(seed)
    outcome = Outcome()
    while outcome.kills < kills:
        with stores.folder() as folder:
            _one_store(folder / "state.db", kills, writers, at_writes, chance=chance, outcome=outcome)
    return outcome


def _one_store(
    path: Path, kills: int, writers: int, at_writes: bool, *, chance: random.Random, outcome: Outcome
) -> None:
    programs.answer(lambda: _prepare(path, writers))
    acknowledged = [0] * writers
    for turn in range(1, ROUNDS_PER_STORE + 1):
        _one_round(path, acknowledged, at_writes, chance, outcome)
        last = turn == ROUNDS_PER_STORE or outcome.kills >= kills
        thorough = last or (outcome.kills // writers) % THOROUGH == 0
        _verify(programs.answer(lambda: stores.state(path, thorough=thorough)), acknowledged, outcome)  # noqa: B023
        outcome.checks += thorough
        if last:
            break
    outcome.acknowledged += sum(acknowledged)


def _prepare(path: Path, writers: int) -> None:
    database = SessionDB(path)
    for number in range(writers):
        database.create_session(f"s{number}", "cli")
    database.close()


def _one_round(path: Path, acknowledged: list[int], at_writes: bool, chance: random.Random, outcome: Outcome) -> None:
    """Start an appender for each session, let them run, kill them one after the other."""
    running = []
    for number, first in enumerate(acknowledged):
        read, write = os.pipe()
        death = chance.randrange(1, WRITES) if at_writes else 0
        pid = programs.start(lambda: _appender(path, number, first, write, death))  # noqa: B023
        os.close(write)
        running.append((number, pid, read))
    if not at_writes:
        time.sleep(0.01 + chance.random() * 0.02 * len(running) ** 0.5)
    chance.shuffle(running)
    for number, pid, read in running:
        if at_writes:
            status = programs.end(pid, kill=False)
        else:
            time.sleep(chance.random() * 0.002)
            status = programs.end(pid)
        with os.fdopen(read, "rb") as pipe:
            told = pipe.read().split()
        acknowledged[number] = max([acknowledged[number], *(int(one) + 1 for one in told)])
        outcome.kills += 1
        if status != -9:
            outcome.faults.append(f"an appender ended by itself with {status}")


def _appender(path: Path, number: int, first: int, pipe: int, death: int) -> None:
    if death:
        apsw.connection_hooks.append(disk.seldom)  # so that it also dies in checkpoints
    database = SessionDB(path)
    if death:
        programs.die_at_write(death)
    for turn in range(first, first + 1_000_000):
        database.append_message(f"s{number}", "user", f"{number} {turn} {'x' * (turn % 7 * 90)}", key=str(turn))
        os.write(pipe, f"{turn}\n".encode())


def _verify(found: State, acknowledged: list[int], outcome: Outcome) -> None:
    seen: dict[int, list[int]] = {number: [] for number in range(len(acknowledged))}
    for text in found.texts:
        number, turn = map(int, text.split()[:2])
        seen[number].append(turn)
    for number, turns in seen.items():
        outcome.doubled += len(turns) - len(set(turns))
        outcome.lost += len(set(range(acknowledged[number])) - set(turns))
        if len(turns) > acknowledged[number] + 1 or turns != sorted(turns):
            outcome.faults.append(f"more than was ever sent, or out of order: {turns[-3:]}")
    outcome.faults += found.faults
