"""`python -m tests.benchmarks.push HOME`: seconds that a first push of a home takes, one without changes, one after an
append, and one where the home was touched alone, beside a bare COPY of the same rows into the same tables; and how long
appends take to the server where a push follows.

CPU of this program and of the server together, and the time on the clock; the home is copied first.
"""

from __future__ import annotations

import argparse
import json
import os
import random
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
from store.engine.push_target import FILE_IDS, HomeIdentity
from store.files.home import Home
from store.open import open_push_target, open_to_read
from store.postgres import create, pushed_rows
from store.postgres.reader import sendable
from store.push.pusher import BATCH_ROWS, Pusher
from tests.postgres_server import start

WHOSE = HomeIdentity("0" * 32, "1" * 32, "bench", "default")
_TICK = os.sysconf("SC_CLK_TCK")
LATE = 2.0
"""Seconds within which a message must be on the server."""
_ARRIVED = (
    "SELECT 1 FROM (SELECT content FROM m_bench_default.messages WHERE id < %s ORDER BY id DESC LIMIT 8) AS newest"
    " WHERE content = %s UNION ALL SELECT 1 FROM m_bench_default.messages WHERE id >= %s AND content = %s"
)


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


Rows = list[dict[str, object]]


def batches(home: Home) -> Iterator[tuple[str, Rows]]:
    """Rows of sessions and of messages as a push writes them, made beforehand, with their table."""
    with closing(open_to_read(home)) as store:
        assert store.copied is not None
        rows = store.copied()
        yield "sessions", [pushed_rows.row_of("sessions", raw) for raw in rows.session_rows()]
        batch = []
        for raw in rows.every_message():
            batch.append(pushed_rows.message_row(raw))
            if len(batch) == BATCH_ROWS:
                yield "messages", batch
                batch = []
        if batch:
            yield "messages", batch


def bare(url: str, home: Home, folder: Path) -> float:
    """COPY into tables of the same kind."""
    made = list(batches(home))
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as connection:
        for statement in create.statements("bare", copies=True):
            connection.execute(statement.encode())
        connection.commit()

        def _copy() -> None:
            for table, rows in made:
                names = sorted({name for row in rows for name in row})
                columns = ", ".join(f'"{name}"' for name in names)
                with connection.cursor().copy(f"COPY bare.{table} ({columns}) FROM STDIN".encode()) as copy:
                    for row in rows:
                        copy.write_row([sendable(row.get(name)) for name in names])
                connection.commit()

        return measured("bare COPY of rows made beforehand", folder, _copy)


def quiet_files(home: Home, number: int) -> list[Path]:
    """So many sessions of files alone, which nobody writes to."""
    home.sessions_dir.mkdir(exist_ok=True)
    files = [home.sessions_dir / f"quiet-{place:06}.jsonl" for place in range(number)]
    for file in files:
        file.write_text(json.dumps({"role": "user", "content": file.stem}) + "\n")
    return files


def followed(url: str, home: Home, seconds: float, quiet: int) -> None:
    """Print how long messages took to the server beside a push that follows, and what that used of a core.

    Args:
        quiet: Files of the home that were quiet for long, one of which is written to each time.
    """
    command = [sys.executable, "-m", "hermes_tui", "--home", str(home.root), "push", url, "--as", "bench", "--follow"]
    environment = os.environ | {"XDG_STATE_HOME": str(home.root.parent / "state")}
    file = home.sessions_dir / "of-a-file-alone.jsonl"
    files = quiet_files(home, quiet)
    random.Random(7).shuffle(files)
    follower = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with closing(SessionDB(home.state_db)) as db, psycopg.connect(url, autocommit=True) as connection:
        assert follower.stdout is not None
        follower.stdout.read(1)
        time.sleep(2 * PAUSE + 1)
        session = str(db.list_sessions_rich(limit=1)[0]["id"])

        def _write(key: str, into: Path = file) -> None:
            with into.open("a") as lines:
                lines.write(json.dumps({"role": "user", "content": key}) + "\n")

        writes: dict[str, Callable[[str], object]] = {
            "appends": lambda key: db.append_message(session, "user", key),
            "lines of a file alone": _write,
        }
        if files:
            writes[f"lines of one of {quiet:,} quiet files"] = lambda key: _write(key, files.pop())
        lags: dict[str, list[float]] = {name: [] for name in writes}
        began, used = time.monotonic(), _of_process(follower.pid)
        while time.monotonic() - began < seconds:
            for name, write in writes.items():
                key, at = f"lag {time.time_ns()}", time.monotonic()
                write(key)
                while not connection.execute(_ARRIVED, (FILE_IDS, key, FILE_IDS, key)).fetchone():
                    time.sleep(0.02)
                lags[name].append(time.monotonic() - at)
        share = (_of_process(follower.pid) - used) / (time.monotonic() - began)
    follower.kill()
    follower.communicate()
    print(f"\nFollowed for {seconds:.0f} s, for {100 * share:.1f} % of a core, load {os.getloadavg()[0]:.0f}:")
    for name, found in lags.items():
        late = sum(lag > LATE for lag in found)
        print(
            f"{len(found)} {name} reached the server after {statistics.median(found):.2f} s (median),"
            f" {max(found):.2f} s (longest), {late} later than {LATE:.0f} s"
        )


def main() -> int:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.push", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0, help="that the home is followed")
    parser.add_argument("--quiet-files", type=int, default=0, help="that the home gets, one of which is written to")
    parser.add_argument("--only-follow", action="store_true", help="leave the table out")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hermes-tui-push-"))
    home = Home(folder / "home")
    shutil.copytree(given.home, home.root)
    url = start(folder / "data")
    try:
        if not given.only_follow:
            table(url, home, folder)
        followed(url, home, given.seconds, given.quiet_files)
    finally:
        shutil.rmtree(folder / "home")
    return 0


def table(url: str, home: Home, folder: Path) -> None:
    """Print what pushes take."""
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
    print(f"\nA first push takes {first / copied:.1f} times as much CPU as the bare COPY.")


if __name__ == "__main__":
    raise SystemExit(main())
