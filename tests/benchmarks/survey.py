"""What verdicts for a whole home cost: `python -m tests.benchmarks.survey [--files 10000] [--rounds 9]`.

A home of so many sessions, each with a JSONL file of 20 messages and 20 kB; every hundredth lacks its end in SQLite.
The first survey compares all by content; a repeat one has what the first remembered, in a process of its own.
Its cost is a ratio taken in one run against the least that could be done: `scandir` with a `stat` each, and one grouped
count. Memory is the peak of a process that surveys, for a tenth of the files and for all.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from store import Cancel, SessionDB
from tests.builders import sqlite_of

ROOT = Path(__file__).parents[2]
MESSAGES = 20
PADDING = "x" * 900
GROUPED = "SELECT session_id, count(*), max(id) FROM messages GROUP BY session_id"


def build(home: Path, files: int) -> int:
    """Write the home; the bytes of its files."""
    folder = home / "sessions"
    folder.mkdir(parents=True)
    db = SessionDB(home / "state.db")

    def work(connection: apsw.Connection) -> None:
        for number in range(files):
            name, began = f"202601{number % 28 + 1:02d}_{number:06d}_{number:08x}", 1.7e9 + number * 100
            said = [
                ("assistant" if place % 2 else "user", f"message {place} of {number}", began + place)
                for place in range(MESSAGES)
            ]
            stored = said[: 2 if number % 100 == 99 else MESSAGES]
            connection.execute("INSERT INTO sessions (id, source, started_at) VALUES (?, 'cli', ?)", (name, began))
            connection.executemany(
                "INSERT INTO messages (session_id, role, content, timestamp) VALUES (?, ?, ?, ?)",
                [(name, *one) for one in stored],
            )
            lines = (
                json.dumps({"role": role, "content": text, "timestamp": at, "padding": PADDING})
                for role, text, at in said
            )
            (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")

    sqlite_of(db).writer.transaction(work)
    db.close()
    return sum(path.stat().st_size for path in folder.iterdir())


def survey(home: Path, cache: Path) -> float:
    """One, through a handle that has read the list before, and with it the schema; its seconds."""
    db = SessionDB(home / "state.db", read_only=True, cache_dir=cache)
    db.recent()
    took = seconds(lambda: sum(len(step.drifts) for step in db.survey(cancel=Cancel())))
    db.close()
    return took


def child(home: Path, cache: Path, rounds: int) -> dict[str, Any]:
    """In a process of its own: a survey, then repeat ones beside the least that could be done."""
    used = time.process_time()
    first = survey(home, cache)
    used = time.process_time() - used
    ours = [survey(home, cache)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    db = SessionDB(home / "state.db", read_only=True)
    db.recent()
    least = [seconds(lambda: barely(home, db))]
    for _ in range(rounds - 1):
        ours.append(survey(home, cache))
        least.append(seconds(lambda: barely(home, db)))
    db.close()
    return {"first": first, "used": used, "ours": ours, "least": least, "peak": peak}


def barely(home: Path, db: SessionDB) -> tuple[int, int]:
    """A listing with a stat each, and one grouped count."""
    with os.scandir(home / "sessions") as entries:
        listed = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
    return len(listed), len(sqlite_of(db).reader.rows(GROUPED))


def glance(home: Path) -> dict[str, Any]:
    """In a process of its own: what a first frame needs."""
    db = SessionDB(home / "state.db", read_only=True)
    rows = seconds(db.recent)
    look: list[int] = []
    whole = seconds(lambda: look.append(len(db.glance().drifts)))
    return {"rows": rows, "whole": whole, "flags": look[0]}


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_child(*arguments: str) -> dict[str, Any]:
    """What a process of its own measures."""
    command = [sys.executable, "-m", "tests.benchmarks.survey", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def main() -> int:
    """Print the table; exit 1 where a repeat survey costs more than it may."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.survey", description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--glance", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(child(Path(asked.child[0]), Path(asked.child[1]), asked.rounds)))
        return 0
    if asked.glance:
        print(json.dumps(glance(Path(asked.glance))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), asked.files, asked.rounds)


def measure(folder: Path, files: int, rounds: int) -> int:
    """Both homes, one after the other."""
    few, many = folder / "few", folder / "many"
    build(few, max(files // 10, 1))
    size = build(many, files)
    small = in_child("--child", str(few), str(folder / "cache"), "--rounds", str(rounds))
    large = in_child("--child", str(many), str(folder / "cache"), "--rounds", str(rounds))
    look = in_child("--glance", str(many))
    ours, least = statistics.median(large["ours"]), statistics.median(large["least"])
    ratio = min(large["ours"]) / min(large["least"])
    growth = (large["peak"] - small["peak"]) * 1024 / max(files - files // 10, 1)
    print(f"{files} files of {size / 1e6:.0f} MB, {files * MESSAGES} messages; {rounds} rounds\n")
    print("| what | found |\n|---|---|")
    print(f"| first survey, all by content | {large['first']:.1f} s, of CPU {large['used']:.1f} (target 5) |")
    print(f"| repeat survey, median (best) | {ours * 1000:.0f} ms ({min(large['ours']) * 1000:.0f}) |")
    print(f"| scandir + stat + one count, median (best) | {least * 1000:.0f} ms ({min(large['least']) * 1000:.0f}) |")
    print(f"| ratio of the medians (of the best) | {ours / least:.2f} ({ratio:.2f}; target 1.5) |")
    print(f"| peak of the process, a tenth of the files / all | {small['peak']:.0f} / {large['peak']:.0f} MB |")
    print(f"| which is for each file | {growth:.2f} kB |")
    print(
        f"| first frame: 200 rows, and with {look['flags']} flags |"
        f" {look['rows'] * 1000:.0f} ms, {look['whole'] * 1000:.0f} ms |"
    )
    return int(min(ours / least, ratio) > 1.5)


if __name__ == "__main__":
    sys.exit(main())
