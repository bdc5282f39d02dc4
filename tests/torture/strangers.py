"""The standard library's SQLite in a process that has the store open, beside another agent and a visitor.

Strangers come, stay, go, or come and go: between our transactions, beside them in a thread, and inside them. What we
acknowledged, and what the other agent did, is counted by a fresh program.
The other agent writes between our transactions only, else it reads: a stranger that goes while a COMMIT writes leaves
two writers in one WAL, which can destroy the file (docs/reliability.md S2d), and no look of ours comes early enough.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.torture import stores

WHEN = ("between", "beside", "inside")
"""Where the stranger comes, seen from our transactions."""

_OURS = """
import json, os, random, sqlite3, sys, threading, time
from pathlib import Path
from store import ForeignHandle, SessionDB, StoreError
path, told, when, rounds, seed = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
chance = random.Random(seed)
found = {"acknowledged": 0, "raised": 0, "missed": 0, "visits": 0, "other": {}}
def opened():
    end = time.monotonic() + 60
    while True:
        try:
            db = SessionDB(path, patience=20)
            db.message_count("s")
            return db
        except StoreError:
            if time.monotonic() > end:
                raise
            time.sleep(0.002)
def visit(stay=0.0):
    found["visits"] += 1
    stranger = sqlite3.connect(path, timeout=1, check_same_thread=False)
    try:
        if chance.random() < 0.8:
            stranger.execute("SELECT count(*) FROM messages").fetchall()
        time.sleep(stay)
    except sqlite3.Error:
        pass
    stranger.close()
def append(db, number):
    text = f"ours {os.getpid()} {number}"
    try:
        db.append_messages("s", [{"role": "user", "content": f"{text} {place} " + "x" * 500} for place in range(5)])
    except ForeignHandle:
        found["raised"] += 1
        return False
    except StoreError as error:
        name = type(error).__name__
        found["other"][name] = found["other"].get(name, 0) + 1
        return False
    for place in range(5):
        acknowledgements.write(f"{text} {place}\\n")
    acknowledgements.flush()
    found["acknowledged"] += 5
    return True
def between(number):
    db = opened()
    append(db, number)
    if chance.random() < 0.5:
        visit()
    else:
        stranger = sqlite3.connect(path, timeout=1)
        stranger.execute("SELECT count(*) FROM messages").fetchall()
        found["visits"] += 1
        found["missed"] += append(db, f"{number}b")
        stranger.close()
    found["missed"] += append(db, f"{number}c")
def beside(number):
    db = opened()
    thread = threading.Thread(target=lambda: (time.sleep(chance.random() * 0.3), visit(chance.random() * 0.005)))
    thread.start()
    turn = 0
    while append(db, f"{number}-{turn}") and turn < 200:
        turn += 1
    thread.join()
    found["missed"] += append(db, f"{number}z")
def inside(number):
    db = opened()
    append(db, number)
    if chance.random() < 0.5:
        try:
            db.store.write(lambda transaction: visit())
            found["missed"] += 1
        except ForeignHandle:
            found["raised"] += 1
    else:
        db.store.engine.writer._opened._idle[-1].set_commit_hook(lambda: visit() is not None)
        try:
            db.append_message("s", "user", f"not acknowledged {number}")
            found["missed"] += 1
        except ForeignHandle:
            found["raised"] += 1
with open(told, "a") as acknowledgements:
    for number in range(rounds):
        {"between": between, "beside": beside, "inside": inside}[when](number)
print(json.dumps(found))
"""
_OTHER = """
import os, sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
connection.execute("PRAGMA synchronous = FULL")
number = 0
with open(sys.argv[2], "a") as acknowledgements:
    while not os.path.exists(sys.argv[3]):
        text = f"other {os.getpid()} {number}"
        connection.execute("INSERT INTO messages (session_id, role, content, timestamp) VALUES ('s', '', ?, 1)", [text])
        acknowledgements.write(f"{text}\\n")
        acknowledgements.flush()
        number += 1
        time.sleep(0.004)
"""
_READER = """
import os, sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
while not os.path.exists(sys.argv[3]):
    connection.execute("SELECT count(*) FROM messages").fetchall()
    time.sleep(0.004)
"""
_VISITOR = """
import os, sqlite3, sys, time
while not os.path.exists(sys.argv[2]):
    connection = sqlite3.connect(sys.argv[1], timeout=20)
    connection.execute("SELECT count(*) FROM sessions").fetchall()
    connection.close()
    time.sleep(0.01)
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found of one kind of visit."""

    when: str
    visits: int
    acknowledged: int
    others: int
    """Messages that the other agent acknowledged."""
    raised: int
    missed: int
    """Visits after or in which something was acknowledged all the same."""
    lost: int
    others_lost: int
    faults: tuple[str, ...]


def run(*, rounds: int, seed: int) -> Iterator[Outcome]:
    """Visits of each kind, so many of each."""
    for when in WHEN:
        with stores.folder() as folder:
            yield _run(folder, when, rounds, seed)


def _run(folder: Path, when: str, rounds: int, seed: int) -> Outcome:
    path, done = stores.template(folder, "wal"), folder / "done"
    other = _OTHER if when == "between" else _READER
    others = [_program(other, path, folder / "other", done), _program(_VISITOR, path, done)]
    ours = _program(_OURS, path, folder / "ours", when, rounds, seed)
    said = ours.communicate()[0]
    done.touch()
    failed = [program.wait() for program in (ours, *others)]
    found = json.loads(said) if said else {}
    state = _answer(path)
    texts = {" ".join(text.split(" ")[: 4 if text.startswith("ours") else 3]) for text in state["texts"]}
    ours_told, others_told = (_lines(folder / name) for name in ("ours", "other"))
    return Outcome(
        when,
        found.get("visits", 0),
        len(ours_told),
        len(others_told),
        found.get("raised", 0),
        found.get("missed", 0),
        len(ours_told - texts),
        len(others_told - texts),
        (*state["faults"], *(f"exit code {code}" for code in failed if code)),
    )


def _program(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


_ANSWER = """
import dataclasses, json, sys
from pathlib import Path
from tests.torture import stores
state = stores.state(Path(sys.argv[1]))
faults = [fault for fault in state.faults if "counters" not in fault]
print(json.dumps({"texts": state.texts, "faults": faults}))
"""


def _answer(path: Path) -> dict[str, list[str]]:
    """What a fresh program finds."""
    answer: dict[str, list[str]] = json.loads(_program(_ANSWER, path).communicate()[0])
    return answer


def _lines(path: Path) -> set[str]:
    return set(path.read_text().splitlines()) if path.exists() else set()
