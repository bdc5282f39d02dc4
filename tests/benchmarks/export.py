"""Export of one long session: `python -m tests.benchmarks.export [--calls] [MESSAGES]`.

For each format, the medians of three rounds: CPU seconds of the verb in a program of its own, how many times as long
it took as `json.dumps` over the same rows just before, and its peak of memory.
"""

from __future__ import annotations

import argparse
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


def make(folder: Path, messages: int, *, calls: bool) -> Path:
    """A home with one session of so many messages: texts of 40 to 3,000 characters, or prompts, calls and results."""
    home, chance = builders.home(folder), random.Random(5)
    db = builders.db(home)
    db.create_session("long", "cli")
    make_message = called if calls else written
    for start in range(0, messages, 5000):
        numbers = range(start, min(start + 5000, messages))
        db.append_messages("long", [make_message(number, chance) for number in numbers])
    db.close()
    return home


def some_words(chance: random.Random, number: int) -> str:
    """So many words."""
    words = WORDS.split()
    return " ".join(chance.choice(words) for _ in range(number))


def written(number: int, chance: random.Random) -> builders.Dict:
    """A message of text alone."""
    text = f"{number} {some_words(chance, chance.choice((8, 30, 80, 600)))}"
    return builders.say("assistant" if number % 2 else "user", text, timestamp=1.7e9 + number)


def called(number: int, chance: random.Random) -> builders.Dict:
    """A prompt, an answer with its thoughts and a call, or the result of that."""
    time, kind = 1.7e9 + number, number % 3
    if kind == 0:
        return builders.say("user", some_words(chance, 20), timestamp=time)
    if kind == 1:
        arguments = json.dumps({"command": f"ls -la /tmp/{number} && cat x.py", "timeout": 30})
        call = {"id": f"call_{number}", "type": "function", "function": {"name": "terminal", "arguments": arguments}}
        thoughts = some_words(chance, 30)
        return builders.say("assistant", some_words(chance, 40), timestamp=time, tool_calls=[call], reasoning=thoughts)
    result = json.dumps({"output": f"{some_words(chance, 100)}\nline: a=b", "exit_code": 0})
    return builders.say("tool", result, timestamp=time, tool_call_id=f"call_{number - 1}", tool_name="terminal")


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


def main(messages: int, *, calls: bool) -> None:
    """Print a line for each format."""
    with tempfile.TemporaryDirectory() as folder:
        home = make(Path(folder), messages, calls=calls)
        print(f"{messages} messages{', a third of them calls, a third results' if calls else ''}")
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
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.export")
    parser.add_argument("messages", type=int, nargs="?", default=100_000)
    parser.add_argument("--calls", action="store_true", help="prompts, calls and results in place of texts")
    given = parser.parse_args()
    main(given.messages, calls=given.calls)
