"""Odd homes of the ledger: long chains, large families, long sessions, each in two sizes, and what is done with them.

The larger one has twice as much: where it takes much more than twice as long, the cost is worse than linear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw

from store import SessionDB
from store.sqlite.connect import create
from tests.benchmarks.ledger import Row

START = 1_780_000_000
LINEAR, FLAT = 2.4, 1.5
"""Times as long as half the size may take: twice, or as long, and what a machine that does other things adds."""
_MOMENT = "the row of the session is read with it, which counts its messages"
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
_PARENTS = {
    "plain": "NULL",
    "chain": "CASE WHEN i THEN printf('s%06d', i - 1) END",
    "family": "CASE WHEN i THEN 's000000' END",
}
Act = Callable[[SessionDB], object]


def home(folder: Path, shape: str, sessions: int, messages: int = 2) -> Path:
    """The store of so many sessions with so many messages each, without a full-text index; made unless it is there."""
    path = folder / f"{shape}-{sessions}-{messages}" / "state.db"
    if path.exists():
        return path
    path.parent.mkdir(parents=True)
    create.create(path)
    connection = apsw.Connection(str(path))
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.execute("PRAGMA synchronous = OFF")
    end = "'compression'" if shape == "chain" else "'cli_close'"
    connection.execute(
        f"{_NUMBERS.format(last=sessions - 1)} INSERT INTO sessions"
        " (id, source, title, model, parent_session_id, started_at, ended_at, end_reason)"
        f" SELECT printf('s%06d', i), CASE WHEN i AND {shape == 'family'} THEN 'subagent' ELSE 'cli' END,"
        f" 'title ' || i, 'opus', {_PARENTS[shape]}, {START} + i * 60, {START} + i * 60 + 30, {end} FROM n"
    )
    connection.execute(
        f"{_NUMBERS.format(last=sessions * messages - 1)} INSERT INTO messages (session_id, role, content, timestamp)"
        f" SELECT printf('s%06d', i / {messages}), CASE i % 2 WHEN 0 THEN 'user' ELSE 'assistant' END,"
        f" 'words of message ' || i, {START} + i * 60 / {messages} FROM n"
    )
    connection.close()
    return path


def rows(folder: Path, size: int) -> Iterator[Row]:
    """Every shape in the size and its half.

    Args:
        size: Sessions of the larger home of a shape.
    """
    yield _row(folder, "a chain of {:,}, read whole", "chain", size, act=_read)
    yield _row(folder, "the list over a chain of {:,}", "chain", size, act=_listed)
    yield _row(folder, "a family of {:,}, as a tree", "family", size, act=lambda db: db.family("s000001"))
    yield _row(folder, "the list over a family of {:,}", "family", size, act=_listed)
    yield _row(folder, "all pages of a list of {:,}", "plain", size * 4, act=_paged)
    yield _row(folder, "numbers of {:,} sessions that are left out", "plain", size * 4, act=lambda db: db.scope())
    yield _row(folder, "the row of a session of {:,}", "plain", 1, size * 20, act=_row_of, limit=FLAT)
    yield _row(folder, "the heads of a session of {:,}", "plain", 1, size * 20, act=_read)
    first = _row(folder, "the first heads of a session of {:,}", "plain", 1, size * 20, act=_begun, limit=FLAT)
    yield Row(first.name, first.ours, first.against, first.other, first.limit, _MOMENT)


def _row(
    folder: Path, name: str, shape: str, sessions: int, messages: int = 2, *, act: Act, limit: float = LINEAR
) -> Row:
    """An act on a home beside the same on half of it."""
    half = (sessions // 2, messages) if sessions > 1 else (1, messages // 2)
    whole, part = home(folder, shape, sessions, messages), home(folder, shape, *half)
    size = sessions if sessions > 1 else messages

    def _done(path: Path) -> None:
        with closing(SessionDB(path, read_only=True)) as database:
            act(database)

    return Row(name.format(size), lambda: _done(whole), "half of it", lambda: _done(part), limit)


def _read(database: SessionDB) -> int:
    return sum(len(piece.heads) for piece in database.pieces(database.reading("s000000")))


def _row_of(database: SessionDB) -> object:
    return database.session("s000000")


def _begun(database: SessionDB) -> object:
    session = database.session("s000000")
    return None if session is None else database.beginning(session)


def _listed(database: SessionDB) -> object:
    return database.outlines(database.recent(limit=50))


def _paged(database: SessionDB) -> int:
    page = database.sessions(limit=200)
    count = len(page.items)
    while page.more:
        page = database.sessions(limit=200, cursor=page.cursor)
        count += len(page.items)
    return count
