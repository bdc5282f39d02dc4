"""Stores made row by row through apsw, and programs that meddle with them from outside."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from store.sqlite.connect import create

ROOT = Path(__file__).parents[2]


def make(folder: Path, *texts: str, session: str = "s1", source: str = "cli") -> Path:
    """A new store with one session of user messages; its path."""
    path = folder / "state.db"
    create.create(path)
    add(path, *texts, session=session, source=source)
    return path


def add(path: Path, *texts: str, session: str = "s1", source: str = "cli", role: str = "user") -> list[int]:
    """More messages of a session, which is made where it is missing; their ids."""
    connection = apsw.Connection(str(path))
    with connection:
        connection.execute(
            "INSERT OR IGNORE INTO sessions (id, source, started_at) VALUES (?, ?, 1.7e9)", (session, source)
        )
        ids = []
        for text in texts:
            connection.execute(
                "INSERT INTO messages (session_id, role, content, timestamp) VALUES (?, ?, ?, 1.7e9)",
                (session, role, text),
            )
            ids.append(connection.last_insert_rowid())
    connection.close()
    return ids


def run(path: Path, sql: str) -> list[tuple[apsw.SQLiteValue, ...]]:
    """Any statements on a store, triggers and all."""
    connection = apsw.Connection(str(path))
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def leaves(path: Path, table: str) -> list[int]:
    """The numbers of the leaf pages of a table or an index, in order; all of the WAL is in the file afterwards."""
    run(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    rows = run(path, f"SELECT pageno FROM dbstat WHERE name = '{table}' AND pagetype = 'leaf' ORDER BY path")
    return [int(str(number)) for (number,) in rows]


def smash(path: Path, page: int) -> None:
    """Fill a page with what no page has; only while nothing has the file open."""
    [(size,)] = run(path, "PRAGMA page_size")
    n_bytes = int(str(size))
    data = bytearray(path.read_bytes())
    data[(page - 1) * n_bytes : page * n_bytes] = b"\xff" * n_bytes
    path.write_bytes(data)


def digest(path: Path) -> str:
    """What tells one content of a file from another; only while nothing has it open."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def python(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A program of its own, with pipes; it sees the store package."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def outcome(script: str, *arguments: object) -> str:
    """What a program of its own prints; it must end well."""
    process = python(script, *arguments)
    out, complaint = process.communicate(timeout=120)
    assert process.returncode == 0, complaint
    return out.strip()


@contextmanager
def holding(path: Path, sql: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Another process has done `sql` on the store and holds what it holds for the length of the block."""
    script = (
        "import apsw, sys; c = apsw.Connection(sys.argv[1]); c.execute(sys.argv[2]).fetchall(); "
        "print('held', flush=True); sys.stdin.read()"
    )
    with python(script, path, sql) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            process.stdin.close()
