"""One SQLite on one file in one process (docs/reliability.md S2)."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import apsw
import pytest

from store import SessionDB
from store.base import errors
from store.sqlite.base import descriptors, foreign_handle_guard
from store.sqlite.connect.reader import Reader
from store.sqlite.connect.writer import Writer
from tests.store.sqlite_files import add, make, outcome, run

pytestmark = pytest.mark.slow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make(tmp_path, "one")


def test_a_foreign_handle_is_refused_and_told_how_to_end_it(path: Path) -> None:
    foreign = os.open(path, os.O_RDONLY)
    try:
        with pytest.raises(errors.ForeignHandle, match=rf"descriptor {foreign}.*close it"):
            Reader(path).rows("SELECT 1")
        with pytest.raises(errors.ForeignHandle):
            Writer(path).transaction(lambda connection: None)
    finally:
        os.close(foreign)

    reader = Reader(path)
    assert reader.rows("SELECT COUNT(*) FROM messages") == [(1,)]
    reader.close()


def test_a_foreign_handle_under_another_name_is_found_too(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path)
    os.link(path, tmp_path / "hard")
    foreign = os.open(tmp_path / "hard", os.O_RDONLY)
    try:
        with pytest.raises(errors.ForeignHandle):
            Reader(tmp_path / "link").rows("SELECT 1")
    finally:
        os.close(foreign)


def test_looking_for_a_foreign_handle_drops_no_lock_of_its_owner(path: Path) -> None:
    """The owner of the handle holds a POSIX lock; a refusal must not cost it."""
    script = """
import fcntl, os, sys
from pathlib import Path
from store.errors import ForeignHandle
from store.sqlite.connect.reader import Reader
foreign = os.open(sys.argv[1], os.O_RDWR)
fcntl.lockf(foreign, fcntl.LOCK_EX, 1, 1000)
try:
    Reader(Path(sys.argv[1])).rows("SELECT 1")
except ForeignHandle:
    pass
inode = os.stat(sys.argv[1]).st_ino
locks = Path("/proc/locks").read_text()
print(sum(f":{inode} " in line and f" {os.getpid()} " in line for line in locks.splitlines()))
"""
    assert outcome(script, path) == "1"


def test_a_foreign_close_costs_the_locks_that_the_guard_protects(path: Path) -> None:
    """Why the guard is there: the same close in a process of our own drops every lock SQLite holds."""
    script = """
import os, sys
from pathlib import Path
from store.sqlite.connect.reader import Reader
reader = Reader(Path(sys.argv[1]))
def locks():
    inode = os.stat(sys.argv[1]).st_ino
    return sum(f":{inode} " in line for line in Path("/proc/locks").read_text().splitlines())
with reader.borrow() as connection:
    connection.execute("BEGIN; SELECT 1 FROM messages").fetchall()
    before = locks()
    os.close(os.open(sys.argv[1], os.O_RDONLY))
    print(before, locks())
    connection.execute("COMMIT")
"""
    assert outcome(script, path) == "1 0"


def test_a_handle_opened_beside_a_running_reader_stops_the_next_opening(path: Path) -> None:
    reader = Reader(path)
    reader.rows("SELECT 1")
    foreign = os.open(path, os.O_RDONLY)
    try:
        with pytest.raises(errors.ForeignHandle):
            Writer(path).transaction(lambda connection: None)
    finally:
        os.close(foreign)
    reader.close()


def test_a_handle_opened_before_an_apsw_connection_is_not_taken_for_its_own(path: Path) -> None:
    foreign = os.open(path, os.O_RDONLY)
    connection = apsw.Connection(str(path))
    try:
        with pytest.raises(errors.ForeignHandle):
            foreign_handle_guard.check(path)
    finally:
        connection.close()
        os.close(foreign)


def test_connections_of_apsw_are_not_foreign_whoever_opened_them(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("SELECT 1 FROM messages").fetchall()
    reader, writer = Reader(path), Writer(path)

    for _ in range(3):
        add(path, "more")  # opens and closes; SQLite keeps the descriptor for later while others hold locks
        assert reader.rows("SELECT COUNT(*) FROM messages")
        writer.transaction(lambda connection: connection.execute("UPDATE sessions SET title = 't'"))
        writer.close()
        foreign_handle_guard.check(path)

    reader.close()
    other.close()
    foreign_handle_guard.check(path)


def test_many_threads_open_and_close_without_a_false_alarm(path: Path) -> None:
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(20):
                reader = Reader(path)
                reader.rows("SELECT COUNT(*) FROM messages")
                reader.close()
        except errors.StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failures == []


def test_an_opening_that_an_exception_ended_is_no_stranger(path: Path) -> None:
    """SQLite keeps its descriptor as long as another connection has locks; a real stranger is noticed all the same."""

    class Stop(BaseException):
        """Of a signal's handler, before the connection is registered."""

    def stop(_: apsw.Connection) -> None:
        raise Stop

    database = SessionDB(path)
    database.append_message("s1", "user", "two")
    apsw.connection_hooks.insert(0, stop)
    try:
        with pytest.raises(Stop):
            database.get_messages("s1")
    finally:
        apsw.connection_hooks.remove(stop)
    assert len(database.get_messages("s1")) == 2
    descriptor = os.open(path, os.O_RDONLY)
    with pytest.raises(errors.ForeignHandle):
        foreign_handle_guard.check(path)
    database.close()
    os.close(descriptor)


def test_a_connection_that_was_closed_by_nobody_is_not_looked_at_for_its_locks(path: Path) -> None:
    """An exception can take one: its descriptor is known, and no more there. Mutant: all known ones are looked at."""
    run(path, "PRAGMA journal_mode = delete")
    others = [apsw.Connection(str(path)) for _ in range(8)]
    writer = Writer(path)
    writer.transaction(lambda connection: None)
    others.clear()
    writer.transaction(lambda connection: connection.execute("UPDATE sessions SET title = 't'"))
    writer.close()


def test_nothing_is_kept_of_a_file_that_was_closed(path: Path) -> None:
    """Each opening and closing would look at every store that the process ever had. Mutant: an empty entry is kept."""
    file = descriptors.identity(path)
    writer = Writer(path)
    writer.transaction(lambda connection: None)
    assert file in foreign_handle_guard._known
    assert file in foreign_handle_guard._holders

    writer.close()

    assert file not in foreign_handle_guard._known
    assert file not in foreign_handle_guard._holders


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2"])
def test_an_sqlite_that_can_lose_a_wal_is_refused(version: str) -> None:
    with pytest.raises(ImportError, match="pip install"):
        foreign_handle_guard.assert_version(version)


def test_an_sqlite_that_cannot_is_not() -> None:
    foreign_handle_guard.assert_version("3.51.3")
    foreign_handle_guard.assert_version("4.0.0")


def test_a_system_without_proc_is_not_in_the_way(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "LISTING", str(tmp_path / "absent"))
    reader = Reader(path)

    assert reader.rows("SELECT 1") == [(1,)]
    reader.close()
