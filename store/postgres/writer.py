"""Transactions of an agent in a schema of ours: patient for the lock, acknowledged after COMMIT."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg import errors as pg
from psycopg.pq import TransactionStatus

from ..base.errors import CannotOpen, ReadOnly, StoreError, StoreMissing
from ..base.server_address import ServerAddress
from . import create, error_mapping
from .connection import MARGIN, Connection, connect, recover
from .idle_connections import IdleConnections
from .reader import Reader
from .schema_probe import Layout
from .transaction import Transaction

T = TypeVar("T")

_BEGIN = (
    "BEGIN; SET LOCAL search_path = pg_catalog; SET LOCAL lock_timeout = {milliseconds:d};"
    " SET LOCAL idle_in_transaction_session_timeout = {idle:d}"
)
"""A writer that the network lost holds its locks no longer than the idle time."""
_SYNCED = "; SET LOCAL synchronous_commit = on"
_POOL = 2


class Writer:
    """Writes one schema; any method may be called from any thread.

    Args:
        reader: Of the same schema.
        patience: Seconds that a write waits for a lock before it raises `Locked`.
        creates: Make the schema with the first write where it is missing.
    """

    def __init__(self, address: ServerAddress, reader: Reader, *, patience: float, creates: bool) -> None:
        self._address, self._reader, self._patience, self._creates = address, reader, patience, creates
        self._idle = IdleConnections(_POOL)
        self._inside = threading.local()
        self.lock_seconds = 0.0

    def transaction(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction, again where others were in its way, until the patience ends.

        Raises:
            ReadOnly: The schema is Hermes' own.
            Locked: Others held the session.
            Unreachable: The connection was lost: the write may be stored or not, and its key finds out.
        """
        if getattr(self._inside, "busy", False):
            raise RuntimeError("a transaction inside another one")
        layout = self._writable()
        ends = time.monotonic() + self._patience
        self._inside.busy = True
        try:
            while True:
                try:
                    return self._once(work, layout, max(0.001, ends - time.monotonic()))
                except error_mapping.RETRIED as error:
                    if time.monotonic() >= ends:
                        raise error_mapping.translated(error, self._reader.name, writes=True) from None
                except psycopg.Error as error:
                    raise error_mapping.translated(error, self._reader.name, writes=True) from None
        finally:
            self._inside.busy = False

    def close(self) -> None:
        """Close every connection; may be called twice."""
        self._idle.close()

    def _once(self, work: Callable[[Transaction], T], layout: Layout, patience: float) -> T:
        with self._lent(_begin(patience) + _SYNCED) as connection:
            connection.patience = patience + MARGIN
            began = time.monotonic()
            result = work(Transaction(connection, layout))
            connection.execute("COMMIT")
            self.lock_seconds = time.monotonic() - began
            return result

    @contextmanager
    def _lent(self, begin: str) -> Iterator[Connection]:
        """A connection that answered its first statement: nothing of a write may be tried on a lost one."""
        if self._idle.closed:
            raise StoreError(f"{self._reader.name} was closed; open it again")
        connection = self._begun_idle(begin)
        if connection is None:
            connection = connect(self._address)
        try:
            if connection.info.transaction_status is TransactionStatus.IDLE:
                connection.execute(begin.encode())
            yield connection
        except BaseException:
            recover(connection)
            raise
        finally:
            self._idle.give(connection)

    def _begun_idle(self, begin: str) -> Connection | None:
        while (connection := self._idle.take()) is not None:
            try:
                connection.patience = MARGIN
                connection.execute(begin.encode())
            except psycopg.Error:
                connection.close()
            else:
                return connection
        return None

    def _writable(self) -> Layout:
        """The layout of the schema, made where it is missing; raises `ReadOnly` for one of Hermes'."""
        if self._idle.closed:
            raise StoreError(f"{self._reader.name} was closed; open it again")
        try:
            layout = self._reader.layout
        except StoreMissing:
            if not self._creates:
                raise
            self.make()
            layout = self._reader.layout
        if not layout.is_ours:
            raise ReadOnly(
                f"nothing was written: {self._reader.name} is Hermes' own, which is only read; name another ?schema="
            )
        return layout

    @contextmanager
    def begun(self, *, seconds: float) -> Iterator[Connection]:
        """A connection in a transaction, which is committed where the block ends well.

        Args:
            seconds: That each statement may take.

        Raises:
            psycopg.Error: The server refuses, or the connection was lost.
        """
        limit = f"; SET LOCAL statement_timeout = {int(seconds * 1000):d}"
        with self._lent(_begin(self._patience) + limit) as connection:
            connection.patience = seconds + MARGIN
            yield connection
            connection.execute("COMMIT")

    def make(self, *, copies: bool = False) -> None:
        """Make the schema, one process at a time; see `create.statements`."""
        name = self._reader.name
        with error_mapping.translated_errors(name, writes=True), self._lent("BEGIN") as connection:
            connection.patience = self._patience + MARGIN
            key = f"{self._address.schema}:create"
            connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(%s, 0))", (key,))
            try:
                for statement in create.statements(self._address.schema, copies=copies):
                    connection.execute(statement.encode())
                connection.execute("COMMIT")
            except pg.DuplicateSchema:
                connection.execute("ROLLBACK")
            except pg.InsufficientPrivilege:
                raise CannotOpen(
                    f"the role may not make the schema of {name}; let the database's owner GRANT CREATE ON DATABASE"
                ) from None
        self._reader.forget_layout()


def _begin(patience: float) -> str:
    milliseconds = int(patience * 1000) or 1
    return _BEGIN.format(milliseconds=milliseconds, idle=milliseconds + int(MARGIN * 1000))
