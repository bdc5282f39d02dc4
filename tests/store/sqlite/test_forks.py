"""A process that is forked while it has a store open (docs/reliability.md A12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.sqlite_files import make, outcome

pytestmark = pytest.mark.slow

_BEFORE = """
import gc, os, signal, sys, threading, time
from pathlib import Path
from store import ForeignHandle, SessionDB
from store.sqlite.base import descriptors, foreign_handle_guard
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
def child(work):
    sys.stdout.flush()
    if (pid := os.fork()) == 0:
        signal.alarm(60)
        try:
            work()
        finally:
            sys.stdout.flush()
            os._exit(0)
    return pid
def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
db = SessionDB(path, patience=2)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make(tmp_path, "one")


@pytest.mark.parametrize("used", [False, True])
def test_every_verb_of_an_inherited_handle_raises(path: Path, used: bool) -> None:
    """Mutant: without the look at the process, reads go on over the parent's connection."""
    script = f"""{_BEFORE}
if {used}:
    append("before", db)
    count(db)
verbs = {{
    "append_message": lambda: db.append_message("s1", "user", "x"),
    "append_messages": lambda: db.append_messages("s1", [{{"role": "user", "content": "x"}}]),
    "create_session": lambda: db.create_session("s2", "cli"),
    "end_session": lambda: db.end_session("s1", "done"),
    "set_session_title": lambda: db.set_session_title("s1", "t"),
    "delete_session": lambda: db.delete_session("s1"),
    "get_session": lambda: db.get_session("s1"),
    "get_messages": lambda: db.get_messages("s1"),
    "get_messages_as_conversation": lambda: db.get_messages_as_conversation("s1"),
    "load_transcript": lambda: db.load_transcript("s1"),
    "search_messages": lambda: db.search_messages("one"),
    "search_sessions": lambda: db.search_sessions(),
    "list_sessions_rich": lambda: db.list_sessions_rich(),
    "session_count": lambda: db.session_count(),
    "message_count": lambda: db.message_count("s1"),
    "export_all": lambda: list(db.export_all()),
    "search": lambda: list(db.search("one")),
    "rank": lambda: db.rank("one"),
    "count": lambda: db.count("one"),
    "sessions": lambda: db.sessions(),
    "recent": lambda: db.recent(),
    "heads": lambda: db.heads("s1"),
    "checks": lambda: list(db.checks()),
    "health": lambda: list(db.health()),
    "plan": lambda: db.plan("s1"),
    "operations": lambda: db.operations(),
    "data_version": lambda: db.store.engine.changes.version(),
}}
def all_of_them():
    answers = {{name: said(verb) for name, verb in verbs.items()}}
    print({{name: answer for name, answer in answers.items() if answer != "ForeignHandle"}})
    db.close()
    print(said(lambda: db.get_messages("s1")))
print(ended(child(all_of_them)), append("parent", db), count(db))
"""
    assert outcome(script, path).split("\n") == ["{}", "ForeignHandle", f"0 True {2 + used}"]


def test_a_child_opens_its_own_handle_where_the_parents_stood_idle(path: Path) -> None:
    """Mutant: without closing before the fork the child inherits a connection and is refused."""
    script = f"""{_BEFORE}
print(append("before", db), count(db), said(db.store.engine.reader.data_version) > 0)
def work():
    own = SessionDB(path, patience=2)
    print(append("child", own), count(own))
    own.close()
print(ended(child(work)), append("parent", db), count(db))
"""
    assert outcome(script, path).split("\n") == ["True 2 True", "True 3", "0 True 4"]


@pytest.mark.parametrize("use", ["read", "write"])
def test_a_child_is_refused_where_a_connection_was_in_use(path: Path, use: str) -> None:
    """Mutant: without the refusal the child's writes run without locks."""
    script = f"""{_BEFORE}
print(append("before", db), count(db))
begun, go_on = threading.Event(), threading.Event()
def read():
    with db.store.engine.reader.borrow():
        begun.set()
        go_on.wait()
def write():
    db.store.write(lambda transaction: (begun.set(), go_on.wait()))
thread = threading.Thread(target={use})
thread.start()
begun.wait()
def work():
    own = SessionDB(path, patience=2)
    for verb in lambda: own.append_message("s1", "user", "child"), lambda: own.message_count("s1"):
        try:
            print(verb())
        except ForeignHandle as error:
            print("spawn or exec" in str(error))
pid = child(work)
go_on.set()
thread.join()
print(ended(pid), append("parent", db), count(db))
"""
    assert outcome(script, path).split("\n") == ["True 2", "True", "True", "0 True 3"]


def test_an_inherited_connection_is_never_closed_in_the_child(path: Path) -> None:
    """Mutant: without keeping it, the end of the child's last reference closes it."""
    script = f"""{_BEFORE}
print(append("before", db), count(db))
lent = db.store.engine.reader.borrow()
connection = lent.__enter__()
file = descriptors.identity(path)
before = descriptors.open_on(file)
pid = os.fork()
if pid == 0:
    del connection, lent
    db.close()
    del db
    gc.collect()
    print(before == descriptors.open_on(file) != set(), flush=True)
    sys.exit(0)  # an end of the interpreter as it usually comes
print(ended(pid), connection.execute("SELECT count(*) FROM messages").fetchall()[0][0])
lent.__exit__(None, None, None)
print(append("parent", db), count(db))
"""
    assert outcome(script, path).split("\n") == ["True 2", "True", "0 2", "True 3"]


@pytest.mark.parametrize(("parent", "rows"), [("closes", 32), ("dies", 32), ("writes on", 62)])
def test_a_child_writes_beside_a_parent_that(path: Path, parent: str, rows: int) -> None:
    script = f"""{_BEFORE}
written, told = os.pipe()
def write(name):
    own = SessionDB(path, patience=20)
    for number in range(30):
        own.append_message("s1", "user", f"{{name}} {{number}}")
        os.write(told, b"1")
def parent():
    append("before", db)
    count(db)
    pid = child(lambda: write("child"))
    os.read(written, 1)
    if {parent!r} == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if {parent!r} == "writes on":
        for number in range(30):
            db.append_message("s1", "user", f"parent {{number}}")
    db.close()
    ended(pid)
def started():
    global db
    db = SessionDB(path, patience=20)
    parent()
pid = child(started)
os.close(told)
while os.read(written, 100):
    pass
ended(pid)
print(count(SessionDB(path)))
"""
    assert outcome(script, path) == str(rows)


def test_a_file_that_was_replaced_across_a_fork_is_noticed(path: Path) -> None:
    script = f"""{_BEFORE}
print(append("before", db))
ended(child(lambda: None))
(path.parent / "other").mkdir()
other = SessionDB(path.parent / "other" / "state.db")
other.create_session("s1", "cli")
other.close()
path.rename(path.parent / "old")
(path.parent / "other" / "state.db").rename(path)
print(append("after", db))
"""
    assert outcome(script, path).split("\n") == ["True", "Replaced"]


def test_a_child_does_not_wait_for_threads_that_it_has_not(path: Path) -> None:
    """Forked while another thread opens, reads and writes. Mutant: with the parent's lock it waits for ever."""
    script = f"""{_BEFORE}
held, go_on = [threading.Event() for _ in range(4)], threading.Event()
def hold(number, lock):
    with lock:
        held[number].set()
        go_on.wait()
writer = db.store.engine.writer
locks = foreign_handle_guard.opening, writer._lock, writer._turn, db.store.engine.reader._version_lock
for number, lock in enumerate(locks):
    threading.Thread(target=hold, args=(number, lock)).start()
    held[number].wait()
def work():
    print(append("inherited", db), count(db))
    own = SessionDB(path, patience=2)
    print(append("own", own), count(own))
    db.close()
print(ended(child(work)))
go_on.set()
"""
    assert outcome(script, path).split("\n") == ["ForeignHandle ForeignHandle", "True 2", "0"]


def test_no_connection_is_opened_while_a_fork_is_on_its_way(path: Path) -> None:
    """SQLite's own locks would stay held in the child. Mutant: `opening` is given back before the fork."""
    script = """
import os, sys, threading
seen = []
os.register_at_fork(before=lambda: seen and look())  # registered first, so called last
def look():
    thread = threading.Thread(target=lambda: seen.append(foreign_handle_guard.opening.acquire(timeout=0.05)))
    thread.start()
    thread.join()
from pathlib import Path
from store import SessionDB
from store.sqlite.base import foreign_handle_guard
db = SessionDB(Path(sys.argv[1]))
db.append_message("s1", "user", "before")
seen.append("forked")
if (child := os.fork()) == 0:
    os._exit(0)
os.waitpid(child, 0)
look()
print(seen, db.message_count("s1"))
"""
    assert outcome(script, path) == "['forked', False, True] 2"
