"""Transactions of an agent in a schema of ours: patient for the lock, acknowledged after COMMIT."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg import errors as pg

from ..base.errors import CannotOpen, ReadOnly, StoreError, StoreMissing
from ..base.server_address import ServerAddress
from . import create, error_mapping
from .connection import MARGIN, Connection, connect, recover
from .idle_connections import IdleConnections
from .prepared import FORGOTTEN, Statement
from .reader import Reader
from .schema_probe import Layout
from .statements import Statements
from .transaction import Transaction

T = TypeVar("T")

_BEGIN = (
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL search_path = pg_catalog; SET LOCAL lock_timeout = %s;"
    " SET LOCAL idle_in_transaction_session_timeout = %s; SET LOCAL {setting} = %s"
)
"""A writer that the network lost holds its locks no longer than the idle time. What is read after the wait for a lock
is as new as that, whatever `default_transaction_isolation` is.
"""
_IS_EMPTY = (
    "SELECT count(c.oid) = 0 FROM pg_catalog.pg_namespace AS n LEFT JOIN pg_catalog.pg_class AS c"
    " ON c.relnamespace = n.oid WHERE n.nspname = %s GROUP BY n.oid"
)
"""No row where there is no such schema."""
_LINK = (
    "; SET LOCAL tcp_keepalives_idle = 10; SET LOCAL tcp_keepalives_interval = 5; SET LOCAL tcp_user_timeout = 20000"
)
"""Of what may COPY: a server waits for rows, with the locks, as long as TCP does, by default for two hours."""
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
        """Run it once, again where an idle connection was lost before it answered: nothing can be stored then."""
        while True:
            idle = self._taken()
            with self._given_back(idle or connect(self._address)) as connection:
                sent = Statements(connection, _begin(patience, "synchronous_commit", "on"), patience + MARGIN)
                try:
                    began = time.monotonic()
                    result = work(Transaction(sent, layout))
                    sent.commit()
                    self.lock_seconds = time.monotonic() - began
                    return result
                except psycopg.OperationalError:
                    if idle is None or sent.answered or not connection.closed:
                        raise
                except FORGOTTEN:
                    recover(connection)
                    connection.prepared.forget()

    @contextmanager
    def _begun(self, begin: Statement) -> Iterator[Connection]:
        """A connection that answered its first statement: nothing of a write may be tried on a lost one."""
        while (idle := self._taken()) is not None:
            try:
                idle.patience = MARGIN
                idle.answers(*begin)
                break
            except psycopg.Error:
                idle.close()
        with self._given_back(idle or connect(self._address)) as connection:
            if idle is None:
                connection.answers(*begin)
            yield connection

    def _taken(self) -> Connection | None:
        """An idle connection, None for none."""
        if self._idle.closed:
            raise StoreError(f"{self._reader.name} was closed; open it again")
        return self._idle.take()

    @contextmanager
    def _given_back(self, connection: Connection) -> Iterator[Connection]:
        """A connection that is kept afterwards; after an error it is rolled back or closed."""
        try:
            yield connection
        except BaseException:
            recover(connection)
            raise
        finally:
            connection.given_at = time.monotonic()
            self._idle.give(connection)

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
        begin, params = _begin(self._patience, "statement_timeout", int(seconds * 1000))
        with self._begun((begin + _LINK, params)) as connection:
            connection.patience = seconds + MARGIN
            yield connection
            connection.execute("COMMIT")

    def make(self, *, copies: bool = False) -> None:
        """Make the schema, or fill an empty one, one process at a time; see `create.statements`."""
        name = self._reader.name
        with error_mapping.translated_errors(name, writes=True), self._begun(("BEGIN", ())) as connection:
            connection.patience = self._patience + MARGIN
            key = f"{self._address.schema}:create"
            connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(%s, 0))", (key,))
            found = connection.execute(_IS_EMPTY, (self._address.schema,)).fetchall()
            try:
                if found in ([], [(True,)]):
                    for statement in create.statements(self._address.schema, copies=copies, is_there=bool(found)):
                        connection.execute(statement.encode())
                connection.execute("COMMIT")
            except pg.DuplicateSchema:
                connection.execute("ROLLBACK")
            except pg.InsufficientPrivilege:
                what, who, where = (
                    ("tables in", "schema", "SCHEMA") if found else ("the schema of", "database", "DATABASE")
                )
                raise CannotOpen(
                    f"the role may not make {what} {name}; let the {who}'s owner GRANT CREATE ON {where}"
                ) from None
        self._reader.forget_layout()


def _begin(patience: float, setting: str, value: object) -> Statement:
    milliseconds = int(patience * 1000) or 1
    return _BEGIN.format(setting=setting), (milliseconds, milliseconds + int(MARGIN * 1000), value)
