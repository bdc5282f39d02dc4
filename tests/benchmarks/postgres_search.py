"""`python -m tests.benchmarks.postgres_search [--messages N] [--data FOLDER]`: a page of hits in a schema of Hermes and
in one of ours, as ratios to upstream's kind of statement in one run, and the result sets against a brute-force oracle.

Upstream's statement ranks every match (`ORDER BY ts_rank`), and scans three columns by LIKE for pairs of characters,
newest time first (docs/postgres.md §11, docs/format.md §6.2, §6.4); it is written here after these descriptions,
without what rows beyond its index would cost, and prepared as psycopg does. The server reads in the process that asks,
without workers beside it where a statement takes long, so that all CPU is counted.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import psycopg

from store.base.server_address import parse_address
from store.postgres import create, search
from store.postgres.pushed_rows import message_row
from store.postgres.reader import Reader
from store.query.parse import parse
from tests.homes import on_postgres
from tests.postgres_server import start

PAGE = 20
WORDS = 80
"""Of a message."""
RUNS = 3, 200
"""Of a statement that takes long, and of any other."""
LONG = 0.02
"""Seconds."""
SEED = 20_261_129
_SETTINGS = "io_method = sync\nshared_buffers = 512MB\nlog_statement = none\n"
QUERIES = {
    "common word": "the",
    "two common words": "the w7",
    "prefix": "w1*",
    "rare word": "needle",
    "phrase": '"w3 w5"',
    "CJK pair, 1 %": "漢字",
    "CJK pair, rare": "鯨飲",
}


def texts(number: int) -> Iterator[str]:
    """Messages of Zipf-distributed words; ten have a rare word, every hundredth a pair of characters, three another."""
    source = random.Random(SEED)
    words = ["the", *(f"w{rank}" for rank in range(1, 20_000))]
    weights = [*accumulate(1 / (rank + 1) for rank in range(len(words)))]
    rare = set(source.sample(range(number), 10))
    whales = set(source.sample(range(number), 3))
    for place in range(number):
        said = " ".join(source.choices(words, cum_weights=weights, k=WORDS))
        marks = [*(["needle"] if place in rare else []), *(["古い漢字表"] if place % 100 == 0 else [])]
        yield " ".join([said, *marks, *(["鯨飲馬食"] if place in whales else [])])


SCHEMAS: Mapping[str, Callable[[str], Iterator[str]]] = {
    "bench_hermes": on_postgres.statements,
    "bench_ours": create.statements,
}


def fill(url: str, rows: Sequence[str]) -> None:
    """Both schemas with the same messages; indexes are built after them."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        for name, statements in SCHEMAS.items():
            connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE".encode())
            every = list(statements(name))
            for statement in (statement for statement in every if not _is_index(statement)):
                connection.execute(statement.encode())
            connection.execute(
                f"INSERT INTO {name}.sessions (id, source, started_at) VALUES ('s', 'cli', 1.7e9)".encode()
            )
            _copy(connection, name, rows)
            for statement in filter(_is_index, every):
                connection.execute(statement.encode())
            connection.execute(f"VACUUM ANALYZE {name}.messages".encode())


def _is_index(statement: str) -> bool:
    return statement.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX"))


def _copy(connection: psycopg.Connection[Any], name: str, rows: Sequence[str]) -> None:
    derived = name == "bench_ours"
    columns = "session_id, role, content, timestamp" + (", hermes_tui_terms" if derived else "")
    with (
        connection.transaction(),
        connection.cursor().copy(f"COPY {name}.messages ({columns}) FROM STDIN".encode()) as copy,
    ):
        for place, text in enumerate(rows):
            terms = (message_row({"content": text})["hermes_tui_terms"],) if derived else ()
            copy.write_row(("s", "user", text, 1.7e9 + place, *terms))


def filled(url: str, number: int) -> bool:
    """True where both schemas have so many messages from a run before."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in SCHEMAS:
            found = connection.execute("SELECT to_regclass(%s)", (f"{name}.messages",)).fetchone()
            if found is None or found[0] is None:
                return False
            if connection.execute(f"SELECT count(*) FROM {name}.messages".encode()).fetchone() != (number,):
                return False
    return True


_COLUMNS = "m.id, m.session_id, m.role, m.content, m.timestamp, m.tool_name, s.source, s.model, s.started_at"


def upstream(connection: psycopg.Connection[Any], text: str) -> Callable[[], list[int]]:
    """Upstream's kind of statement for a query, in a transaction as its pool makes one."""
    source = "bench_hermes.messages AS m JOIN bench_hermes.sessions AS s ON s.id = m.session_id"
    if not text.isascii():
        columns = ("content", "tool_name", "tool_calls")
        match, order = " OR ".join(f"m.{name} LIKE %s" for name in columns), "m.timestamp DESC"
        bindings = [f"%{text}%"] * 3
    else:
        words = text.strip('"').split()
        joined = " <-> " if text.startswith('"') else " & "
        bindings = [joined.join(word.replace("*", ":*") for word in words)]
        match, order = "m.search_vector @@ q", "ts_rank(m.search_vector, q) DESC, m.timestamp DESC"
        source += ", to_tsquery('simple', %s) AS q"
    shown = "(m.active = 1 OR m.compacted = 1)"
    sql = f"SELECT {_COLUMNS} FROM {source} WHERE ({match}) AND {shown} ORDER BY {order} LIMIT {PAGE}"

    def _page() -> list[int]:
        with connection.transaction():
            return [row[0] for row in connection.execute(sql.encode(), bindings)]

    connection.execute("RESET max_parallel_workers_per_gather")
    began = time.perf_counter()
    _page()
    if time.perf_counter() - began > LONG:
        connection.execute("SET max_parallel_workers_per_gather = 0")
    return _page


def ours(reader: Reader, text: str) -> Callable[[], list[int]]:
    """A page of ours."""
    query = parse(text, now=0.0)
    return lambda: [row for step in search.matching_ids(reader, query, limit=PAGE) for row in step.ids]


def cost(page: Callable[[], list[int]], backend: int) -> tuple[float, float]:
    """CPU of both sides, the mean of some runs, and the wall time of the fastest; seconds.

    Args:
        backend: The server's process of the connection.
    """
    page()
    wall: list[float] = []
    used = time.thread_time() + _on_cpu(backend)
    while len(wall) < RUNS[min(wall, default=0.0) < LONG]:
        began = time.perf_counter()
        page()
        wall.append(time.perf_counter() - began)
    return (time.thread_time() + _on_cpu(backend) - used) / len(wall), min(wall)


def _on_cpu(process: int) -> float:
    """Seconds that a process of this machine has run."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


def oracle(rows: list[str], text: str) -> list[int]:
    """Newest ids of the messages that match, by plain comparison of strings."""
    words = text.strip('"').split()
    found = []
    for place in range(len(rows) - 1, -1, -1):
        said = rows[place].split(" ")
        if text.startswith('"'):
            is_hit = any(said[at : at + len(words)] == words for at in range(len(said)))
        elif not text.isascii():
            is_hit = text in rows[place]
        else:
            is_hit = all(
                any(part == word or (word[-1] == "*" and part.startswith(word[:-1])) for part in said) for word in words
            )
        found += [place + 1] if is_hit else []
        if len(found) == PAGE:
            break
    return found


def main() -> int:
    """Print a table; exit code 1 where a result set is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.postgres_search", description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--data", type=Path, help="keep the server's data here, and take those that are there")
    given = parser.parse_args()
    url = start(given.data or Path(tempfile.mkdtemp(prefix="hermes-tui-postgres-")) / "data", _SETTINGS)
    rows = list(texts(given.messages))
    if not filled(url, given.messages):
        fill(url, rows)
    readers = {name: Reader(parse_address(f"{url}&schema={name}")) for name in SCHEMAS}
    backends = {name: reader.number("SELECT pg_catalog.pg_backend_pid()") for name, reader in readers.items()}
    print(
        f"{given.messages:,} messages of {WORDS} words, seed {SEED}; CPU milliseconds of server and client together,"
        " in brackets the fastest wall time\n\n"
        "| query | upstream's | Hermes' schema | ratio | ours | ratio | equal |"
    )
    print("|---|---|---|---|---|---|---|")
    wrong = 0
    with psycopg.connect(url, autocommit=True) as connection:
        for name, text in QUERIES.items():
            base = cost(upstream(connection, text), connection.info.backend_pid)
            cells, expected = [_shown(base)], oracle(rows, text)
            pages = {schema: ours(reader, text) for schema, reader in readers.items()}
            is_equal = all(page() == expected for page in pages.values())
            for schema, page in pages.items():
                taken = cost(page, backends[schema])
                cells.append(f"{_shown(taken)} | {base[0] / taken[0]:,.1f}×")
            wrong += not is_equal
            print(f"| {name} | {' | '.join(cells)} | {json.dumps(is_equal)} |", flush=True)
    for reader in readers.values():
        reader.close()
    return int(bool(wrong))


def _shown(taken: tuple[float, float]) -> str:
    return f"{taken[0] * 1000:.2f} ({taken[1] * 1000:.2f})"


if __name__ == "__main__":
    raise SystemExit(main())
