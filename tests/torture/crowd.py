"""Many programs on one store for some seconds: appenders that think, searchers, a browser, and a killer among them."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from store import SessionDB
from store.engine.ports import Transaction
from tests.torture import programs, stores

T = TypeVar("T")

WORDS = ("the", "docker", "needle", "of", "error", "and", "tmux", "it", "deploy", "grep")
SEEDED = 2_000


@dataclass(slots=True)
class Outcome:
    """What was found."""

    appends: int = 0
    searches: int = 0
    kills: int = 0
    lost: int = 0
    doubled: int = 0
    errors: int = 0
    longest_lock: float = 0.0
    """Seconds that the write lock was held by one append, its COMMIT with the sync included."""
    largest_wal: int = 0
    """Bytes."""
    faults: list[str] = field(default_factory=list)


class Timed(SessionDB):
    """Knows how long it held the write lock."""

    longest = 0.0

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, **options)
        self._write = self.store.write
        self.store.write = self._timed  # type: ignore[method-assign]

    def _timed(self, work: Callable[[Transaction], T]) -> T:
        began = 0.0

        def timed(tx: Transaction) -> T:
            nonlocal began
            began = time.monotonic()
            return work(tx)

        result = self._write(timed)
        self.longest = max(self.longest, time.monotonic() - began)
        return result


def run(*, seconds: float, writers: int = 8, searchers: int = 2, seed: int = 1) -> Outcome:
    """Let them loose for so long; one appender at a time is killed and comes back."""
    chance = random.Random(seed)
    outcome = Outcome()
    with stores.folder() as folder:
        path = folder / "state.db"
        programs.answer(lambda: seeded(path, writers))
        until = time.monotonic() + seconds
        told = [(folder / f"w{number}") for number in range(writers)]
        running = {n: programs.start(_writing(path, n, told[n], until)) for n in range(writers)}
        others = [programs.start(looking(path, folder / f"r{n}", until, n)) for n in range(searchers + 1)]
        while time.monotonic() < until:
            time.sleep(0.2)
            victim = chance.randrange(writers)
            programs.end(running[victim])
            running[victim] = programs.start(_writing(path, victim, told[victim], until))
            outcome.kills += 1
            wal = Path(f"{path}-wal")
            outcome.largest_wal = max(outcome.largest_wal, wal.stat().st_size if wal.exists() else 0)
        for pid in (*running.values(), *others):
            outcome.errors += programs.end(pid, kill=False) != 0
        _count(path, told, [folder / f"r{n}" for n in range(searchers + 1)], outcome)
    return outcome


def seeded(path: Path, writers: int, *, rows: int = SEEDED) -> None:
    """A store with messages to be found, and a session for each writer."""
    database = SessionDB(path)
    chance = random.Random(1)
    database.create_session("seed", "cli")
    for start in range(0, rows, 200):
        texts = [" ".join(chance.choices(WORDS, k=40)) for _ in range(min(200, rows - start))]
        database.append_messages("seed", [{"role": "user", "content": f"before {text}"} for text in texts])
    for number in range(writers):
        database.create_session(f"w{number}", "cli")
    database.close()


def _writing(path: Path, number: int, told: Path, until: float) -> Callable[[], None]:
    def write() -> None:
        thought = random.Random(os.getpid())
        database = Timed(path)
        first = len(told.read_text().splitlines()) if told.exists() else 0
        with told.open("a") as acknowledgements:
            for turn in range(first, first + 10_000_000):
                if time.monotonic() > until:
                    break
                words = " ".join(random.Random(turn).choices(WORDS, k=30))  # a retry says the same
                database.append_message(f"w{number}", "user", f"{number} {turn} {words}", key=str(turn))
                acknowledgements.write(f"{turn} {database.longest}\n")
                acknowledgements.flush()
                time.sleep(thought.random() * 0.04)

    return write


def looking(path: Path, told: Path, until: float, number: int) -> Callable[[], None]:
    def look() -> None:
        chance = random.Random(number)
        database = SessionDB(path, read_only=True)
        looks = 0
        while time.monotonic() < until:
            if number:
                for batch in database.search(chance.choice(WORDS), limit=200):
                    for hit in batch.hits[:3]:
                        database.context(hit.session_id, hit.message_id, width=2)
            else:
                for session in database.sessions(limit=50).items:
                    database.heads(session.id)
                time.sleep(0.05)
            looks += 1
        told.write_text(str(looks))

    return look


def _count(path: Path, told: list[Path], looks: list[Path], outcome: Outcome) -> None:
    found = programs.answer(lambda: stores.state(path))
    outcome.faults += [fault for fault in found.faults if "counters" not in fault]
    outcome.searches = sum(int(one.read_text()) for one in looks if one.exists())
    seen: dict[int, list[int]] = {number: [] for number in range(len(told))}
    for text in found.texts:
        number, turn = map(int, text.split()[:2])
        seen[number].append(turn)
    for number, file in enumerate(told):
        lines = [line.split() for line in file.read_text().splitlines() if len(line.split()) == 2]
        outcome.appends += len(lines)
        outcome.longest_lock = max([outcome.longest_lock, *(float(longest) for _, longest in lines)])
        outcome.lost += len({int(turn) for turn, _ in lines} - set(seen[number]))
        outcome.doubled += len(seen[number]) - len(set(seen[number]))
