"""Repairs killed at any moment while an agent appends to the same session: `python -m tests.torture.repair_kills`.

The full size is `--kills 10000`; what is counted are kills that came between the first and the last moment of a repair,
a finish or an undo.
After each kill the session is read: in order, nothing doubled, nothing lost of what was acknowledged.
Then the repair is finished, or undone, by its id, and what is left is compared row by row.
Nothing but forked children opens a store, so that a kill takes every lock and every connection with it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from store import Phase, SessionDB, StoreError
from store.base import step_sizing
from tests.builders import Dict, say, sqlite_of, write_jsonl

SESSION = "s1"
LONGEST = 0.08
"""Seconds after its first sign of life that a victim is killed at the latest."""
LIVE = "live "


@dataclass(frozen=True)
class Scene:
    """A session whose sources differ, and what they have in common."""

    name: str
    stored: tuple[int, ...]
    """Numbers of the messages that SQLite has,"""
    written: tuple[int, ...]
    """and the file; the union in order is all of them, rising."""
    gap: int = 0
    """Free ids below its first row."""


SCENES = (
    Scene("only the last two are stored", (58, 59), tuple(range(60))),
    Scene("two newer ones are stored", (1, 30, 58, 80, 81), tuple(range(60))),
    Scene("free ids below", (58, 59), tuple(range(60)), gap=80),
    Scene("the end is missing", (0, 1), tuple(range(40))),
    Scene("holes", tuple(range(0, 60, 3)), tuple(range(60))),
    Scene("holes on both sides", tuple(sorted({*range(0, 60, 4), *range(80, 90)})), tuple(range(80))),
)


@dataclass
class Tally:
    """What was seen."""

    cycles: int = 0
    kills: int = 0
    midway: int = 0
    """Kills that left an operation unfinished."""
    finished: int = 0
    undone: int = 0
    appended: int = 0
    """Messages that the agent was told are stored."""
    wrong: list[str] = field(default_factory=list)


def text(number: int) -> str:
    """What message `number` says; some repeat."""
    return "ok" if number % 7 == 3 else f"message {number} of a long conversation"


def message(number: int) -> Dict:
    """A message at its own second; from 80 on it is another day."""
    return say("assistant" if number % 2 else "user", text(number), timestamp=1.7e9 + number + 1e5 * (number >= 80))


def build(scene: Scene, home: Path) -> None:
    """The home of a scene: in a child, which ends before anybody copies the file."""
    db = SessionDB(home / "state.db")
    db.create_session("other", "cli")
    db.append_messages("other", [say("user", f"other {number}") for number in range(5)])
    db.create_session(SESSION, "telegram")
    if scene.gap:
        db.append_messages("other", [say("user", "gone")] * scene.gap)
        sqlite_of(db).writer.transaction(
            lambda connection: connection.execute("DELETE FROM messages WHERE content = 'gone'")
        )
    db.append_messages(SESSION, [message(number) for number in scene.stored])
    sqlite_of(db).writer.transaction(lambda connection: None)
    db.close()
    write_jsonl(home / "sessions" / f"{SESSION}.jsonl", [message(number) for number in scene.written])


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` gives, as JSON, from a process of its own; what it raises is a text."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            answer = {"ok": work()}
        except (StoreError, AssertionError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        with os.fdopen(writing, "w") as file:
            file.write(json.dumps(answer))
            file.flush()
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        said = file.read()
    os.waitpid(child, 0)
    answer = json.loads(said) if said else {"error": "a child died"}
    if "error" in answer:
        raise AssertionError(answer["error"])
    return answer["ok"]


def victim(work: Callable[[Callable[[], None]], None]) -> tuple[int, int]:
    """A process that works, and the pipe on which it gives signs of life."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            work(lambda: os.write(writing, b"."))  # type: ignore[arg-type]
        except StoreError:
            os._exit(1)
        os._exit(0)
    os.close(writing)
    return child, reading


def mend(home: Path, *, early: bool) -> Callable[[Callable[[], None]], None]:
    """Repair, or go on with a repair."""

    def work(alive: Callable[[], None]) -> None:
        db = SessionDB(home / "state.db")
        plan = db.plan(SESSION)
        if early:
            alive()
        db.repair(plan, progress=lambda progress: alive() if progress.phase is Phase.INSERT else None)

    return work


def take_back(home: Path, operation: str) -> Callable[[Callable[[], None]], None]:
    """Undo."""

    def work(alive: Callable[[], None]) -> None:
        SessionDB(home / "state.db").undo(operation, progress=lambda _: alive())

    return work


def undone(home: Path, operation: str) -> int:
    """How many messages an undo took out."""
    return SessionDB(home / "state.db").undo(operation).inserted


def append(home: Path, first: int, chance: random.Random) -> Callable[[Callable[[], None]], None]:
    """An agent that appends, and says so after each message that is stored."""

    def work(alive: Callable[[], None]) -> None:
        db = SessionDB(home / "state.db")
        for number in range(first, first + 1000):
            db.append_message(SESSION, "user", f"{LIVE}{number}")
            alive()
            time.sleep(0.01 + chance.random() * 0.01)

    return work


def look(home: Path) -> tuple[list[list[Any]], bool]:
    """Id and text of the session's rows, and whether an operation was stopped."""

    def read() -> list[Any]:
        db = SessionDB(home / "state.db", read_only=True)
        found = [[row["id"], row["content"]] for row in db.get_messages(SESSION, include_inactive=True)]
        return [found, any(one.unfinished for one in db.operations())]

    found, stopped = in_child(read)
    return found, stopped


def killed(process: tuple[int, int], chance: random.Random) -> bool:
    """Wait for a sign of life, then a little, then kill; whether it was still alive."""
    child, pipe = process
    os.read(pipe, 1)
    time.sleep(chance.random() * chance.choice((0.01, LONGEST / 3, LONGEST)))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(pipe)
    return os.WIFSIGNALED(status)


def acknowledged(process: tuple[int, int]) -> int:
    """Kill an agent; how many messages it was told are stored."""
    child, pipe = process
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(pipe, "rb") as file:
        return len(file.read())


def is_in_order(found: Sequence[str], whole: Sequence[str]) -> bool:
    """True where what was found is the whole with some left out."""
    rest = iter(whole)
    return all(one in rest for one in found)


class Cycle:
    """One session repaired, killed, examined, finished or undone."""

    def __init__(self, scene: Scene, template: Path, home: Path, chance: random.Random, tally: Tally) -> None:
        shutil.copytree(template, home)
        self.scene, self.home, self.chance, self.tally = scene, home, chance, tally
        self.union = [text(number) for number in sorted({*scene.stored, *scene.written})]
        self.stored = [text(number) for number in scene.stored]
        self.file = home / "sessions" / f"{SESSION}.jsonl"
        self.before = self.state_of_file()
        self.original, _ = look(home)
        self.live = 0

    def state_of_file(self) -> tuple[bytes, int, int]:
        """Everything that must not change of it."""
        about = self.file.stat()
        return self.file.read_bytes(), about.st_mtime_ns, about.st_ino

    def run(self) -> None:
        """The whole of it."""
        self.attack(mend(self.home, early=self.chance.random() < 0.2))
        for _ in range(self.chance.choice((0, 0, 1, 2))):
            self.attack(mend(self.home, early=self.chance.random() < 0.2))
        if self.chance.random() < 0.5:
            self.finish()
        else:
            self.undo()
        self.expect(self.state_of_file() == self.before, "the file changed")

    def attack(self, work: Callable[[Callable[[], None]], None]) -> None:
        """Kill it beside an agent that appends, and look at what is left."""
        with_agent = self.chance.random() < 0.8
        agent = victim(append(self.home, self.live, self.chance)) if with_agent else None
        self.tally.kills += killed(victim(work), self.chance)
        told = acknowledged(agent) if agent else 0
        self.examine(told)

    def examine(self, told: int) -> None:
        """In order, nothing doubled, nothing lost."""
        lying, stopped = look(self.home)
        found = [row[1] for row in lying]
        self.tally.midway += stopped
        live = [one for one in found if one.startswith(LIVE)]
        rest = [one for one in found if not one.startswith(LIVE)]
        numbers = [int(one.removeprefix(LIVE)) for one in live]
        self.expect(numbers == list(range(len(numbers))), f"live out of order: {numbers}")
        self.expect(len(live) >= self.live + told, f"lost live ones: {len(live)} of {self.live + told}")
        self.expect(found == rest + live, f"live ones not behind the rest: {found}")
        self.expect(is_in_order(rest, self.union), f"out of order or doubled: {rest}")
        self.expect(is_in_order(self.stored, rest), f"stored ones lost: {rest}")
        self.tally.appended += told
        self.live = len(live)

    def finish(self) -> None:
        """By its id where it was begun, and once more, which writes nothing."""

        def work() -> bool:
            db = SessionDB(self.home / "state.db")
            stopped = [one.id for one in db.operations() if one.unfinished]
            if stopped:
                db.finish(stopped[0])
            else:
                db.repair(db.plan(SESSION))
            version = sqlite_of(db).reader.data_version()
            again = db.repair(db.plan(SESSION))
            return again.operation is None and sqlite_of(db).reader.data_version() == version

        self.expect(in_child(work), "the second run wrote")
        found = [row[1] for row in look(self.home)[0] if not row[1].startswith(LIVE)]
        self.expect(found == self.union, f"not the union: {found}")
        self.examine(0)
        unsound = self.unsound()
        self.expect(not unsound, f"not sound: {unsound}")
        self.tally.finished += 1

    def undo(self) -> None:
        """By its id, killed on the way or not."""

        def read() -> list[str]:
            return [one.id for one in SessionDB(self.home / "state.db", read_only=True).operations()]

        for operation in in_child(read):
            for _ in range(self.chance.choice((0, 1, 2))):
                self.attack(take_back(self.home, operation))
            in_child(partial(undone, self.home, operation))
        found = [row for row in look(self.home)[0] if not row[1].startswith(LIVE)]
        self.expect(found == self.original, f"not as it was: {found}")
        self.examine(0)
        unsound = self.unsound()
        self.expect(not unsound, f"not sound: {unsound}")
        self.tally.undone += 1

    def unsound(self) -> str:
        """What SQLite's own check, the full-text index or the counter says; empty where all is sound."""

        def look() -> str:
            db = SessionDB(self.home / "state.db")

            def ask(connection: Any) -> str:
                checked = list(connection.execute("PRAGMA integrity_check"))
                connection.execute("INSERT INTO messages_fts(messages_fts, rank) VALUES ('integrity-check', 1)")
                ids = "SELECT count(*) FROM messages_fts WHERE rowid NOT IN (SELECT id FROM messages)"
                strangers = list(connection.execute(ids))
                return "" if (checked, strangers) == ([("ok",)], [(0,)]) else f"{checked}, strangers {strangers}"

            row = db.get_session(SESSION)
            assert row is not None
            counted, there = row["message_count"], db.message_count(SESSION)
            wrong = "" if counted == there else f"message_count {counted} of {there}"
            return f"{sqlite_of(db).writer.transaction(ask)}{wrong}"

        return str(in_child(look))

    def expect(self, holds: bool, words: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.tally.wrong.append(f"cycle {self.tally.cycles}, {self.scene.name}: {words}")


def run(kills: int, seed: int, tell: Callable[[Tally], None] = lambda _: None) -> Tally:
    """So many kills."""
    step_sizing.STEP_ROWS = 7
    step_sizing.MIN_PAUSE = 0.001
    chance, tally = random.Random(seed), Tally()
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=base) as folder:
        for place, scene in enumerate(SCENES):
            (Path(folder) / f"template{place}" / "sessions").mkdir(parents=True)
            in_child(partial(build, scene, Path(folder) / f"template{place}"))
        while tally.kills < kills and len(tally.wrong) < 5:
            place = chance.randrange(len(SCENES))
            home = Path(folder) / "home"
            try:
                Cycle(SCENES[place], Path(folder) / f"template{place}", home, chance, tally).run()
            except AssertionError as error:
                tally.wrong.append(f"cycle {tally.cycles}, {SCENES[place].name}: {error}")
            shutil.rmtree(home, ignore_errors=True)
            tally.cycles += 1
            tell(tally)
    return tally


def main() -> int:
    """Exit 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    started = time.time()
    tally = run(asked.kills, asked.seed)
    print(
        f"seed {asked.seed}: {tally.kills} kills in {tally.cycles} sessions, {tally.midway} of them midway,"
        f" {tally.appended} live appends, {tally.finished} finished, {tally.undone} undone,"
        f" {len(tally.wrong)} wrong, {time.time() - started:.0f} s"
    )
    for one in tally.wrong:
        print(one[:2000])
    return bool(tally.wrong)


if __name__ == "__main__":
    sys.exit(main())
