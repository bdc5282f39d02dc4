"""A long legacy session mended while an agent appends to another: `python -m tests.torture.repair_waits`.

What is told is how long an append of the agent waited, from its call to its acknowledgement, beside the repair and,
before it, alone; no append may wait longer than 250 ms for the repair.
The full size is `--messages 100000`: two minutes. Processes are forked, on the disk, not in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from store import SessionDB
from tests.builders import say, write_jsonl
from tests.torture.repair_kills import in_child

SESSION, OTHER = "legacy", "other"
MOST = 0.250
"""Seconds that an append may wait."""
THINKS = 0.02
"""Seconds between two appends of the agent."""
ALONE = 10.0
"""Seconds that the agent appends before the repair begins."""
WORDS = ("docker", "build", "fails", "on", "the", "bot", "because", "lock", "file", "was", "written", "by", "newer")


@dataclass(frozen=True, slots=True)
class Waits:
    """How long appends waited, in seconds."""

    number: int
    median: float
    p99: float
    worst: float


def text(number: int) -> str:
    """What message `number` says."""
    return f"{number} " + " ".join(WORDS[(number * 7 + place) % len(WORDS)] for place in range(number % 60))


def build(home: Path, messages: int) -> None:
    """SQLite has the last two of so many messages that JSONL has."""
    (home / "sessions").mkdir(parents=True)
    said = [
        say("assistant" if number % 2 else "user", text(number), timestamp=1.6e9 + number) for number in range(messages)
    ]
    db = SessionDB(home / "state.db")
    db.create_session(SESSION, "telegram")
    db.append_messages(SESSION, said[-2:])
    db.create_session(OTHER, "cli")
    db.close()
    write_jsonl(home / "sessions" / f"{SESSION}.jsonl", said)


def agent(home: Path, out: Path) -> int:
    """A process that appends until it is told to stop, and then writes when each append began and how long it took."""
    child = os.fork()
    if child:
        return child
    going = True

    def stop(*_: object) -> None:
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, stop)
    db = SessionDB(home / "state.db")
    took: list[tuple[float, float]] = []
    while going:
        began = time.monotonic()
        db.append_message(OTHER, "user", f"live {len(took)} " + text(len(took)))
        took.append((began, time.monotonic() - began))
        time.sleep(THINKS)
    out.write_text(json.dumps(took))
    os._exit(0)


def mend(home: Path) -> tuple[float, float, int, float]:
    """Plan and repair: when the writing began and ended, how many steps, the longest hold of the lock."""
    db = SessionDB(home / "state.db")
    plan = db.plan(SESSION)
    began = time.monotonic()
    receipt = db.repair(plan)
    return began, time.monotonic(), receipt.steps, receipt.longest_lock


def examined(home: Path, messages: int, appended: int) -> str:
    """What is wrong with the store now; "" where all is well."""
    db = SessionDB(home / "state.db", read_only=True)
    found = [message["content"] for message in db.get_messages_as_conversation(SESSION)]
    if found != [text(number) for number in range(messages)]:
        return "the mended session is not the union"
    live = db.message_count(OTHER)
    return "" if live == appended else f"{live} of {appended} appends are stored"


def waits(took: list[list[float]], begin: float, end: float) -> Waits:
    """Of the appends that began, or waited, between two moments."""
    within = sorted(seconds for began, seconds in took if began < end and began + seconds > begin) or [0.0]
    p99 = within[min(len(within) - 1, int(len(within) * 0.99))]
    return Waits(len(within), statistics.median(within), p99, within[-1])


def main() -> int:
    """Exit 1 where an append waited too long, or anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.repair_waits", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--alone", type=float, default=ALONE, help="seconds of appends before the repair")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="repair-waits-") as folder:
        home, out = Path(folder) / "home", Path(folder) / "took"
        in_child(partial(build, home, asked.messages))
        child = agent(home, out)
        time.sleep(asked.alone)
        start = time.monotonic()
        began, ended, steps, longest = in_child(partial(mend, home))
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        took = json.loads(out.read_text())
        wrong = in_child(partial(examined, home, asked.messages, len(took)))
    alone, beside = waits(took, 0.0, start), waits(took, began, ended)
    print("| appends | number | median | p99 | worst |\n|---|---|---|---|---|")
    for what, told in (("alone", alone), (f"beside the repair of {asked.messages} messages", beside)):
        times = " | ".join(f"{seconds * 1000:.0f} ms" for seconds in (told.median, told.p99, told.worst))
        print(f"| {what} | {told.number} | {times} |")
    print(f"\n{ended - began:.1f} s in {steps} steps, longest lock {longest * 1000:.0f} ms; {wrong or 'nothing wrong'}")
    return int(bool(wrong) or beside.worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
