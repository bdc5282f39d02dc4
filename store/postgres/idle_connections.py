"""Connections to one server that stand idle between transactions, shared by the readers of all its schemas."""

from __future__ import annotations

import os
import threading
from weakref import WeakValueDictionary

from ..base.server_address import ServerAddress
from .connection import Connection

MOST = 4
"""Connections to a database that readers keep, of however many schemas."""


class IdleConnections:
    """Idle connections of one process; every method may be called from any thread.

    Args:
        most: Connections that are kept; others are closed.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: list[Connection] = []
        """Only `append` and `pop` are used, each of them one step in C."""
        self._process = os.getpid()
        self._ended = threading.Event()

    @property
    def closed(self) -> bool:
        """True once it was closed."""
        return self._ended.is_set()

    def take(self) -> Connection | None:
        """One of them; None for none."""
        if self._process != os.getpid():  # a fork: the inherited sockets belong to the parent
            self._process, self._idle = os.getpid(), []
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def give(self, connection: Connection) -> None:
        """Keep a connection that is in no transaction, or close it."""
        if connection.closed or self._ended.is_set() or len(self._idle) >= self._most:
            connection.close()
            return
        self._idle.append(connection)
        if self._ended.is_set():  # by another thread, just before
            self.close()

    def close(self) -> None:
        """Close them, and what is given from now on; may be called twice."""
        self._ended.set()
        while (connection := self.take()) is not None:
            connection.close()


class _Shared:
    """Those of all readers of a database, and how many these are."""

    def __init__(self) -> None:
        self.idle, self.users = IdleConnections(MOST), 0


_lock = threading.Lock()
_shared: WeakValueDictionary[ServerAddress, _Shared] = WeakValueDictionary()


class SharedConnections:
    """A reader's part in the idle connections of a database; the last to close it closes them."""

    def __init__(self, address: ServerAddress) -> None:
        self._closed = threading.Event()
        database = address.of_schema("")
        with _lock:
            shared = _shared.get(database)
            if shared is None or shared.idle.closed:
                shared = _shared[database] = _Shared()
            shared.users += 1
        self._shared = shared
        self.take, self.give = shared.idle.take, shared.idle.give

    @property
    def closed(self) -> bool:
        """True once it was closed."""
        return self._closed.is_set()

    def close(self) -> None:
        """Give the part up; may be called twice."""
        with _lock:
            self._shared.users -= not self._closed.is_set()
            self._closed.set()
            is_last = not self._shared.users
        if is_last:
            self._shared.idle.close()
