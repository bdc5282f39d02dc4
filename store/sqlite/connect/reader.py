"""Pool of read-only connections to one store.

No cursor and no transaction survives a read transaction: an open one would prevent the WAL from being reset
(docs/reliability.md S4b).
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import TypeVar

import apsw

from ...base import errors
from ...base.cancel import Cancel
from ...base.owned_lock import OwnedLock, runs
from ...formats.lineage import Lineage
from ..base import error_mapping, handle_owners
from ..base.backoff import retried
from ..base.cell_values import Value, integer, text
from ..base.schema_probe import Layout, probe
from . import read_open

T = TypeVar("T")
Row = tuple[Value, ...]
Statement = tuple[str, Row]
Needs = tuple[str, str] | None
Known = dict[object, object]
"""What is known of a file in one state of its data, by the function that found it out."""

MESSAGES, SESSIONS = ("messages", "session_id"), ("sessions", "id")
"""Columns without which a read of messages or of sessions has nothing to find."""

PAGE = 256
"""Bodies per read transaction."""
_POOL_SIZE = 4
_PROGRESS_STEPS = 1_000


class Reader:
    """Pool of read-only connections to one store, each used by one thread at a time and opened on demand.

    Every method may be called from any thread.
    Where the file at the path was replaced, its WAL removed, or a copy is out of date, a new connection is opened.

    Args:
        path: The state.db.
        release_replaced: Called where the file at the path was replaced: SQLite opens the new one only when every
            connection of this process to the old one is closed, the writer's too.
        ownership: That of the handle it belongs to; its own where it is None.

    Raises:
        StoreError: From every method that reads the file.
    """

    def __init__(
        self,
        path: Path,
        *,
        release_replaced: Callable[[], None] = lambda: None,
        ownership: handle_owners.Ownership | None = None,
    ) -> None:
        self.path = path
        self._ownership = ownership or handle_owners.Ownership(path)
        self._release_replaced = release_replaced
        self._idle: list[read_open.OpenedFile] = []
        """Only `append`, `pop` and `remove` are used, each of them one step in C: threads need no lock for it."""
        self._borrowers = threading.local()
        self._version_lock = OwnedLock()
        self._closed = False
        self._probed: tuple[tuple[object, ...], Layout] | None = None
        self._version: read_open.OpenedFile | None = None
        self._versions = 0
        self.lineage: tuple[int, Lineage] | None = None
        """Families of the whole file and the `data_version` before they were read, once somebody needed them."""
        handle_owners.owners.add(self)

    @contextmanager
    def borrow(self, cancel: Cancel | None = None) -> Iterator[apsw.Connection]:
        """A connection for the length of the block: one read transaction.

        A connection whose statement is still open at the end is closed.
        The block belongs to a plain function, not to a generator.

        Args:
            cancel: Interrupts the running statement.

        Raises:
            Interrupted: It was cancelled before or in the block.
            RuntimeError: This thread has borrowed one already.
        """
        with error_mapping.translated_errors(self.path), self._lend(cancel, sys._getframe(2)) as opened:
            yield opened.connection

    def rows(
        self, sql: str, bindings: apsw.Bindings = (), *, needs: Needs = None, cancel: Cancel | None = None
    ) -> list[Row]:
        """All rows of one statement, in one read transaction.

        Text that is not UTF-8 has U+FFFD in it; select CAST(… AS BLOB) to keep its bytes.

        Args:
            needs: Table and column without which the statement is not run, and there are no rows.
        """

        def _rows(opened: read_open.OpenedFile) -> list[Row]:
            if needs is not None and not self._probe(opened).has(*needs):
                return []
            return _fetch(opened.connection, sql, bindings)

        return self._read(_rows, cancel)

    def row(
        self, sql: str, bindings: apsw.Bindings = (), *, needs: Needs = None, cancel: Cancel | None = None
    ) -> Row | None:
        """The first row of one statement, or None."""
        return next(iter(self.rows(sql, bindings, needs=needs, cancel=cancel)), None)

    def texts(
        self, sql: str, bindings: apsw.Bindings = (), *, needs: Needs = None, cancel: Cancel | None = None
    ) -> list[str]:
        """The first column of all rows as text, "" for NULL."""
        return [text(row[0]) or "" for row in self.rows(sql, bindings, needs=needs, cancel=cancel)]

    def pages(self, sql: str, ids: Sequence[Value], *, size: int = PAGE, cancel: Cancel | None = None) -> Iterator[Row]:
        """Rows of a statement that binds a JSON list of ids, `size` ids per read transaction."""
        for start in range(0, len(ids), size):
            yield from self.rows(sql, (json.dumps(ids[start : start + size]),), cancel=cancel)

    def number(
        self, sql: str, bindings: apsw.Bindings = (), *, needs: Needs = None, cancel: Cancel | None = None
    ) -> int:
        """The first cell of the first row as an integer; 0 for none."""
        row = self.row(sql, bindings, needs=needs, cancel=cancel)
        return integer(row[0]) if row else 0

    def read(self, query: Callable[[apsw.Connection, Layout], T], *, cancel: Cancel | None = None) -> T:
        """Several statements in one read transaction, with the layout of the file they read.

        `query` may run again after a transient I/O error, as in `rows`.
        """
        return self._read(lambda opened: query(opened.connection, self._probe(opened)), cancel)

    def read_known(self, query: Callable[[apsw.Connection, Layout, Known], T], *, cancel: Cancel | None = None) -> T:
        """The same with what was found out before through this connection; it is empty after each commit."""
        return self._read(lambda opened: query(opened.connection, self._probe(opened), opened.known), cancel)

    @property
    def layout(self) -> Layout:
        """Features of the file, probed again when its schema or the file changed. A read transaction."""
        return self._read(self._probe, None)

    def refuse_inherited(self) -> None:
        """Raise `ForeignHandle` in a process that was forked since this was made."""
        self._ownership.refuse_inherited()

    def data_version(self) -> int:
        """A number that changes with every commit of another connection, and when the file was replaced."""
        self._ownership.check()
        try:
            with self._version_lock, error_mapping.translated_errors(self.path):
                return retried(self._data_version)
        except errors.ForeignHandle:
            self._release_dropped()
            raise

    def close_idle(self, watch: object = None) -> None:
        """See `handle_owners.Owner`; a handle whose locks were dropped is not used again."""
        closing = [
            opened for opened in list(self._idle) if watch in (None, opened.watch) and _removed(self._idle, opened)
        ]
        if not self._version_lock.mine and self._version_lock.acquire(timeout=0.0):
            try:
                if self._version is not None and watch in (None, self._version.watch):
                    closing.append(self._version)
                    self._version = None
            finally:
                self._version_lock.release()
        if closing and watch is not None:
            self._ownership.end()
        for opened in closing:
            opened.close()

    def close(self) -> None:
        """Close idle connections; borrowed ones close when they are returned. May be called twice.

        Does nothing in a process forked since.
        """
        if self._ownership.inherited:
            return
        self._closed = True
        self._close_pool()
        with self._version_lock:
            if self._version is not None:
                self._version.close()
                self._version = None

    def _close_pool(self) -> None:
        while (opened := _popped(self._idle)) is not None:
            opened.close()

    def _read(self, query: Callable[[read_open.OpenedFile], T], cancel: Cancel | None) -> T:
        def _once() -> T:
            with self._lend(cancel, sys._getframe()) as opened:
                return query(opened)

        with error_mapping.translated_errors(self.path):
            return retried(_once)

    def _data_version(self) -> int:
        self._close_replaced_version()
        if self._version is None:
            self._versions += 1
            self._version = self._open()
        self._version.check_locks()
        return self._versions << 32 | int(self._version.connection.pragma("data_version"))

    def _probe(self, opened: read_open.OpenedFile) -> Layout:
        """The layout, from the last probe where data_version is the same: nothing was committed since."""
        [(version,)] = opened.connection.execute("PRAGMA data_version").fetchall()
        if opened.probed is not None and opened.probed[0] == version:
            return opened.probed[1]
        state, known = self._probed or ((), None)
        layout = probe(opened.connection, known if state == opened.state else None)
        if layout.stand_ins:
            names = " and ".join(layout.stand_ins)
            raise errors.CannotOpen(
                f"{self.path}: {names} is computed, not stored, so it is not read; look for what made it so"
            )
        if opened.watch is not None:
            opened.watch.follow_locks(wal=layout.journal_mode == "wal")
        self._probed = (opened.state, layout)
        opened.probed, opened.known = (integer(version), layout), {}
        return layout

    @contextmanager
    def _lend(self, cancel: Cancel | None, borrower: FrameType) -> Iterator[read_open.OpenedFile]:
        """A connection as long as the call `borrower` runs; after an error that is not of a statement it is closed."""
        before: FrameType | None = getattr(self._borrowers, "call", None)
        if before is not None and runs(before):
            raise RuntimeError("a read transaction inside another one: return the connection first")
        self._ownership.check()
        opened = self._take_watched()
        self._borrowers.call, usable = borrower, False
        try:
            with _interruptible(opened.connection, cancel):
                yield opened
            usable = True
        except apsw.Error as error:
            usable = not error_mapping.leaves_connection_unusable(error)
            raise
        except errors.StoreError:
            usable = True
            raise
        finally:
            if self._borrowers.call is borrower:
                self._borrowers.call = None
            self._return(opened, usable=usable)

    def _take_watched(self) -> read_open.OpenedFile:
        """A connection whose locks are held; without them this handle is not used again."""
        opened = self._take()
        try:
            opened.check_locks()
            self._ownership.check()  # opening it may have closed one of this handle whose locks were dropped
        except errors.ForeignHandle:
            self._return(opened, usable=True)
            self._release_dropped()
            raise
        return opened

    def _release_dropped(self) -> None:
        """Close idle connections whose locks were dropped; not beside a stranger, whose locks that would drop."""
        version = self._version
        idle = [*self._idle, *([version] if version is not None else [])]
        for watch in {opened.watch for opened in idle}:
            if watch is not None and not watch.intact():
                self._ownership.end()
                if not watch.foreign():
                    self.close_idle(watch)

    def _take(self) -> read_open.OpenedFile:
        stale = False
        while (opened := _popped(self._idle)) is not None:
            if opened.current:
                return opened
            opened.close()
            stale = True
        if stale:
            self._close_replaced()
        return self._open()

    def _open(self) -> read_open.OpenedFile:
        if self._closed:
            raise errors.StoreError(f"{self.path} was closed; open it again")
        try:
            return read_open.open_to_read(self.path)
        except apsw.IOError:
            self._close_replaced()
            raise

    def _close_replaced(self) -> None:
        """Close other connections to a file that is no longer at the path."""
        self._try_to_close_replaced_version()
        self._release_replaced()

    def _try_to_close_replaced_version(self) -> None:
        if self._version_lock.acquire(timeout=0.0):
            try:
                self._close_replaced_version()
            finally:
                self._version_lock.release()

    def _close_replaced_version(self) -> None:
        if self._version is not None and not self._version.current:
            self._version.close()
            self._version = None

    def _return(self, opened: read_open.OpenedFile, *, usable: bool) -> None:
        if usable and opened.connection.txn_state() == apsw.SQLITE_TXN_NONE and len(self._idle) < _POOL_SIZE:
            self._idle.append(opened)
        else:
            opened.close()
        if self._closed:
            self._close_pool()


def _popped(idle: list[read_open.OpenedFile]) -> read_open.OpenedFile | None:
    """The last of them, which no other thread has taken; None for none."""
    try:
        return idle.pop()
    except IndexError:
        return None


def _removed(idle: list[read_open.OpenedFile], opened: read_open.OpenedFile) -> bool:
    """Take one out; False where another thread has taken it."""
    try:
        idle.remove(opened)
    except ValueError:
        return False
    return True


def _fetch(connection: apsw.Connection, sql: str, bindings: apsw.Bindings) -> list[Row]:
    try:
        return connection.execute(sql, bindings).fetchall()
    except UnicodeDecodeError:
        return _fetch_as_bytes(connection, sql, bindings)


def _fetch_as_bytes(connection: apsw.Connection, sql: str, bindings: apsw.Bindings) -> list[Row]:
    """The rows of a statement with invalid UTF-8: texts are selected as bytes, each after its type, and decoded."""
    names = [f"c{place}" for place, _ in enumerate(connection.execute(sql, bindings).get_description())]
    cells = ", ".join(
        f"typeof({name}) = 'text', iif(typeof({name}) = 'text', CAST({name} AS BLOB), {name})" for name in names
    )
    wrapped = f"WITH found({', '.join(names)}) AS ({sql}) SELECT {cells} FROM found"
    return [
        tuple(text(cell) if is_text else cell for is_text, cell in zip(row[::2], row[1::2], strict=True))
        for row in connection.execute(wrapped, bindings).fetchall()
    ]


_nothing = nullcontext()


def _interruptible(connection: apsw.Connection, cancel: Cancel | None) -> AbstractContextManager[None]:
    """Interrupt the statement of this block on cancellation, also one that starts after it."""
    return _nothing if cancel is None else _until_cancelled(connection, cancel)


@contextmanager
def _until_cancelled(connection: apsw.Connection, cancel: Cancel) -> Iterator[None]:
    if cancel.cancelled:
        raise errors.Interrupted("the request was cancelled before it started")
    connection.set_progress_handler(lambda: cancel.cancelled, _PROGRESS_STEPS)
    try:
        with cancel.interrupting(connection.interrupt):
            yield
    finally:
        connection.set_progress_handler(None)
