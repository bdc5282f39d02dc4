"""Search in numbers: `python -m tests.benchmarks.search --size M --homes FOLDER --peer PYTHON` prints Markdown.

Every figure that matters is a ratio of two times taken in this one run, on warm files, each the best of several: the
machine is shared. Absolute times are for scale.
The peer is hermes-agent's own `SessionDB` in a process of its interpreter.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import apsw

from hermes_tui.__main__ import SWITCH
from hermes_tui.render.fallback import fallback_words
from store import Batch, Cancel, Hit, Interrupted, SessionDB
from store.query.json_escapes import searchable_text as searched_text
from store.query.parse import accepts, parse
from store.sqlite.search import bm25
from store.sqlite.search.fts5_match import match_words
from tests.benchmarks import homes

T = TypeVar("T")
P = ParamSpec("P")

WORDS = {
    "the": "word in most messages",
    "docker": "word in one of 8",
    "kubernetes": "word in 1 %",
    "heliotrope": "word in 0.1 %",
    "docker timeout": "two words",
    '"connection refused"': "phrase",
    "xylograph": "rare word",
    "kuber*": "prefix",
}
CONTENT = "the", "docker", "kubernetes", '"connection refused"', "docker timeout"
KEYSTROKES = ("k", "ka", "kat", "the", "the e", "docker", "do", "大", "部署", "source:cli x", "-the", "is:flagged", "z")
PRESSES = 400
PROMISED_DEPTH = 100_000
"""Messages of the session that the target for windows speaks of."""


def timed(repeats: int, action: Callable[P, T], *given: P.args, **named: P.kwargs) -> tuple[float, T]:
    """Milliseconds, the best of so many after one that warms up, and what came out last."""
    found = action(*given, **named)
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        found = action(*given, **named)
        took.append((time.perf_counter() - began) * 1000)
    return min(took), found


@contextmanager
def bare(path: Path) -> Iterator[apsw.Connection]:
    """A plain connection, with nothing of ours around it."""
    connection = apsw.Connection(f"{path.absolute().as_uri()}?mode=ro", flags=apsw.SQLITE_OPEN_URI | 1)
    with closing(connection):
        yield connection


class Report:
    """Markdown, a line at a time."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def table(self, title: str, *columns: str) -> None:
        """Begin a table."""
        print(f"\n### {title}\n")
        print(f"| {' | '.join(columns)} |")
        print(f"|{'---|' * len(columns)}")

    def row(self, *cells: object) -> None:
        """One row."""
        print(
            f"| {' | '.join(f'{cell:.2f}' if isinstance(cell, float) else str(cell) for cell in cells)} |", flush=True
        )

    def verified(self, what: str, ratio: float, *, at_least: float = 0.0, at_most: float = 1e18) -> str:
        """The ratio and whether it is as promised."""
        good = at_least <= ratio <= at_most
        if not good:
            self.missed.append(what)
        return (
            f"{ratio:,.2f}× {'ok' if good else 'MISSED'}"
            if ratio < 10
            else f"{ratio:,.0f}× {'ok' if good else 'MISSED'}"
        )


def first(database: SessionDB, words: str) -> Batch:
    """The first batch, its hits hydrated; the rest is not asked for."""
    with closing(database.search(words)) as batches:  # type: ignore[type-var]
        return next(batch for batch in batches if batch.hits or batch.done)


def searched(database: SessionDB, words: str, limit: int) -> list[Hit]:
    """All hits up to a limit."""
    return [hit for batch in database.search(words, limit=limit) for hit in batch.hits]


def around(database: SessionDB, asked: Sequence[tuple[str, int]]) -> list[object]:
    """The windows round some messages."""
    return [database.context(session_id, one, width=1) for session_id, one in asked]


def asked(connection: apsw.Connection, sql: str, *bindings: str | int) -> list[object]:
    """All rows of a bare statement."""
    return list(connection.execute(sql, bindings))


_SHOWN = "m.id, m.session_id, m.role, m.content, m.tool_calls, m.tool_name, m.timestamp, s.source, s.model, s.title"


def hydrated(connection: apsw.Connection, words: str, many: int) -> list[object]:
    """The newest matches with what a hit shows, as one bare statement."""
    sql = (
        f"SELECT {_SHOWN}"
        " FROM messages_fts f CROSS JOIN messages m ON m.id = f.rowid LEFT JOIN sessions s ON s.id = m.session_id"
        " WHERE f.messages_fts MATCH ? AND (m.active IS NOT 0 OR m.compacted IS 1) ORDER BY f.rowid DESC LIMIT ?"
    )
    return list(connection.execute(sql, (match_words(parse(words, now=0.0)), many)))


def ask_peer(python: str | None, path: Path, questions: object) -> dict[str, dict[str, list[float]]]:
    """What hermes-agent takes; nothing where it is not here."""
    if python is None:
        return {"search": {}, "context": {}}
    script = Path(__file__).with_name("peer.py")
    done = subprocess.run(
        [python, str(script), str(path)], input=json.dumps(questions), capture_output=True, text=True, check=True
    )
    found: dict[str, dict[str, list[float]]] = json.loads(done.stdout)
    return found


def windows(path: Path) -> dict[str, list[tuple[str, int]]]:
    """Twenty messages of the deepest session, and twenty of small ones."""
    with bare(path) as connection:
        deep = connection.execute(
            "SELECT session_id FROM messages GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        ).fetchall()
        chance = random.Random(7)
        ids = [int(str(row[0])) for row in connection.execute("SELECT id FROM messages WHERE session_id = ?", deep[0])]
        small = connection.execute(
            "SELECT session_id, max(id) FROM messages GROUP BY 1 HAVING count(*) BETWEEN 10 AND 50"
            " ORDER BY 2 LIMIT 2000"
        ).fetchall()
        some = [(str(name), int(str(one))) for name, one in chance.sample(small, 20)]
    return {"deep": [(str(deep[0][0]), one) for one in sorted(chance.sample(ids, 20))], "small": some}


def searches(report: Report, database: SessionDB, peer: dict[str, list[float]]) -> None:
    """Target 1: the first hits, and the newest fifty."""
    report.table(
        "1. First hits, hydrated: hermes-agent's `search_messages` / ours", "query", "", "ours ms", "peer ms", "ratio"
    )
    for words, kind in WORDS.items():
        took, _ = timed(31, first, database, words)
        theirs = peer.get(words, [float("nan")])[0]
        least = 30 if kind in ("rare word", "prefix") else 100
        report.row(
            f"`{words}`", kind, took, theirs, report.verified(f"1. first `{words}`", theirs / took, at_least=least)
        )
    report.table("1. Fifty newest, hydrated: ours / the bare statement", "query", "ours ms", "bare ms", "ratio")
    with bare(database.path) as connection:
        for words in CONTENT:
            took, _ = timed(31, searched, database, words, 50)
            other, _ = timed(31, hydrated, connection, words, 50)
            report.row(f"`{words}`", took, other, report.verified(f"1. fifty `{words}`", took / other, at_most=1.2))


def rankings(report: Report, database: SessionDB) -> None:
    """Target 2: the best twenty."""
    report.table(
        "2. Best twenty, hydrated: ours / bare (`ORDER BY rank LIMIT 20`, joined)",
        "query",
        "ours ms",
        "bare ms",
        "bare, our statement ms",
        "ratio",
    )
    sql = hydrated_by_rank()
    with bare(database.path) as connection:
        for words in CONTENT:
            expression = match_words(parse(words, now=0.0))
            took, found = timed(7, database.rank, words, limit=20)
            other, _ = timed(7, asked, connection, sql, expression)
            statement = bm25.best_statement("messages_fts")
            own, _ = timed(7, asked, connection, statement, expression, bm25.RANKED_ROWS, 40)
            ratio = report.verified(f"2. best `{words}`", took / other, at_most=1.2)
            report.row(f"`{words}` {fallback_words(found) or ''}", took, other, own, ratio)


def hydrated_by_rank() -> str:
    """What a plain program would ask."""
    return (
        f"SELECT {_SHOWN}"
        " FROM messages_fts CROSS JOIN messages m ON m.id = messages_fts.rowid LEFT JOIN sessions s"
        " ON s.id = m.session_id WHERE messages_fts MATCH ? AND (m.active IS NOT 0 OR m.compacted IS 1)"
        " ORDER BY rank LIMIT 20"
    )


def contexts(
    report: Report, database: SessionDB, places: dict[str, list[tuple[str, int]]], peer: dict[str, list[float]]
) -> None:
    """Target 3: what stands round twenty hits; promised for a session of 100,000 messages."""
    with bare(database.path) as connection:
        sql = "SELECT id FROM messages WHERE session_id = ?"
        longest = len(asked(connection, sql, places["deep"][0][0]))
    report.table(
        f"3. Twenty context windows, the deepest session has {longest:,} messages",
        "where",
        "ours ms",
        "peer ms",
        "peer / ours",
        "ours, deep / small",
    )
    took = {name: timed(15, around, database, windows)[0] for name, windows in places.items()}
    for name, milliseconds in took.items():
        theirs = peer.get(name, [float("nan")])[0]
        ratio = theirs / milliseconds
        deep = name == "deep"
        promised = deep and longest >= PROMISED_DEPTH
        said = report.verified("3. deep windows", ratio, at_least=1_000) if promised else f"{ratio:,.0f}×"
        depth = report.verified("3. depth", took["deep"] / took["small"], at_most=2) if deep else ""
        report.row(name, milliseconds, theirs, said, depth)


def chinese(report: Report, database: SessionDB, peer: dict[str, list[float]]) -> None:
    """Target 4: two characters, and the set that a full scan gives."""
    report.table(
        "4. Two Chinese characters on layout B", "query", "first ms", "whole set ms", "peer ms", "peer / first", "set"
    )
    with bare(database.path) as connection:
        sql = "SELECT id, concat_ws(' ', content, tool_name, tool_calls) FROM messages WHERE active OR compacted"
        texts = [(int(str(one)), searched_text(str(text))) for one, text in connection.execute(sql)]
    for words in ("部署", "山"):
        query = parse(words, now=0.0)
        took, _ = timed(31, first, database, words)
        whole, hits = timed(1, searched, database, words, 1_000_000)
        same = {hit.message_id for hit in hits} == {
            one for one, text in texts if not text.isascii() and accepts(query, text)
        }
        if not same:
            report.missed.append(f"4. set of {words}")
        theirs = peer.get(words, [float("nan")])[0]
        ratio = report.verified(f"4. `{words}`", theirs / took, at_least=1_000)
        report.row(f"`{words}`", took, whole, theirs, ratio, f"{len(hits)} hits, {'same' if same else 'DIFFERENT'}")


def _idle(started: threading.Event, cancel: threading.Event) -> None:
    started.set()
    cancel.wait()


def _presses(begin: Callable[[int], tuple[threading.Thread, Callable[[], None]]]) -> tuple[list[float], int]:
    """Milliseconds from a key to the end of the thread that it withdraws, sorted, and how many it found running."""
    chance, took, running = random.Random(7), [], 0
    for number in range(PRESSES):
        thread, withdraw = begin(number)
        time.sleep(chance.choice([0.0, 0.001, 0.005, 0.02, 0.05]))
        running += thread.is_alive()
        began = time.perf_counter()
        withdraw()
        thread.join()
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took), running


def _waiting(_: int) -> tuple[threading.Thread, Callable[[], None]]:
    started, cancel = threading.Event(), threading.Event()
    thread = threading.Thread(target=_idle, args=(started, cancel))
    thread.start()
    started.wait()
    return thread, cancel.set


def keystrokes(report: Report, database: SessionDB) -> None:
    """Target 5: a key interrupts what runs; the next question finds a free connection. Threads as in the app."""
    sys.setswitchinterval(SWITCH)

    def _searching(number: int) -> tuple[threading.Thread, Callable[[], None]]:
        words, cancel, started = KEYSTROKES[number % len(KEYSTROKES)], Cancel(), threading.Event()
        thread = threading.Thread(target=_answer, args=(database, words, cancel, started, number % 3 == 0))
        thread.start()
        started.wait()
        return thread, cancel.cancel

    title = "5. From keystroke to freed connection and ended thread"
    report.table(title, f"{PRESSES} presses", "found it running", "p50 ms", "p99 ms", "max ms")
    for name, begin in (("a thread that only waits (the machine itself)", _waiting), ("a search", _searching)):
        took, running = _presses(begin)
        p99 = took[int(len(took) * 0.99)]
        said = f"{p99:.2f}"
        if begin is _searching:
            said += " ok" if p99 <= 5 else " MISSED"
            report.missed += [] if p99 <= 5 else ["5. keystroke"]
        report.row(name, running, took[len(took) // 2], said, took[-1])


def _answer(database: SessionDB, words: str, cancel: Cancel, started: threading.Event, ranked: bool) -> None:
    query = parse(words, now=time.time(), open_word=True)
    started.set()
    try:
        if ranked:
            database.rank(query, limit=200, cancel=cancel)
        else:
            for _ in database.search(query, limit=2_000, cancel=cancel):
                pass
            database.count(query, cancel=cancel)
    except Interrupted:
        pass


async def _lateness(seconds: float) -> list[float]:
    """How late a tick of 4 ms comes, in milliseconds, sorted."""
    late, loop = [], asyncio.get_running_loop()
    end = loop.time() + seconds
    while (now := loop.time()) < end:
        await asyncio.sleep(0.004)
        late.append((loop.time() - now - 0.004) * 1000)
    return sorted(late)


def lateness(report: Report, database: SessionDB) -> None:
    """Target 5: the event loop beside a search, threads taking turns as in the app."""
    stop = threading.Event()
    sys.setswitchinterval(SWITCH)

    def _search() -> None:
        while not stop.is_set():
            for words in KEYSTROKES:
                cancel, started = Cancel(), threading.Event()
                threading.Timer(0.09, cancel.cancel).start()
                _answer(database, words, cancel, started, ranked=False)

    idle = asyncio.run(_lateness(8.0))
    thread = threading.Thread(target=_search)
    thread.start()
    busy = asyncio.run(_lateness(8.0))
    stop.set()
    thread.join()
    report.table("5. Lateness of the event loop", "", "p50 ms", "p99 ms", "max ms")
    p99 = []
    for name, late in (("idle", idle), ("searching", busy)):
        p99.append(late[int(len(late) * 0.99)])
        report.row(name, late[len(late) // 2], p99[-1], late[-1])
    good = p99[1] - p99[0] <= 5
    if not good:
        report.missed.append("5. lateness")
    print(f"\np99 while searching is {p99[1] - p99[0]:+.2f} ms from idle: {'ok' if good else 'MISSED'}")


def head(options: argparse.Namespace, path: Path) -> None:
    """What was measured, on what."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    size = homes.SIZES[options.size]
    print(
        f"## {options.size}: {size.sessions:,} sessions, {size.messages:,} messages, {path.stat().st_size >> 20:,} MB\n"
    )
    print(
        f"seed {options.seed} · commit {commit.stdout.strip()} · Python {platform.python_version()} ·"
        f" SQLite {apsw.sqlite_lib_version()} · {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.search")
    parser.add_argument("--size", choices=homes.SIZES, default="M")
    parser.add_argument("--homes", type=Path, required=True, help="where the homes are or are to be made")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--peer", help="a Python that has hermes-agent 0.19.0")
    options = parser.parse_args(arguments)
    path = homes.build(options.homes / options.size, homes.SIZES[options.size], seed=options.seed)
    head(options, path)
    report, places = Report(), windows(path)
    peer = ask_peer(options.peer, path, {"search": [*WORDS, "部署", "山"], "context": places})
    with closing(SessionDB(path, read_only=True)) as database:
        searches(report, database, peer["search"])
        rankings(report, database)
        contexts(report, database, places, peer["context"])
        chinese(report, database, peer["search"])
        keystrokes(report, database)
        lateness(report, database)
    print(f"\nMissed: {'; '.join(report.missed) or 'nothing'}")
    return 1 if report.missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
