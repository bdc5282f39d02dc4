"""Writer of a store: short transactions with a timeout, acknowledged after COMMIT only."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import apsw

from ...base import errors
from ...base.owned_lock import OwnedLock
from ..base import error_mapping, handle_owners
from ..base.backoff import PATIENCE, Backoff, retried
from . import lock_holders, trigger_stand_ins
from .writer_handle import WriterHandle, replaced
from .writer_queue import WriterQueue

if TYPE_CHECKING:
    from ..base.schema_probe import Layout

T = TypeVar("T")

_BEGIN = "BEGIN IMMEDIATE; PRAGMA data_version; PRAGMA schema_version; PRAGMA application_id"
_MAX_NAMED = 6
"""Processes that are named in the message of a timeout; the rest are counted."""
_turns: weakref.WeakValueDictionary[tuple[int, str], OwnedLock] = weakref.WeakValueDictionary()
"""Process id and real path of a store -> the lock of its writers in that process, which has one place in the queue."""


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
        self.path = path
        self._ownership = ownership or handle_owners.Ownership(path)
        self.index_damaged = False
        """True once a transaction succeeded only without the triggers of a full-text index."""
        self.lock_seconds = 0.0
        """Seconds that the last committed transaction held SQLite's lock."""
        self._patience = patience
        self._backoff = backoff or Backoff()
        self._queue = WriterQueue(path, self._backoff.clock, self._backoff.sleep)
        self._lock = OwnedLock()
        self._turn = _turns.setdefault((os.getpid(), os.path.realpath(path)), OwnedLock())
        self._opened: WriterHandle | None = None
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
        if self._turn.mine:
            raise RuntimeError("a transaction inside another one")
        self._ownership.check()
        patience = self._patience if patience is None else patience
        deadline = self._backoff.clock() + patience
        for lock in self._lock, self._turn:
            if not lock.acquire(timeout=max(0.0, deadline - self._backoff.clock())):
                raise errors.Locked(
                    f"nothing was written in {patience:g} s: another thread of this process writes {self.path};"
                    " try again"
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
            self._turn.release()
            self._lock.release()

    def _in_turn(self, work: Callable[[apsw.Connection], T], patience: float, deadline: float) -> T:
        try:
            if self._opened is None or not self._opened.opened:  # a store that is not writable fails before a wait
                self._backoff.retry_until(self._ready, deadline)
            self._queue.enter(deadline)
            return self._through(work, deadline)
        except (apsw.Error, errors.Locked) as error:
            known = error_mapping.translate(error, self.path) if isinstance(error, apsw.Error) else error
            if isinstance(known, errors.Locked):
                raise errors.Locked(f"nothing was written in {patience:g} s: {known}; {_holders(self.path)}") from error
            raise known from error
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

    def checkpoint(self) -> None:
        """Copy committed pages of the WAL into the file as far as no reader needs them (PASSIVE); the WAL stays.

        Where that fails, or a transaction runs, it is left to the next writer.
        """
        if not self._ownership.inherited:
            self._if_idle(_checkpoint)

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

        def _close(opened: WriterHandle) -> None:
            if watch in (None, opened.watch):
                if watch is not None:
                    self._ownership.end()
                opened.close()

        self._if_idle(_close)

    def release_replaced(self) -> None:
        """Close the connection where its file is no longer at the path; a running transaction goes on."""
        if not self._ownership.inherited:
            self._if_idle(self._drop_replaced)

    def _if_idle(self, work: Callable[[WriterHandle], None]) -> None:
        """Do something unless a transaction has the connection, be it one of this thread; waits for nothing."""
        if self._lock.acquire(timeout=0.0):
            try:
                if self._opened is not None and self._opened.opened:
                    work(self._opened)
            finally:
                self._lock.release()

    def _drop_replaced(self, opened: WriterHandle) -> None:
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
                error_mapping.note_cause(error, connection)
                if error_mapping.leaves_connection_unusable(error):
                    self._drop()
                raise
            finally:
                self._end(connection)
        handle.check(written=True)
        return result

    def _committed(
        self, work: Callable[[apsw.Connection], T], connection: apsw.Connection, handle: WriterHandle, deadline: float
    ) -> T:
        version, counter, generation = self._begin(connection)
        started = self._backoff.clock()
        handle.check_generation(generation)
        layout = handle.probe(connection, version, counter)
        wal = layout.journal_mode == "wal"
        handle.watch.follow_locks(wal=wal)
        tables = layout.tables
        substituted = (
            trigger_stand_ins.CJK in tables and triggers_on(connection) and trigger_stand_ins.install(connection)
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

    def _begin(self, connection: apsw.Connection) -> Iterable[int]:
        """Begin, and read three counters: of commits, of changes of the schema, of files that replaced this one."""

        def _begun() -> list[int]:
            if connection.in_transaction:  # an earlier try began, and failed to read
                connection.execute("ROLLBACK")
            return [cast("int", number) for (number,) in connection.execute(_BEGIN).fetchall()]

        return retried(_begun, self._backoff.sleep)

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

    def _ready(self) -> WriterHandle:
        if self._halted:
            raise replaced(self.path)
        if self._opened is None:
            self._opened = WriterHandle(self.path)
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


def _checkpoint(opened: WriterHandle) -> None:
    try:
        opened.check()
        for connection in opened.lend():
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            opened.keep()
    except (apsw.Error, errors.StoreError):
        pass


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
