"""Strangers in the process: noticed before anything is acknowledged, whatever else opens the file that it has open.

Each case is a program of its own, because the stranger costs that process its locks.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.sqlite_files import make, outcome, run

pytestmark = pytest.mark.slow

_BEFORE = """
import os, sqlite3, sys
from pathlib import Path
from store import ForeignHandle, SessionDB
from store.sqlite.base import descriptors, foreign_handle_guard, open_events
path = Path(sys.argv[1])
def said(verb):
    try:
        return verb()
    except Exception as error:
        return type(error).__name__
def append(text, db):
    return said(lambda: db.append_message("s1", "user", text) > 0)
def count(db):
    return said(lambda: db.message_count("s1"))
def library():
    return sqlite3.connect(path)
def look(stranger):
    stranger.execute("SELECT count(*) FROM messages").fetchall()
    return stranger
def come_and_go():
    look(library()).close()
def plain():
    os.close(os.open(path, os.O_RDONLY))
def shared_memory():
    os.close(os.open(f"{path}-shm", os.O_RDONLY))
db = SessionDB(path, patience=2)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make(tmp_path, "one")


def test_a_stranger_that_comes_later_stops_the_next_append(path: Path) -> None:
    script = f"""{_BEFORE}
print(append("before", db))
stranger = look(library())
print(append("beside", db), append("again", db))
stranger.close()
print(append("after", db), count(db))
new = SessionDB(path, patience=2)
print(append("new", new), count(new))
"""
    assert outcome(script, path).split("\n") == [
        "True",
        "ForeignHandle ForeignHandle",
        "ForeignHandle ForeignHandle",
        "True 3",
    ]


@pytest.mark.parametrize("visit", ["come_and_go", "plain", "shared_memory"])
@pytest.mark.parametrize("verb", ["append('beside', db)", "count(db)", "said(db.store.engine.reader.data_version)"])
def test_a_stranger_that_came_and_went_cost_the_locks(path: Path, visit: str, verb: str) -> None:
    """Mutants: without the look at the locks; without that at a borrow for reading."""
    script = f"""{_BEFORE}
print(append("before", db), count(db), said(db.store.engine.reader.data_version) > 0)
{visit}()
print({verb}, append("later", db), count(db))
new = SessionDB(path, patience=2)
print(append("new", new), count(new))
"""
    assert outcome(script, path).split("\n") == [
        "True 2 True",
        "ForeignHandle ForeignHandle ForeignHandle",
        "True 3",
    ]


@pytest.mark.parametrize(("journal", "visit"), [("wal", "plain"), ("wal", "shared_memory"), ("delete", "plain")])
def test_one_that_comes_and_goes_inside_a_transaction_stops_its_commit(path: Path, journal: str, visit: str) -> None:
    """Mutants: without the look before COMMIT; without reports of opens of the -shm."""
    run(path, f"PRAGMA journal_mode = {journal}")
    script = f"""{_BEFORE}
print(append("before", db))
def work(transaction):
    {visit}()
    transaction.connection.execute("INSERT INTO messages (session_id, role, timestamp) VALUES ('s1', 'user', 1)")
print(append("more", db), append("settled", db), __import__("time").sleep(0.1))
print(said(lambda: db.store.write(work)), append("later", db))
print(count(SessionDB(path)))
"""
    assert outcome(script, path).split("\n") == ["True", "True True None", "ForeignHandle ForeignHandle", "4"]


def test_one_that_comes_and_goes_during_a_commit_is_noticed_before_the_acknowledgement(path: Path) -> None:
    """Mutant: without the look after COMMIT."""
    script = f"""{_BEFORE}
print(append("before", db))
db.store.engine.writer._opened._idle[-1].set_commit_hook(lambda: plain() is not None)
try:
    db.append_message("s1", "user", "acknowledged")
except ForeignHandle as error:
    print("ForeignHandle", "may be lost" in str(error.__notes__))
"""
    assert outcome(script, path).split("\n") == ["True", "ForeignHandle True"]


def test_one_that_comes_during_a_commit_and_stays_is_noticed_too(path: Path) -> None:
    script = f"""{_BEFORE}
print(append("before", db))
db.store.engine.writer._opened._idle[-1].set_commit_hook(lambda: os.open(path, os.O_RDONLY) < 0)
print(append("acknowledged", db))
"""
    assert outcome(script, path).split("\n") == ["True", "ForeignHandle"]


def test_one_that_goes_while_it_is_looked_for_is_noticed(path: Path) -> None:
    """Mutant: the locks first, then the descriptors."""
    script = f"""{_BEFORE}
print(append("before", db))
listed, strangers = descriptors.open_on, []
def come():
    strangers.append(os.open(path, os.O_RDONLY))
    return False
def going(file):
    for stranger in strangers:
        os.close(stranger)
    strangers.clear()
    return listed(file)
db.store.engine.writer._opened._idle[-1].set_commit_hook(come)
descriptors.open_on = going
print(append("beside", db))
"""
    assert outcome(script, path).split("\n") == ["True", "ForeignHandle"]


def test_a_connection_without_locks_that_another_handle_keeps_does_not_prevent_a_new_one(path: Path) -> None:
    """Mutant: without closing what stands idle, SQLite gives the new connection no lock of its own."""
    script = f"""{_BEFORE}
other, busy = SessionDB(path, patience=2), SessionDB(path, patience=2)
print(append("before", db), append("other", other), count(other), count(busy))
with busy.store.engine.reader.borrow():
    plain()
    print(append("beside", db), append("new", SessionDB(path, patience=2)))
print(append("new", SessionDB(path, patience=2)), count(other), count(busy))
"""
    assert outcome(script, path).split("\n") == [
        "True True 3 3",
        "ForeignHandle ForeignHandle",
        "True ForeignHandle ForeignHandle",
    ]


def test_a_handle_that_lost_its_locks_is_not_opened_again_by_its_other_half(path: Path) -> None:
    """Mutant: the writer's first opening closes the reader's connection without locks, and goes on."""
    script = f"""{_BEFORE}
print(count(db))
plain()
print(append("first", db), append("again", db), count(db))
other = SessionDB(path)
print(append("other", other))
plain()
print(count(other), count(other))
"""
    assert outcome(script, path).split("\n") == [
        "1",
        "ForeignHandle ForeignHandle ForeignHandle",
        "True",
        "ForeignHandle ForeignHandle",
    ]


def test_nothing_is_closed_beside_a_stranger_whose_locks_that_would_drop(path: Path) -> None:
    script = f"""{_BEFORE}
import fcntl
print(append("before", db), count(db))
stranger = os.open(path, os.O_RDWR)
fcntl.lockf(stranger, fcntl.LOCK_EX, 1, 1000)
print(append("beside", db), append("new", SessionDB(path)), count(SessionDB(path)))
inode = os.stat(path).st_ino
print(sum(f":{{inode}} " in line and line.rstrip().endswith(" 1000 1000") for line in open("/proc/locks")))
"""
    assert outcome(script, path).split("\n") == ["True 2", "ForeignHandle ForeignHandle ForeignHandle", "1"]


@pytest.mark.parametrize("reported", [False, True])
def test_a_stranger_is_found_with_and_without_reports_of_opens(path: Path, reported: bool) -> None:
    """Mutant: where opens are not reported, descriptors are not listed."""
    silent = "" if reported else "open_events.OpenEvents.__init__ = lambda self, path: os.open('/absent', 0)"
    script = f"""{_BEFORE}
{silent}
print(append("before", db), append("more", db))
print(db.store.engine.writer._opened.watch._events is not None)
stranger = os.open(path, os.O_RDONLY)
print(append("beside", db))
"""
    assert outcome(script, path).split("\n") == ["True True", str(reported), "ForeignHandle"]


def test_opens_are_not_trusted_where_none_was_ever_reported(path: Path) -> None:
    """Mutant: a filesystem that reports no opens passes for one that nobody opens."""
    script = f"""{_BEFORE}
open_events._OPENED = 0x400  # IN_DELETE_SELF, which does not happen
print(append("before", db))
stranger = os.open(path, os.O_RDONLY)
print(append("beside", db))
"""
    assert outcome(script, path).split("\n") == ["True", "ForeignHandle"]


def test_other_programs_may_come_and_go(path: Path) -> None:
    script = f"""{_BEFORE}
import subprocess
print(append("before", db), count(db))
for number in range(3):
    visit = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM messages').fetchall()"
    subprocess.run([sys.executable, "-c", visit, path], check=True)
    print(append("more", db), count(db))
"""
    assert outcome(script, path).split("\n") == ["True 2", "True 3", "True 4", "True 5"]


def test_a_stranger_is_noticed_beside_another_program_that_opened_the_file_first(path: Path) -> None:
    """Mutant: one lock is looked at."""
    script = f"""{_BEFORE}
import subprocess
first = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('SELECT 1 FROM messages'); print(); input()"
pipes = {{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}}
with subprocess.Popen([sys.executable, "-uc", first, path], **pipes) as other:
    other.stdout.readline()
    print(append("before", db), count(db), append("more", db), count(db))
    plain()
    print(append("beside", db), count(db))
    db = SessionDB(path, patience=2)
    print(append("new", db), count(db))
    shared_memory()
    print(append("beside", db), count(db))
    other.communicate(b"end")
"""
    assert outcome(script, path).split("\n") == [
        "True 2 True 3",
        "ForeignHandle ForeignHandle",
        "True 4",
        "ForeignHandle ForeignHandle",
    ]


def test_a_handle_that_was_closed_leaves_no_descriptor_open(path: Path) -> None:
    script = f"""{_BEFORE}
before = os.listdir("/proc/self/fd")
print(append("before", db), count(db))
db.close()
print(before == os.listdir("/proc/self/fd"))
"""
    assert outcome(script, path).split("\n") == ["True 2", "True"]
