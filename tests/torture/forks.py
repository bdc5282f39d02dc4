"""Children that were forked while the store was open, beside parents that close it, die or write on."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from store import ForeignHandle, SessionDB
from tests.builders import sqlite_of
from tests.torture import programs, stores

PARENTS = ("closes", "dies", "writes on", "forks while it reads", "forks while it writes")
APPENDS = 12
"""Of a child, and of a parent that writes on."""


@dataclass(slots=True)
class Outcome:
    """What was found."""

    forks: int = 0
    acknowledged: int = 0
    refused: int = 0
    """Children that inherited a connection in use, and were refused."""
    lost: int = 0
    wrong: int = 0
    """Inherited handles that did not raise, children that were refused and had not to be, or the other way round."""
    faults: tuple[str, ...] = ()


def run(*, forks: int, seed: int) -> Outcome:
    """So many forks, each of a parent that opened the store."""
    outcome, chance = Outcome(), random.Random(seed)
    with stores.folder() as folder:
        path = programs.answer(lambda: stores.template(folder, "wal"))
        for number in range(forks):
            parent = chance.choice(PARENTS)
            code = programs.end(programs.start(_parent(path, folder, parent, number)), kill=False)
            outcome.wrong += code != (-signal.SIGKILL if parent == "dies" else 0)
            outcome.forks += 1
            _wait_for_children(folder)
        found = programs.answer(lambda: stores.state(path))
        told = _read(folder / "told")
        outcome.acknowledged, outcome.lost = len(told), len(told - set(found.texts))
        outcome.refused = len(_read(folder / "refused"))
        outcome.wrong += len(_read(folder / "wrong"))
        outcome.faults = tuple(fault for fault in found.faults if "counters" not in fault)
    return outcome


def _parent(path: Path, folder: Path, parent: str, number: int) -> Callable[[], None]:
    """The program that opens the store, forks, and does as it is told."""

    def work() -> None:
        database = SessionDB(path, patience=60)
        _append(database, folder, f"first {number}")
        database.message_count(stores.SESSION)
        in_use = parent.startswith("forks while")
        ended = _using(database, parent.rpartition(" ")[2]) if in_use else lambda: None
        lock = folder / f"child-{number}"
        lock.touch()
        child = os.fork()
        if child == 0:
            _child(database, lock, number, refused=in_use)
        ended()
        if parent == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if parent != "closes":
            for turn in range(APPENDS):
                _append(database, folder, f"parent {number} {turn}")
        database.close()
        os.waitpid(child, 0)

    return work


def _using(database: SessionDB, what: str) -> Callable[[], None]:
    """Keep a connection in use in another thread; what ends that."""
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        begun.set()
        go_on.wait()

    def write() -> None:
        database.store.write(hold)

    def read() -> None:
        with sqlite_of(database).reader.borrow():
            hold(None)

    thread = threading.Thread(target=write if what == "writes" else read)
    thread.start()
    begun.wait()

    def end() -> None:
        go_on.set()
        thread.join()

    return end


def _child(inherited: SessionDB, lock: Path, number: int, *, refused: bool) -> None:
    """Use the inherited handle, then one of its own; ends this program, and `lock` with it."""
    folder = lock.parent
    try:
        for verb in (lambda: _append(inherited, folder, "never"), lambda: inherited.get_messages(stores.SESSION)):
            _expect_refusal(verb, folder)
        own = SessionDB(inherited.path, patience=60)
        if refused:
            _expect_refusal(lambda: _append(own, folder, "never"), folder)
            _note(folder / "refused", f"{number}")
        else:
            for turn in range(APPENDS):
                _append(own, folder, f"child {number} {turn}")
    except Exception as error:  # noqa: BLE001  whatever it is, it is wrong
        _note(folder / "wrong", f"{number} {error!r}")
    finally:
        lock.unlink()
        os._exit(0)


def _expect_refusal(verb: Callable[[], object], folder: Path) -> None:
    try:
        verb()
    except ForeignHandle:
        return
    _note(folder / "wrong", "an inherited connection was used")


def _append(database: SessionDB, folder: Path, text: str) -> None:
    database.append_message(stores.SESSION, "user", text)
    _note(folder / "told", text)


def _note(path: Path, text: str) -> None:
    """Add a line, whole, beside other programs that do."""
    with path.open("ab", buffering=0) as file:
        _write(file, f"{text}\n".encode())


def _write(file: IO[bytes], line: bytes) -> None:
    assert file.write(line) == len(line)


def _read(path: Path) -> set[str]:
    return set(path.read_text().splitlines()) if path.exists() else set()


def _wait_for_children(folder: Path) -> None:
    """Wait for the children of parents that died."""
    while any(folder.glob("child-*")):
        time.sleep(0.01)
