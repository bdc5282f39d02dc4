"""One exception at every bytecode of an append and of a read; then the next calls of all threads are right.

The looks are taken in the exception's handler, whose traceback keeps every frame of the interrupted call: the write
lock by /proc/locks, the queue by another program's lock, threads and descriptors by /proc/self.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from store.sqlite.connect import lock_holders, read_open
from store.sqlite.connect.writer_queue import queue_file
from tests.torture import stores
from tests.torture.interrupt import Stop, interrupted

PATIENCE = 5.0
"""Seconds until a call that would wait for ever is an error."""

WRITTEN = "written"
"""The session that is written to; `stores.SESSION` is the one that is read."""


@dataclass(slots=True)
class Found:
    """What came of one kind of call."""

    what: str
    interrupts: int = 0
    written: int = 0
    """Appends whose row is there although the call was interrupted: after its COMMIT."""
    wrong: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)
    """The bytecode at which each was first seen."""

    def note(self, complaint: str, number: int) -> None:
        """Count something that is wrong."""
        self.wrong[complaint] += 1
        self.first.setdefault(complaint, number)


class Tried:
    """A store whose calls are interrupted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db = stores.opened(path, patience=PATIENCE)
        self.db.browser  # noqa: B018  # imported now: an exception in the middle of an import becomes another one
        self.db.create_session(WRITTEN, "cli")

    def append(self, text: str = "interrupted") -> None:
        """The write that is interrupted."""
        self.db.append_message(WRITTEN, "user", text)

    def read(self) -> None:
        """The read that is interrupted."""
        assert len(self.db.get_messages(stores.SESSION)) == 3

    def search(self) -> None:
        """Another read, with a transaction for each window."""
        list(self.db.search("before", limit=3))

    def reopen(self) -> None:
        """The first calls of a new handle: both connections are opened, those of the old one are closed."""
        old, self.db = self.db, stores.opened(self.path, patience=PATIENCE)
        old.close()
        self.append()
        self.read()

    def texts(self) -> list[object]:
        """What was written."""
        return [row["content"] for row in self.db.get_messages(WRITTEN)]


CALLS = {
    "append": "an append",
    "read": "a read",
    "search": "a search",
    "reopen": "the first append and read of a handle, the last one's close included",
}
"""Method of `Tried` -> what it does."""
LONG = {"search": 10, "reopen": 10}
"""Calls of ten thousand bytecodes and more, and how many times as rarely they are interrupted."""


def run(*, step: int, seed: int, calls: Iterable[str] = CALLS) -> Iterator[Found]:
    """Every `step`-th bytecode of each kind of call, and fewer of the `LONG` ones."""
    with stores.folder() as folder:
        template = stores.template(folder, "wal")
        for place, name in enumerate(calls):
            path = stores.copied(template, folder / name)
            every = step * LONG.get(name, 1)
            yield _tried(Tried(path), name, every, (seed + place) % every)


def _tried(store: Tried, name: str, step: int, number: int) -> Found:
    found = Found(name)
    store.append()
    store.texts()
    before = _open_files()
    while _interrupted_once(store, getattr(store, name), found, number):
        after = _open_files()
        if len(after) > len(before) or threading.active_count() > 1:
            found.note(f"left open: {sorted((after - before).elements())}", number)
            before = after
        number += step
    store.db.close()
    return found


def _interrupted_once(store: Tried, call: Callable[[], None], found: Found, number: int) -> bool:
    """False where the call has fewer bytecodes."""
    store.db.clear_messages(WRITTEN)
    try:
        if not interrupted(number, call):
            return False
    except Stop:
        found.interrupts += 1
        _look(store, found, number)
        there = _next_calls(store, found, number)
    else:
        return True
    if there not in (["next"], ["interrupted", "next"]):
        found.note(f"stored: {there}", number)
    found.written += len(there) == 2
    return True


def _look(store: Tried, found: Found, number: int) -> None:
    """What the interrupted call holds, in the handler of its exception."""
    holder = lock_holders.write_lock_holder(store.path)
    if holder is not None:
        found.note("a transaction is open", number)
    if any(lock.pid == os.getpid() for lock in lock_holders._locks(queue_file(store.path))):
        found.note("stands in the queue", number)
    if any(
        lock.pid == os.getpid()
        for lock in lock_holders._locks(read_open.sidecars(store.path)[2])
        if lock.first in READERS
    ):
        found.note("a read transaction is open", number)


READERS = range(123, 128)
"""Bytes of the -shm that a reader locks in a transaction of a WAL."""


def _next_calls(store: Tried, found: Found, number: int) -> list[object]:
    """An append and a read of another thread, a read of this one; what is stored then."""

    def ask() -> None:
        try:
            store.append("next")
            store.read()
        except BaseException as error:  # noqa: BLE001  whatever it is, it is what is looked for
            found.note(f"the next call of another thread: {type(error).__name__}: {error}"[:200], number)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(4 * PATIENCE)
    try:
        return store.texts()
    except Exception as error:  # noqa: BLE001  as above
        found.note(f"the next call: {type(error).__name__}: {error}"[:200], number)
        return []


def _open_files() -> Counter[str]:
    """What this process has open."""
    open_files: Counter[str] = Counter()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            open_files[os.readlink(f"/proc/self/fd/{descriptor}")] += 1
        except OSError:
            pass  # that of the listing
    return open_files
