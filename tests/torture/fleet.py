"""`python -m tests.torture.fleet [--seconds N] [--cut N]`: three machines, a folder each, push and follow while agents
write; the server is stopped at once and started again, a machine is cut off, a follower is killed.

Afterwards each schema equals its home, as `push --verify` compares them row by row, and no reader waited for a lock for
longer than 100 ms: its statements end with an error then.
"""

from __future__ import annotations

import argparse
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import quote, unquote

import apsw
import psycopg

from tests.torture.postgres_writers import ROOT, Server

BLOCKED_MS = 100
"""Milliseconds for which a reader may wait for a lock."""
AWAY = 1.5
"""Seconds for which the server is down."""
CONVERGED = 300.0
"""Seconds until a follower must have caught up."""
_SOCKET = ".s.PGSQL.5432"


class Relay:
    """The network of a machine: a socket that hands everything on to the server's, until it is cut.

    Args:
        server: Folder of the server's socket.
    """

    def __init__(self, server: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hermes-tui-net-"))
        """Of the socket; its name must be short."""
        self._server = server / _SOCKET
        self._cut = threading.Event()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.folder / _SOCKET))
        self._listening.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, seconds: float) -> None:
        """Hand nothing on for some seconds, and end what was open then, without a word before."""
        self._cut.set()
        time.sleep(seconds)
        self._cut.clear()

    def close(self) -> None:
        """Take nobody any more."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        shutil.rmtree(self.folder)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:  # it was closed
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with ExitStack() as carried, suppress(OSError), client, socket.socket(socket.AF_UNIX) as server:
            while self._cut.is_set():
                time.sleep(0.05)
            server.connect(str(self._server))
            chosen = carried.enter_context(selectors.DefaultSelector())
            chosen.register(client, selectors.EVENT_READ, server)
            chosen.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in chosen.select():
                    if self._cut.is_set():
                        while self._cut.is_set():
                            time.sleep(0.05)
                        return
                    data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                    if not data:
                        return
                    key.data.sendall(data)


@dataclass
class Machine:
    """A home, its agent, and what follows it."""

    name: str
    folder: Path
    relay: Relay
    database: str

    @property
    def home(self) -> Path:
        """Its Hermes home."""
        return self.folder / ".hermes"

    def started(self, *words: str) -> subprocess.Popen[bytes]:
        """A push with some options."""
        url = f"postgresql://postgres@/{self.database}?host={quote(str(self.relay.folder), safe='')}"
        command = [sys.executable, "-m", "hermes_tui", "--home", str(self.home), "push", url, "--as", self.name, *words]
        environment = os.environ | {"XDG_STATE_HOME": str(self.folder / "state")}
        with (self.folder / "push.log").open("a") as log:
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def is_equal(self) -> bool:
        """True where the schema equals the home."""
        return self.started("--verify").wait() == 0


def agent(folder: Path, seed: int, *, edits: bool) -> None:
    """Write into a home until killed: turns, undone and edited messages, titles, ends, deletions, lines of JSONL.

    Args:
        edits: Also into files, and such that change no count, which a follower sees once a minute.
    """
    from store import SessionDB

    random, number, names = Random(seed), 0, list[str]()
    with closing(SessionDB(folder / "state.db")) as db:
        while True:
            number += 1
            if not names or random.random() < 0.05:
                names.append(f"{folder.parent.name}-{number}")
                db.create_session(names[-1], "cli")
            name = random.choice(names[-8:])
            db.append_messages(name, [{"role": "user", "content": f"said {number}"}] * random.randint(1, 3))
            act = random.random()
            of_it = f"WHERE id = (SELECT id FROM messages WHERE session_id = '{name}' ORDER BY random() LIMIT 1)"
            if act < 0.05:
                _run(folder, f"UPDATE messages SET active = 0 {of_it}")
            elif act < 0.08:
                _run(folder, f"DELETE FROM messages {of_it}")
            elif act < 0.13 and edits:
                _run(folder, f"UPDATE messages SET content = 'edited {number}' {of_it}")
            elif act < 0.16:
                db.set_session_title(name, f"title {number}")
            elif act < 0.18:
                db.end_session(name, "done")
            elif act < 0.185 and len(names) > 40 and edits:
                db.delete_session(names.pop(0))
            elif act < 0.25 and edits:
                with (folder / "sessions" / f"{name}.jsonl").open("a") as file:
                    file.write(f'{{"role": "user", "content": "of a file {number}"}}\n')
            time.sleep(random.uniform(0, 0.1))


def _run(folder: Path, statement: str) -> None:
    connection = apsw.Connection(str(folder / "state.db"))
    connection.set_busy_timeout(5000)
    connection.execute(statement)
    connection.close()


class Reader:
    """Reads all schemas again and again; its statements wait for a lock for no longer than they may.

    Args:
        url: Of the server.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._ended = threading.Event()
        self.reads = self.blocked = 0
        self.longest = 0.0
        """Seconds of the longest read, with what the machine had to do besides."""
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def end(self) -> None:
        """Stop reading."""
        self._ended.set()
        self._thread.join()

    def _read(self) -> None:
        while not self._ended.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True) as connection:
                    connection.execute(f"SET lock_timeout = {BLOCKED_MS}".encode())
                    while not self._ended.is_set():
                        self._look(connection)
            except psycopg.errors.LockNotAvailable:
                self.blocked += 1
            except psycopg.Error:  # the server is being stopped
                time.sleep(0.05)

    def _look(self, connection: psycopg.Connection) -> None:
        schemas = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'm\\_%'").fetchall()
        for (schema,) in schemas:
            for statement in (
                f"SELECT * FROM {schema}.sessions ORDER BY started_at DESC LIMIT 50",
                f"SELECT * FROM {schema}.messages ORDER BY id DESC LIMIT 200",
                f"SELECT id FROM {schema}.messages WHERE hermes_tui_terms @@ 'edited' ORDER BY id DESC LIMIT 20",
            ):
                began = time.monotonic()
                with suppress(psycopg.errors.UndefinedTable):  # it is just being made
                    connection.execute(statement.encode()).fetchall()
                self.longest = max(self.longest, time.monotonic() - began)
                self.reads += 1
        time.sleep(0.02)


def run(folder: Path, *, machines: int, seconds: float, cut: float, seed: int) -> Iterator[str]:
    """Lines of what was found; the last begins with `0 wrong` where nothing was."""
    server = Server(folder / "data")
    reader, running = Reader(server.url), list[subprocess.Popen[bytes]]()
    fleet = [_made(folder, f"m{number}", Path(unquote(server.url.partition("host=")[2]))) for number in range(machines)]
    try:
        words = [sys.executable, "-m", "tests.torture.fleet", "--agent"]
        ends = ["--edits"] if seconds > 60 else []
        agents = [
            subprocess.Popen([*words, str(machine.home), "--seed", str(seed + place), *ends], cwd=ROOT)
            for place, machine in enumerate(fleet)
        ]
        running += agents
        time.sleep(seconds / 10)
        followers = {machine.name: machine.started("--follow") for machine in fleet}
        while not all("copied" in (machine.folder / "push.log").read_text() for machine in fleet):
            time.sleep(0.1)
        time.sleep(seconds / 4)
        server.crash(AWAY)
        time.sleep(seconds / 4)
        fleet[0].relay.cut(cut)
        followers["m1"].kill()
        followers["m1"].wait()
        followers["m1"] = fleet[1].started("--follow")
        time.sleep(seconds / 4)
        running += followers.values()
        _end(agents)
        began, behind = time.monotonic(), list(fleet)
        while behind and time.monotonic() - began < CONVERGED:
            behind = [machine for machine in behind if not machine.is_equal()]
        took = time.monotonic() - began
        reader.end()
        counts = [_count(server.url, f"m_{machine.name}_default") for machine in fleet]
        found = f"different: {[machine.name for machine in behind]}" if behind else "every schema equal to its home"
        yield f"{counts} messages, {found} {took:.0f} s after the last of them"
        waited = f"{reader.blocked} waited {BLOCKED_MS} ms for a lock"
        yield f"{reader.reads} reads, {waited}, the longest took {reader.longest:.2f} s"
        yield f"{len(behind) + reader.blocked} wrong"
    finally:
        reader.end()
        _end(running)
        for machine in fleet:
            machine.relay.close()
        server.end()


def _made(folder: Path, name: str, server: Path) -> Machine:
    own = folder / name
    (own / ".hermes" / "sessions").mkdir(parents=True)
    from store import SessionDB

    with closing(SessionDB(own / ".hermes" / "state.db")) as db:
        db.create_session(f"{name}-0", "cli")
    return Machine(name, own, Relay(server), "postgres")


def _count(url: str, schema: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {schema}.messages".encode()).fetchone()
    return int(row[0]) if row else 0


def _end(programs: list[subprocess.Popen[bytes]]) -> None:
    for program in programs:
        program.kill()
        program.wait()


def main() -> int:
    """Run it; exit code 1 for a find."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.fleet", description=__doc__)
    parser.add_argument("--machines", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=180.0, help="that agents write, without the cut")
    parser.add_argument("--cut", type=float, default=60.0, help="seconds for which a machine is cut off")
    parser.add_argument("--seed", type=int, default=20_261_130)
    parser.add_argument("--agent", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--edits", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.agent:
        agent(given.agent, given.seed, edits=given.edits)
    folder = Path(tempfile.mkdtemp(prefix="hermes-tui-fleet-"))
    line = ""
    for line in run(folder, machines=given.machines, seconds=given.seconds, cut=given.cut, seed=given.seed):
        print(line, flush=True)
    return int(not line.startswith("0 "))


if __name__ == "__main__":
    raise SystemExit(main())
