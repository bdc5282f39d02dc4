"""`python -m tests.benchmarks.fleet [--schemas 10,100,1000] [--data FOLDER]`: one server with the homes of many
machines, 5,000 messages each: the list's first screen, the first hit over all, a push of one message, and a second in
which nothing is written.

One schema is filled by COPY, the others from it on the server; those that are there from a run before are taken.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import apsw
import psycopg

from store import open_home
from store.engine.push_target import HomeIdentity
from store.files.home import Home
from store.open import locate_server, open_push_target, open_to_read
from store.postgres import create
from store.postgres.pushed_rows import message_row
from store.push.pusher import Pusher
from tests.benchmarks.homes import Size, build
from tests.benchmarks.postgres_corpus import texts
from tests.postgres_server import start

MESSAGES, SESSIONS = 5_000, 100
WORDS = 20
"""Of a message."""
SPAN = 1_000
"""Seconds from the start of a session to that of the next one."""
SCREEN = 50
"""Sessions of the first screen."""
LOOKS = 10
"""For changes, of an open screen in a second."""
RUNS = 3
SETTLED = 0.5
"""Seconds in which a process of the server ends after its connection."""
NOISE = 1.25
"""Factor by which two measurements of the same may differ."""
MEASURED = (
    *("first rows", "first screen", "first hit", "first hit after a commit", "push of one message"),
    "a second at rest",
)
TEMPLATE = "m_template"
PUSHED = "m_pushed"
WHOSE = HomeIdentity("0" * 32, "1" * 32, "pushed", "default")
MESSAGE_COLUMNS = ("id", "session_id", "role", "content", "timestamp", "hermes_tui_terms")


def named(number: int) -> list[str]:
    """The schemas of so many machines."""
    return [f"m_{place:04}" for place in range(number)]


def fill(connection: psycopg.Connection[tuple[object, ...]], number: int) -> None:
    """Make the schemas that are missing, each in a transaction of its own, which makes the indexes last."""
    connection.execute(b"SET maintenance_work_mem = '256MB'")
    known = {row[0] for row in connection.execute("SELECT nspname FROM pg_namespace")}
    if TEMPLATE not in known:
        with connection.transaction():
            _template(connection)
    for place, name in enumerate(named(number)):
        if name in known:
            continue
        with connection.transaction():
            made = list(create.statements(name))
            first_index = next(at for at, statement in enumerate(made) if " INDEX ON " in statement)
            copied = [
                f"INSERT INTO {name}.{table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
                f" FROM {TEMPLATE}.{table}"
                for table, columns in _copied(name, place).items()
            ]
            connection.execute("; ".join([*made[:first_index], *copied, *made[first_index:]]).encode())
        connection.execute(f"ANALYZE {name}.messages, {name}.sessions".encode())


def _copied(name: str, place: int) -> dict[str, dict[str, str]]:
    """Of each table the columns and what is copied into them: each machine is a second later than the one before."""
    sessions = {"id": "id", "source": "source", "title": f"'{name} ' || id", "started_at": f"started_at + {place}"}
    messages = {column: column for column in MESSAGE_COLUMNS} | {"timestamp": f"timestamp + {place}"}
    return {"sessions": sessions, "messages": messages}


def _template(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    for statement in create.statements(TEMPLATE):
        connection.execute(statement.encode())
    connection.execute(
        f"INSERT INTO {TEMPLATE}.sessions (id, source, started_at) SELECT 's' || n, 'cli', 1.7e9 + n * {SPAN}"
        f" FROM generate_series(0, {SESSIONS - 1}) AS n".encode()
    )
    columns = ", ".join(MESSAGE_COLUMNS)
    with connection.cursor().copy(f"COPY {TEMPLATE}.messages ({columns}) FROM STDIN".encode()) as copy:
        for place, text in enumerate(texts(MESSAGES)):
            said = " ".join(text.split()[-WORDS:])
            session, turn = divmod(place, MESSAGES // SESSIONS)
            written = 1.7e9 + session * SPAN + turn
            terms = message_row({"content": said})["hermes_tui_terms"]
            copy.write_row((place + 1, f"s{session}", "user", said, written, terms))


def of_schemas(url: str, schemas: Sequence[str]) -> Home:
    """Some schemas as one home."""
    return replace(locate_server(url, profile="all"), schemas=tuple(schemas))


def first_screen(url: str, schemas: Sequence[str]) -> None:
    """From the address to the rows and outlines of the first screen."""
    with closing(open_home(of_schemas(url, schemas))) as browser:
        rows = browser.glance(limit=SCREEN).sessions[:SCREEN]
        assert len(rows) == SCREEN
        assert len(browser.outlines(rows)) == SCREEN


def first_rows(url: str, schemas: Sequence[str]) -> None:
    """From the address to the first rows, while the other schemas are still asked."""
    with closing(open_home(of_schemas(url, schemas))) as browser:
        assert next(iter(browser.glances(limit=SCREEN))).sessions


def first_hit(url: str, schemas: Sequence[str]) -> Callable[[], None]:
    """A common word over all, in a browser that stands open, as the one of the screen does."""
    browser = open_home(of_schemas(url, schemas))
    browser.scope()

    def _search() -> None:
        assert next(iter(browser.search("the", limit=20))).hits

    return _search


def first_hit_again(url: str, schemas: Sequence[str]) -> Callable[[], None]:
    """The same after a commit on the server."""
    search, connection = first_hit(url, schemas), psycopg.connect(url, autocommit=True)

    def _search() -> None:
        connection.execute("SELECT pg_catalog.pg_current_xact_id()")
        search()

    return _search


def at_rest(url: str, schemas: Sequence[str]) -> Callable[[], None]:
    """The looks for changes of a second, after the first ones, which read what was there."""
    watch = open_home(of_schemas(url, schemas)).watch()
    while watch.poll():
        pass

    def _second() -> None:
        assert not any(watch.poll() for _ in range(LOOKS))

    return _second


def push_one(url: str, folder: Path) -> Callable[[], None]:
    """A message that is new in a home, to its schema."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {PUSHED} CASCADE".encode())
    store = open_to_read(Home(folder))
    pusher = Pusher(store, open_push_target(url, PUSHED), WHOSE)
    pusher.claim()
    list(pusher.push())
    session = store.engine.sessions.ids()[0]

    def _push() -> None:
        home = apsw.Connection(str(folder / "state.db"))
        home.execute(
            "INSERT INTO messages (session_id, role, content, timestamp) VALUES (?, 'user', 'more', 1.9e9)", (session,)
        )
        home.close()
        assert list(pusher.push())[-1].written == 1

    return _push


def cheapest(work: Callable[[], None], server: Path) -> float:
    """Milliseconds of CPU of this thread and the server of the cheapest of some runs.

    Args:
        server: Its data; it is of this machine.
    """
    found = []
    for _ in range(RUNS):
        used = time.thread_time() + on_server(server)
        work()
        time.sleep(SETTLED)
        found.append(time.thread_time() + on_server(server) - used)
    return min(found) * 1000


def on_server(data: Path) -> float:
    """Seconds of CPU of all processes of a server, those that ended too."""
    first = int((data / "postmaster.pid").read_text().split()[0])
    fields = Path(f"/proc/{first}/stat").read_text().rpartition(")")[2].split()
    ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return ended + sum(int(Path(f"/proc/{child}/schedstat").read_text().split()[0]) for child in children) / 1e9


def main() -> int:
    """Print a table; exit code 1 where something grows faster than the schemas that are asked, and than noise."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fleet", description=__doc__)
    parser.add_argument("--schemas", default="10,100,1000")
    parser.add_argument("--data", type=Path, help="keep the server's data here, and take those that are there")
    given = parser.parse_args()
    numbers = sorted(int(number) for number in given.schemas.split(","))
    data = given.data or Path(tempfile.mkdtemp(prefix="hermes-tui-fleet-")) / "data"
    url = start(data, "shared_buffers = 1GB\nwal_level = minimal\nmax_wal_senders = 0\n")
    folder = Path(tempfile.mkdtemp(prefix="hermes-tui-fleet-home-"))
    build(folder, Size(50, 500, (50,)), seed=7)
    print("milliseconds of CPU of both sides, the cheapest of three runs\n")
    print(f"| schemas | {' | '.join(MEASURED)} |\n|{'---|' * (1 + len(MEASURED))}", flush=True)
    measured: list[list[float]] = []
    for number in numbers:
        with psycopg.connect(url, autocommit=True) as connection:
            fill(connection, number)
        schemas = named(number)
        works = (
            *(partial(first_rows, url, schemas), partial(first_screen, url, schemas), first_hit(url, schemas)),
            *(first_hit_again(url, schemas), push_one(url, folder), at_rest(url, schemas)),
        )
        measured.append([cheapest(work, data) for work in works])
        print(f"| {number:,} | {' | '.join(f'{value:,.1f}' for value in measured[-1])} |", flush=True)
    return int(any(grows_faster(numbers, column) for column in zip(*measured, strict=True)))


def grows_faster(numbers: Sequence[int], values: Sequence[float]) -> bool:
    """True where a value grows more than the numbers do and than noise, from any of them to the next."""
    steps = zip(pairwise(numbers), pairwise(values), strict=True)
    return any(after > NOISE * before * more / fewer for (fewer, more), (before, after) in steps)


if __name__ == "__main__":
    raise SystemExit(main())
