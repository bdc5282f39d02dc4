"""Our own programs write one after the other, in the order in which they came, and nothing depends on it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from store import Locked, SessionDB
from store.sqlite.base.backoff import Backoff
from store.sqlite.connect import writer_queue
from store.sqlite.connect.writer import Writer
from store.sqlite.connect.writer_queue import LONGEST, SUFFIX, WriterQueue
from tests import builders
from tests.builders import sqlite_of
from tests.store import sqlite_files

HOLDER = """
import fcntl, os, sys, time
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.lockf(descriptor, fcntl.LOCK_EX, 1, int(time.monotonic() * 1_000_000))
if len(sys.argv) > 2 and os.fork() == 0:
    print("held", flush=True)
    sys.stdin.read()
    os._exit(0)
if len(sys.argv) == 2:
    print("held", flush=True)
sys.stdin.read()
"""
"""Stands in the queue, by no code of ours; with a second argument a helper that it forked lives beside it."""

MEMBER = """
import sys
from pathlib import Path
from store.sqlite.connect import writer_queue
writer_queue.LONGEST = 3600.0
waits = []
def sleep(seconds):
    if not waits:
        print("waits", flush=True)
    waits.append(seconds)
    import time; time.sleep(seconds)
queue = writer_queue.WriterQueue(Path(sys.argv[1]), sleep=sleep)
queue.enter(float("inf"))
print("turn", flush=True)
sys.stdin.readline()
queue.leave()
print("left", flush=True)
sys.stdin.read()
"""

TURNS = """
import os, sys
from pathlib import Path
from store.sqlite.connect import writer_queue
writer_queue.LONGEST = 3600.0
queue = writer_queue.WriterQueue(Path(sys.argv[1]))
for _ in range(50):
    queue.enter(float("inf"))
    os.close(os.open(sys.argv[1] + ".turn", os.O_CREAT | os.O_EXCL))
    os.unlink(sys.argv[1] + ".turn")
    queue.leave()
"""


@pytest.fixture
def db(tmp_path: Path) -> SessionDB:
    database = builders.db(builders.home(tmp_path))
    database.create_session("s", "cli")
    return database


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place in the queue counts for an hour, so that nothing here depends on the speed of the machine."""
    monkeypatch.setattr(writer_queue, "LONGEST", 3600.0)


def beside(database: SessionDB) -> Path:
    return database.path.with_name(f"{database.path.name}{SUFFIX}")


@contextmanager
def standing(database: SessionDB, *arguments: object) -> Iterator[tuple[int, Callable[[], None]]]:
    """A program stands in the queue; its process id, and what makes it leave."""
    with sqlite_files.python(HOLDER, beside(database), *arguments) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder.pid, holder.stdin.close
        holder.kill()
        holder.stdin.close()


class Waits:
    """A clock of the system that pauses only count on."""

    def __init__(self) -> None:
        self.start = time.monotonic()
        self.slept = 0.0

    def clock(self) -> float:
        return self.start + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def test_the_file_beside_the_store_is_private(db: SessionDB) -> None:
    assert stat.S_IMODE(beside(db).stat().st_mode) == 0o600
    assert beside(db).stat().st_size == 0


@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_a_write_waits_for_its_turn(db: SessionDB) -> None:
    """Mutant: `_first` that is always true."""
    done = threading.Event()
    with standing(db) as (_, leave):

        def write() -> None:
            db.append_message("s", "user", "next")
            done.set()

        thread = threading.Thread(target=write)
        thread.start()
        assert not done.wait(0.2)
        leave()
        assert done.wait(60)
        thread.join()


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("helper", [False, True])
def test_who_is_killed_in_its_turn_leaves_it(db: SessionDB, helper: bool) -> None:
    """Also where a helper that it forked lives on. Mutant: `flock`, which a fork shares."""
    with standing(db, *(["helper"] if helper else [])) as (pid, _):
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        waits = Waits()
        WriterQueue(db.path, waits.clock, waits.sleep).enter(float("inf"))
        assert waits.slept == 0.0


def test_who_was_stopped_at_the_head_costs_a_fraction_of_a_second_once(db: SessionDB) -> None:
    """Mutant: places that never age wait for the deadline, at each append."""
    with standing(db) as (pid, _):
        os.kill(pid, signal.SIGSTOP)
        waits = Waits()
        queue = WriterQueue(db.path, waits.clock, waits.sleep)
        queue.enter(waits.clock() + 3600.0)
        queue.leave()
        assert 0.0 < waits.slept <= LONGEST + 0.001
        waits.slept = 60.0
        queue.enter(waits.clock() + 3600.0)
        queue.close()
        assert waits.slept == 60.0


@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_a_turn_that_never_comes_is_no_reason_not_to_write(db: SessionDB) -> None:
    """The store's own lock is free, so after the patience the write goes through all the same."""
    with standing(db):
        waits = Waits()
        sqlite_of(db).writer = Writer(db.path, backoff=Backoff(waits.clock, waits.sleep))
        assert db.append_message("s", "user", "one") == 1
        assert waits.slept == pytest.approx(30.0, abs=0.01)
    assert db.append_message("s", "user", "two") == 2
    assert waits.slept == pytest.approx(30.0, abs=0.01)


@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_waiting_for_a_turn_counts_against_the_patience(db: SessionDB) -> None:
    with standing(db), builders.locked(db.path):
        waits = Waits()
        sqlite_of(db).writer = Writer(db.path, patience=2.0, backoff=Backoff(waits.clock, waits.sleep))
        with pytest.raises(Locked):
            db.append_message("s", "user", "late")
        assert waits.slept == pytest.approx(2.0, abs=0.01)


@pytest.mark.slow
def test_almost_all_of_the_patience_is_left_for_the_lock_where_the_queue_does_not_move(db: SessionDB) -> None:
    """A process in the queue was stopped, and a Hermes without a queue writes."""
    pauses: list[float] = []
    waits = Waits()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        waits.sleep(seconds)

    sqlite_of(db).writer = Writer(db.path, patience=30.0, backoff=Backoff(waits.clock, sleep, lambda: 1.0))
    with standing(db), builders.locked(db.path), pytest.raises(Locked):
        db.append_message("s", "user", "patient")
    assert sum(pause for pause in pauses if pause != writer_queue._PAUSE) >= 29.7


@pytest.mark.slow
def test_they_are_served_in_the_order_in_which_they_came(db: SessionDB) -> None:
    """Mutant: a place at a random moment."""
    members: list[subprocess.Popen[str]] = []
    for _ in range(4):
        member = sqlite_files.python(MEMBER, db.path)
        assert member.stdout is not None
        assert member.stdout.readline() == ("waits\n" if members else "turn\n")
        members.append(member)
    for place, member in enumerate(members):
        assert member.stdin is not None
        assert member.stdout is not None
        if place:
            assert member.stdout.readline() == "turn\n"
        member.stdin.write("\n")
        member.stdin.flush()
        assert member.stdout.readline() == "left\n"
    for member in members:
        member.communicate(timeout=60)


@pytest.mark.slow
def test_turns_do_not_overlap(db: SessionDB) -> None:
    running = [sqlite_files.python(TURNS, db.path) for _ in range(4)]
    assert [(process.communicate(timeout=120)[1], process.returncode) for process in running] == [("", 0)] * 4


@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_who_is_interrupted_in_the_queue_leaves_it(db: SessionDB) -> None:
    """Ctrl+c while standing there: nobody waits for that program. Mutant: nothing done about it."""

    class Stop(Exception):
        """Of a signal's handler."""

    def interrupt(_: float) -> None:
        raise Stop

    sqlite_of(db).writer = Writer(db.path, backoff=Backoff(sleep=interrupt))
    with standing(db) as (_, leave):
        with pytest.raises(Stop):
            db.append_message("s", "user", "never")
        leave()
    script = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB); print('free')"
    assert sqlite_files.outcome(script, beside(db)) == "free"


@pytest.mark.slow
def test_a_queue_leaves_no_thread_and_no_descriptor(db: SessionDB) -> None:
    """However often it was waited in. Mutant: no `close` of the queue."""
    db.close()
    with standing(db) as (pid, _):
        os.kill(pid, signal.SIGSTOP)
        before = (threading.active_count(), len(os.listdir("/proc/self/task")), sorted(os.listdir("/proc/self/fd")))
        for _ in range(3):
            waits = Waits()
            queue = WriterQueue(db.path, waits.clock, waits.sleep)
            queue.enter(waits.clock() + 1.0)
            queue.close()
            queue.close()
        after = (threading.active_count(), len(os.listdir("/proc/self/task")), sorted(os.listdir("/proc/self/fd")))
    assert after == before


def test_a_queue_that_cannot_be_made_stops_nothing(tmp_path: Path) -> None:
    folder = builders.home(tmp_path)
    (folder / f"state.db{SUFFIX}").mkdir()
    database = builders.db(folder)
    database.create_session("s", "cli")

    assert database.append_message("s", "user", "alone") == 1


def test_no_link_is_followed_to_another_file(tmp_path: Path) -> None:
    """Mutant: without O_NOFOLLOW the link's target is made."""
    folder = builders.home(tmp_path)
    (folder / f"state.db{SUFFIX}").symlink_to(tmp_path / "other")
    database = builders.db(folder)
    database.create_session("s", "cli")

    assert database.append_message("s", "user", "alone") == 1
    assert not (tmp_path / "other").exists()
