"""Agents with recorders in programs of their own on one session, killed and started again with their memory.

Each agent keeps what it says in a file before it hands it over, and a compaction once it is stored: an agent that was
killed in between has a summary in the session that it does not know. All else that it said is held against the rows
with its mark (`recorder_model`).
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from store import Locked, SessionDB, SessionRecorder, StoreError
from store.sqlite.connect.writer import Writer
from tests.builders import sqlite_of
from tests.torture import programs, stores
from tests.torture.recorder_model import OTHER, WORDS, Agent, faults

PATIENCE = 0.004
"""Seconds: some writes meet a lock, and wait in a file."""
LONGEST = 30
"""Messages of a memory from which it is compacted."""


@dataclass(slots=True)
class Outcome:
    """What was found."""

    rounds: int = 0
    messages: int = 0
    kills: int = 0
    refused: int = 0
    """Calls that met a lock."""
    compactions: int = 0
    replays: int = 0
    """Files of killed agents that were replayed."""
    faults: list[str] = field(default_factory=list)


def run(*, rounds: int, seconds: float, seed: int) -> Outcome:
    """Let one to four agents and a program without a recorder loose, so many times for so long."""
    chance = random.Random(seed)
    outcome = Outcome()
    for number in range(rounds):
        with stores.folder() as folder:
            _round(folder, 1 + number % 4, seconds, chance, outcome)
        outcome.rounds += 1
    return outcome


def _round(folder: Path, agents: int, seconds: float, chance: random.Random, outcome: Outcome) -> None:
    names = [f"agent {number}" for number in range(agents)]
    until = time.monotonic() + seconds
    running = {name: programs.start(_agent(folder, name, until, chance.randrange(1 << 30))) for name in names}
    other = programs.start(_other(folder, until, chance.randrange(1 << 30)))
    while time.monotonic() < until - 0.1:
        time.sleep(0.02 + chance.random() * 0.1)
        victim = chance.choice(names)
        programs.end(running[victim])
        if chance.random() < 0.3:
            outcome.replays += programs.answer(lambda: _replay(folder))
        running[victim] = programs.start(_agent(folder, victim, until, chance.randrange(1 << 30)))
        outcome.kills += 1
    for name, pid in (*running.items(), (OTHER, other)):
        if programs.end(pid, kill=False):
            outcome.faults.append(f"{name} failed")
    outcome.replays += programs.answer(lambda: _replay(folder))  # nobody else writes: every file goes
    _verify(folder, names, outcome)


def _verify(folder: Path, names: list[str], outcome: Outcome) -> None:
    said = {OTHER: _lines(folder / OTHER)}
    for name in names:
        memory = json.loads((folder / name).read_text())
        said[name] = memory["agent"]["said"]
        outcome.refused += memory["refused"]
        outcome.compactions += sum(text.startswith("summary") for text in said[name])
    outcome.messages += sum(map(len, said.values()))
    outcome.faults += programs.answer(lambda: faults(folder / "state.db", said))
    outcome.faults += [f"{path.name} was not replayed" for path in (folder / "pending_messages").glob("[!.]*")]


def _agent(folder: Path, name: str, until: float, seed: int) -> Callable[[], None]:
    def work() -> None:
        chance, path = random.Random(seed), folder / name
        database = SessionDB(folder / "state.db")
        sqlite_of(database).writer = Writer(database.path, patience=PATIENCE)
        recorder = SessionRecorder(database, "s", writer=name)
        agent, refused = _remembered(path, name)
        agent.summaries = chance.randrange(1 << 30)  # no summary is that of an earlier start
        refused += _flushed(recorder, agent)  # before its first row is stored, a word could be the last one of others
        while time.monotonic() < until:
            if len(agent.memory) > LONGEST or (len(agent.memory) > 3 and chance.random() < 0.05):
                refused += _flushed(recorder, agent)
                agent.compact(chance.randrange(1, 4))
                refused += _flushed(recorder, agent)
            else:
                agent.say(chance.choices(WORDS, k=chance.randrange(1, 4)))
            _remember(path, agent, refused)
            refused += _recorded(recorder, agent.memory)
            time.sleep(chance.random() * 0.01)
        _remember(path, agent, refused + _flushed(recorder, agent))
        database.close()

    return work


def _recorded(recorder: SessionRecorder, memory: list[dict[str, object]]) -> int:
    """Hand a memory over; 1 where a lock was in the way."""
    try:
        recorder.record(memory)
    except Locked:
        return 1
    return 0


def _flushed(recorder: SessionRecorder, agent: Agent) -> int:
    """Hand a memory over until it is stored; the number of locks in the way."""
    refused = _recorded(recorder, agent.memory)
    while recorder.waiting:
        refused += _recorded(recorder, agent.memory)
    return refused


def _remembered(path: Path, name: str) -> tuple[Agent, int]:
    """The agent, and how many of its calls were refused."""
    if not path.exists():
        agent = Agent(name)
        agent.say([f"I am {name}"])
        _remember(path, agent, 0)
        return agent, 0
    kept = json.loads(path.read_text())
    return Agent(**kept["agent"]), kept["refused"]


def _remember(path: Path, agent: Agent, refused: int) -> None:
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps({"agent": asdict(agent), "refused": refused}))
    fresh.replace(path)


def _other(folder: Path, until: float, seed: int) -> Callable[[], None]:
    """A program that appends the same words without a recorder."""

    def work() -> None:
        chance = random.Random(seed)
        database = SessionDB(folder / "state.db")
        database.ensure_session("s")
        with (folder / OTHER).open("a") as said:
            while time.monotonic() < until:
                text = chance.choice(WORDS)
                database.append_message("s", "user", text, platform_message_id=OTHER)
                said.write(f"{text}\n")
                time.sleep(chance.random() * 0.02)
        database.close()

    return work


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def _replay(folder: Path) -> int:
    database = SessionDB(folder / "state.db")
    files = database.refused()
    done = 0
    for path in files:
        try:
            database.replay(path)
            done += 1
        except StoreError:  # others wrote, or its agent lives and has written it
            pass
    database.close()
    return done
