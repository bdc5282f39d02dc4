"""Connections to a server: how long they wait, and how one is ended when its statement was cancelled."""

from __future__ import annotations

import logging
import os
import socket
import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg import generators, pq
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.rows import TupleRow

from ..base.errors import CannotOpen, NoPermission
from ..base.server_address import ServerAddress
from .prepared import Prepared

OLDEST = 170_000
"""`server_version_num` of the oldest server that Hermes takes."""
APPLICATION = "hermes-tui"
MARGIN = 5.0
"""Seconds that a server may be late after the time limit of a statement."""
_LINK = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""How soon a connection notices that nobody is at the other end: after some twenty seconds, not after hours."""
MOST = 1_000_000_000
"""Bytes of a batch; the server ends the connection of one that is longer by a tenth."""
SLOWEST = 5_000_000
"""Bytes of a batch that a server takes and reads in a second, at least."""
_CANCEL_TIMEOUT = 2.0
"""Seconds in which a server answers that it was asked to cancel, and in which it does."""
_CANCELS = 20
"""Times that it is asked."""

RV = TypeVar("RV")

logging.getLogger("psycopg").addHandler(logging.NullHandler())
"""A connection that was lost is an error of ours; the driver's own line for it would stand beside that."""


class Connection(psycopg.Connection[TupleRow]):
    """A connection that waits for a server no longer than it was allowed to."""

    patience: float | None = None
    """Seconds that the next answers may take; None for no limit."""
    given_at = 0.0
    """When it became idle, on the monotonic clock."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared = Prepared()

    def __del__(self, __warn: object = None) -> None:
        """Nothing: a store that nobody closed closes its connections, and a forked child must not end its parent's."""

    def answers(self, batch: str, params: Sequence[object]) -> list[list[tuple[object, ...]]]:
        """The rows of each statement of a batch that has some; raises `psycopg.Error`.

        A cursor would do the same and take longer than the server does for most batches.
        """
        found, loaders = [], Transformer(self)
        written = batch.encode() % tuple(map(loaders.as_literal, params))
        if len(written) > MOST:
            raise ValueError(
                f"a message takes {len(written)} bytes on its way to the server, which takes {MOST} at most"
            )
        self.pgconn.send_query(written)
        timeout = None if self.patience is None else self.patience + len(written) / SLOWEST
        for result in self.wait(generators.execute(self.pgconn), timeout=timeout):
            if result.status == pq.ExecStatus.TUPLES_OK:
                loaders.set_pgresult(result)
                try:
                    found.append(loaders.load_rows(0, result.ntuples, _plain))
                except (ValueError, RecursionError) as error:
                    raise psycopg.InterfaceError(f"a cell is no value of its type: {type(error).__name__}") from None
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
        CannotOpen: It is older than Hermes takes.
    """
    options: dict[str, Any] = address.parameters()
    if open_file := _open_password_file():
        options["passfile"] = str(open_file / "passed over")  # libpq would write a warning over the screen
    try:
        connection = _connected(options)
    except psycopg.OperationalError as error:
        if open_file and "password" in str(error):
            raise NoPermission(
                f"{address.name} refused the user or the password; {open_file} is no plain file of yours alone, so it"
                " was passed over: chmod 600"
            ) from None
        raise
    connection.add_notice_handler(_ignore)
    version = connection.info.server_version
    if 0 < version < OLDEST:  # a pooler may not say
        connection.close()
        raise CannotOpen(f"{address.name} runs PostgreSQL {version // 10_000}; 17 or later is needed")
    return connection


def _connected(options: dict[str, Any]) -> Connection:
    return Connection.connect(
        **(options | _LINK),
        target_session_attrs="any",
        application_name=APPLICATION,
        client_encoding="utf8",
        autocommit=True,
        prepare_threshold=None,
        cursor_factory=psycopg.ClientCursor,
        gssencmode="disable",
    )


def _open_password_file() -> Path | None:
    """The file of passwords, where libpq would not take it, because others may read it too."""
    path = Path(os.environ.get("PGPASSFILE") or Path.home() / ".pgpass")
    try:
        state = path.stat()
    except OSError:
        return None
    is_own = stat.S_ISREG(state.st_mode) and not state.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return None if is_own or os.name == "nt" else path


class Cancellation:
    """Ends the running statement of a connection on the server, without waiting for that; where the server does not
    answer, the connection.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin with it."""
        threading.Thread(target=self._run, daemon=True).start()

    def end(self) -> None:
        """The statement is over: nothing is done to the connection any more."""
        with self._lock:
            self._ended.set()

    def _run(self) -> None:
        for _ in range(_CANCELS):  # one that comes before the statement ends nothing
            try:
                self._connection.cancel_safe(timeout=_CANCEL_TIMEOUT)
            except psycopg.Error:  # the statement ended, or the server does not answer
                self._ended.wait(_CANCEL_TIMEOUT)
                break
            if self._ended.wait(_CANCEL_TIMEOUT / _CANCELS):
                break
        with self._lock:
            if not self._ended.is_set() and not self._connection.closed:
                with socket.socket(fileno=os.dup(self._connection.fileno())) as shared:
                    shared.shutdown(socket.SHUT_RDWR)


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
