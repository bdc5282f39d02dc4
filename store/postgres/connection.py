"""Connections to a server: how long they wait, and how one is ended when its statement was cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg import generators, pq
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.rows import TupleRow

from ..base.server_address import ServerAddress

APPLICATION = "hermes-tui"
MARGIN = 5.0
"""Seconds that a server may be late after the time limit of a statement."""
_CANCEL_TIMEOUT = 2.0

RV = TypeVar("RV")


class Connection(psycopg.Connection[TupleRow]):
    """A connection that waits for a server no longer than it was allowed to."""

    patience: float | None = None
    """Seconds that the next answers may take; None for no limit."""

    def __del__(self, __warn: object = None) -> None:
        """Nothing: a store that nobody closed closes its connections, and a forked child must not end its parent's."""

    def answers(self, batch: str, params: Sequence[object]) -> list[list[tuple[object, ...]]]:
        """The rows of each statement of a batch that has some; raises `psycopg.Error`.

        A cursor would do the same and take longer than the server does for most batches.
        """
        self.pgconn.send_query(psycopg.ClientCursor(self).mogrify(batch.encode(), params).encode())
        found, loaders = [], Transformer(self)
        for result in self.wait(generators.execute(self.pgconn)):
            if result.status == pq.ExecStatus.TUPLES_OK:
                loaders.set_pgresult(result)
                found.append(loaders.load_rows(0, result.ntuples, _plain))
            elif result.status != pq.ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(result)
        return found

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """The answer of the server; raises `psycopg.OperationalError` where it does not come."""
        try:
            return super().wait(gen, interval, timeout if timeout is not None else self.patience)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.errors.ConnectionTimeout("timeout: the server did not answer") from None


def connect(address: ServerAddress) -> Connection:
    """A connection in autocommit mode; statements are sent as text, so that a transaction pooler carries them.

    Raises:
        psycopg.Error: The server cannot be reached or refuses.
    """
    options: dict[str, Any] = address.parameters()
    connection = Connection.connect(
        **options,
        application_name=APPLICATION,
        client_encoding="utf8",
        autocommit=True,
        prepare_threshold=None,
        cursor_factory=psycopg.ClientCursor,
        gssencmode="disable",
    )
    connection.add_notice_handler(_ignore)
    return connection


def canceller(connection: psycopg.Connection[TupleRow]) -> Callable[[], None]:
    """Ends the running statement on the server, without waiting for that."""
    return partial(_start, connection)


def _start(connection: psycopg.Connection[TupleRow]) -> None:
    threading.Thread(target=_cancel, args=(connection,), daemon=True).start()


def _cancel(connection: psycopg.Connection[TupleRow]) -> None:
    try:
        connection.cancel_safe(timeout=_CANCEL_TIMEOUT)
    except psycopg.Error:  # the statement ended, or its time limit ends it
        pass


def _plain(row: Sequence[object]) -> tuple[object, ...]:
    return tuple(row)


def _ignore(_: object) -> None:
    """Notices of the server are for nobody."""


def recover(connection: Connection) -> None:
    """End a transaction that failed; a connection that cannot is closed."""
    try:
        if not connection.closed:
            connection.patience = MARGIN
            connection.execute("ROLLBACK")
    except psycopg.Error:
        connection.close()
