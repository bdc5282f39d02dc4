"""`python -m tests.torture.fleet [--seconds N] [--cut N]`: three machines, a folder each, push and follow while agents
write; the server is stopped at once and started again, a machine is cut off, a follower is killed.

Where the user may make one, as root may, each machine has a network of its own, whose link then loses all packets;
`--folders` goes without.

Afterwards each schema equals its home, as `push --verify` compares them row by row, and no reader waited for a lock for
longer than 100 ms: its statements end with an error then.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import unquote

import apsw
import psycopg

from store.engine.push_target import FILE_IDS
from tests.torture.network import Bridge, Network, Relay, can_be_made
from tests.torture.postgres_writers import ROOT, Server

BLOCKED_MS = 100
"""Milliseconds for which a reader may wait for a lock."""
AWAY = 1.5
"""Seconds for which the server is down."""
CONVERGED = 300.0
"""Seconds until a follower must have caught up."""


@dataclass
class Machine:
    """A home, its agent, and what follows it."""

    name: str
    folder: Path
    network: Network

    @property
    def home(self) -> Path:
        """Its Hermes home."""
        return self.folder / ".hermes"

    @property
    def schema(self) -> str:
        """Its copy."""
        return f"m_{self.name}_default"

    def started(self, *words: str) -> subprocess.Popen[bytes]:
        """A push with some options."""
        url = f"postgresql://postgres@{self.network.address}"
        push = [sys.executable, "-m", "hermes_tui", "--home", str(self.home), "push", url, "--as", self.name, *words]
        environment = os.environ | {"XDG_STATE_HOME": str(self.folder / "state")}
        with (self.folder / "push.log").open("a") as log:
            return subprocess.Popen([*self.network.prefix, *push], cwd=ROOT, env=environment, stdout=log, stderr=log)

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


def run(
    folder: Path, *, machines: int, seconds: float, cut: float, seed: int, namespaces: bool = False
) -> Iterator[str]:
    """Lines of what was found; the last begins with `0 wrong` where nothing was.

    Args:
        namespaces: Each machine has a network of its own, which only root may make.
    """
    with ExitStack() as stack:
        bridge = stack.enter_context(closing(Bridge())) if namespaces else None
        server = Server(folder / "data", bridge.address if bridge else "")
        stack.callback(server.end)
        sockets = Path(unquote(server.url.partition("host=")[2]))
        networks = [bridge.namespace(number) if bridge else Relay(sockets) for number in range(machines)]
        fleet = [
            _made(folder, f"m{number}", stack.enter_context(closing(network)))
            for number, network in enumerate(networks)
        ]
        reader, running = Reader(server.url), list[subprocess.Popen[bytes]]()
        stack.callback(reader.end)
        stack.callback(_end, running)
        late = _troubled(fleet, server, running, seconds=seconds, cut=cut, seed=seed)
        yield f"what a machine wrote while it was cut off for {cut:.0f} s was there {late:.1f} s later"
        began, behind = time.monotonic(), fleet
        while behind and time.monotonic() - began < CONVERGED:
            behind = [machine for machine in behind if not machine.is_equal()]
        took = time.monotonic() - began
        reader.end()
        counts = [_number(server.url, f"SELECT count(*) FROM {machine.schema}.messages") for machine in fleet]
        found = f"different: {[machine.name for machine in behind]}" if behind else "every schema equal to its home"
        yield f"{counts} messages, {found} {took:.0f} s after the last of them"
        waited = f"{reader.blocked} waited {BLOCKED_MS} ms for a lock"
        yield f"{reader.reads} reads, {waited}, the longest took {reader.longest:.2f} s"
        yield f"{len(behind) + reader.blocked} wrong"


def _troubled(
    fleet: Sequence[Machine],
    server: Server,
    running: list[subprocess.Popen[bytes]],
    *,
    seconds: float,
    cut: float,
    seed: int,
) -> float:
    """Let agents write, and followers see what fails; seconds until what was cut off has caught up.

    Args:
        running: Where the followers are put, which run on.
    """
    words = [sys.executable, "-m", "tests.torture.fleet", "--agent"]
    ends = ["--edits"] if seconds > 60 else []
    agents = [
        subprocess.Popen([*words, str(machine.home), "--seed", str(seed + place), *ends], cwd=ROOT)
        for place, machine in enumerate(fleet)
    ]
    running += agents
    time.sleep(seconds / 10)
    followers = [machine.started("--follow") for machine in fleet]
    running += followers
    while not all("copied" in (machine.folder / "push.log").read_text() for machine in fleet):
        time.sleep(0.1)
    time.sleep(seconds / 4)
    server.crash(AWAY)
    time.sleep(seconds / 4)
    fleet[0].network.cut()
    time.sleep(cut / 2)
    server.crash()
    time.sleep(cut / 2)
    fleet[0].network.join()
    late = _caught_up(server.url, fleet[0])
    _end(followers[1:2])
    running.append(fleet[1].started("--follow"))
    time.sleep(seconds / 4)
    _end(agents)
    return late


def _caught_up(url: str, machine: Machine) -> float:
    """Seconds until the server has all messages that the machine has now."""
    began, home = time.monotonic(), apsw.Connection(str(machine.home / "state.db"), flags=apsw.SQLITE_OPEN_READONLY)
    with closing(home):
        [[newest]] = home.execute("SELECT max(id) FROM messages")
    last = f"SELECT COALESCE(max(id), 0) FROM {machine.schema}.messages WHERE id < {FILE_IDS}"
    while _number(url, last) < newest and time.monotonic() - began < CONVERGED:
        time.sleep(0.1)
    return time.monotonic() - began


def _made(folder: Path, name: str, network: Network) -> Machine:
    own = folder / name
    (own / ".hermes" / "sessions").mkdir(parents=True)
    from store import SessionDB

    with closing(SessionDB(own / ".hermes" / "state.db")) as db:
        db.create_session(f"{name}-0", "cli")
    return Machine(name, own, network)


def _number(url: str, statement: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
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
    parser.add_argument("--folders", action="store_true", help="no networks of their own")
    parser.add_argument("--agent", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--edits", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.agent:
        agent(given.agent, given.seed, edits=given.edits)
    folder = Path(tempfile.mkdtemp(prefix="hermes-tui-fleet-"))
    line, namespaces = "", not given.folders and can_be_made()
    print("a network namespace for each machine" if namespaces else "a folder for each machine", flush=True)
    options = {"machines": given.machines, "seconds": given.seconds, "cut": given.cut, "seed": given.seed}
    for line in run(folder, **options, namespaces=namespaces):
        print(line, flush=True)
    return int(not line.startswith("0 "))


if __name__ == "__main__":
    raise SystemExit(main())
