"""How long anything is held: the critical sections of searches and lists, and the write lock of appends and repairs.

On the disk, alone on the store, and timed in the two places that every reading and every transaction goes through.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import apsw

from store import SessionDB
from store.sqlite.connect.reader import Reader
from store.sqlite.connect.writer import Writer
from tests import builders
from tests.torture import crowd, programs

MAINTENANCE = ("a step of a repair", "a step of an undo")
LONGEST_MAINTENANCE = 0.050
"""Seconds, by the contract."""
SEARCHES = (
    "the",
    '"docker needle"',
    "the docker -tmux",
    "dep",
    "d",
    "needle OR deploy",
    "role:user the",
    "after:1d the",
    "source:cli needle",
    "nothinglikethis",
    "桂林",
    "o",
)
LOST = 1_000
"""Messages that a repair brings back."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one kind of work held, again and again."""

    what: str
    times: int
    median: float
    """Seconds."""
    p99: float
    longest: float
    by: str
    """Whose the longest was."""


@dataclass(slots=True)
class _Watch:
    """Notes how long things are held, by what is being done."""

    doing: str = ""
    sections: list[tuple[float, str]] = field(default_factory=list)
    locks: list[tuple[float, str]] = field(default_factory=list)
    _began: float = 0.0

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Time every critical section and every transaction of this process."""
        lend, begin, end = Reader._lend, Writer._begin, Writer._end

        @contextmanager
        def timed(reader: Reader, cancel: Any, borrower: FrameType) -> Iterator[Any]:
            with lend(reader, cancel, borrower) as opened:
                began = time.perf_counter()
                try:
                    yield opened
                finally:
                    self.sections.append((time.perf_counter() - began, self.doing))

        def begun(writer: Writer, connection: apsw.Connection) -> Iterable[int]:
            counters = begin(writer, connection)
            self._began = time.perf_counter()
            return counters

        def ended(writer: Writer, connection: apsw.Connection) -> None:
            end(writer, connection)
            self.locks.append((time.perf_counter() - self._began, self.doing))

        Reader._lend, Writer._begin, Writer._end = timed, begun, ended  # type: ignore[method-assign,assignment]
        try:
            yield
        finally:
            Reader._lend, Writer._begin, Writer._end = lend, begin, end  # type: ignore[method-assign]


def run(*, rows: int, journal: str) -> list[Held]:
    """Measure on a store of so many messages; in a program of its own."""
    with tempfile.TemporaryDirectory(prefix="holds-") as name:
        return programs.answer(lambda: _measured(builders.home(Path(name)), rows, journal))


def _measured(home: Path, rows: int, journal: str) -> list[Held]:
    path = home / "state.db"
    crowd.seeded(path, 1, rows=rows)
    connection = apsw.Connection(str(path))
    connection.execute(f"PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = {journal}").fetchall()
    connection.close()
    watch = _Watch()
    with watch.installed():
        _read(SessionDB(path, read_only=True), watch)
        read = [_held("a critical section of a search or a list", watch.sections)]
        _write(SessionDB(path), home, watch)
    kinds = dict.fromkeys(doing for _, doing in watch.locks)
    return read + [_held(kind, [one for one in watch.locks if one[1] == kind]) for kind in kinds]


def _read(database: SessionDB, watch: _Watch) -> None:
    for query in SEARCHES:
        watch.doing = f"the search {query}"
        for batch in database.search(query, limit=300):
            for hit in batch.hits[:5]:
                database.context(hit.session_id, hit.message_id, width=3)
        watch.doing = f"the ranking of {query}"
        database.rank(query, limit=50)
        watch.doing = f"the count of {query}"
        database.count(query)
    watch.doing = "the list of sessions"
    for session in database.sessions(limit=50).items:
        watch.doing = "a transcript"
        database.heads(session.id)
    database.close()


def _write(database: SessionDB, home: Path, watch: _Watch) -> None:
    text = " ".join(crowd.WORDS * 8)
    watch.doing = "an append"
    for number in range(200):
        database.append_message("w0", "user", f"{number} {text}")
    watch.doing = "an append with a key"
    for number in range(100):
        database.append_message("w0", "user", f"{number} {text}", key=str(number))
    watch.doing = "a turn of 20 messages"
    for number in range(25):
        database.append_messages("w0", [builders.say("tool", f"{number} {text}")] * 20)
    talk = [builders.say("user", f"{number} {text}", timestamp=1.7e9 + number) for number in range(LOST)]
    builders.jsonl(home, "lost", talk)
    watch.doing = "an append"
    builders.store(database, "lost", talk[-2:])
    watch.doing = "a step of a repair"
    receipt = database.repair(database.plan("lost"))
    watch.doing = "a step of an undo"
    database.undo(str(receipt.operation))
    database.close()


def _held(what: str, times: list[tuple[float, str]]) -> Held:
    ordered = sorted(times)
    seconds = [one for one, _ in ordered]
    longest, by = ordered[-1]
    p99 = seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]
    return Held(what, len(seconds), statistics.median(seconds), p99, longest, by)
