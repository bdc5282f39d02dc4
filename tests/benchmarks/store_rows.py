"""Rows of the ledger about the store: hits beside the bare statement, surveys, snapshots, repairs, a long answer.

`python -m tests.benchmarks.store_rows HOME` prints those of the searches and of a snapshot alone.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import apsw

from store import SessionDB
from tests.benchmarks import reader
from tests.benchmarks.ledger import Gauge, Row, measure

AGAIN = 200
"""Times that an operation of a fraction of a millisecond is repeated."""
BARE = (
    "SELECT messages.id, session_id, role, messages.content, timestamp FROM messages_fts JOIN messages"
    " ON messages.id = messages_fts.rowid WHERE messages_fts MATCH ? ORDER BY messages_fts.rowid DESC LIMIT ?"
)
TRIGRAMS = "SELECT rowid FROM messages_fts_trigram WHERE messages_fts_trigram MATCH ? ORDER BY rowid DESC"
WORD, THREE, TWO = "docker", "大别山", "部署"
COUNTED = ("heliotrope", "docker", "and", "the")
"""Words of a thousandth, an eighth and most of the messages; the last one may be `he` behind a tab in a call."""
REPAIRED = {"S": (1_000, 2), "M": (10_000, 3), "L": (50_000, 2)}
"""Messages of the session that is repaired, and how often."""
KILOBYTES = {"S": 20, "M": 100, "L": 100}
"""Of the answer that is drawn."""
SNAPSHOT = 8_000
"""Messages of a snapshot, a kilobyte each."""
_WAITED = re.compile(r"beside the repair.*\| (?P<p99>\d+) ms \| (?P<worst>\d+) ms \|$", re.MULTILINE)
_TOOK = re.compile(r"^(?P<seconds>[\d.]+) s in ", re.MULTILINE)


def hits(folder: Path) -> Iterator[Row]:
    """The newest hits of a home; both sides are asked many times in a run."""
    path = folder / "state.db"
    database = SessionDB(path, read_only=True)
    bare = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    for name, limit in (("first eight hits", 8), ("fifty newest hits", 50)):
        ours = partial(_again, partial(_hits, database, limit))
        other = partial(_again, partial(_bare, bare, limit))
        note = "rows are read whole, in one transaction; text and matches are made when painted, as in the row below"
        allowed = partial(_again, partial(_allowed, bare, database, limit))
        yield Row(f"{name} of `{WORD}`, {AGAIN} times", ours, "three bare statements and the guard", allowed, 1, note)
        painted = partial(_again, partial(_painted, database, limit))
        note = "each text decoded, marked and cut, which the statement leaves out"
        yield Row(
            f"{name} of `{WORD}` with texts and matches, {AGAIN} times", painted, "bare statement", other, 0, note
        )


def rows(folder: Path) -> Iterator[Row]:
    """The other rows of a home, and those of snapshots, which get a folder in it."""
    path = folder / "state.db"
    database = SessionDB(path, read_only=True)
    bare = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    yield Row(
        f"`{THREE}` to its end, {AGAIN} times",
        partial(_again, lambda: [*database.search(THREE, limit=1 << 20)]),
        "bare statement on the trigrams",
        partial(_again, lambda: bare.execute(TRIGRAMS, (f'"{THREE}"',)).fetchall()),
        2,
        "the statement yields numbers, ours rows with their texts as they are stored, of which each is a hit",
    )
    yield Row(f"best twenty of `{TWO}`", lambda: database.rank(TWO, limit=20), "", None, 1, most=100)
    for word in COUNTED:
        yield Row(f"count of `{word}`", partial(database.count, word), "", None, 1, most=50)
    yield _snapshots(folder)


def drawn(size: str) -> Row:
    """A long answer to its first screen, beside Textual's own widget, which takes half a minute for 100 KB."""
    text = reader.answer(random.Random(5), KILOBYTES[size])
    show = reader.one_message("assistant", text).show
    other = lambda: asyncio.run(reader._textual(text))  # noqa: E731
    name = f"{KILOBYTES[size]} KB of Markdown, first screen"
    return Row(name, show, "Textual's Markdown, once", other, 0.001, times=AGAIN, once=True)


def repaired(size: str) -> Iterator[Gauge]:
    """A session of which SQLite has two messages, while another program appends."""
    number, runs = REPAIRED[size]
    arguments = [sys.executable, "-m", "tests.torture.repair_waits", "--messages", str(number), "--alone", "0.5"]
    seconds, usual, worst = list[float](), list[float](), list[float]()
    for _ in range(runs):
        said = subprocess.run(arguments, capture_output=True, text=True, check=False).stdout
        if (took := _TOOK.search(said)) is None or (waited := _WAITED.search(said)) is None:
            raise ValueError(said)
        seconds.append(float(took["seconds"]))
        usual.append(float(waited["p99"]))
        worst.append(float(waited["worst"]))
    yield Gauge(f"repair of {number:,}, all but two missing", "s wall", 30.0, seconds)
    yield Gauge("an append beside it, 99 %", "ms", 50.0, usual)
    yield Gauge("an append beside it, the longest", "ms", 50.0, worst)


def _again(action: Callable[[], object]) -> None:
    for _ in range(AGAIN):
        action()


def _hits(database: SessionDB, limit: int) -> object:
    return [*database.search(WORD, limit=limit)]


def _allowed(connection: apsw.Connection, database: SessionDB, limit: int) -> None:
    """Thrice the bare statement, and a read of ours that asks nothing: the guard against strangers, and lending."""
    for _ in range(3):
        _bare(connection, limit)
    database.store.engine.search.reader.layout  # type: ignore[attr-defined]  # noqa: B018


def _painted(database: SessionDB, limit: int) -> object:
    return [(hit.text, hit.spans) for batch in database.search(WORD, limit=limit) for hit in batch.hits]


def _bare(connection: apsw.Connection, limit: int) -> object:
    return connection.execute(BARE, (WORD, limit)).fetchall()


def _opened(home: Path) -> SessionDB:
    return SessionDB(home / "state.db", read_only=True)


def _snapshots(folder: Path) -> Row:
    """A query in a home with a large snapshot that no other source has: the second one of a program."""
    home = folder / "snapshots"
    if not (home / "state.db").exists():
        (home / "sessions").mkdir(parents=True)
        SessionDB(home / "state.db").close()
        said = [{"role": "user", "content": "words " * 160} for _ in range(SNAPSHOT)]
        snapshot = {"session_id": "20260101_000000_aaaaaa", "messages": said}
        (home / "sessions" / "session_20260101_000000_aaaaaa.json").write_text(json.dumps(snapshot))
    database = _opened(home)

    def _first() -> None:
        with closing(_opened(home)) as another:
            list(another.search("nowhere"))

    name = f"a query beside a snapshot of {SNAPSHOT // 1000} MB"
    return Row(name, lambda: [*database.search("nowhere")], "the first of a program, which reads it", _first, 0.6)


if __name__ == "__main__":
    for searched in (*hits(Path(sys.argv[1])), *rows(Path(sys.argv[1]))):
        print(*measure(searched, 7).cells, sep=" | ", flush=True)
