"""Strings that are typed at a search to hurt it: `python -m tests.benchmarks.bombs HOME --strings 200000`.

Each is parsed and searched up to its first batch or its refusal, as a keystroke does; what is no QueryInvalid is an
error, and what takes longer than half a second is too slow.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from store import QueryInvalid, SessionDB
from store.query.parse import parse
from tests.hostile import HOSTILE

LIMIT = 0.5
_PIECES = (
    *('"', "'", "(", ")", "*", "-", "--", ":", "^", "{", "}", "+", "AND", "OR", "NOT", "NEAR(", "NEAR/2", ";", "/*"),
    *("source:", "model:x", "role:user", "role:zzz", "after:7d", "after:yesterdya", "before:2026-13", "is:", "is:live"),
    *("has:reasoning", 'title:"two words"', "cwd:", "-source:cron", "tool:terminal", "is:flagged", "content:docker"),
    *("docker", "the", "k", "ka", "timeout", "xylograph", "a", "of", "no", "dock*", '"connection refused"', "*docker"),
    *(
        "部署",
        "大",
        "大别山",
        "東京タワー",
        "한국어",
        "ﾊﾝｶｸ",
        "é",
        "e\u0301",
        "ß",
        "İ",
        "\u202e",
        "\u200b",
        "\ufeff",
        "😀",
        "\U000e0041",
    ),
    *(
        "\x00",
        "\x1b[31m",
        "\n",
        "\t",
        "\x7f",
        "\ud800",
        "\udfff",
        "\uffff",
        "%",
        "_",
        "\\",
        "user@host",
        "C:\\x",
        "a/b.c",
    ),
    *("1e999", "-1", "0", "9" * 40, "' OR 1=1 --", "\x00json:", "'; DROP TABLE sessions; --", "messages_fts", "rank:"),
)
BOMBS = (
    " OR ".join(["a"] * 100_000),
    " OR ".join(f"w{place}" for place in range(100_000)),
    '"' + " ".join(["the"] * 50_000) + '"',
    "NEAR(" * 200 + "a b" + ")" * 200,
    "NEAR(" + " ".join(["the"] * 200) + ", 1000)",
    "(" * 100_000,
    "(" * 300 + "a" + ")" * 300,
    " NOT ".join(["the"] * 20_000),
    " AND ".join(["the"] * 20_000),
    "-" * 100_000,
    '"' * 100_001,
    "*" * 100_000,
    " ".join(["a*"] * 2_000),
    " OR ".join(f"{chr(97 + place % 26)}*" for place in range(2_000)),
    "a" * 10_000_000,
    "大" * 100_000,
    " OR ".join(["部署"] * 1_000),
    " ".join(["部署"] * 1_000),
    " ".join(chr(0x4E00 + place) for place in range(500)),
    " OR ".join(chr(0x4E00 + place * 7) for place in range(120)),
    "\x00" * 100_000,
    "\U000e0041" * 100_000,
    "e\u0301" * 100_000,
    " ".join(["source:x"] * 10_000),
    " ".join(["-the"] * 10_000),
    "title:" + "x" * 1_000_000,
    "a.b.c." * 20_000,
    "the " * 100_000,
    " ".join(["of* the* to*"] * 10),
    "k* OR a* OR t* OR s*",
)


@dataclass(slots=True)
class Outcome:
    """What became of the strings."""

    strings: int = 0
    refused: int = 0
    errors: list[str] = field(default_factory=list)
    slow: list[tuple[float, str]] = field(default_factory=list)
    longest: float = 0.0
    most_work: float = 0.0
    """Seconds of the processor that the most laborious took; the machine's other work does not count."""
    seconds: float = 0.0


def strings(many: int, *, seed: int) -> Iterator[str]:
    """Random strings of pieces that mean something somewhere."""
    chance = random.Random(seed)
    for _ in range(many):
        pieces = chance.choices([*_PIECES, *HOSTILE], k=min(40, int(chance.expovariate(0.3)) + 1))
        glue = chance.choice(["", " ", " "])
        text = glue.join(pieces)
        if chance.random() < 0.1:
            text = "".join(chr(chance.randrange(0x11_0000)) for _ in range(chance.randrange(30)))
        yield text


def throw(database: SessionDB, texts: Sequence[str] | Iterator[str]) -> Outcome:
    """Type every string at a search, with and without the cursor behind it, and take its first batch."""
    outcome = Outcome()
    began = time.perf_counter()
    for number, text in enumerate(texts):
        outcome.strings += 1
        start, worked = time.perf_counter(), time.thread_time()
        try:
            next(database.search(parse(text, now=1.77e9, open_word=number % 2 == 0), limit=50), None)
        except QueryInvalid as error:
            outcome.refused += 1
            if "\n" in str(error):
                outcome.errors.append(f"more than one line for {text[:60]!r}")
        except Exception as error:
            outcome.errors.append(f"{type(error).__name__}: {error} for {text[:60]!r}")
            if len(outcome.errors) > 20:
                raise
        took = time.perf_counter() - start
        outcome.most_work = max(outcome.most_work, time.thread_time() - worked)
        outcome.longest = max(outcome.longest, took)
        if took > LIMIT:
            outcome.slow.append((took, text[:60]))
    outcome.seconds = time.perf_counter() - began
    return outcome


def main() -> int:
    """Throw everything at the store of a home; 1 where something broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bombs")
    parser.add_argument("home", type=Path)
    parser.add_argument("--strings", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    database = SessionDB(asked.home / "state.db", read_only=True)
    bad = 0
    for name, texts in (("strings", strings(asked.strings, seed=asked.seed)), ("bombs", BOMBS)):
        found = throw(database, texts)
        bad += len(found.errors) + len(found.slow)
        print(
            f"{found.strings} {name}: {len(found.errors)} errors, {found.refused} refused in one line,"
            f" {len(found.slow)} over {LIMIT * 1000:.0f} ms, longest {found.longest * 1000:.0f} ms,"
            f" most work {found.most_work * 1000:.0f} ms,"
            f" {found.seconds:.0f} s"
        )
        for line in (*found.errors, *(f"{took * 1000:.0f} ms: {text!r}" for took, text in found.slow)):
            print(f"  {line}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
