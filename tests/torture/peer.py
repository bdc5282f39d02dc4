"""hermes-agent 0.19.0 on one file with us: both write and read, we browse and repair; both are killed at random.

The peer runs in its own interpreter (HERMES_019_PYTHON) with its own SQLite, and opens what we created.
Sessions whose history lies in JSONL are repaired one after the other, while the peer appends to them. None is taken
back: what an undo leaves in an index that SQLite 3.40 writes too stands in RESULTS.md.
"""

from __future__ import annotations

import collections
import json
import os
import random
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from store import Refused, SessionDB, State
from tests import builders
from tests.torture import crowd, programs, stores

PYTHON = os.environ.get("HERMES_019_PYTHON", "")

WRITERS = 2
"""Of each kind."""
LOST = 40
"""Messages in the JSONL file of a session that is repaired; SQLite has the last two."""
PACE = 2.0
"""Seconds between two repairs at most."""

_PEER = """
import os, random, sys, time
from pathlib import Path
from hermes_state import SessionDB
path, session, told, seconds = Path(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])
chance, db, until = random.Random(os.getpid()), SessionDB(path), time.monotonic() + seconds
mended, turn = sys.argv[5:], 0
with open(told, "a") as acknowledgements:
    while time.monotonic() < until:
        turn += 1
        text = f"peer {os.getpid()} {turn} needle"
        target = chance.choice(mended) if turn % 5 == 0 else session
        db.append_message(target, "user", text)
        acknowledgements.write(text + "\\n")
        acknowledgements.flush()
        if turn % 7 == 0:
            db.search_messages("needle", limit=5)
            db.get_messages(session)
            db.get_messages_as_conversation(target)
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
    repairs: int = 0
    gave_way: int = 0
    """Repairs that stopped because the peer wrote to the session again and again; they were finished later."""
    kills: int = 0
    errors: int = 0
    """Programs that ended by themselves before their time."""
    lost: int = 0
    """Acknowledged messages that we or the peer do not see."""
    doubled: int = 0
    faults: list[str] = field(default_factory=list)


Program = int | subprocess.Popen[bytes]
"""Ours by its id, or the peer's."""


def run(*, seconds: float, seed: int = 1) -> Outcome:
    """Let writers of both kinds, a searcher, a browser and a mender loose; any of them is killed at any time."""
    chance = random.Random(seed)
    outcome = Outcome()
    with stores.folder() as folder:
        path = folder / "state.db"
        sessions = [f"m{number}" for number in range(max(6, int(seconds)))]
        programs.answer(lambda: _prepared(path, sessions))
        until = time.monotonic() + seconds
        begins = _cast(path, sessions, until)
        running = [begin() for begin in begins]
        while time.monotonic() < until - 1:
            time.sleep(0.3 + chance.random())
            number = chance.randrange(len(running))
            outcome.errors += _kill(running[number]) != -9
            outcome.kills += 1
            running[number] = begins[number]()
        for program in running:
            outcome.errors += (programs.end(program, kill=False) if isinstance(program, int) else program.wait()) != 0
        programs.answer(lambda: _settled(path, sessions))
        _verify(path, sessions, outcome)
    return outcome


def _prepared(path: Path, sessions: Sequence[str]) -> None:
    """A store with a session for each writer, and sessions that lack most of their history."""
    crowd.seeded(path, 2 * WRITERS, rows=400)
    database = SessionDB(path)
    (path.parent / "sessions").mkdir()
    for session in sessions:
        talk = [builders.say("user", f"{session} {number} needle", timestamp=1.7e9 + number) for number in range(LOST)]
        builders.jsonl(path.parent, session, talk)
        builders.store(database, session, talk[-2:])
    database.close()


def _cast(path: Path, sessions: Sequence[str], until: float) -> list[Callable[[], Program]]:
    """How each program is started, and started again after it was killed."""
    folder = path.parent
    ours = [
        partial(programs.start, _ours(path, f"w{number}", folder / f"told{number}", until)) for number in range(WRITERS)
    ]
    peers = [
        partial(_peer, path, [f"w{number}", *sessions], folder / f"told{number}", until)
        for number in range(WRITERS, 2 * WRITERS)
    ]
    readers = [
        partial(programs.start, crowd.looking(path, folder / f"r{number}", until, number)) for number in range(2)
    ]
    return [*ours, *peers, *readers, partial(programs.start, _mending(path, sessions, folder / "mended", until))]


def _peer(path: Path, sessions: Sequence[str], told: Path, until: float) -> Program:
    own, *mended = sessions
    command = [PYTHON, "-c", _PEER, str(path), own, str(told), str(until - time.monotonic()), *mended]
    return subprocess.Popen(command, env=_environment(path))


def _environment(path: Path) -> dict[str, str]:
    return {**os.environ, "HERMES_HOME": str(path.parent), "PYTHONPATH": ""}


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


def _mending(path: Path, sessions: Sequence[str], told: Path, until: float) -> Callable[[], None]:
    def mend() -> None:
        chance, database = random.Random(os.getpid()), SessionDB(path)
        with told.open("a") as done:
            over = {one.session_id for one in database.operations() if not one.unfinished}
            for session in (one for one in sessions if one not in over):
                if time.monotonic() < until and (said := _mend(database, session)):
                    done.write(f"{said}\n")
                    done.flush()
                    time.sleep(chance.random() * PACE)
            while time.monotonic() < until:  # everything is mended; the end comes for all at once
                time.sleep(0.1)

    return mend


def _mend(database: SessionDB, session: str) -> str:
    """Finish what was stopped, else repair; what was done, "" where it was done before."""
    known = [one for one in database.operations() if one.session_id == session]
    try:
        if known and known[0].unfinished:
            return str(database.finish(known[0].id).state)
        return "" if known else str(database.repair(database.plan(session)).state)
    except Refused:  # the peer was quicker, all the time
        return "gave way"


def _settled(path: Path, sessions: Sequence[str]) -> None:
    """Leave every session repaired."""
    database = SessionDB(path)
    for session in sessions:
        while _mend(database, session):
            pass
    database.close()


def _kill(program: Program) -> int:
    if isinstance(program, int):
        return programs.end(program)
    program.kill()
    return program.wait()


def _verify(path: Path, mended: Sequence[str], outcome: Outcome) -> None:
    sessions = [*(f"w{number}" for number in range(2 * WRITERS)), *mended]
    command = [PYTHON, "-c", _READ, str(path), *sessions]
    theirs = subprocess.run(command, env=_environment(path), capture_output=True, text=True, check=True)
    seen_by_peer = collections.Counter(json.loads(theirs.stdout.splitlines()[-1]))
    found = programs.answer(lambda: stores.state(path))
    seen = collections.Counter(text for text in found.texts if text.startswith(("ours", "peer")))
    acknowledged = [line for file in path.parent.glob("told*") for line in file.read_text().splitlines()]
    outcome.ours = sum(line.startswith("ours") for line in acknowledged)
    outcome.peers = len(acknowledged) - outcome.ours
    outcome.lost = sum(not seen[line] or not seen_by_peer[line] for line in acknowledged)
    outcome.doubled = sum(count - 1 for count in (seen | seen_by_peer).values())
    told = collections.Counter((path.parent / "mended").read_text().split("\n"))
    outcome.repairs, outcome.gave_way = told[State.DONE], told["gave way"]
    outcome.faults = [fault for fault in found.faults if "counters" not in fault]
    outcome.faults += programs.answer(lambda: [fault for session in mended for fault in _disorder(path, session)])


def _disorder(path: Path, session: str) -> list[str]:
    """What is wrong with the order of a repaired session: its history first, then each program's appends, rising."""
    texts = [str(row["content"]) for row in SessionDB(path, read_only=True).get_messages(session)]
    faults = []
    if texts[:LOST] != [f"{session} {number} needle" for number in range(LOST)]:
        faults.append(f"{session} does not begin with its history: {texts[:LOST]}")
    turns: dict[str, list[int]] = {}
    for text in texts[LOST:]:
        turns.setdefault(text.split()[1], []).append(int(text.split()[2]))
    faults += [f"{session}: appends of {pid} out of order" for pid, told in turns.items() if told != sorted(told)]
    return faults
