"""`python -m tests.benchmarks.contention`: how long an append waits in a crowd, as ratios of one run.

8 writers with think time beside 2 searchers of the commonest word, on a store of 20,000 messages: ours, ours without
its queue, a bare busy-timeout loop of apsw, and hermes-agent 0.19.0's own store (by HERMES_019_PYTHON, where it is).
Each takes its turn in every round; p99 and worst are medians over the rounds.
Then, in one process, appends alone and appends beside a thread that searches through the same store.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tests.torture import crowd, programs

ROOT = Path(__file__).parents[2]
NAMES = {
    "ours": "ours, with the queue",
    "jitter": "ours, jitter alone",
    "bare": "bare busy-timeout loop of apsw",
    "peer": "hermes-agent 0.19.0's own store",
}
PEER = os.environ.get("HERMES_019_PYTHON", "")


def main() -> None:
    """Measure, print a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.contention", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--appends", type=int, default=150, help="of each writer")
    parser.add_argument("--rows", type=int, default=20_000)
    given = parser.parse_args()
    kinds = ["ours", "jitter", "bare", *(["peer"] if PEER else [])]
    with tempfile.TemporaryDirectory(prefix="contention-") as name:
        folder = Path(name)
        programs.answer(lambda: crowd.seeded(folder / "seed" / "state.db", given.writers, rows=given.rows))
        print("| kind | p50 ms | p99 ms | worst ms | appends/s |\n|---|---|---|---|---|")
        crowds = crowded(folder, kinds, given.rounds, given.writers, given.appends)
        for kind, rows in crowds.items():
            p50, p99, worst, rate = (statistics.median(column) for column in zip(*rows, strict=True))
            print(f"| {kind} | {p50:.1f} | {p99:.1f} | {worst:.1f} | {rate:.0f} |", flush=True)
        ratios(crowds)
        beside = {
            kind: besides(folder, kind, given.rounds, given.appends) for kind in kinds if kind in ("ours", "peer")
        }
        print("\n| kind | append alone, median ms | beside a search of the commonest word | ratio |\n|---|---|---|---|")
        for kind, (alone, searched) in beside.items():
            print(f"| {kind} | {alone:.2f} | {searched:.2f} | {searched / alone:.1f} |")


def ratios(crowds: dict[str, list[tuple[float, float, float, float]]]) -> None:
    """Each against the peer and against the bare loop."""
    middle = {kind: [statistics.median(column) for column in zip(*rows, strict=True)] for kind, rows in crowds.items()}
    for kind in ("ours", "jitter"):
        if "peer" in middle:
            p99, worst = (middle[kind][place] / middle["peer"][place] for place in (1, 2))
            print(f"{kind}: p99 {p99:.2f} and worst {worst:.2f} of the peer's")
        print(f"{kind}: throughput {middle[kind][3] / middle['bare'][3]:.2f} of the bare loop's")


def crowded(
    folder: Path, kinds: list[str], rounds: int, writers: int, appends: int
) -> dict[str, list[tuple[float, float, float, float]]]:
    """p50, p99, worst in ms and appends a second, of every round of every kind."""
    found: dict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
    for turn in range(rounds):
        for kind in kinds[turn % len(kinds) :] + kinds[: turn % len(kinds)]:
            path = fresh(folder, f"{kind}{turn}")
            stop = path.parent / "stop"
            searchers = [start(kind, "search", path, n, 0, stop) for n in range(2)]
            running = [start(kind, "write", path, n, appends, stop) for n in range(writers)]
            until_ready(path.parent, writers)
            done = [ended(process) for process in running]
            waits = sorted(wait * 1000 for one in done for wait in one.waits)
            took = max(one.ended for one in done) - min(one.began for one in done)
            stop.touch()
            for process in searchers:
                ended(process)
            percentile = waits[int(len(waits) * 0.99)]
            found[kind].append((statistics.median(waits), percentile, waits[-1], len(waits) / took))
            shutil.rmtree(path.parent)
    return found


def besides(folder: Path, kind: str, rounds: int, appends: int) -> tuple[float, float]:
    """Medians in ms of appends alone and beside a search in the same process."""
    pairs = []
    for turn in range(rounds):
        path = fresh(folder, f"beside-{kind}{turn}")
        waits = ended(start(kind, "beside", path, 0, min(appends, 40), path.parent / "stop")).waits
        half = len(waits) // 2
        pairs.append((statistics.median(waits[:half]) * 1000, statistics.median(waits[half:]) * 1000))
        shutil.rmtree(path.parent)
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def fresh(folder: Path, name: str) -> Path:
    """A copy of the seeded store, on the disk."""
    shutil.copytree(folder / "seed", folder / name)
    for path in (folder / name).iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    return folder / name / "state.db"


def start(kind: str, job: str, path: Path, number: int, count: int, stop: Path) -> subprocess.Popen[str]:  # noqa: PLR0917
    """One program of the crowd."""
    python = PEER if kind == "peer" else sys.executable
    script = Path(__file__).with_name("contenders.py")
    return subprocess.Popen(
        [python, str(script), kind, job, str(path), str(number), str(count), str(stop)],
        env={**os.environ, "HERMES_HOME": str(path.parent), "PYTHONPATH": "" if kind == "peer" else str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def until_ready(folder: Path, writers: int) -> None:
    """Let all writers begin, as soon as the last one has opened its store, and the searchers search."""
    while len(list(folder.glob("ready*"))) < writers:
        time.sleep(0.01)
    time.sleep(0.5)
    (folder / "go").touch()


@dataclass(frozen=True, slots=True)
class Measured:
    """What one program measured."""

    waits: list[float]
    """Seconds."""
    began: float
    ended: float


def ended(process: subprocess.Popen[str]) -> Measured:
    """What it measured; it must have ended well."""
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0, f"a program of the crowd failed with {process.returncode}"
    return Measured(**json.loads(out.splitlines()[-1]))


if __name__ == "__main__":
    main()
