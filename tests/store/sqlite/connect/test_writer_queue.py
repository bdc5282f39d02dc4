"""Our own programs write one after the other, and nothing depends on it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from store import Locked, SessionDB
from store.sqlite.base.backoff import Backoff
from store.sqlite.connect.writer import PATIENCE, Writer
from store.sqlite.connect.writer_queue import SUFFIX, WriterQueue
from tests import builders
from tests.builders import sqlite_of
from tests.store import sqlite_files

HOLDER = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(descriptor, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def db(tmp_path: Path) -> SessionDB:
    database = builders.db(builders.home(tmp_path))
    database.create_session("s", "cli")
    return database


def beside(database: SessionDB) -> Path:
    return database.path.with_name(f"{database.path.name}{SUFFIX}")


def test_the_file_beside_the_store_is_private(db: SessionDB) -> None:
    assert stat.S_IMODE(beside(db).stat().st_mode) == 0o600
    assert beside(db).stat().st_size == 0


def test_a_write_waits_for_its_turn(db: SessionDB) -> None:
    done = threading.Event()
    with sqlite_files.python(HOLDER, beside(db)) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        def write() -> None:
            db.append_message("s", "user", "next")
            done.set()

        thread = threading.Thread(target=write)
        thread.start()
        assert not done.wait(0.2)
        holder.stdin.close()
        assert done.wait(60)
        thread.join()


def test_who_is_killed_in_its_turn_leaves_it(db: SessionDB) -> None:
    with sqlite_files.python(HOLDER, beside(db)) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
        holder.wait()
        assert db.append_message("s", "user", "next") == 1


def test_a_turn_that_never_comes_is_no_reason_not_to_write(db: SessionDB) -> None:
    """The store's own lock is free, so after the patience the write goes through all the same."""
    sqlite_of(db).writer._patience = 0.1
    with sqlite_files.python(HOLDER, beside(db)) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        began = time.monotonic()
        assert db.append_message("s", "user", "one") == 1
        assert time.monotonic() - began < PATIENCE
        assert db.append_message("s", "user", "two") == 2
        holder.stdin.close()
    assert db.append_message("s", "user", "three") == 3


def test_waiting_for_a_turn_counts_against_the_patience(db: SessionDB) -> None:
    sqlite_of(db).writer = Writer(db.path, patience=0.2)
    with sqlite_files.python(HOLDER, beside(db)) as holder, builders.locked(db.path):
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        began = time.monotonic()
        with pytest.raises(Locked):
            db.append_message("s", "user", "late")
        assert time.monotonic() - began < PATIENCE
        holder.stdin.close()


def test_half_of_the_timeout_is_left_for_the_lock_where_the_queue_does_not_move(db: SessionDB) -> None:
    """A process in the queue was stopped, and a Hermes without a queue writes. Mutant: all of it for the queue."""
    asked: list[float] = []

    class Full:
        """A queue that never gives its lock."""

        def acquire(self, deadline: float) -> contextlib.AbstractContextManager[None]:
            asked.append(deadline)
            return contextlib.nullcontext()

        def close(self) -> None:
            """Nothing is open."""

    sqlite_of(db).writer = Writer(db.path, patience=30.0, backoff=Backoff(lambda: 100.0))
    sqlite_of(db).writer._queue = Full()  # type: ignore[assignment]
    db.append_message("s", "user", "patient")

    assert asked == [115.0]


@pytest.mark.slow
def test_who_is_interrupted_in_the_queue_leaves_it(db: SessionDB) -> None:
    """Ctrl+c while standing there: nobody waits for that program. Mutant: nothing done about it."""
    db.close()
    script = """
import signal, sys
from pathlib import Path
from store import SessionDB
db = SessionDB(Path(sys.argv[1]))
db.get_session("s")
signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
signal.setitimer(signal.ITIMER_REAL, 0.2)
try:
    db.append_message("s", "user", "never")
except KeyboardInterrupt:
    print("interrupted", flush=True)
sys.stdin.read()
"""
    with sqlite_files.python(HOLDER, beside(db)) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        with sqlite_files.python(script, db.path) as idle:
            assert idle.stdout is not None
            assert idle.stdin is not None
            assert idle.stdout.readline() == "interrupted\n"
            holder.stdin.close()
            holder.wait()
            waiting = threading.Event()
            descriptor = os.open(beside(db), os.O_RDWR)

            def wait() -> None:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                waiting.set()

            thread = threading.Thread(target=wait)
            thread.start()
            left = waiting.wait(60)
            idle.stdin.close()
            thread.join()
            os.close(descriptor)
    assert left


def test_a_queue_that_cannot_be_made_stops_nothing(tmp_path: Path) -> None:
    folder = builders.home(tmp_path)
    (folder / f"state.db{SUFFIX}").mkdir()
    database = builders.db(folder)
    database.create_session("s", "cli")

    assert database.append_message("s", "user", "alone") == 1


def test_turns_do_not_overlap(tmp_path: Path) -> None:
    inside, most = 0, 0
    lock = threading.Lock()

    def take() -> None:
        nonlocal inside, most
        queue = WriterQueue(tmp_path / "state.db", time.monotonic)
        for _ in range(50):
            with queue.acquire(time.monotonic() + 30):
                with lock:
                    inside += 1
                    most = max(most, inside)
                with lock:
                    inside -= 1
        queue.close()
        queue.close()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
