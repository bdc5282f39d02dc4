"""Writer of a store: short transactions with a timeout, acknowledged after COMMIT only."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import apsw

from ...base import errors
from ...base.owned_lock import OwnedLock
from ..base import descriptors, error_mapping, filesystems, foreign_handle_guard, handle_owners
from ..base.backoff import Backoff, retried
from ..base.schema_probe import Layout, probe
from ..base.write_obstacles import obstacles
from . import lock_holders, read_open, trigger_stand_ins
from .writer_queue import WriterQueue

T = TypeVar("T")

_MAX_NAMED = 6
"""Processes that are named in the message of a timeout; the rest are counted."""
PATIENCE = 30.0
"""Default timeout of a transaction, in seconds."""
_locks: weakref.WeakValueDictionary[tuple[int, str], OwnedLock] = weakref.WeakValueDictionary()
"""Process id and real path of a store -> the lock of that process for writing to it; the queue's place is its own."""


def triggers_on(connection: apsw.Connection) -> bool:
    """False inside a transaction that is repeated without triggers, which has to set `display_order` itself."""
    return bool(connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, -1))


class Writer:
    """The connection of this process that writes to one store: opened by the first transaction, then kept.

    Args:
        path: The state.db, which exists.
        patience: Timeout for the lock, in seconds, other threads of this writer included.
        backoff: Clock, sleep and jitter of waits.
        ownership: That of the handle it belongs to; its own where it is None.

    Raises:
        ValueError: The patience is negative, no number, or more than the system can wait.
    """

    def __init__(
        self,
        path: Path,
        *,
        patience: float = PATIENCE,
        backoff: Backoff | None = None,
        ownership: handle_owners.Ownership | None = None,
    ) -> None:
        if not 0.0 <= patience <= threading.TIMEOUT_MAX:
            raise ValueError(f"the patience of a writer must be a number of seconds, not {patience!r}")
        self.path = path
        self._ownership = ownership or handle_owners.Ownership(path)
        self.index_damaged = False
        """True once a transaction succeeded only without the triggers of a full-text index."""
        self.lock_seconds = 0.0
        """Seconds that the last committed transaction held SQLite's lock."""
        self._patience = patience
        self._backoff = backoff or Backoff()
        self._queue = WriterQueue(path, self._backoff.clock, self._backoff.sleep)
        self._lock = _locks.setdefault((os.getpid(), os.path.realpath(path)), OwnedLock())
        self._opened: _Handle | None = None
        self._halted = False
        handle_owners.owners.add(self)

    def transaction(self, work: Callable[[apsw.Connection], T], *, patience: float | None = None) -> T:
        """Begin, do `work`, commit; once it returns the changes are on the disk (synchronous=FULL).

        `work` may run again after a lock, and once more without triggers where a full-text index refuses the write;
        see `triggers_on`.

        Raises:
            Locked: The lock was not free within `patience` seconds; nothing was written. The message names the process
                that holds it and others with the store open, or the likely ones where they are unknown.
            Replaced: The file at the path was replaced, or its WAL removed; nothing more is written until `close`.
            UnsafeFilesystem: The filesystem's locks cannot be trusted, or the file has a second name.
            ReadOnly: The store's structure forbids it (`write_obstacles`), or the system does.
            ForeignHandle: This process has or had it open without apsw, or was forked since. Where that is noticed
                after COMMIT, a note says that the changes may be lost.
            StoreError: Any other error of SQLite. Errors of `work` are raised unchanged, after a rollback.
            RuntimeError: `work` started a transaction.
        """
        if self._lock.mine:
            raise RuntimeError("a transaction inside another one")
        self._ownership.check()
        patience = self._patience if patience is None else patience
        deadline = self._backoff.clock() + patience
        if not self._lock.acquire(timeout=max(0.0, patience)):
            raise errors.Locked(
                f"nothing was written in {patience:g} s: another thread of this process writes {self.path}; try again"
            )
        try:
            return self._in_turn(work, patience, deadline)
        except errors.Replaced:
            self._halted = True
            self._drop()  # so that readers open the new file
            raise
        except errors.ForeignHandle:
            self._end_ownership()
            raise
        finally:
            self._queue.leave()  # again: an exception may have come into the first
            self._lock.release()

    def _in_turn(self, work: Callable[[apsw.Connection], T], patience: float, deadline: float) -> T:
        try:
            with error_mapping.translated_errors(self.path):
                self._backoff.retry_until(self._ready, deadline)  # a store that is not writable fails before a wait
                self._queue.enter(deadline)
                return self._through(work, deadline)
        except errors.Locked as error:
            raise errors.Locked(f"nothing was written in {patience:g} s: {error}; {_holders(self.path)}") from error
        finally:
            self._queue.leave()

    @property
    def layout(self) -> Layout:
        """Features of the file in the running transaction, for its `work`.

        Raises:
            RuntimeError: No transaction runs.
        """
        if self._opened is None or self._opened.layout is None:
            raise RuntimeError("no transaction runs")
        return self._opened.layout

    def close(self) -> None:
        """Close the connection without a checkpoint; the next transaction opens another. May be called twice.

        Does nothing in a process forked since.
        """
        if self._ownership.inherited:
            return
        with self._lock:
            self._drop()
            self._queue.close()
            self._halted = False

    def close_idle(self, watch: object = None) -> None:
        """See `handle_owners.Owner`; a handle whose locks were dropped is not used again."""

        def _close(opened: _Handle) -> None:
            if watch in (None, opened.watch):
                if watch is not None:
                    self._ownership.end()
                opened.close()

        self._if_idle(_close)

    def release_replaced(self) -> None:
        """Close the connection where its file is no longer at the path; a running transaction goes on."""
        if not self._ownership.inherited:
            self._if_idle(self._drop_replaced)

    def _if_idle(self, work: Callable[[_Handle], None]) -> None:
        """Do something unless a transaction has the connection, be it one of this thread; waits for nothing."""
        if self._lock.acquire(timeout=0.0):
            try:
                if self._opened is not None and self._opened.opened:
                    work(self._opened)
            finally:
                self._lock.release()

    def _drop_replaced(self, opened: _Handle) -> None:
        try:
            opened.check_in_place()
        except errors.Replaced:
            self._halted = True
            self._drop()

    def _through(self, work: Callable[[apsw.Connection], T], deadline: float) -> T:
        try:
            return self._backoff.retry_until(lambda: self._attempt(work, deadline, triggers=True), deadline)
        except apsw.Error as error:
            if not error_mapping.is_index_error(error):
                raise
        self.index_damaged = True
        return self._backoff.retry_until(lambda: self._attempt(work, deadline, triggers=False), deadline)

    def _attempt(self, work: Callable[[apsw.Connection], T], deadline: float, *, triggers: bool) -> T:
        handle = self._ready()
        handle.check()
        for connection in handle.lend():
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, triggers)
            try:
                result = self._committed(work, connection, handle, deadline)
            except apsw.Error as error:
                if error_mapping.leaves_connection_unusable(error):
                    self._drop()
                raise
            finally:
                self._end(connection)
        handle.check(written=True)
        return result

    def _committed(
        self, work: Callable[[apsw.Connection], T], connection: apsw.Connection, handle: _Handle, deadline: float
    ) -> T:
        self._begin(connection)
        started = self._backoff.clock()
        handle.check_generation(connection)
        layout = handle.probe(connection)
        wal = layout.journal_mode == "wal"
        handle.watch.follow_locks(wal=wal)
        tables = layout.tables
        substituted = (
            triggers_on(connection) and trigger_stand_ins.CJK in tables and trigger_stand_ins.install(connection)
        )
        if substituted:
            self.index_damaged = True
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        result = work(connection)
        handle.watch.check_write_lock(wal=wal)
        self._backoff.retry_until(lambda: connection.execute("COMMIT"), deadline)
        if substituted:
            self._remove_stand_ins(connection)
        self.lock_seconds = self._backoff.clock() - started
        return result

    def _begin(self, connection: apsw.Connection) -> None:
        retried(lambda: connection.execute("BEGIN IMMEDIATE"), self._backoff.sleep)

    def _end(self, connection: apsw.Connection) -> None:
        """Roll back an open transaction and keep the connection; a failure does not hide the first error."""
        if self._opened is None or self._ownership.inherited:
            return
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except apsw.Error:
            self._drop()
        else:
            self._opened.keep()

    def _remove_stand_ins(self, connection: apsw.Connection) -> None:
        """Drop the temporary triggers; a failure does not affect the commit."""
        try:
            trigger_stand_ins.remove(connection)
        except apsw.Error:
            self._drop()

    def _ready(self) -> _Handle:
        if self._halted:
            raise _replaced(self.path)
        if self._opened is None:
            self._opened = _Handle(self.path)
        if not self._opened.opened:
            self._opened.open()
            self._ownership.check()  # that may have closed a connection of this handle whose locks were dropped
        return self._opened

    def _end_ownership(self) -> None:
        """Use the connection no more; it stays open beside a stranger, whose locks its closing would drop."""
        if self._opened is not None and self._opened.opened:
            self._ownership.end()
            if not self._opened.watch.foreign():
                self._drop()

    def _drop(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


class _Handle:
    """The connection, and checks that it still writes into the file at the path.

    It is opened again where an exception took it with it, or where it was closed because it stood idle.
    """

    watch: foreign_handle_guard.FileWatch

    def __init__(self, path: Path) -> None:
        self.path = path
        self.layout: Layout | None = None
        self._pid = os.getpid()
        self._beside: dict[str, read_open.FileId] = {}
        self._generation = 0
        self._file: read_open.FileId = None
        self._idle: list[apsw.Connection] = []
        self._lent: Callable[[], apsw.Connection | None] = lambda: None

    @property
    def opened(self) -> bool:
        """True while there is a connection that no transaction has."""
        return bool(self._idle)

    def open(self) -> None:
        """Open the connection.

        Raises:
            Replaced: The file is not the one that was opened before.
            StoreError: It cannot be opened, or may not be.
        """
        path = self.path
        with foreign_handle_guard.opening:
            if not os.path.isfile(path):  # noqa: PTH113  Path.is_file raises in a folder without permission
                raise error_mapping.unopenable(path)
            filesystems.refuse_unsafe(path)
            foreign_handle_guard.check(path)
            self.watch = foreign_handle_guard.watch(path)
            self.watch.follow_opens()
            file = descriptors.identity(path)
            if self._file not in (None, file):
                raise _replaced(path)
            wal, _, shm = read_open.sidecars(path)
            self._file, self._beside = file, {str(wal): None, str(shm): None}
            self._idle.append(_connect(path))

    def lend(self) -> Iterator[apsw.Connection]:
        """The connection for one transaction, as a weak reference: the only item of an iterator in C.

        Until `keep` that iterator alone owns the connection, and the `for` that runs over it owns the iterator, on the
        interpreter's stack. So whichever exception ends the loop, at whichever bytecode, SQLite closes the connection
        and rolls its transaction back, also while a traceback keeps the local variables of the calls.
        """
        if not self._idle:
            self.open()
        lent, self._idle = self._idle, []
        self._lent = weakref.ref(lent[-1])
        return map(weakref.proxy, lent)

    def keep(self) -> None:
        """Take the connection back, which is in no transaction."""
        connection = self._lent()
        if connection is not None:
            self._idle = [connection]

    def check(self, *, written: bool = False) -> None:
        """Make sure that this process's locks are held, and that the files are in place; see `check_in_place`.

        Args:
            written: A transaction was just committed, and its result not yet returned.
        """
        try:
            self.watch.check()
        except errors.StoreError as error:
            if written:
                error.add_note("the transaction was committed just before that was noticed, and may be lost")
            raise
        self.check_in_place()
        if not written:
            filesystems.refuse_second_name(self.path)

    def check_in_place(self) -> None:
        """Make sure that file, WAL and -shm are those that were opened; those that appear later are registered.

        Raises:
            Replaced: One of them was replaced or removed.
            ForeignHandle: This process was forked from the one that opened it.
        """
        if self._pid != os.getpid():
            raise errors.ForeignHandle(f"this process was forked while it had {self.path} open; open it in a fresh one")
        now = {path: descriptors.identity(path) for path in self._beside}
        gone = any(known not in (None, now[path]) for path, known in self._beside.items())
        if gone or descriptors.identity(self.path) != self._file:
            raise _replaced(self.path)
        self._beside = now

    def check_generation(self, connection: apsw.Connection) -> None:
        """Make sure, inside a transaction, that no other Hermes file was copied over this one (docs/format.md §7.8).

        Raises:
            Replaced: The generation number that Hermes gives a file changed.
        """
        now = int(connection.pragma("application_id"))
        if self._generation not in (0, now):
            raise _replaced(self.path)
        self._generation = now

    def probe(self, connection: apsw.Connection) -> Layout:
        """Features of the file, inside a transaction.

        Raises:
            ReadOnly: Its structure forbids to write into it.
        """
        known, self.layout = self.layout, None
        found = probe(connection, known)
        if (known is None or known.counter != found.counter) and (forbidding := obstacles(connection)):
            raise errors.ReadOnly(error_mapping.only_read(self.path, forbidding))
        self.layout = found
        return found

    def close(self) -> None:
        """Close without a checkpoint, so that the WAL stays for running agents."""
        if self._pid != os.getpid():
            return
        connection = self._idle[-1] if self._idle else self._lent()
        with foreign_handle_guard.opening:
            try:
                if connection is not None:
                    connection.close()
            except apsw.Error:
                pass  # acknowledged writes are on the disk, and the descriptor is closed all the same
            self._idle = []
            foreign_handle_guard.forget_closed()


def _holders(path: Path) -> str:
    """The process with the lock, and others with the store open, for a message."""
    holder, others = lock_holders.write_lock_holder(path), lock_holders.other_processes(path)
    parts = [f"{holder} holds the lock now"] if holder else []
    rest = [str(process) for process in others if process != holder]
    if len(rest) > _MAX_NAMED:
        rest[_MAX_NAMED:] = [f"{len(rest) - _MAX_NAMED} more"]
    if rest:
        parts.append(f"open or waiting too: {', '.join(rest)}")
    return "; ".join(parts) or "it can be an agent, a gateway, a cron job, a backup or a repair of this home"


def _replaced(path: Path) -> errors.Replaced:
    return errors.Replaced(
        f"{path} or its sidecar (-wal, -shm) was moved, replaced or removed while it was open; "
        "check what the last write left, then start again"
    )


def _connect(path: Path) -> apsw.Connection:
    connection = read_open.open_uri(path, "mode=rw")
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0)
        connection.set_busy_timeout(0)  # the Writer waits, by its own clock
        if connection.readonly("main"):
            raise errors.ReadOnly(f"you may not write {path}; its owner can give you the right with chmod")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except (apsw.Error, errors.StoreError):
        connection.close()
        raise
    return connection
