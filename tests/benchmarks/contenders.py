"""One program of a crowd, for `contention.py`: it runs in our interpreter and in the peer's, so it imports late.

    contenders.py KIND JOB STATE_DB NUMBER COUNT STOP

KIND is ours, jitter, bare or peer. JOB is write (COUNT appends with think time), spin (without), search (the commonest
word, until the file STOP is there), or beside (COUNT appends alone, then as many
beside a thread that searches).
One JSON object is printed: `waits`, a list of seconds, and the moments by the system's clock when they `began` and
`ended`. Writers say that they are ready by a file, and begin when the file `go` is there: neither the start of an
interpreter nor its imports are measured.
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.builders import sqlite_of

THINK = 0.040
began = 0.0
"""When the writing began."""
WORDS = ("the", "docker", "needle", "of", "error", "and", "tmux", "it", "deploy", "grep")


def opened(kind: str, path: Path) -> Any:
    """What appends by `append_message` and searches by `search_messages`."""
    if kind == "peer":
        from hermes_state import SessionDB as Peer  # type: ignore[import-not-found]

        return Peer(path)
    if kind == "bare":
        return Bare(path)
    from store import SessionDB

    return jittering(path) if kind == "jitter" else SessionDB(path)


def jittering(path: Path) -> Any:
    """Ours without its queue: chance alone decides who is next."""
    from store import SessionDB

    class Nobody:
        """No queue."""

        def enter(self, deadline: float) -> None:
            """Nobody waits."""

        def leave(self) -> None:
            """Nobody stands in it."""

        def close(self) -> None:
            """Nothing is open."""

    database = SessionDB(path)
    sqlite_of(database).writer._queue = Nobody()  # type: ignore[assignment]
    return database


class Bare:
    """SQLite's own busy handler and nothing else."""

    def __init__(self, path: Path) -> None:
        import apsw

        self._connection = apsw.Connection(str(path))
        self._connection.set_busy_timeout(30_000)
        self._connection.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")

    def append_message(self, session_id: str, role: str, content: str) -> None:
        """The statements of an append, in one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(
            "INSERT INTO messages (session_id, role, content, timestamp) VALUES (?, ?, ?, ?) RETURNING id",
            (session_id, role, content, time.time()),
        ).fetchall()
        self._connection.execute("UPDATE sessions SET message_count = message_count + 1 WHERE id = ?", (session_id,))
        self._connection.execute("COMMIT")

    def search_messages(self, word: str, limit: int) -> None:
        """The ids of the best hits."""
        self._connection.execute(
            "SELECT rowid FROM messages_fts WHERE messages_fts MATCH ? ORDER BY rank LIMIT ?", (word, limit)
        ).fetchall()

    def close(self) -> None:
        """Let go."""
        self._connection.close()


def text(chance: random.Random) -> str:
    """A message of some 800 characters."""
    return " ".join(chance.choices(WORDS, k=150))


def main(kind: str, job: str, path: Path, *, number: str, count: int, stop: Path) -> list[float]:
    """Do the job; seconds of each append or search."""
    chance = random.Random(int(number))
    store = opened(kind, path)
    try:
        if job == "search":
            return search(store, stop)
        if job == "beside":
            return beside(store, chance, number, count)
        wait_to_go(path.parent, number)
        return [append(store, chance, number, think=job == "write") for _ in range(count)]
    finally:
        store.close()


def wait_to_go(folder: Path, number: str) -> None:
    """Say that all is ready, and wait until everybody is."""
    global began  # noqa: PLW0603  the one moment of this program
    (folder / f"ready{number}").touch()
    while not (folder / "go").exists():
        time.sleep(0.005)
    began = time.monotonic()


def append(store: Any, chance: random.Random, number: str, *, think: bool) -> float:
    """One append, after some thought."""
    if think:
        time.sleep(chance.random() * THINK)
    words = text(chance)
    began = time.perf_counter()
    store.append_message(f"w{number}", "user", words)
    return time.perf_counter() - began


def search(store: Any, stop: Path) -> list[float]:
    """Search until told to stop."""
    taken = []
    while not stop.exists():
        began = time.perf_counter()
        store.search_messages("the", limit=20)
        taken.append(time.perf_counter() - began)
    return taken


def beside(store: Any, chance: random.Random, number: str, count: int) -> list[float]:
    """Appends alone, then the same number beside a thread that searches through the same store."""
    alone = [append(store, chance, number, think=True) for _ in range(count)]
    done = threading.Event()

    def searching() -> None:
        while not done.is_set():
            store.search_messages("the", limit=20)

    thread = threading.Thread(target=searching)
    thread.start()
    time.sleep(0.2)
    crowded = [append(store, chance, number, think=True) for _ in range(count)]
    done.set()
    thread.join()
    return alone + crowded


if __name__ == "__main__":
    named: Any = {"number": sys.argv[4], "count": int(sys.argv[5]), "stop": Path(sys.argv[6])}
    with contextlib.redirect_stdout(sys.stderr):
        seconds = main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), **named)
    print(json.dumps({"waits": seconds, "began": began, "ended": time.monotonic()}))
