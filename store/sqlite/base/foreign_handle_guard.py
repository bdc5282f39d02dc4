"""One SQLite on one file in one process: find a handle that is not apsw's before it costs acknowledged writes.

Closing any descriptor of a file drops every POSIX lock that the process holds on it, so a second SQLite library,
or a plain `open`, beside apsw lets a sibling unlink the live WAL (docs/reliability.md S2, S11b).
Descriptors are found by (device, inode) under /proc/self/fd; nothing is opened.
Where there is no /proc nothing is known.
"""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path
from typing import Protocol

import apsw

from ...base import errors

LEAST_SQLITE = (3, 51, 3)
"""Older ones can lose a WAL while it is being reset (docs/reliability.md §5)."""

_DESCRIPTORS = Path("/proc/self/fd")

opening = threading.RLock()
"""Held while a connection is opened or closed, and while a file is copied: descriptors don't change hands meanwhile."""

_known: dict[tuple[int, int], set[int]] = {}
_holders: dict[tuple[int, int], weakref.WeakSet[apsw.Connection]] = {}


def assert_version(version: str) -> None:
    """Refuse an SQLite that can lose acknowledged writes.

    Raises:
        ImportError: If `version` is older than `LEAST_SQLITE`.
    """
    if tuple(int(part) for part in version.split(".")) < LEAST_SQLITE:
        raise ImportError(f"apsw brings SQLite {version}; hermes-tui needs 3.51.3 or later: pip install -U apsw")


def identity(path: Path | str) -> tuple[int, int] | None:
    """Device and inode of what lies at `path` now, None where nothing does."""
    try:
        found = os.stat(path)  # noqa: PTH116  asked six times in every append
    except OSError:
        return None
    return found.st_dev, found.st_ino


def handles(path: Path) -> frozenset[int]:
    """Every descriptor of this process on the file at `path`, apsw's too."""
    file = identity(path)
    return frozenset() if file is None else frozenset(_open_on(file))


def check(path: Path) -> None:
    """Make sure that only apsw holds the file at `path` open in this process.

    Raises:
        ForeignHandle: If anything else does.
    """
    file = identity(path)
    if file is None:
        return
    with opening:
        found = _open_on(file)
        strangers = found - _own(file, found)
        if strangers:
            raise errors.ForeignHandle(
                f"this process has {path} open otherwise than through its own apsw (descriptor {min(strangers)}: "
                "another SQLite, a plain open, or one from before a fork); close it, or use a process of its own"
            )


def forget_closed(path: Path) -> None:
    """Forget descriptors that a close gave back, so that a stranger who gets the number is noticed."""
    file = identity(path)
    if file is not None:
        with opening:
            _own(file, _open_on(file))


def _opened(connection: apsw.Connection) -> None:
    """Learn the descriptor of a connection that anybody in this process just opened through apsw.

    Two unknown ones mean that a stranger is among them; neither is learnt then, and `check` speaks up.
    """
    file = identity(Path(connection.filename)) if connection.filename else None
    if file is None:
        return
    with opening:
        found = _open_on(file)
        known = _own(file, found)
        if len(found - known) == 1:
            _known[file] = found
        _holders.setdefault(file, weakref.WeakSet()).add(connection)


def _own(file: tuple[int, int], found: set[int]) -> set[int]:
    """Which of the descriptors found on a file are apsw's.

    SQLite keeps some of closed connections as long as others hold locks, and none after the last one closed.
    No connection is asked anything: another thread may be using it.
    """
    holders = _holders.get(file, ())
    open_now = any(connection in holders for connection in apsw.connections())
    _known[file] = _known.get(file, set()) & found if open_now else set()
    return _known[file]


def _open_on(file: tuple[int, int]) -> set[int]:
    try:
        descriptors = [int(one.name) for one in _DESCRIPTORS.iterdir()]
    except OSError:
        return set()
    return {one for one in descriptors if _is_on(one, file)}


def _is_on(descriptor: int, file: tuple[int, int]) -> bool:
    try:
        found = os.fstat(descriptor)
    except OSError:  # the listing's own descriptor is gone by now
        return False
    return (found.st_dev, found.st_ino) == file


class HasLocks(Protocol):
    """What has locks that a thread of the parent may have held when this process was forked off."""

    def renew_locks(self) -> None:
        """Take new ones: whoever would give the old ones back is not in this process."""


_forkable: weakref.WeakSet[HasLocks] = weakref.WeakSet()


def renew_locks_after_fork(one: HasLocks) -> None:
    """Have the locks of `one` renewed in every process that is forked off from here on."""
    _forkable.add(one)


def _forked() -> None:
    global opening  # noqa: PLW0603  everybody asks this module for it
    opening = threading.RLock()
    _known.clear()
    for one in list(_forkable):
        one.renew_locks()


assert_version(apsw.sqlite_lib_version())
apsw.connection_hooks.append(_opened)
os.register_at_fork(after_in_child=_forked)
