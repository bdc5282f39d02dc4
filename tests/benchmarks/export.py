"""Export of one long session: `python -m tests.benchmarks.export [MESSAGES]`.

For each format, the medians of three rounds: CPU seconds of the verb in a program of its own, how many times as long
it took as `json.dumps` over the same rows just before, and its peak of memory.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests import builders

WORDS = "the lock is held by cron and docker waits for a port that nobody listens on while tests run in the other shell"

ROUNDS = 3

PROBE = """
import resource, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_module("hermes_tui", run_name="__main__")
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def make(folder: Path, messages: int) -> Path:
    """A home with one session of so many messages, of 40 to 3,000 characters each."""
    home, chance, words = builders.home(folder), random.Random(5), WORDS.split()
    db = builders.db(home)
    db.create_session("long", "cli")
    for start in range(0, messages, 5000):
        turn = []
        for number in range(start, min(start + 5000, messages)):
            text = " ".join(chance.choice(words) for _ in range(chance.choice((8, 30, 80, 600))))
            turn.append(
                builders.say("assistant" if number % 2 else "user", f"{number} {text}", timestamp=1.7e9 + number)
            )
        db.append_messages("long", turn)
    db.close()
    return home


def dumps_seconds(home: Path) -> float:
    """CPU seconds of `json.dumps` over the session's rows, in one list after the other."""
    db = builders.db(home, read_only=True)
    spent, offset = 0.0, 0
    while rows := db.get_messages("long", limit=5000, offset=offset):
        offset += len(rows)
        start = time.process_time()
        for row in rows:
            json.dumps(row)
        spent += time.process_time() - start
    db.close()
    return spent


def export_seconds(home: Path, form: str, path: Path) -> tuple[float, int]:
    """CPU seconds of an export and its peak of memory in KB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "hermes_tui", "--home", str(home), "export", "long", "-f", form, "-o", str(path)],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, int(done.stderr.split()[-1])


def main(messages: int) -> None:
    """Print a line for each format."""
    with tempfile.TemporaryDirectory() as folder:
        home = make(Path(folder), messages)
        print(f"{messages} messages")
        for form in ("jsonl", "json", "txt", "md", "html"):
            path, rounds = Path(folder) / f"long.{form}", []
            for _ in range(ROUNDS):
                path.unlink(missing_ok=True)
                plain = dumps_seconds(home)
                seconds, peak = export_seconds(home, form, path)
                rounds.append((seconds / plain, seconds, plain, peak / 1024))
            ratio, taken, plain, megabytes = sorted(rounds)[ROUNDS // 2]
            against = f"{ratio:5.2f} x json.dumps ({plain:.2f} s)"
            print(f"{form:<6} {taken:6.2f} s  {against}  {path.stat().st_size / 1e6:6.1f} MB  peak {megabytes:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
