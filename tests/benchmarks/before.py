"""`python -m tests.benchmarks.before CHECKOUT`: an append and a first hit here, beside those of another checkout.

Both have a copy of the same store and work in turns, a batch of each in every round. What is timed is the thread's
processor time, so that a busy machine takes both alike (tests/benchmarks/GUARD.md).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 60
BATCH = 20
DESCRIPTORS = 20
WORDS = ("the", "docker", "needle", "of", "error", "and", "tmux", "it", "deploy", "grep")

Costs = dict[str, float]
"""What was done -> median microseconds of a batch."""


def work(path: Path) -> None:
    """A batch for each line of the standard input, by the `store` of the current folder; prints its costs as JSON."""
    from store import SessionDB

    database, chance = SessionDB(path), random.Random(1)
    database.append_message("w0", "user", "the first one opens")
    next(iter(database.search("the", limit=20)))
    while len(os.listdir("/proc/self/fd")) <= DESCRIPTORS:
        os.open(os.devnull, os.O_RDONLY)
    for _ in sys.stdin:
        costs = {
            "an append": _median(lambda: database.append_message("w0", "user", " ".join(chance.choices(WORDS, k=40)))),
            "a first hit": _median(lambda: next(iter(database.search("the", limit=20)))),
        }
        print(json.dumps(costs), flush=True)


def _median(call: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(BATCH):
        began = time.thread_time()
        call()
        times.append((time.thread_time() - began) * 1e6)
    return statistics.median(times)


def compared(before: Path, seed: Path, folder: Path) -> dict[str, list[tuple[float, float]]]:
    """What was done -> (before, now) of each round."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with ExitStack() as stack:
        programs: list[subprocess.Popen[str]] = []
        for checkout in (before, ROOT):
            copy = shutil.copytree(seed.parent, folder / f"{len(programs)}")  # with its WAL
            command = [sys.executable, str(Path(__file__).resolve()), "--work", str(copy / seed.name)]
            programs.append(stack.enter_context(_program(command, checkout)))
        for number in range(ROUNDS + 1):
            order = programs if number % 2 else programs[::-1]
            answers = {id(program): _ask(program) for program in order}
            for what in answers[id(programs[0])] if number else ():  # the first round warms up
                found[what].append((answers[id(programs[0])][what], answers[id(programs[1])][what]))
    return found


def _program(command: list[str], checkout: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _ask(program: subprocess.Popen[str]) -> Costs:
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write("go\n")
    program.stdin.flush()
    costs: Costs = json.loads(program.stdout.readline())
    return costs


def main() -> None:
    """Measure, print a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.before", description=__doc__)
    parser.add_argument("checkout", type=Path)
    given = parser.parse_args()
    from tests.torture import crowd, programs

    with tempfile.TemporaryDirectory(prefix="before-") as folder:
        seed = Path(folder) / "seed" / "state.db"
        seed.parent.mkdir()
        programs.answer(lambda: crowd.seeded(seed, 1, rows=20_000))
        found = compared(given.checkout.resolve(), seed, Path(folder))
    print("| µs of processor time, medians | before | now | difference | ratio |\n|---|---|---|---|---|")
    for what, pairs in found.items():
        before, now = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(after / earlier for earlier, after in pairs)
        print(f"| {what}, {len(pairs)} rounds | {before:.0f} | {now:.0f} | {now - before:+.0f} | {ratio:.2f}× |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]))
    else:
        main()
