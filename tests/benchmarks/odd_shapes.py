"""Odd homes of the ledger: long chains, large families, very many sessions, long ones, and what is done with them.

Each is measured in a quarter, a half and the whole of its size: where the whole takes much more than twice as long as
the half, the cost is worse than linear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import apsw

from store import SessionDB
from store.models import Session
from store.sqlite.connect import create
from tests.benchmarks.homes import INDEXED
from tests.benchmarks.ledger import Action, Measured, Row, Times, measure

START = 1_780_000_000
LINEAR, FLAT = 2.4, 1.5
"""Times as long as half the size may take: twice, or as long, and what a machine that does other things adds."""
FIRST = "with the opening of the store; the list has the row of the session"
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
_PARENTS = {"chain": "CASE WHEN i THEN printf('s%06d', i - 1) END", "family": "CASE WHEN i THEN 's000000' END"}
Act = Callable[[SessionDB], object]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the odd shapes are."""

    sessions: int
    deep: int
    """Messages of one session."""
    relatives: int
    """Sessions of a family, and of a chain."""
    files: int
    megabytes: int
    """Of one message."""


SIZES = {
    "S": Sizes(4_000, 20_000, 300, 1_000, 2),
    "M": Sizes(55_000, 100_000, 3_000, 10_000, 50),
    "L": Sizes(500_000, 1_000_000, 20_000, 200_000, 50),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """An act in a quarter, a half and the whole of a size.

    Args:
        limit: Times as long as in the half that the whole may take.
        note: Where a limit in milliseconds comes from, or more is done than the name says.
        most: CPU milliseconds that the whole may take at most; None for the ratio alone.
    """

    name: str
    sizes: Sequence[int]
    acts: Sequence[Action]
    limit: float
    note: str = ""
    most: float | None = None

    def measured(self, runs: int) -> tuple[list[Measured], list[tuple[float, float]]]:
        """The rows of the table, and sizes with CPU milliseconds."""
        quarter, half, whole = self.acts
        few = _few_runs(quarter)
        found = measure(Row(self.name, whole, "half of it", half, self.limit, self.note), runs)
        assert found.other is not None
        rows = [found]
        if self.most is not None:
            again = Row(f"{self.name}, in all", whole, self.note, None, 0, most=self.most)
            rows.append(Measured(again, found.ours, None))
        return rows, list(zip(self.sizes, (few.median, found.other.median, found.ours.median), strict=True))


def _few_runs(action: Action) -> Times:
    """Three runs behind one that is not counted, or one of what takes more than a second."""
    first, rest = Times(), Times()
    first.run(action)
    if first.median > 1_000.0:
        return first
    for _ in range(3):
        rest.run(action)
    return rest


def home(folder: Path, shape: str, sessions: int, messages: int = 2, *, indexed: bool = False) -> Path:
    """The store of so many sessions with so many messages each; made unless it is there.

    Args:
        indexed: Its full-text indexes are filled.
    """
    path = folder / f"{shape}-{sessions}-{messages}" / "state.db"
    if path.exists():
        return path
    path.parent.mkdir(parents=True)
    unfinished = path.with_name("unfinished.db")
    create.create(unfinished)
    connection = apsw.Connection(str(unfinished))
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.execute("PRAGMA synchronous = OFF")
    with connection:
        _fill(connection, shape, sessions, messages)
        for table in ("messages_fts", "messages_fts_trigram") if indexed else ():
            connection.execute(f"INSERT INTO {table}(rowid, content) SELECT id, {INDEXED} FROM messages ORDER BY id")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    unfinished.rename(path)
    return path


def _fill(connection: apsw.Connection, shape: str, sessions: int, messages: int) -> None:
    end = "'compression'" if shape == "chain" else "'cli_close'"
    connection.execute(
        f"{_NUMBERS.format(last=sessions - 1)} INSERT INTO sessions"
        " (id, source, title, model, parent_session_id, started_at, ended_at, end_reason)"
        f" SELECT printf('s%06d', i), CASE WHEN i AND {shape == 'family'} THEN 'subagent' ELSE 'cli' END,"
        f" 'title ' || i, 'opus', {_PARENTS.get(shape, 'NULL')}, {START} + i * 60, {START} + i * 60 + 30, {end} FROM n"
    )
    connection.execute(
        f"{_NUMBERS.format(last=sessions * messages - 1)} INSERT INTO messages (session_id, role, content, timestamp)"
        f" SELECT printf('s%06d', i / {messages}), CASE i % 2 WHEN 0 THEN 'user' ELSE 'assistant' END,"
        f" 'words of message ' || i, {START} + i * 60 / {messages} FROM n"
    )


def record(number: int, messages: int) -> dict[str, object]:
    """The line of a JSONL file that says the same as a message of a `home`."""
    role = "assistant" if number % 2 else "user"
    return {"role": role, "content": f"words of message {number}", "timestamp": START + number * 60 // messages}


def rows(folder: Path, size: Sizes) -> Iterator[Shape]:
    """Every shape, and what is done with it."""
    many, deep, related = size.sessions, size.deep, size.relatives
    yield _shape(folder, "a chain of {:,}, read whole", "chain", related, act=_read)
    yield _shape(folder, "the list over a chain of {:,}", "chain", related, act=_listed)
    yield _shape(folder, "a family of {:,}, as a tree", "family", related, act=lambda db: db.family("s000001"))
    yield _shape(folder, "the list over a family of {:,}", "family", related, act=_listed)
    yield _shape(folder, "all pages of a list of {:,}", "plain", many, act=_paged)
    yield _shape(folder, "numbers of {:,} sessions that are left out", "plain", many, act=lambda db: db.scope())
    yield _shape(folder, "the row of a session of {:,}", "plain", deep, act=_row_of, limit=FLAT)
    yield _shape(folder, "the heads of a session of {:,}", "plain", deep, act=_read)
    sizes = (deep // 4, deep // 2, deep)
    acts = [partial(_begun, home(folder, "plain", 1, part)) for part in sizes]
    yield Shape(f"the first screen of a session of {deep:,}", sizes, acts, FLAT, FIRST, most=5.0)


def _shape(folder: Path, name: str, shape: str, size: int, *, act: Act, limit: float = LINEAR, note: str = "") -> Shape:
    """An act in homes of one shape: of so many sessions, or of one session where its name says so."""
    sizes = (size // 4, size // 2, size)
    is_deep = "a session of" in name
    paths = [home(folder, shape, 1, part) if is_deep else home(folder, shape, part) for part in sizes]

    def _done(path: Path) -> None:
        with closing(SessionDB(path, read_only=True)) as database:
            act(database)

    return Shape(name.format(size), sizes, [partial(_done, path) for path in paths], limit, note)


def _read(database: SessionDB) -> int:
    return sum(len(piece.heads) for piece in database.pieces(database.reading("s000000")))


def _row_of(database: SessionDB) -> object:
    return database.session("s000000")


def _begun(path: Path) -> object:
    session = _listed_row(path)
    with closing(SessionDB(path, read_only=True)) as database:
        return database.beginning(session)


@lru_cache
def _listed_row(path: Path) -> Session:
    with closing(SessionDB(path, read_only=True)) as database:
        return database.recent(limit=1)[0]


def _listed(database: SessionDB) -> object:
    return database.outlines(database.recent(limit=50))


def _paged(database: SessionDB) -> int:
    page = database.sessions(limit=200)
    count = len(page.items)
    while page.more:
        page = database.sessions(limit=200, cursor=page.cursor)
        count += len(page.items)
    return count
