"""Homes of a known size, made up word by word: `python -m tests.benchmarks.homes FOLDER --size M --seed 7`.

The tables are those of hermes-agent 0.19.0 (`store.sqlite.connect.create`), the indexes filled as its rebuild does.
Words follow Zipf's law over a made-up vocabulary; eight sessions are written in turn, so that their ids interleave;
one session in twenty is Chinese; one in a hundred has a clock that was set back in the middle.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import apsw

from store.sqlite.connect import create

START = 1_740_000_000.0
AT_ONCE = 8
PLANTED = {
    "docker": 0.13,
    "timeout": 0.05,
    "kubernetes": 0.01,
    "heliotrope": 0.001,
    "connection refused": 0.002,
    "no space left on device": 0.0005,
}
"""What stands in which share of the messages; `xylograph` is in one of 50,000, “the” and “of” in most."""
RARE = ("xylograph", 50_000)
_COMMON = "the of and to a in is it for on that this with as be are not error from file by run can you we i no yes"
_SYLLABLES = "ba ce di fo gu ha ji ko lu ma ne pi qo ru sa te vi wo xa ye zu tra ble con der fin gra hol int"
_PARTS = _SYLLABLES.split()
_ORDINARY = 40_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is in a home."""

    sessions: int
    messages: int
    deep: tuple[int, ...]
    """Messages of the longest sessions."""


SIZES = {
    "S": Size(1_000, 20_000, (2_000,)),
    "M": Size(10_000, 200_000, (10_000,)),
    "L": Size(55_000, 760_000, (100_000, 10_000)),
}


class _Author:
    """Writes messages."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._words = [*_COMMON.split(), *sorted({self._word() for _ in range(_ORDINARY)})]
        self._weights = list(accumulate(1 / (place + 2.7) ** 1.07 for place in range(len(self._words))))
        self._signs = [chr(0x4E00 + place * 7) for place in range(2_400)]
        self._sign_weights = list(accumulate(1 / (place + 5) ** 0.9 for place in range(len(self._signs))))

    def lengths(self, size: Size) -> list[int]:
        """Messages of each session: the deep ones, and the rest spread by a log-normal law."""
        left, many = size.messages - sum(size.deep), size.sessions - len(size.deep)
        drawn = [self._random.lognormvariate(0, 1) for _ in range(many)]
        scale = (left - many) / sum(drawn)
        found = [1 + int(one * scale) for one in drawn]
        found[0] += left - sum(found)
        return [*size.deep, *found]

    def text(self, place: int, *, chinese: bool) -> str:
        """What message `place` of a session says, without its role."""
        many = min(2_000, int(self._random.lognormvariate(4.0, 0.8)) + 3)
        if chinese:
            return self._chinese(many)
        words = self._random.choices(self._words, cum_weights=self._weights, k=many)
        for planted, share in PLANTED.items():
            if self._random.random() < share:
                words.insert(self._random.randrange(len(words)), planted)
        if self._random.random() < 1 / RARE[1]:
            words.append(RARE[0])
        breaks = {at: f"{words[at]}.\n" for at in range(14, len(words), 15)}
        return " ".join(breaks.get(at, word) for at, word in enumerate(words))

    def _chinese(self, many: int) -> str:
        signs = self._random.choices(self._signs, cum_weights=self._sign_weights, k=many)
        if self._random.random() < 0.05:
            signs.insert(self._random.randrange(len(signs) + 1), "部署")
        if self._random.random() < 0.02:
            signs.insert(self._random.randrange(len(signs)), "大别山")
        return "".join(f"{sign}。" if at % 20 == 19 else sign for at, sign in enumerate(signs))

    def _word(self) -> str:
        return "".join(self._random.choices(_PARTS, k=self._random.randint(2, 5)))

    def chance(self, share: float) -> bool:
        """True in that share of the cases."""
        return self._random.random() < share

    def pick(self, choices: list[str]) -> str:
        """One of several."""
        return self._random.choice(choices)

    def step(self) -> float:
        """Seconds between two messages."""
        return self._random.expovariate(1 / 4)


_Row = tuple[str, str, str, str | None, str | None, str | None, float]


@dataclass(slots=True)
class _Running:
    """A session while it is written."""

    name: str
    left: int
    chinese: bool
    back_at: int
    place: int = 0
    offset: float = 0.0


def _rows(author: _Author, lengths: list[int]) -> Iterator[_Row]:
    """All messages in the order of their ids."""
    waiting = [(f"2026{place:06d}", many) for place, many in enumerate(lengths)]
    deep, waiting = waiting[:2], waiting[2:][::-1]
    waiting = [*waiting[: len(waiting) // 2], *deep, *waiting[len(waiting) // 2 :]]
    running: list[_Running] = []
    clock, turn = START, 0
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            name, many = waiting.pop()
            back = many // 2 if author.chance(0.01) else -1
            running.append(_Running(name, many, author.chance(0.05), back))
        turn = (turn + 1) % len(running)
        one = running[turn]
        clock += author.step()
        if one.place == one.back_at:
            one.offset = -3_600.0
        yield _row(author, one, clock + one.offset)
        one.place, one.left = one.place + 1, one.left - 1
        if not one.left:
            del running[turn]
            turn = max(0, turn - 1)


def _row(author: _Author, one: _Running, timestamp: float) -> _Row:
    role = ("user", "assistant", "tool", "assistant")[one.place % 4]
    text = author.text(one.place, chinese=one.chinese)
    calls = name = None
    if role == "assistant" and one.place % 4 == 1:
        arguments = json.dumps({"command": text[:40]})
        calls = json.dumps([{"id": f"c{one.place}", "function": {"name": "terminal", "arguments": arguments}}])
    if role == "tool":
        name = author.pick(["terminal", "read_file", "web_search"])
    return one.name, role, text, calls, name, f"c{one.place - 1}" if name else None, timestamp


def build(folder: Path, size: Size, *, seed: int) -> Path:
    """Make the state.db of a home; its path. One that is there is left as it is."""
    path = folder / "state.db"
    if path.exists():
        return path
    unfinished = folder / "unfinished.db"
    unfinished.unlink(missing_ok=True)
    create.create(unfinished)
    author = _Author(seed)
    lengths = author.lengths(size)
    connection = apsw.Connection(str(unfinished))
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000")
    _fill(connection, author, lengths)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    unfinished.rename(path)
    return path


INDEXED = "COALESCE(content, '') || ' ' || COALESCE(tool_name, '') || ' ' || COALESCE(tool_calls, '')"


def _fill(connection: apsw.Connection, author: _Author, lengths: list[int]) -> None:
    sources, models = ["cli", "telegram", "discord", "cron"], ["claude-opus-4", "gpt-5", "hermes-4"]
    with connection:
        connection.executemany(
            "INSERT INTO sessions (id, source, model, started_at, title, cwd, message_count)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    f"2026{place:06d}",
                    author.pick(sources),
                    author.pick(models),
                    START + 4.0 * place,
                    f"{author.text(0, chinese=place % 20 == 7)[:60]} {place}",
                    f"/home/user/project{place % 40}",
                    many,
                )
                for place, many in enumerate(lengths)
            ),
        )
        connection.executemany(
            "INSERT INTO messages (session_id, role, content, tool_calls, tool_name, tool_call_id, timestamp)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            _rows(author, lengths),
        )
    for table in ("messages_fts", "messages_fts_trigram"):
        with connection:
            connection.execute(f"INSERT INTO {table}(rowid, content) SELECT id, {INDEXED} FROM messages ORDER BY id")


def main() -> None:
    """Make a home."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.homes")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", choices=SIZES, default="M")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    began = time.perf_counter()
    path = build(asked.folder, SIZES[asked.size], seed=asked.seed)
    print(f"{path}: {path.stat().st_size >> 20} MB in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
