"""Guard of a store's locks against whatever else has its file open in this process.

Closing any descriptor of a file drops every POSIX lock that the process has on it, so a second SQLite library, or a
plain `open`, beside apsw lets another process unlink the live WAL (docs/reliability.md S2, S11b).
A `FileWatch` looks for descriptors that are not apsw's, and then for SQLite's long-lived locks: in this order, so that
one that is closed in between is noticed by the locks. Nothing is opened on the file. Without /proc nothing is detected.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from ...base import errors
from ...base.owned_lock import OwnedLock
from . import descriptors, error_mapping, handle_owners, long_locks
from .descriptors import FileNumber, identity
from .long_locks import LongLocks
from .open_events import OpenEvents

MIN_SQLITE = (3, 51, 3)
"""Older versions can lose a WAL during its reset (docs/reliability.md §5)."""

opening = OwnedLock()
"""Lock for opening and closing connections and for copying files, so that descriptors do not change owner."""

_known: dict[FileNumber, set[int]] = {}
_holders: dict[FileNumber, weakref.WeakSet[apsw.Connection]] = {}
_announced: dict[FileNumber, set[int]] = {}
"""A file -> its descriptors before the opening of a connection that is not registered yet."""
_watches: dict[FileNumber, FileWatch] = {}

_FORK_WAIT = 1.0
"""Seconds that a fork waits for a connection that another thread is opening or closing."""
_forking: list[bool] = []
"""Not empty while `opening` is held by a fork."""


def assert_version(version: str) -> None:
    """Refuse an SQLite that can lose acknowledged writes.

    Raises:
        ImportError: `version` is older than `MIN_SQLITE`.
    """
    if tuple(int(part) for part in version.split(".")) < MIN_SQLITE:
        raise ImportError(f"apsw brings SQLite {version}; hermes-tui needs 3.51.3 or later: pip install -U apsw")


def handles(path: Path) -> frozenset[int]:
    """All descriptors of this process on the file at `path`, apsw's included."""
    file = identity(path)
    return frozenset() if file is None else frozenset(descriptors.open_on(file))


def check(path: Path) -> None:
    """Make sure that the file at `path` can be opened: only apsw has it open in this process, with all its locks.

    Raises:
        ForeignHandle: There is another descriptor, or the file is open by another name, or a connection without its
            locks is still in use, or one of before a fork was inherited.
    """
    file = identity(path)
    if file is None:
        return
    with opening:
        handle_owners.refuse_inherited(file, path)
        _refuse_foreign(file, path)
        forget_closed()
        watch = _watches.get(file)
        if watch is None:
            return
        watch.refuse_other_name(path)
        if watch.intact():
            return
        for owner in list(handle_owners.owners):
            owner.close_idle(watch)
        forget_closed()
        if _watches.get(file) is watch:
            raise _dropped(path)


def watch(path: Path) -> FileWatch:
    """The watch of the file at `path`, shared by all its connections in this process; `opening` is held.

    Raises:
        StoreMissing: There is no file.
    """
    file = identity(path)
    if file is None:
        raise error_mapping.unopenable(path)
    return _watches.setdefault(file, FileWatch(path, file))


@contextmanager
def announced(path: Path) -> Iterator[None]:
    """Open one connection in this block, in `opening`, after `check`.

    An exception can end the opening before the connection is registered, and SQLite may keep its descriptor: the next
    look takes the one that has come since for apsw's.
    """
    file = identity(path)
    if file is not None:
        _announced[file] = descriptors.open_on(file)
    try:
        yield
    except apsw.Error:
        _announced.pop(file or (0, 0), None)
        raise


def forget_closed() -> None:
    """Forget descriptors that were closed, so that a foreign one with the same number is detected.

    Nothing is kept of a file that no connection has open: each later look would cost more in a long-lived process.
    """
    with opening:
        for file in list(_known):
            if _connected(file):
                _own(file, descriptors.on(file, _known[file]))
            else:
                del _known[file]
                _holders.pop(file, None)
        for file in list(_watches):
            if not _connected(file):
                _watches.pop(file).close()


class FileWatch:
    """Looks at one file for all connections of this process to it."""

    def __init__(self, path: Path, file: FileNumber) -> None:
        self._path, self._file = path, file
        self._name = os.path.realpath(path)
        self._locks: LongLocks | None = None
        self._events: OpenEvents | None = None
        self._lost = self._beside_too = False

    def follow_opens(self) -> None:
        """Have opens of the file reported, so that a look costs little; to be called before a connection opens it."""
        if self._events is None and descriptors.watched():
            try:
                self._events = OpenEvents(self._path)
            except OSError:  # descriptors are listed at every look
                return

    def follow_locks(self, *, wal: bool) -> None:
        """Expect the long-lived locks from now on, where the file is in WAL mode; to be called in a transaction.

        Raises:
            ForeignHandle: They are gone already.
            NoPermission: No descriptor is left to look with.
        """
        if not wal or (self._locks is not None and (self._beside_too or self._events is None)):
            return
        if descriptors.watched():
            with opening:
                self._locks = self._locks or self._found()
                self._follow_beside()
            self.check_locks()

    def check(self) -> int | None:
        """Make sure that no descriptor is foreign, and that the locks are held.

        Returns:
            The number of a look: where two are the same, file, WAL and -shm had no other names in between. None where
            such changes are not reported.

        Raises:
            ForeignHandle: There is one, or they are not.
            NoPermission: No descriptor is left to look with.
        """
        events = self._events
        if events is None or events.may_have_opened():
            self._refuse_foreign()
        self.check_locks()
        return events.noticed if events is not None and events.works and self._beside_too else None

    def check_locks(self) -> None:
        """Make sure that the locks are held; see `check`."""
        locks = self._locks  # looked at here, because a call costs half a look
        if (self._lost or (locks is not None and not locks.held)) and not self.intact():
            raise _dropped(self._path)

    def check_write_lock(self, *, wal: bool) -> None:
        """Make sure, inside a transaction, that its lock is held, which cannot be seen after it; see `check`.

        In WAL mode the look before BEGIN was less than a transaction ago, and the next one comes after COMMIT: where no
        program has opened the file or its -shm in between, nothing but a copied descriptor can have dropped the locks.
        """
        events = self._events
        if wal:
            if events is None or events.may_have_opened():
                self.check_locks()
        elif descriptors.watched() and not self._writes():
            raise _dropped(self._path)

    def intact(self) -> bool:
        """False once a lock was dropped: it does not come back."""
        if self._lost or self._locks is None or self._locks.held:
            return not self._lost
        with opening:
            before, found = self._locks, self._found()
            self._lost = not found.covers(before)
            self._locks = found
            before.close()
        return not self._lost

    def refuse_other_name(self, path: Path) -> None:
        """Make sure that `path` is the name that the file was opened by: SQLite has one WAL for it in a process.

        Raises:
            ForeignHandle: It is another one, a hard link.
        """
        if os.path.realpath(path) != self._name:
            raise errors.ForeignHandle(
                f"this process has {path} open by another name, {self._path}; close that, or use a process of its own"
            )

    def foreign(self) -> bool:
        """True while this process has the file open otherwise than through apsw."""
        with opening:
            return bool(_foreign(self._file))

    def close(self) -> None:
        """Close its descriptors, which are not on the file."""
        for part in (self._locks, self._events):
            if part is not None:
                part.close()
        self._locks = self._events = None

    def _follow_beside(self) -> None:
        """Have -shm and WAL reported on too: closing the -shm drops a lock, and that of a running transaction."""
        if self._events is not None:
            try:
                self._events.add(f"{self._name}-shm")
                self._events.add(f"{self._name}-wal")
            except OSError:  # there is none, or it cannot be watched: descriptors are listed at every look
                self._events = None
            self._beside_too = self._events is not None

    def _refuse_foreign(self) -> None:
        if not descriptors.open_on(self._file) <= _known.get(self._file, set()):
            with opening:  # a connection that another thread opens just now is registered
                _refuse_foreign(self._file, self._path)

    def _found(self) -> LongLocks:
        shm = identity(f"{self._name}-shm")
        try:
            return LongLocks(self._ours(), () if shm is None else descriptors.open_on(shm))
        except OSError as error:
            raise error_mapping.no_descriptor(self._path) from error

    def _ours(self) -> set[int]:
        """Descriptors of apsw on the file; others are known that an exception closed."""
        return descriptors.on(self._file, _known.get(self._file, ()))

    def _writes(self) -> bool:
        try:
            with opening:
                return long_locks.writes(self._ours())
        except OSError as error:
            raise error_mapping.no_descriptor(self._path) from error


def _refuse_foreign(file: FileNumber, path: Path) -> None:
    foreign = _foreign(file)
    if foreign:
        raise errors.ForeignHandle(
            f"this process has {path} open otherwise than through its own apsw (descriptor {min(foreign)}: "
            "another SQLite, a plain open, or one from before a fork); close it, or use a process of its own"
        )


def _dropped(path: Path) -> errors.ForeignHandle:
    return errors.ForeignHandle(
        f"something in this process opened {path} and closed it again, which dropped SQLite's locks on it; "
        "check what the last write left, keep other SQLites and plain opens out of this process, and open it again"
    )


def _opened(connection: apsw.Connection) -> None:
    """Register the descriptor of a connection that was just opened through apsw.

    Of two unknown descriptors one is foreign; neither is registered then, and `check` raises.
    """
    path = _path_of(connection)
    file = identity(path) if path else None
    if file is None:
        return
    with opening:
        found = descriptors.open_on(file)
        if len(found - _own(file, found)) == 1:
            _known[file] = found
        _holders.setdefault(file, weakref.WeakSet()).add(connection)
        _announced.pop(file, None)


def _path_of(connection: apsw.Connection) -> Path | None:
    """The path of a connection's file; of one whose name is no UTF-8, by its bytes."""
    try:
        return Path(connection.filename) if connection.filename else None
    except UnicodeDecodeError:
        [(name,)] = connection.execute("SELECT CAST(file AS BLOB) FROM pragma_database_list WHERE name = 'main'")
        return Path(os.fsdecode(name)) if isinstance(name, bytes) else None


def _foreign(file: FileNumber) -> set[int]:
    found = descriptors.open_on(file)
    if file in _announced:
        _adopt(file, found)
    return found - _own(file, found)


def _adopt(file: FileNumber, found: set[int]) -> None:
    """Register the descriptor that an opening left which an exception ended."""
    left = found - _announced[file]
    if len(left) == 1:
        _known.setdefault(file, set()).update(left)
    _announced.pop(file, None)


def _own(file: FileNumber, found: set[int]) -> set[int]:
    """Those of a file's descriptors that are apsw's.

    SQLite keeps some of closed connections as long as others have locks, and none after the last one closed.
    """
    _known[file] = _known.get(file, set()) & found if _connected(file) else set()
    return _known[file]


def _connected(file: FileNumber) -> bool:
    """True while a connection of apsw is open; none is used, another thread may be using it."""
    holders = _holders.get(file, ())
    return any(connection in holders for connection in apsw.connections())


def _before_fork() -> None:
    """Close what stands idle, so that a child can open its own; not beside a stranger, whose locks that would drop."""
    if not opening.acquire(timeout=_FORK_WAIT, beyond=_forking):
        return
    _forking.append(True)
    for owner in list(handle_owners.owners):
        file = identity(owner.path)
        if file is None or not _foreign(file):
            owner.close_idle()


def _after_fork_in_child() -> None:
    """Keep the connections that were inherited, and never close them: SQLite's state in them is the parent's."""
    opening.renew()
    for file, holders in _holders.items():
        kept = [connection for connection in apsw.connections() if connection in holders]
        if kept:
            handle_owners.keep_inherited(file, kept)
    for inherited in _watches.values():
        inherited.close()
    for state in (_forking, _holders, _known, _announced, _watches):
        state.clear()


assert_version(apsw.sqlite_lib_version())
apsw.connection_hooks.append(_opened)
os.register_at_fork(before=_before_fork, after_in_parent=_forking.clear, after_in_child=_after_fork_in_child)
