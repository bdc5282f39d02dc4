"""`python -m tests.benchmarks.postgres_search [--messages N] [--data FOLDER] [--corpus NAME]`: a page of hits in a
schema of Hermes and in one of ours, as ratios to upstream's statement in one run, and the result sets against a
brute-force oracle.

What is timed of ours are the ids of a page, and beside them the same with the rows that a screen shows of it
(`hits.read_hits`); of upstream's its statement in full, and the least that it could do (`postgres_upstream`), whose
rows have the texts of messages; “3 of 5” says how many of the oracle's hits it finds. The server reads in the process
that asks, without workers beside it where a statement takes long, so that all CPU is counted. The last line is the
least that any read of ours costs, the guarded transaction of a `SELECT 1`, and the first hits of a pair on a screen.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from store.base.server_address import parse_address
from store.engine.search import HitRow
from store.postgres import create, hits, search
from store.postgres.pushed_rows import message_row
from store.postgres.reader import Reader
from store.query.parse import parse
from tests.benchmarks import postgres_upstream as upstream
from tests.benchmarks.postgres_corpus import CORPORA, QUERIES, SEED, Row, oracle
from tests.homes import on_postgres
from tests.postgres_server import start

PAGE = 20
RUNS = 3, 200
"""Of a page that takes long, and of any other."""
LONG = 0.02
"""Seconds."""
FIRST_OF = "CJK pair, 1 %"
_SETTINGS = "io_method = sync\nshared_buffers = 1GB\nlog_statement = none\n"
SCHEMAS: Mapping[str, Callable[[str], Any]] = {"hermes": on_postgres.statements, "ours": create.statements}
_COPIED = ("session_id", "role", "content", "tool_calls", "tool_name", "active", "compacted")
_DERIVED = ("hermes_tui_terms", "hermes_tui_long")


class Cost(NamedTuple):
    """Milliseconds of a page."""

    cpu: float
    """Of both sides, the mean of some runs."""
    wall: float
    """Of the fastest."""

    def __str__(self) -> str:
        return f"{self.cpu:,.2f} ({self.wall:,.2f})"


def fill(connection: psycopg.Connection[Any], corpus: str, rows: Sequence[Row]) -> None:
    """Both schemas with the same messages; indexes are built after them."""
    connection.execute("SET maintenance_work_mem = '512MB'")
    for kind, statements in SCHEMAS.items():
        name = f"{corpus}_{kind}"
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE".encode())
        every = list(statements(name))
        for statement in (statement for statement in every if not _is_index(statement)):
            connection.execute(statement.encode())
        sessions = [(session_id,) for session_id in dict.fromkeys(row.session_id for row in rows)]
        insert = f"INSERT INTO {name}.sessions (id, source, started_at) VALUES (%s, 'cli', 1.7e9)".encode()
        connection.cursor().executemany(insert, sessions)
        _copy(connection, name, rows, derived=kind == "ours")
        for statement in filter(_is_index, every):
            connection.execute(statement.encode())
        connection.execute(f"VACUUM ANALYZE {name}.messages".encode())


def _is_index(statement: str) -> bool:
    return statement.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX"))


def _copy(connection: psycopg.Connection[Any], name: str, rows: Sequence[Row], *, derived: bool) -> None:
    columns = ", ".join((*_COPIED, "timestamp", *(_DERIVED if derived else ())))
    with (
        connection.transaction(),
        connection.cursor().copy(f"COPY {name}.messages ({columns}) FROM STDIN".encode()) as copy,
    ):
        for place, row in enumerate(rows):
            cells = row._asdict()
            made = message_row(cells) if derived else {}
            copy.write_row((*map(cells.get, _COPIED), 1.7e9 + place, *(made[column] for column in _DERIVED if derived)))


def filled(connection: psycopg.Connection[Any], corpus: str, number: int) -> bool:
    """True where both schemas have so many messages from a run before."""
    for kind in SCHEMAS:
        table = f"{corpus}_{kind}.messages"
        if connection.execute("SELECT to_regclass(%s)", (table,)).fetchone() == (None,):
            return False
        if connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() != (number,):
            return False
    return True


def ids(reader: Reader, text: str) -> Callable[[], list[int]]:
    """The ids of a page of ours."""
    query = parse(text, now=0.0)
    return lambda: [row for step in search.matching_ids(reader, query, limit=PAGE) for row in step.ids]


def _with_rows(reader: Reader, page: Callable[[], list[int]]) -> list[HitRow]:
    return hits.read_hits(reader, page())


def cost(page: Callable[[], object], backend: int) -> Cost:
    """What a page costs.

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
    return Cost((time.thread_time() + _on_cpu(backend) - used) / len(wall) * 1000, min(wall) * 1000)


def _on_cpu(process: int) -> float:
    """Seconds that a process of this machine has run."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


class Compared:
    """Pages of one corpus on one server, upstream's and ours."""

    def __init__(self, url: str, connection: psycopg.Connection[Any], corpus: str, rows: list[Row]) -> None:
        self._connection, self._corpus, self._rows = connection, corpus, rows
        self._readers = {kind: Reader(parse_address(f"{url}&schema={corpus}_{kind}")) for kind in SCHEMAS}
        self._backend = connection.info.backend_pid
        self._own = next(iter(self._readers.values())).number("SELECT pg_catalog.pg_backend_pid()")

    def line(self, name: str, text: str) -> tuple[str, bool]:
        """A line of the table, and whether the pages are the oracle's."""
        schema = f"{self._corpus}_hermes"
        full, least = (
            cost(upstream.page_of(self._connection, make(schema, text, PAGE)), self._backend)
            for make in (upstream.in_full, upstream.at_least)
        )
        cells, expected, is_equal = [str(full), str(least)], oracle(self._rows, text, page=PAGE), True
        if len(expected) < PAGE or not text.isascii():  # else it ranks more than a page
            page = upstream.page_of(self._connection, upstream.in_full(schema, text, PAGE))
            cells[0] += f", {len({row[0] for row in page()} & {*expected})} of {len(expected)}"
        for reader in self._readers.values():
            own = ids(reader, text)
            is_equal = is_equal and own() == expected
            taken, shown = cost(own, self._own), cost(partial(_with_rows, reader, own), self._own)
            cells += [str(taken), *(f"{base.cpu / taken.cpu:,.1f}×" for base in (full, least)), str(shown)]
        return f"| {name} | {' | '.join(cells)} | {json.dumps(is_equal)} |", is_equal

    def floor(self) -> str:
        """What the least read costs, and the first ids of a pair, of which a screen asks for 200."""
        query = parse(QUERIES[FIRST_OF], now=0.0)
        first = [
            str(cost(lambda reader=reader: next(search.matching_ids(reader, query, limit=200)), self._own))  # type: ignore[misc]
            for reader in self._readers.values()
        ]
        least = cost(lambda: next(iter(self._readers.values())).rows("SELECT 1"), self._own)
        return f"The least read of ours: {least}; the first eight of “{FIRST_OF}”: {first[0]} and {first[1]}"

    def close(self) -> None:
        """Close the connections."""
        for reader in self._readers.values():
            reader.close()


def main() -> int:
    """Print a table for each corpus; exit code 1 where a result set is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.postgres_search", description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--data", type=Path, help="keep the server's data here, and take those that are there")
    parser.add_argument("--corpus", choices=CORPORA, action="append")
    given = parser.parse_args()
    url = start(given.data or Path(tempfile.mkdtemp(prefix="hermes-tui-postgres-")) / "data", _SETTINGS)
    right = [_table(url, corpus, given.messages) for corpus in given.corpus or CORPORA]
    return int(not all(right))


def _table(url: str, corpus: str, number: int) -> bool:
    rows = list(CORPORA[corpus](number))
    n_bytes = sum(len(row.content) + len(row.tool_calls or "") for row in rows)
    with psycopg.connect(url, autocommit=True) as connection:
        if not filled(connection, corpus, number):
            fill(connection, corpus, rows)
        print(
            f"\n{corpus}: {number:,} messages, {n_bytes / 1e6:,.0f} MB, {sum(row.is_long for row in rows):,} of them"
            f" longer than Hermes' index has, seed {SEED}, load {os.getloadavg()[0]:.1f};"
            " CPU milliseconds of server and client, in brackets the fastest wall time\n\n"
            "| query | upstream's | at least | Hermes' schema | ratio | to the least | with rows |"
            " ours | ratio | to the least | with rows | equal |\n|" + "---|" * 12
        )
        compared, is_right = Compared(url, connection, corpus, rows), True
        for name, text in QUERIES.items():
            line, is_equal = compared.line(name, text)
            is_right = is_right and is_equal
            print(line, flush=True)
        print(f"\n{compared.floor()}", flush=True)
        compared.close()
    return is_right


if __name__ == "__main__":
    raise SystemExit(main())
