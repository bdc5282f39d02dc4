"""hermes-agent 0.19.0 on one file with us: both write, both read, both are killed at random.

The peer runs in its own interpreter (HERMES_019_PYTHON) with its own SQLite, and opens what we created.
"""

from __future__ import annotations

import collections
import json
import os
import random
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from store import SessionDB
from tests.torture import crowd, programs, stores

PYTHON = os.environ.get("HERMES_019_PYTHON", "")

_PEER = """
import os, random, sys, time
from pathlib import Path
from hermes_state import SessionDB
path, session, told, seconds = Path(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])
chance, db, until = random.Random(os.getpid()), SessionDB(path), time.monotonic() + seconds
turn = 0
with open(told, "a") as acknowledgements:
    while time.monotonic() < until:
        turn += 1
        text = f"peer {os.getpid()} {turn} needle"
        db.append_message(session, "user", text)
        acknowledgements.write(text + "\\n")
        acknowledgements.flush()
        if turn % 7 == 0:
            db.search_messages("needle", limit=5)
            db.get_messages(session)
        time.sleep(chance.random() * 0.05)
db.close()
"""
_READ = """
import json, sys
from pathlib import Path
from hermes_state import SessionDB
db = SessionDB(Path(sys.argv[1]))
print(json.dumps([m["content"] for s in sys.argv[2:] for m in db.get_messages(s)]))
db.close()
"""


@dataclass(slots=True)
class Outcome:
    """What was found."""

    ours: int = 0
    """Messages that we acknowledged."""
    peers: int = 0
    kills: int = 0
    errors: int = 0
    """Programs that ended by themselves before their time."""
    lost: int = 0
    """Acknowledged messages that we or the peer do not see."""
    doubled: int = 0
    faults: list[str] = field(default_factory=list)


def run(*, seconds: float, writers: int = 2, seed: int = 1) -> Outcome:
    """Let so many of each write beside a searcher and a browser of ours."""
    chance = random.Random(seed)
    outcome = Outcome()
    with stores.folder() as folder:
        path = folder / "state.db"
        programs.answer(lambda: crowd.seeded(path, 2 * writers, rows=400))
        sessions = [f"w{number}" for number in range(2 * writers)]
        told = [folder / f"told{number}" for number in range(2 * writers)]
        until = time.monotonic() + seconds
        running: list[int | subprocess.Popen[bytes]] = [
            _begin(path, sessions[n], told[n], until, n >= writers) for n in range(2 * writers)
        ]
        readers = [programs.start(crowd.looking(path, folder / f"r{n}", until, n)) for n in range(2)]
        while time.monotonic() < until - 1:
            time.sleep(0.3 + chance.random())
            number = chance.randrange(len(running))
            outcome.errors += _kill(running[number]) != -9
            outcome.kills += 1
            running[number] = _begin(path, sessions[number], told[number], until, number >= writers)
        for program in running:
            outcome.errors += (
                program.wait() if not isinstance(program, int) else programs.end(program, kill=False)
            ) != 0
        for pid in readers:
            outcome.errors += programs.end(pid, kill=False) != 0
        _judge(path, sessions, told, outcome)
    return outcome


def _begin(path: Path, session: str, told: Path, until: float, peer: bool) -> int | subprocess.Popen[bytes]:
    left = until - time.monotonic()
    if peer:
        environment = {**os.environ, "HERMES_HOME": str(path.parent), "PYTHONPATH": ""}
        return subprocess.Popen([PYTHON, "-c", _PEER, str(path), session, str(told), str(left)], env=environment)
    return programs.start(_ours(path, session, told, until))


def _ours(path: Path, session: str, told: Path, until: float) -> Callable[[], None]:
    def write() -> None:
        chance, database, turn = random.Random(os.getpid()), SessionDB(path), 0
        with told.open("a") as acknowledgements:
            while time.monotonic() < until:
                turn += 1
                text = f"ours {os.getpid()} {turn} needle"
                database.append_message(session, "user", text, key=text)
                acknowledgements.write(text + "\n")
                acknowledgements.flush()
                time.sleep(chance.random() * 0.05)

    return write


def _kill(program: int | subprocess.Popen[bytes]) -> int:
    if isinstance(program, int):
        return programs.end(program)
    program.kill()
    return program.wait()


def _judge(path: Path, sessions: list[str], told: list[Path], outcome: Outcome) -> None:
    theirs = subprocess.run(
        [PYTHON, "-c", _READ, str(path), *sessions],
        env={**os.environ, "HERMES_HOME": str(path.parent), "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    seen_by_peer = collections.Counter(json.loads(theirs.stdout.splitlines()[-1]))
    found = programs.answer(lambda: stores.state(path))
    seen = collections.Counter(text for text in found.texts if text.startswith(("ours", "peer")))
    acknowledged = [line for file in told for line in file.read_text().splitlines()]
    outcome.ours = sum(line.startswith("ours") for line in acknowledged)
    outcome.peers = len(acknowledged) - outcome.ours
    outcome.lost = sum(not seen[line] or not seen_by_peer[line] for line in acknowledged)
    outcome.doubled = sum(count - 1 for count in seen.values())
    outcome.faults = [fault for fault in found.faults if "counters" not in fault]
