"""Stores to be tortured, and the questions that are asked of what is left."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from store import SessionDB
from store.sqlite.connect import create
from store.sqlite.connect.writer import Writer
from tests.builders import sqlite_of

SESSION = "s"
FAMILY = ("", "-wal", "-shm", "-journal")


def opened(path: Path, *, patience: float = 0.2) -> SessionDB:
    """A store whose writes wait a moment only; they need no reader beside them, so a WAL may lack its shared memory."""
    database = SessionDB(path)
    sqlite_of(database).writer = Writer(path, patience=patience)
    return database


@contextmanager
def folder() -> Iterator[Path]:
    """A private folder, in memory where there is one: what is tested is the order of operations, not the disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="torture-", dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


def template(into: Path, journal: str) -> Path:
    """A store with one session of three messages, at rest."""
    path = into / journal / "state.db"
    create.create(path)
    connection = apsw.Connection(str(path))
    connection.execute(f"PRAGMA journal_mode = {journal}").fetchall()
    connection.execute(
        "INSERT INTO sessions (id, source, started_at) VALUES (?, 'cli', 1.7e9);"
        "INSERT INTO messages (session_id, role, content, timestamp)"
        " SELECT 's', 'user', 'before ' || value, 1.7e9 FROM json_each('[1, 2, 3]')",
        (SESSION,),
    )
    connection.close()
    return path


def copied(source: Path, into: Path) -> Path:
    """A copy of a store at rest."""
    into.mkdir(parents=True, exist_ok=True)
    for suffix in FAMILY:
        (into / f"state.db{suffix}").unlink(missing_ok=True)
        if Path(f"{source}{suffix}").exists():
            shutil.copyfile(f"{source}{suffix}", into / f"state.db{suffix}")
    return into / "state.db"


@dataclass(frozen=True, slots=True)
class State:
    """What a store holds, as a fresh SQLite sees it."""

    texts: tuple[str, ...]
    faults: tuple[str, ...]
    """What SQLite and FTS5 complain of."""


def state(path: Path, *, thorough: bool = True) -> State:
    """Open what is left as the next program would, and look at all of it."""
    if not path.exists():
        return State((), ())
    connection = apsw.Connection(str(path))
    try:
        rows = connection.execute(
            "SELECT CAST(content AS BLOB) FROM messages WHERE content NOT LIKE 'before %' ORDER BY id"
        )
        texts = tuple(bytes(row[0]).decode("utf-8", "replace") for row in rows)
        return State(texts, tuple(_complaints(connection)) if thorough else ())
    except apsw.Error as error:
        return State((), (str(error),))
    finally:
        connection.close()


def _complaints(connection: apsw.Connection) -> Iterator[str]:
    yield from (str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok")
    for table in ("messages_fts", "messages_fts_trigram"):
        try:
            connection.execute(f"INSERT INTO {table}({table}, rank) VALUES ('integrity-check', 1)")
        except apsw.Error as error:
            yield f"{table}: {error}"
        [(missing,)] = connection.execute(
            f"SELECT count(*) FROM messages WHERE id NOT IN (SELECT id FROM {table}_docsize)"
        )
        if missing:
            yield f"{table} lacks {missing} messages"
    [(counted, there)] = connection.execute(
        "SELECT (SELECT sum(message_count) FROM sessions), (SELECT count(*) FROM messages) - 3"
    )
    if counted not in (there, there + 3):
        yield f"counters say {counted} and there are {there} messages"
