"""Pool of connections that read: every read is a transaction of its own, whose being read-only is checked with it.

`search_path` is pg_catalog alone and every table is written with its schema, so that no function of the schema's owner
runs with the reader's rights. Nothing of a session lasts from one transaction to the next, so a transaction pooler and
a standby carry it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psycopg

from ..base.cancel import Cancel, raise_if_cancelled
from ..base.errors import CannotOpen, Interrupted, StoreError, StoreMissing, Unreachable
from ..base.server_address import ServerAddress, is_schema
from ..formats.row_encoding import storable
from . import cells, error_mapping
from .connection import MARGIN, Cancellation, Connection, connect, recover
from .idle_connections import MOST, SharedConnections
from .prepared import CHANGED, FORGOTTEN, Statement
from .schema_probe import PROBE, SCHEMAS, Layout, layouts_of

Row = tuple[object, ...]
Params = Sequence[object]

STATEMENT_SECONDS = 30.0
"""Time limit of a statement that has no other."""
LOCK_SECONDS = 2.0
"""Seconds that a read waits for a table that its owner holds."""
LOOK_SECONDS = 10.0
"""Time limit of a look at the catalog."""
PAGE = 256
"""Bodies per read transaction."""

_GUARD = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = pg_catalog;"
    " SET LOCAL statement_timeout = {milliseconds:d}; SET LOCAL lock_timeout = {lock:d};"
    " SELECT pg_catalog.pg_backend_pid() / CASE WHEN pg_catalog.current_setting('transaction_read_only') = 'on'"
    " AND pg_catalog.current_setting('search_path') IN ('pg_catalog', '\"pg_catalog\"') THEN 1 ELSE 0 END;"
    " SET LOCAL constraint_exclusion = off; "
)
"""Begins a read; the statement after it does not run where the transaction could write.

Its row has the process of the server that answers.
"""
KEPT_ROWS = 10_000
"""Messages from which on the server keeps plans: that for a few is none for many."""
_KEPT = "SET LOCAL plan_cache_mode = force_generic_plan; "


class Reader:
    """Reads one schema; every method may be called from any thread.

    Args:
        address: Of a schema, or of a database for `schemas` alone.

    Raises:
        StoreError: From every method that reads.
    """

    def __init__(self, address: ServerAddress) -> None:
        self.address = address
        self._idle = SharedConnections(address)
        self._layout: Layout | None = None

    @property
    def name(self) -> str:
        """`host/db#schema`."""
        return self.address.name

    @property
    def layout(self) -> Layout:
        """The structure of the schema, looked up once.

        Raises:
            StoreMissing: The schema or one of its tables is missing.
        """
        layout = self._layout  # another thread may forget it
        if layout is None:
            layout = self._looked_up([self])[self.address.schema]
            layout.require_readable(self.name)
            self._layout = layout
        elif self._idle.closed:
            raise StoreError(f"{self.name} was closed; open it again")
        return layout

    @property
    def known_layout(self) -> Layout | None:
        """The structure, where it was looked up."""
        return self._layout

    def look_up(self, readers: Sequence[Reader]) -> None:
        """Look up the unknown structures of schemas of this database at once; that of one that is not to be read stays
        unknown.
        """
        unknown = [reader for reader in readers if reader.known_layout is None]
        found = self._looked_up(unknown) if unknown else {}
        for reader in unknown:
            with suppress(CannotOpen):
                found[reader.address.schema].require_readable(reader.name)
                reader._layout = found[reader.address.schema]

    def _looked_up(self, readers: Sequence[Reader]) -> dict[str, Layout]:
        schemas = [reader.address.schema for reader in readers]
        return layouts_of(schemas, self._run([(PROBE, (schemas,))], None, LOOK_SECONDS)[0])

    def forget_layout(self) -> None:
        """Look the structure up again with the next read."""
        self._layout = None

    def schemas(self) -> list[str]:
        """The schemas of the database that hold sessions and messages."""
        found = [str(row[0]) for row in self._run([(SCHEMAS, ())], None, LOOK_SECONDS)[0]]
        return [name for name in found if is_schema(name)]

    def rows(
        self,
        sql: str,
        params: Params = (),
        *,
        cancel: Cancel | None = None,
        seconds: float = STATEMENT_SECONDS,
        again: bool = False,
    ) -> list[Row]:
        """All rows of one statement, in a transaction of its own.

        Args:
            cancel: Ends the statement on the server.
            seconds: Its time limit.
            again: It comes again and again, and is cheap by one plan whatever it binds: the server may keep that.

        Raises:
            Interrupted: It was cancelled.
            Locked: The time limit was reached.
        """
        return self.batch([(sql, params)], cancel=cancel, seconds=seconds, again=again)[0]

    def batch(
        self,
        statements: Sequence[Statement],
        *,
        cancel: Cancel | None = None,
        seconds: float = STATEMENT_SECONDS,
        again: bool = False,
    ) -> list[list[Row]]:
        """The rows of each of some statements, all in one transaction; see `rows`."""
        is_large = self._layout is not None and self._layout.rows >= KEPT_ROWS
        try:
            return self._run(statements, cancel, seconds, again=again and is_large)
        except StoreMissing:
            self.forget_layout()
            raise

    def row(self, sql: str, params: Params = (), *, cancel: Cancel | None = None) -> Row | None:
        """The first row, or None."""
        return next(iter(self.rows(sql, params, cancel=cancel)), None)

    def texts(self, sql: str, params: Params = (), *, cancel: Cancel | None = None) -> list[str]:
        """The first column of all rows as text, "" for NULL."""
        return [cells.text(row[0]) or "" for row in self.rows(sql, params, cancel=cancel)]

    def number(self, sql: str, params: Params = (), *, cancel: Cancel | None = None) -> int:
        """The first cell of the first row as an integer; 0 for none."""
        row = self.row(sql, params, cancel=cancel)
        return cells.integer(row[0]) if row else 0

    def pages(self, sql: str, ids: Sequence[int], *, cancel: Cancel | None = None) -> Iterator[Row]:
        """Rows of a statement that binds a list of ids, 256 ids per transaction."""
        for start in range(0, len(ids), PAGE):
            yield from self.rows(sql, (list(ids[start : start + PAGE]),), cancel=cancel)

    def close(self) -> None:
        """Close every connection that no other reader of the database uses; may be called twice."""
        self._idle.close()

    def _run(
        self, statements: Sequence[Statement], cancel: Cancel | None, seconds: float, *, again: bool = False
    ) -> list[list[Row]]:
        """Run it; once more where a connection that stood idle was lost, or forgot what was prepared."""
        if cancel is not None and cancel.cancelled:
            raise Interrupted("the request was cancelled")
        params = [sendable(value) for _, bound in statements for value in bound]
        joined = "; ".join(sql for sql, _ in statements)
        guard = _GUARD.format(milliseconds=int(seconds * 1000), lock=int(min(seconds, LOCK_SECONDS) * 1000))
        with error_mapping.translated_errors(self.name):
            for _ in range(MOST + 1):
                with self._lent() as (connection, was_idle):
                    written = f"{_KEPT}{connection.prepared.written(statements)}" if again else joined
                    try:
                        found = _fetch(connection, f"{guard}{written}; COMMIT", params, cancel, seconds)
                        if len(found) != len(statements):
                            raise psycopg.InterfaceError("not an answer to each statement")
                        return found
                    except psycopg.OperationalError:
                        if not (was_idle and connection.closed):
                            raise
                    except (*FORGOTTEN, CHANGED):
                        if not (again and connection.prepared.any):
                            raise
                        recover(connection)
                        connection.prepared.forget()
        raise Unreachable(f"{self.name} closed one connection after the other; try again")

    @contextmanager
    def _lent(self) -> Iterator[tuple[Connection, bool]]:
        """A connection for one transaction, and whether it stood idle; after an error it is rolled back or closed."""
        if self._idle.closed:
            raise StoreError(f"{self.name} was closed; open it again")
        idle = self._idle.take()
        connection = connect(self.address) if idle is None else idle
        try:
            yield connection, idle is not None
        except BaseException:
            recover(connection)
            raise
        finally:
            self._idle.give(connection)


def sendable(value: object) -> object:
    """A parameter that PostgreSQL accepts: no NUL and no lone surrogate in its text."""
    if isinstance(value, str):
        return cells.stored_text(storable(value) or "")
    return [sendable(item) for item in value] if isinstance(value, list) else value


def _fetch(
    connection: Connection, batch: str, params: Params, cancel: Cancel | None, seconds: float
) -> list[list[Row]]:
    """The rows of each statement but the guard's; a cancelled one is ended on the server.

    Its connection is not used again, since that may come late.
    """
    connection.patience = seconds + MARGIN
    if cancel is None:
        return _without_guard(connection, connection.answers(batch, params))
    found: list[list[Row]] = []
    cancellation = Cancellation(connection)
    try:
        with cancel.interrupting(cancellation.start):
            raise_if_cancelled(cancel)  # while it was connected
            found = _without_guard(connection, connection.answers(batch, params))
    except psycopg.OperationalError:
        if not cancel.cancelled:
            raise
    finally:
        cancellation.end()
    if cancel.cancelled:
        connection.close()
        raise Interrupted("the request was cancelled")
    return found


def _without_guard(connection: Connection, answers: list[list[Row]]) -> list[list[Row]]:
    """The answers but the guard's, which says whether a pooler stands between."""
    guarded, *found = answers or [[]]
    if [len(row) for row in guarded] != [1]:
        raise psycopg.InterfaceError("not an answer to the check")
    [(process,)] = guarded
    connection.prepared.is_direct = process == connection.info.backend_pid
    return found
