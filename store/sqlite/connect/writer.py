"""The one hand that writes to a store: short transactions, patient by time, acknowledged after COMMIT only."""

from __future__ import annotations

import os
import random as chance
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from ...base import errors
from ..base import error_mapping, filesystems, foreign_handle_guard
from ..base.backoff import Backoff
from ..base.schema_probe import Layout, probe
from . import lock_holders, read_open, trigger_stand_ins
from .writer_queue import WriterQueue

T = TypeVar("T")

_NAMED = 6
"""Processes that are named to who waited in vain; of others the number is told."""
PATIENCE = 30.0
"""Seconds that a transaction waits for the lock unless told otherwise."""
_FOR_THE_LOCK = 0.5
"""Part of the patience that is left for SQLite's lock where the queue does not move: a program in it was stopped."""
_RETRIES = 3
_RETRY_PAUSE = 0.05


def triggers_on(connection: apsw.Connection) -> bool:
    """False inside a transaction that is done again without triggers: `display_order` is then set by hand."""
    return bool(connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, -1))


class Writer:
    """The one connection that writes to one store: opened by the first transaction, then kept.

    Args:
        path: The state.db, which exists.
        patience: Seconds that a transaction waits for the lock, other threads of this writer included.
        clock: Seconds that only go up.
        sleep: Waits that many seconds.
        random: A number in [0, 1); waits are spread by it.
    """

    def __init__(
        self,
        path: Path,
        *,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = chance.random,
    ) -> None:
        self.path = path
        self.index_damaged = False
        """True once a transaction only went through without the triggers of a full-text index."""
        self.lock_seconds = 0.0
        """Seconds for which the last transaction that was committed held SQLite's lock."""
        self._patience = patience
        self._time = Backoff(clock, sleep, random)
        self._queue = WriterQueue(path, clock)
        self._lock = threading.Lock()
        self._holder: int | None = None
        self._opened: _Handle | None = None
        self._halted = False
        foreign_handle_guard.renew_locks_after_fork(self)

    def transaction(self, work: Callable[[apsw.Connection], T], *, patience: float | None = None) -> T:
        """Begin, do `work`, commit; what it returns is safe on the disk (synchronous=FULL).

        `work` may run again after a lock, and once more without triggers where a full-text index refuses the write;
        `triggers_on` tells it.

        Raises:
            Locked: If the lock was not free within `patience` seconds; nothing was written. It says who holds the lock
                and who else has the store open or waits for it; where the system does not tell, who can be it.
            Replaced: If another file is at the path, or its WAL was taken away; nothing further is written through
                this handle until it is closed.
            UnsafeFilesystem: If it lies where locks cannot be trusted.
            ReadOnly: If the store is a newer Hermes' or may not be written.
            ForeignHandle: If this process has it open without apsw, or was forked since the first transaction.
            StoreError: Whatever else SQLite says. What `work` itself raises comes as it is, after a rollback.
            RuntimeError: If `work` starts a transaction of its own.
        """
        if self._holder == threading.get_ident():
            raise RuntimeError("a transaction inside another one")
        patience = self._patience if patience is None else patience
        deadline = self._time.clock() + patience
        if not self._lock.acquire(timeout=max(0.0, patience)):
            raise errors.Locked(
                f"nothing was written in {patience:g} s: another thread of this process writes {self.path}; try again"
            )
        try:
            self._holder = threading.get_ident()
            with error_mapping.translated_errors(self.path):
                self._time.outlast(self._ready, deadline)  # what forbids writing is said before anybody waits
                with self._queue.acquire(deadline - patience * _FOR_THE_LOCK):
                    return self._through(work, deadline)
        except errors.Locked as error:
            raise errors.Locked(f"nothing was written in {patience:g} s: {error}; {_who(self.path)}") from error
        except errors.Replaced:
            self._halted = True
            self._drop()  # so that readers find what lies there now
            raise
        finally:
            self._holder = None
            self._lock.release()

    @property
    def layout(self) -> Layout:
        """What the file has, as the transaction that runs sees it; only for the `work` of one.

        Raises:
            RuntimeError: If none runs.
        """
        if self._opened is None or self._opened.layout is None:
            raise RuntimeError("no transaction runs")
        return self._opened.layout

    def renew_locks(self) -> None:
        """See `guard.Forkable`."""
        self._lock = threading.Lock()
        self._holder = None

    def close(self) -> None:
        """Close the connection without a checkpoint; the next transaction opens another. May be called twice."""
        with self._lock:
            self._drop()
            self._queue.close()
            self._halted = False

    def release_replaced(self) -> None:
        """Close the connection where it holds a file that is not at the path any more; a running write goes on."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._opened is not None:
                self._opened.check_in_place()
        except errors.Replaced:
            self._halted = True
            self._drop()
        finally:
            self._lock.release()

    def _through(self, work: Callable[[apsw.Connection], T], deadline: float) -> T:
        try:
            return self._time.outlast(lambda: self._attempt(work, deadline, triggers=True), deadline)
        except apsw.Error as error:
            if not error_mapping.is_index_error(error):
                raise
        self.index_damaged = True
        return self._time.outlast(lambda: self._attempt(work, deadline, triggers=False), deadline)

    def _attempt(self, work: Callable[[apsw.Connection], T], deadline: float, *, triggers: bool) -> T:
        handle = self._handle()
        connection = handle.connection
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, triggers)
        try:
            self._begin(connection)
            began = self._time.clock()
            handle.check_generation()
            handle.layout = probe(connection, handle.layout)
            if handle.layout.newer:
                raise errors.ReadOnly(f"{self.path} belongs to a newer Hermes than this; it is only read")
            standing_in = (
                triggers and trigger_stand_ins.CJK in handle.layout.tables and trigger_stand_ins.install(connection)
            )
            if standing_in:
                self.index_damaged = True
                connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
            result = work(connection)
            self._time.outlast(lambda: connection.execute("COMMIT"), deadline)
            if standing_in:
                self._relieve(connection)
            self.lock_seconds = self._time.clock() - began
        except apsw.Error as error:
            if error_mapping.leaves_connection_unusable(error):
                self._drop()
            raise
        finally:
            self._end(connection)
        handle.check_in_place()
        return result

    def _begin(self, connection: apsw.Connection) -> None:
        for _ in range(_RETRIES):
            try:
                connection.execute("BEGIN IMMEDIATE")
            except apsw.IOError:  # beside another writer's WAL reset, and it passes
                self._time.sleep(_RETRY_PAUSE)
            else:
                return
        connection.execute("BEGIN IMMEDIATE")

    def _end(self, connection: apsw.Connection) -> None:
        """Undo what was not committed; a failure to do so never hides what went wrong first."""
        try:
            if self._opened is not None and connection.in_transaction:
                connection.execute("ROLLBACK")
        except apsw.Error:
            self._drop()

    def _relieve(self, connection: apsw.Connection) -> None:
        """Take the stand-ins away; what was committed stays so, whatever becomes of them."""
        try:
            trigger_stand_ins.remove(connection)
        except apsw.Error:
            self._drop()

    def _handle(self) -> _Handle:
        opened = self._ready()
        opened.check_in_place()
        return opened

    def _ready(self) -> _Handle:
        if self._halted:
            raise _replaced(self.path)
        if self._opened is None:
            self._opened = _Handle(self.path)
        return self._opened

    def _drop(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


class _Handle:
    """The connection, and what tells that it still writes into the file that others see."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.layout: Layout | None = None
        self._pid = os.getpid()
        with foreign_handle_guard.opening:
            if not os.path.isfile(path):  # noqa: PTH113  Path.is_file raises in a closed folder
                raise error_mapping.unopenable(path)
            filesystems.refuse_unsafe(path)
            foreign_handle_guard.check(path)
            self._file = foreign_handle_guard.identity(path)
            wal, _, shm = read_open.sidecars(path)
            self._beside: dict[str, read_open.FileId] = {str(wal): None, str(shm): None}
            self._generation = 0
            self.connection = _connect(path)

    def check_in_place(self) -> None:
        """Make sure that file, WAL and its index are where they were; those that appear later are learnt.

        Raises:
            Replaced: If one of them is another file now, or gone.
            ForeignHandle: If this is another process than the one that opened it.
        """
        if self._pid != os.getpid():
            raise errors.ForeignHandle(f"this process was forked while it had {self.path} open; open it in a fresh one")
        now = {path: foreign_handle_guard.identity(path) for path in self._beside}
        gone = any(known not in (None, now[path]) for path, known in self._beside.items())
        if gone or foreign_handle_guard.identity(self.path) != self._file:
            raise _replaced(self.path)
        self._beside = now

    def check_generation(self) -> None:
        """Make sure, inside a transaction, that nobody copied another Hermes' file over this one (docs/format.md §7.8).

        Raises:
            Replaced: If the number that Hermes gives a file is another one than before.
        """
        now = int(self.connection.pragma("application_id"))
        if self._generation not in (0, now):
            raise _replaced(self.path)
        self._generation = now

    def close(self) -> None:
        """Close without a checkpoint: the WAL is never taken from under an agent."""
        if self._pid != os.getpid():
            return
        with foreign_handle_guard.opening:
            try:
                self.connection.close()
            except apsw.Error:
                pass  # what was acknowledged is on the disk, and SQLite has let go of the file all the same
            foreign_handle_guard.forget_closed(self.path)


def _who(path: Path) -> str:
    """Who is in the way, and who waits for it too."""
    holder, others = lock_holders.write_lock_holder(path), lock_holders.other_processes(path)
    told = [f"{holder} holds the lock now"] if holder else []
    rest = [str(one) for one in others if one != holder]
    if len(rest) > _NAMED:
        rest[_NAMED:] = [f"{len(rest) - _NAMED} more"]
    if rest:
        told.append(f"open or waiting too: {', '.join(rest)}")
    return "; ".join(told) or "it can be an agent, a gateway, a cron job, a backup or a repair of this home"


def _replaced(path: Path) -> errors.Replaced:
    return errors.Replaced(
        f"{path} or what lies beside it (-wal, -shm) was moved, replaced or removed while it was open; "
        "check what the last write left, then start again"
    )


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(
        f"{path.absolute().as_uri()}?mode=rw", flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE
    )
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0)
        connection.set_busy_timeout(0)  # waiting is the Writer's, by its own clock
        if connection.readonly("main"):
            raise errors.ReadOnly(f"you may not write {path}; its owner can give you the right with chmod")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except (apsw.Error, errors.StoreError):
        connection.close()
        raise
    return connection
