"""Detection of foreign handles: descriptors of a store in this process that are not apsw's.

Closing any descriptor of a file drops every POSIX lock that the process has on it, so a second SQLite library, or a
plain `open`, beside apsw lets another process unlink the live WAL (docs/reliability.md S2, S11b).
Descriptors are found by (device, inode) under /proc/self/fd; nothing is opened. Without /proc nothing is detected.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import apsw

from ...base import errors
from ...base.owned_lock import OwnedLock

MIN_SQLITE = (3, 51, 3)
"""Older versions can lose a WAL during its reset (docs/reliability.md §5)."""

_DESCRIPTORS = Path("/proc/self/fd")

opening = OwnedLock()
"""Lock for opening and closing connections and for copying files, so that descriptors do not change owner."""

_known: dict[tuple[int, int], set[int]] = {}
_holders: dict[tuple[int, int], weakref.WeakSet[apsw.Connection]] = {}
_announced: dict[tuple[int, int], set[int]] = {}
"""A file -> its descriptors before the opening of a connection that is not registered yet."""


def assert_version(version: str) -> None:
    """Refuse an SQLite that can lose acknowledged writes.

    Raises:
        ImportError: `version` is older than `MIN_SQLITE`.
    """
    if tuple(int(part) for part in version.split(".")) < MIN_SQLITE:
        raise ImportError(f"apsw brings SQLite {version}; hermes-tui needs 3.51.3 or later: pip install -U apsw")


def identity(path: Path | str | int) -> tuple[int, int] | None:
    """Device and inode of the file at `path`, or of a descriptor; None for none."""
    try:
        state = os.stat(path)  # noqa: PTH116  called six times in every append
    except OSError:
        return None
    return state.st_dev, state.st_ino


def handles(path: Path) -> frozenset[int]:
    """All descriptors of this process on the file at `path`, apsw's included."""
    file = identity(path)
    return frozenset() if file is None else frozenset(_open_on(file))


def check(path: Path) -> None:
    """Make sure that only apsw has the file at `path` open in this process.

    Raises:
        ForeignHandle: There is another descriptor.
    """
    file = identity(path)
    if file is None:
        return
    with opening:
        descriptors = _open_on(file)
        if file in _announced:
            _adopt(file, descriptors)
        foreign = descriptors - _own(file, descriptors)
        if foreign:
            raise errors.ForeignHandle(
                f"this process has {path} open otherwise than through its own apsw (descriptor {min(foreign)}: "
                "another SQLite, a plain open, or one from before a fork); close it, or use a process of its own"
            )


@contextmanager
def announced(path: Path) -> Iterator[None]:
    """Open one connection in this block, in `opening`, after `check`.

    An exception can end the opening before the connection is registered, and SQLite may keep its descriptor: the next
    look takes the one that has come since for apsw's.
    """
    file = identity(path)
    if file is not None:
        _announced[file] = _open_on(file)
    try:
        yield
    except apsw.Error:
        _announced.pop(file or (0, 0), None)
        raise


def forget_closed(path: Path) -> None:
    """Forget descriptors that were closed, so that a foreign one with the same number is detected."""
    file = identity(path)
    if file is not None:
        with opening:
            _own(file, _open_on(file))


def _opened(connection: apsw.Connection) -> None:
    """Register the descriptor of a connection that was just opened through apsw.

    Of two unknown descriptors one is foreign; neither is registered then, and `check` raises.
    """
    file = identity(Path(connection.filename)) if connection.filename else None
    if file is None:
        return
    with opening:
        descriptors = _open_on(file)
        if len(descriptors - _own(file, descriptors)) == 1:
            _known[file] = descriptors
        _holders.setdefault(file, weakref.WeakSet()).add(connection)
        _announced.pop(file, None)


def _adopt(file: tuple[int, int], descriptors: set[int]) -> None:
    """Register the descriptor that an opening left which an exception ended."""
    left = descriptors - _announced[file]
    if len(left) == 1:
        _known.setdefault(file, set()).update(left)
    _announced.pop(file, None)


def _own(file: tuple[int, int], descriptors: set[int]) -> set[int]:
    """Those of a file's descriptors that are apsw's.

    SQLite keeps some of closed connections as long as others have locks, and none after the last one closed.
    No connection is used: another thread may be using it.
    """
    holders = _holders.get(file, ())
    open_now = any(connection in holders for connection in apsw.connections())
    _known[file] = _known.get(file, set()) & descriptors if open_now else set()
    return _known[file]


def _open_on(file: tuple[int, int]) -> set[int]:
    try:
        descriptors = [int(link.name) for link in _DESCRIPTORS.iterdir()]
    except OSError:
        return set()
    return {descriptor for descriptor in descriptors if identity(descriptor) == file}  # the listing's own is closed


class HasLocks(Protocol):
    """An object with locks that a thread of the parent process may have held at a fork."""

    def renew_locks(self) -> None:
        """Replace the locks in the forked process, whose holder does not exist there."""


_with_locks: weakref.WeakSet[HasLocks] = weakref.WeakSet()


def renew_locks_after_fork(owner: HasLocks) -> None:
    """Renew the locks of `owner` in every process that is forked from now on."""
    _with_locks.add(owner)


def _forked() -> None:
    opening.renew()
    _known.clear()
    _announced.clear()
    for owner in list(_with_locks):
        owner.renew_locks()


assert_version(apsw.sqlite_lib_version())
apsw.connection_hooks.append(_opened)
os.register_at_fork(after_in_child=_forked)
