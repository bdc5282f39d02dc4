"""`python -m tests.benchmarks.push HOME`: seconds that a first push of a home takes, one without changes, one after an
append, and one where the home was touched alone, beside a bare COPY of the same rows into the same tables; and how long
appends take to the server where a push follows.

CPU of this program and of the server together, and the time on the clock; the home is copied first.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg

from hermes_tui.cli.push import PAUSE
from store import SessionDB
from store.base.server_address import parse_address
from store.engine.push_target import HomeIdentity
from store.files.home import Home
from store.open import open_push_target, open_to_read
from store.postgres import create, pushed_rows
from store.postgres.push_target import Run
from store.push.pusher import BATCH_ROWS, Pusher
from tests.postgres_server import start

WHOSE = HomeIdentity("0" * 32, "1" * 32, "bench", "default")
_TICK = os.sysconf("SC_CLK_TCK")


def _of_process(process: int, *, children: bool = False) -> float:
    """Seconds of CPU of a process, and of the children that it waited for."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if children else 13])) / _TICK


def server_cpu(folder: Path) -> float:
    """Seconds of CPU of a server and of all of its processes."""
    postmaster = int((folder / "postmaster.pid").read_text().split()[0])
    found = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return _of_process(postmaster, children=True) + sum(_of_process(int(child)) for child in found)


def measured(what: str, folder: Path, work: Callable[[], object]) -> float:
    """Do it and print what it took; the CPU seconds."""
    server, own, began = server_cpu(folder), time.process_time(), time.perf_counter()
    work()
    own, wall = time.process_time() - own, time.perf_counter() - began
    server = server_cpu(folder) - server
    print(f"| {what} | {own + server:.2f} | {own:.2f} | {server:.2f} | {wall:.1f} |", flush=True)
    return own + server


def batches(home: Home) -> Iterator[tuple[list[dict[str, object]], list[dict[str, object]]]]:
    """Rows of sessions and of messages as a push writes them, made beforehand."""
    with closing(open_to_read(home)) as store:
        assert store.copied is not None
        rows = store.copied()
        yield [pushed_rows.row_of("sessions", raw) for raw in rows.session_rows()], []
        batch = []
        for raw in rows.every_message():
            batch.append(pushed_rows.message_row(raw))
            if len(batch) == BATCH_ROWS:
                yield [], batch
                batch = []
        yield [], batch


def bare(url: str, home: Home, folder: Path) -> float:
    """COPY into tables of the same kind."""
    made = list(batches(home))
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as connection:
        for statement in create.statements("bare", copies=True):
            connection.execute(statement.encode())
        connection.commit()

        def _copy() -> None:
            run = Run(connection, "")  # type: ignore[arg-type]
            for sessions, messages in made:
                for table, rows in (("sessions", sessions), ("messages", messages)):
                    if rows:
                        run.copy(f"bare.{table}", rows)
                connection.commit()

        return measured("bare COPY of rows made beforehand", folder, _copy)


def followed(url: str, home: Home, seconds: float) -> None:
    """Print how long an append took to the server beside a push that follows, and what that used of a core."""
    command = [sys.executable, "-m", "hermes_tui", "--home", str(home.root), "push", url, "--as", "bench", "--follow"]
    environment = os.environ | {"XDG_STATE_HOME": str(home.root.parent / "state")}
    quiet = subprocess.DEVNULL
    follower = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=quiet)
    lags: list[float] = []
    with closing(SessionDB(home.state_db)) as db, psycopg.connect(url, autocommit=True) as connection:
        assert follower.stdout is not None
        follower.stdout.read(1)
        time.sleep(2 * PAUSE + 1)
        session = str(db.list_sessions_rich(limit=1)[0]["id"])
        began, used = time.monotonic(), _of_process(follower.pid)
        while time.monotonic() - began < seconds:
            key, at = f"lag {time.time_ns()}", time.monotonic()
            db.append_message(session, "user", key)
            found = "SELECT 1 FROM m_bench_default.messages WHERE content = %s AND id > %s"
            newest = connection.execute("SELECT max(id) FROM m_bench_default.messages").fetchone()
            while not connection.execute(found, (key, newest[0] - 8 if newest else 0)).fetchone():
                time.sleep(0.02)
            lags.append(time.monotonic() - at)
        share = (_of_process(follower.pid) - used) / (time.monotonic() - began)
    follower.kill()
    follower.communicate()
    middle, longest = statistics.median(lags), max(lags)
    print(
        f"\nFollowed for {seconds:.0f} s: {len(lags)} appends reached the server after {middle:.2f} s (median),"
        f" {longest:.2f} s (longest);"
    )
    print(f"{100 * share:.1f} % of a core.")


def main() -> int:
    """Print a table in Markdown."""
    folder = Path(tempfile.mkdtemp(prefix="hermes-tui-push-"))
    home = Home(folder / "home")
    shutil.copytree(Path(sys.argv[1]), home.root)
    url = start(folder / "data")
    print("| what | CPU s | of them ours | the server's | on the clock s |\n|---|---|---|---|---|")
    copied = bare(url, home, folder / "data")
    target = open_push_target(url, parse_address(f"{url}&schema=pushed").schema)
    with closing(target), closing(open_to_read(home)) as store:
        pusher = Pusher(store, target, WHOSE)
        pusher.claim()
        first = measured("first push", folder / "data", lambda: list(pusher.push()))
        measured("push without a change", folder / "data", lambda: list(pusher.push()))
        session = store.engine.sessions.newest()[0]
        with closing(SessionDB(home.state_db)) as db:
            db.append_message(session, "user", "one more")
        measured("push after an append", folder / "data", lambda: list(pusher.push()))
        os.utime(home.state_db)
        measured("push where the file was touched alone", folder / "data", lambda: list(pusher.push()))
    followed(url, home, 60.0)
    print(f"\nA first push takes {first / copied:.1f} times as much CPU as the bare COPY.")
    shutil.rmtree(folder / "home")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
