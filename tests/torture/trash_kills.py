"""Deletions and undos killed at any moment beside a writer: `python -m tests.torture --only trash`.

The writer appends to the session that is deleted, makes it again where it is gone, and to another one. In the end
everything is undone, and what is there is compared row by row with what was there before, and with what the writer was
told is stored. Nothing but forked children opens a store.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from store import SessionDB, SessionMissing
from store.base import step_sizing
from store.manage import delete as deletion
from tests.builders import jsonl, sqlite_of, talk
from tests.torture.repair_kills import acknowledged, in_child, killed, victim

CHAIN = ("root", "tip")
LIVE = "live "
OLD = 1.7e9


@dataclass
class Tally:
    """What was seen."""

    cycles: int = 0
    kills: int = 0
    midway: int = 0
    """Kills that left a deletion or an undo unfinished."""
    appended: int = 0
    """Messages that the writer was told are stored."""
    wrong: list[str] = field(default_factory=list)


def build(home: Path) -> None:
    """A chain, a branch below it, a bystander, and files."""
    db = SessionDB(home / "state.db")
    db.create_session("bystander", "cli")
    db.create_session("root", "telegram")
    db.create_session("tip", "telegram", parent_session_id="root")
    for number in range(0, 60, 3):
        for session_id in ("root", "bystander", "tip"):
            db.append_messages(session_id, [{**one, "timestamp": OLD} for one in talk(3, start=number)])
    db.append_message("tip", "user", "keyed", timestamp=OLD, key="call")
    db.end_session("root", "compression")
    db.create_session("branch", "cli", parent_session_id="root", model_config={"_branched_from": "root"})
    db.append_messages("branch", talk(2))
    db.close()
    jsonl(home, "root", talk(5))
    jsonl(home, "bystander", talk(5))


def write(home: Path, first: int, chance: random.Random) -> Callable[[Callable[[], None]], None]:
    """A writer that says after each message that it is stored."""

    def work(alive: Callable[[], None]) -> None:
        db = SessionDB(home / "state.db")
        for number in range(first, first + 1000):
            session_id = "tip" if number % 2 else "bystander"
            while True:
                db.ensure_session(session_id, "telegram")
                try:
                    db.append_message(session_id, "user", f"{LIVE}{number}", key=f"live-{number}")
                except SessionMissing:
                    continue
                break
            alive()
            time.sleep(0.01 + chance.random() * 0.02)

    return work


def delete(home: Path, *, early: bool) -> Callable[[Callable[[], None]], None]:
    """Delete the chain, or go on with it."""

    def work(alive: Callable[[], None]) -> None:
        db = SessionDB(home / "state.db")
        plan = db.plan_delete("tip")
        if early:
            alive()
        db.delete(plan, force=True, progress=lambda _: alive())

    return work


def restore(home: Path, operation: str, *, early: bool) -> Callable[[Callable[[], None]], None]:
    """Undo a deletion."""

    def work(alive: Callable[[], None]) -> None:
        db = SessionDB(home / "state.db")
        if early:
            alive()
        db.restore(operation, progress=lambda _: alive())

    return work


def look(home: Path) -> dict[str, Any]:
    """Rows of messages and sessions, keys, links, and the states of the deletions."""

    def read() -> dict[str, Any]:
        db = SessionDB(home / "state.db", read_only=True)

        def ask(connection: Any) -> dict[str, Any]:
            messages = connection.execute("SELECT id, session_id, role, content, timestamp FROM messages ORDER BY id")
            sessions = connection.execute("SELECT id, parent_session_id, end_reason FROM sessions ORDER BY id")
            keys = connection.execute("SELECT operation FROM hermes_tui_operations WHERE kind = 'append'")
            return {
                "messages": [list(row) for row in messages.fetchall()],
                "sessions": [list(row) for row in sessions.fetchall()],
                "keys": sorted(str(row[0]) for row in keys.fetchall()),
            }

        found = sqlite_of(db).reader.read(lambda connection, _: ask(connection))
        return found | {"trash": [[entry.id, entry.state] for entry in db.trash()]}

    found = in_child(read)
    assert isinstance(found, dict)
    return found


def unsound(home: Path) -> str:
    """What SQLite's check, the full-text index and the counters say; "" where all is sound."""

    def check() -> str:
        db = SessionDB(home / "state.db")

        def ask(connection: Any) -> str:
            checked = list(connection.execute("PRAGMA integrity_check"))
            broken = list(connection.execute("PRAGMA foreign_key_check"))
            connection.execute("INSERT INTO messages_fts(messages_fts, rank) VALUES ('integrity-check', 1)")
            ids = "SELECT count(*) FROM messages_fts WHERE rowid NOT IN (SELECT id FROM messages)"
            wrong = (
                "SELECT s.id, s.message_count, count(m.id) FROM sessions s LEFT JOIN messages m ON m.session_id = s.id"
                " GROUP BY s.id HAVING s.message_count <> count(m.id)"
            )
            found = [checked, broken, list(connection.execute(ids)), list(connection.execute(wrong))]
            return "" if found == [[("ok",)], [], [(0,)], []] else str(found)

        return sqlite_of(db).writer.transaction(ask)

    return str(in_child(check))


class Cycle:
    """A chain deleted and brought back, killed on the way."""

    def __init__(self, template: Path, home: Path, chance: random.Random, tally: Tally) -> None:
        shutil.copytree(template, home)
        self.home, self.chance, self.tally = home, chance, tally
        self.before = look(home)
        self.files = self.state_of_files()
        self.live = 0
        self.unsaid: set[int] = set()

    def state_of_files(self) -> dict[str, str]:
        """The files of sessions."""
        return {path.name: path.read_text() for path in sorted((self.home / "sessions").iterdir())}

    def run(self) -> None:
        """Delete and undo, once or twice, each killed or not; then compare."""
        for _ in range(self.chance.choice((1, 1, 2))):
            for _ in range(self.chance.choice((1, 2, 3))):
                self.attack(delete(self.home, early=self.is_early()))
            if self.chance.random() < 0.4:
                in_child(partial(self.finish_deletion))
            while any(state != "undone" for _, state in look(self.home)["trash"]):
                operation = next(name for name, state in look(self.home)["trash"] if state != "undone")
                if self.chance.random() < 0.5:
                    self.attack(restore(self.home, operation, early=self.is_early()))
                else:
                    in_child(partial(self.undo, operation))
        self.compare()

    def is_early(self) -> bool:
        """Whether the kill may come before the first step, while the trash is written."""
        return self.chance.random() < 0.4

    def finish_deletion(self) -> str:
        """Go on with a deletion to its end; one that came to its end before the kill has left nothing to delete."""
        db = SessionDB(self.home / "state.db")
        try:
            plan = db.plan_delete("tip")
        except SessionMissing:
            states = {str(entry.state) for entry in db.trash()}
            assert "done" in states, f"nothing to delete, and no deletion that did it: {states}"
            assert "running" not in states, "the row is gone from the plan while its deletion is unfinished"
            return "done"
        return str(db.delete(plan, force=True).state)

    def undo(self, operation: str) -> str:
        """Undo to its end."""
        return str(SessionDB(self.home / "state.db").restore(operation).state)

    def attack(self, work: Callable[[Callable[[], None]], None]) -> None:
        """Kill it beside a writer, and see that no message is there twice."""
        writer = victim(write(self.home, self.live, self.chance))
        self.tally.kills += killed(victim(work), self.chance)
        told = acknowledged(writer)
        found = look(self.home)
        self.tally.midway += any(state in ("running", "undoing") for _, state in found["trash"])
        texts = [row[3] for row in found["messages"] if str(row[3]).startswith(LIVE)]
        self.expect(len(texts) == len(set(texts)), f"doubled: {texts}")
        self.tally.appended += told
        self.unsaid.add(self.live + told)  # it was being written when the writer was killed, and may be stored
        self.live += told + 1

    def compare(self) -> None:
        """Everything is there once, with the ids that it had."""
        found = look(self.home)
        old = [row for row in found["messages"] if not str(row[3]).startswith(LIVE)]
        self.expect(old == self.before["messages"], f"messages differ: {_difference(old, self.before['messages'])}")
        self.expect(found["sessions"] == self.before["sessions"], f"sessions differ: {found['sessions']}")
        numbers = [int(str(row[3]).removeprefix(LIVE)) for row in found["messages"] if str(row[3]).startswith(LIVE)]
        self.expect(len(numbers) == len(set(numbers)), f"doubled: {numbers}")
        self.expect(len(found["keys"]) == len(numbers) + 1, f"{len(found['keys'])} keys of {len(numbers) + 1}")
        missing = set(range(self.live)) - set(numbers) - self.unsaid
        self.expect(not missing, f"lost: {sorted(missing)}")
        self.expect(self.state_of_files() == self.files, f"files differ: {list(self.state_of_files())}")
        trouble = unsound(self.home)
        self.expect(not trouble, f"not sound: {trouble}")

    def expect(self, holds: bool, words: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.tally.wrong.append(f"cycle {self.tally.cycles}: {words}")


def _difference(found: list[Any], wanted: list[Any]) -> str:
    lost = [row for row in wanted if row not in found]
    new = [row for row in found if row not in wanted]
    return json.dumps({"lost": lost[:5], "new": new[:5]})


def run(kills: int, seed: int) -> Tally:
    """So many kills."""
    step_sizing.STEP_ROWS = step_sizing.MIN_ROWS = 7
    step_sizing.MIN_PAUSE = 0.001
    deletion.ATTEMPTS = 1000
    chance, tally = random.Random(seed), Tally()
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=base) as folder:
        template = Path(folder) / "template"
        (template / "sessions").mkdir(parents=True)
        in_child(partial(build, template))
        while tally.kills < kills and len(tally.wrong) < 5:
            home = Path(folder) / "home"
            try:
                Cycle(template, home, chance, tally).run()
            except AssertionError as error:
                tally.wrong.append(f"cycle {tally.cycles}: {error}")
            shutil.rmtree(home, ignore_errors=True)
            tally.cycles += 1
    return tally
