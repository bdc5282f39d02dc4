"""Connections to one store: many short looks that never write; the hand that does is `writer.Writer`.

No cursor and no transaction survives a critical section: an open one would keep the WAL from ever being reset
(docs/reliability.md S4b).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import apsw

from ...base import errors
from ...base.cancel import Cancel
from ..base import cell_values as cells
from ..base import error_mapping, foreign_handle_guard
from ..base.cell_values import Value, text
from ..base.schema_probe import Layout, probe
from . import read_open
from .writer import Writer

__all__ = ["Connection", "Reader", "Row", "Value", "Writer"]

T = TypeVar("T")
Row = tuple[Value, ...]
Connection = apsw.Connection

_POOL = 4
_STEPS = 1_000
_RETRIES = 3
_RETRY_PAUSE = 0.05


class Reader:
    """Lends read-only connections to one store, each to one thread at a time; opens nothing until it is asked.

    Every method may be called from any thread.
    Where another file appears at the path, its WAL was taken away, or a copy falls behind, a new connection is opened:
    reads go on.

    Args:
        path: The state.db.
        release_replaced: Called where the file at the path is not the one that was open: SQLite opens the new one only
            when every connection of this process to the old one is closed, a writer's too.

    Raises:
        StoreError: From every method that asks the file, the leaf that says what is wrong.
    """

    def __init__(self, path: Path, *, release_replaced: Callable[[], None] = lambda: None) -> None:
        self.path = path
        self._release_replaced = release_replaced
        self.renew_locks()
        self._idle: list[read_open.OpenedFile] = []
        self._closed = False
        self._looked: tuple[tuple[object, ...], Layout] | None = None
        self._version: read_open.OpenedFile | None = None
        self._versions = 0
        foreign_handle_guard.renew_locks_after_fork(self)

    def renew_locks(self) -> None:
        """See `guard.Forkable`."""
        self._lock = threading.Lock()
        self._version_lock = threading.Lock()
        self._lent = threading.local()

    @contextmanager
    def borrow(self, cancel: Cancel | None = None) -> Iterator[apsw.Connection]:
        """One critical section: a connection for the length of the block.

        Whatever statement is still open at its end is ended with its connection.

        Args:
            cancel: Withdrawing it interrupts the statement that is running.

        Raises:
            Interrupted: If the question was withdrawn before or in the block.
            RuntimeError: If this thread already borrows one.
        """
        with error_mapping.translated_errors(self.path), self._lend(cancel) as opened:
            yield opened.connection

    def rows(self, sql: str, bindings: apsw.Bindings = (), *, cancel: Cancel | None = None) -> list[Row]:
        """All rows of one statement, in one critical section.

        A text that is no UTF-8 comes with U+FFFD in it; select what people see as CAST(… AS BLOB) to keep its bytes.
        """
        return self._ask(lambda opened: _fetch(opened.connection, sql, bindings), cancel)

    def row(self, sql: str, bindings: apsw.Bindings = (), *, cancel: Cancel | None = None) -> Row | None:
        """The first row of one statement, or None."""
        found = self.rows(sql, bindings, cancel=cancel)
        return found[0] if found else None

    def read(self, question: Callable[[apsw.Connection, Layout], T], *, cancel: Cancel | None = None) -> T:
        """Several statements in one critical section, with the layout of the very file they go to.

        `question` may run again after a passing I/O error, as `rows` does.
        """
        return self._ask(lambda opened: question(opened.connection, self._look(opened)), cancel)

    @property
    def layout(self) -> Layout:
        """What the file has; looked at again when its schema or the file itself changed. A critical section."""
        return self._ask(self._look, None)

    def data_version(self) -> int:
        """A number that changes when anybody commits, and when another file is read than before."""
        with self._version_lock, error_mapping.translated_errors(self.path):
            return _persistently(self._data_version)

    def close(self) -> None:
        """Close what is not lent; what is lent closes when it comes back. May be called twice."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        with self._version_lock:
            idle += [self._version] if self._version is not None else []
            self._version = None
        for opened in idle:
            opened.close()

    def _ask(self, question: Callable[[read_open.OpenedFile], T], cancel: Cancel | None) -> T:
        def _once() -> T:
            with self._lend(cancel) as opened:
                return question(opened)

        with error_mapping.translated_errors(self.path):
            return _persistently(_once)

    def _data_version(self) -> int:
        if self._version is not None and not self._version.current:
            self._version.close()
            self._version = None
        if self._version is None:
            self._version = self._open()
            self._versions += 1
        return self._versions << 32 | int(self._version.connection.pragma("data_version"))

    def _look(self, opened: read_open.OpenedFile) -> Layout:
        """Nobody committed since this connection last looked where its data_version is the same."""
        [(version,)] = opened.connection.execute("PRAGMA data_version").fetchall()
        if opened.looked is not None and opened.looked[0] == version:
            return opened.looked[1]
        seen, known = self._looked or ((), None)
        found = probe(opened.connection, known if seen == opened.seen else None)
        self._looked = (opened.seen, found)
        opened.looked = (cells.integer(version), found)
        return found

    @contextmanager
    def _lend(self, cancel: Cancel | None) -> Iterator[read_open.OpenedFile]:
        if getattr(self._lent, "out", False):
            raise RuntimeError("a critical section inside another one: give the connection back first")
        opened = self._take()
        self._lent.out, spent = True, False
        try:
            with _interruptible(opened.connection, cancel):
                yield opened
        except apsw.Error as error:
            spent = error_mapping.leaves_connection_unusable(error)
            raise
        finally:
            self._lent.out = False
            self._give_back(opened, spent=spent)

    def _take(self) -> read_open.OpenedFile:
        with self._lock:
            idle, self._idle = self._idle, []
            while idle and idle[-1].current:
                self._idle.append(idle.pop())
            found = self._idle.pop() if self._idle else None
        for stale in idle:
            stale.close()
        if idle:
            self._let_go()
        return found or self._open()

    def _open(self) -> read_open.OpenedFile:
        if self._closed:
            raise errors.StoreError(f"{self.path} was closed; open it again")
        try:
            return read_open.open_to_read(self.path)
        except apsw.IOError:
            self._let_go()
            raise

    def _let_go(self) -> None:
        """Close what else may hold a file that is not at the path any more."""
        if self._version_lock.acquire(blocking=False):
            try:
                if self._version is not None and not self._version.current:
                    self._version.close()
                    self._version = None
            finally:
                self._version_lock.release()
        self._release_replaced()

    def _give_back(self, opened: read_open.OpenedFile, *, spent: bool) -> None:
        ended = opened.connection.txn_state() == apsw.SQLITE_TXN_NONE
        with self._lock:
            keep = ended and not spent and not self._closed and len(self._idle) < _POOL
            if keep:
                self._idle.append(opened)
        if not keep:
            opened.close()


def _persistently(action: Callable[[], T]) -> T:
    """Do it again where reading failed for a moment beside a writer's WAL reset (docs/format.md §7.5)."""
    for _ in range(_RETRIES):
        try:
            return action()
        except apsw.IOError:
            time.sleep(_RETRY_PAUSE)
    return action()


def _fetch(connection: apsw.Connection, sql: str, bindings: apsw.Bindings) -> list[Row]:
    try:
        return connection.execute(sql, bindings).fetchall()
    except UnicodeDecodeError:
        return _fetch_as_bytes(connection, sql, bindings)


def _fetch_as_bytes(connection: apsw.Connection, sql: str, bindings: apsw.Bindings) -> list[Row]:
    """The rows of a statement whose text is no UTF-8: texts come as bytes, between marks, and are decoded here."""
    names = [f"c{place}" for place, _ in enumerate(connection.execute(sql, bindings).get_description())]
    cells = ", ".join(
        f"typeof({name}) = 'text', iif(typeof({name}) = 'text', CAST({name} AS BLOB), {name})" for name in names
    )
    whole = f"WITH found({', '.join(names)}) AS ({sql}) SELECT {cells} FROM found"
    return [
        tuple(text(cell) if is_text else cell for is_text, cell in zip(row[::2], row[1::2], strict=True))
        for row in connection.execute(whole, bindings)
    ]


@contextmanager
def _interruptible(connection: apsw.Connection, cancel: Cancel | None) -> Iterator[None]:
    """Interrupt what runs in this block when `cancel` is withdrawn; also where it was before the statement began."""
    if cancel is None:
        yield
        return
    if cancel.cancelled:
        raise errors.Interrupted("the question was withdrawn before it was asked")
    connection.set_progress_handler(lambda: cancel.cancelled, _STEPS)
    try:
        with cancel.interrupting(connection.interrupt):
            yield
    finally:
        connection.set_progress_handler(None)
