"""One line each: a home, a store, a JSONL file, messages, a program that holds the lock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from store import SessionDB, SessionRecorder
from store.sqlite.engine import SqliteEngine

Dict = dict[str, Any]

META: Dict = {"role": "session_meta", "tools": [], "model": "opus", "platform": "telegram"}
"""The first line of a gateway's JSONL."""

_HOLDER = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def home(tmp_path: Path, name: str = ".hermes") -> Path:
    """An empty Hermes home with its folder of sessions."""
    (tmp_path / name / "sessions").mkdir(parents=True)
    return tmp_path / name


def db(folder: Path, *, read_only: bool = False) -> SessionDB:
    """The store of a home; without `read_only` it is made where it is missing."""
    return SessionDB(folder / "state.db", read_only=read_only)


def say(role: str, content: Any, **more: Any) -> Dict:
    """One message as an agent holds it."""
    return {"role": role, "content": content, **more}


def talk(count: int, *, start: int = 0, word: str = "message") -> list[Dict]:
    """Numbered messages, user and assistant in turn."""
    return [say("assistant" if number % 2 else "user", f"{word} {number}") for number in range(start, start + count)]


def write_jsonl(path: Path, messages: Sequence[Dict], *, tail: bytes = b"") -> Path:
    """A JSONL file as a gateway wrote it, and whatever bytes follow."""
    lines = [json.dumps(message, ensure_ascii=False).encode() + b"\n" for message in messages]
    path.write_bytes(b"".join(lines) + tail)
    return path


def jsonl(folder: Path, session_id: str, messages: Sequence[Dict], *, tail: bytes = b"") -> Path:
    """The JSONL file of a session in a home."""
    return write_jsonl(folder / "sessions" / f"{session_id}.jsonl", messages, tail=tail)


def aged(path: Path, seconds: float = 61.0) -> Path:
    """The same file, changed so long ago: a last line without a line end is not being written."""
    before = path.stat().st_mtime
    os.utime(path, (before - seconds, before - seconds))
    return path


def store(database: SessionDB, session_id: str, messages: Sequence[Dict], *, source: str = "cli") -> list[int]:
    """A session with these messages in SQLite; their row ids."""
    database.create_session(session_id, source)
    return database.append_messages(session_id, messages)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process holds the write lock of the file for the length of the block."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        yield
    finally:
        holder.stdin.close()
        holder.wait(60)
        holder.stdout.close()


def database_of(recorder: SessionRecorder) -> SessionDB:
    """The database that a recorder writes through."""
    database = recorder._db
    assert isinstance(database, SessionDB)
    return database


def sqlite_of(database: SessionDB) -> SqliteEngine:
    """The SQLite engine under a database."""
    engine = database.store.engine
    assert isinstance(engine, SqliteEngine)
    return engine
