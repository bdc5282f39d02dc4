"""A writer's connection and the files it was opened on."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw

from ...base import errors
from ..base import descriptors, error_mapping, filesystems, foreign_handle_guard
from ..base.schema_probe import Layout, probe
from ..base.write_obstacles import obstacles
from . import read_open


class WriterHandle:
    """The connection, and checks that it still writes into the file at the path.

    It is opened again where an exception took it with it, or where it was closed because it stood idle.
    """

    watch: foreign_handle_guard.FileWatch

    def __init__(self, path: Path) -> None:
        self.path, self._name = path, str(path)
        self.layout: Layout | None = None
        self._pid = os.getpid()
        self._beside: dict[str, read_open.FileId] = {}
        self._wal = ""
        self._generation = 0
        self._version: object = None
        self._in_place: int | None = None
        """The look of `FileWatch.check` after which the files were found in place; None for none."""
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
                raise replaced(path)
            wal, _, shm = read_open.sidecars(path)
            self._file, self._wal = file, str(wal)
            self._beside = {self._wal: None, str(shm): None}
            self._version = self._in_place = None  # each connection has its own count
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
            seen = self.watch.check()
        except errors.StoreError as error:
            if written:
                error.add_note("the transaction was committed just before that was noticed, and may be lost")
            raise
        if seen is None or seen != self._in_place:
            self.check_in_place()
            if not written:
                filesystems.refuse_second_name(self.path)
                self._in_place = None if None in self._beside.values() else seen
            return
        moved = self._moved()  # with a folder above it, which is not reported
        if moved or (written and descriptors.identity(self._wal) != self._beside[self._wal]):  # reported a little late
            raise replaced(self.path)

    def check_in_place(self) -> None:
        """Make sure that file, WAL and -shm are those that were opened; those that appear later are registered.

        Raises:
            Replaced: One of them was replaced or removed.
            ForeignHandle: This process was forked from the one that opened it.
        """
        if self._pid != os.getpid():
            raise errors.ForeignHandle(f"this process was forked while it had {self.path} open; open it in a fresh one")
        for path, known in self._beside.items():
            now = descriptors.identity(path)
            if known is None:
                self._beside[path] = now
            elif now != known:
                raise replaced(self.path)
        if self._moved():
            raise replaced(self.path)

    def _moved(self) -> bool:
        """True where the file at the path is not the one that was opened."""
        return descriptors.identity(self._name) != self._file

    def check_generation(self, now: int) -> None:
        """Make sure, inside a transaction, that no other Hermes file was copied over this one (docs/format.md §7.8).

        Args:
            now: Its `application_id`, the generation number that Hermes gives a file.

        Raises:
            Replaced: It changed.
        """
        if self._generation not in (0, now):
            raise replaced(self.path)
        self._generation = now

    def probe(self, connection: apsw.Connection, version: int, counter: int) -> Layout:
        """Features of the file, inside a transaction.

        Args:
            version: Its `data_version`.
            counter: Its `schema_version`.

        Raises:
            ReadOnly: Its structure forbids to write into it.
        """
        known, self.layout = self.layout, None
        if known is None or version != self._version or counter != known.counter:
            found = probe(connection, known)
        else:  # nobody else has committed, and this process never changes the markers
            found = known
        self._version = version
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


def replaced(path: Path) -> errors.Replaced:
    """The error of a file, or a sidecar, that is not the one that was opened."""
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
