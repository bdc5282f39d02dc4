"""A disk that does what it is told: fails one operation, or writes down every one of them.

It lies between SQLite and the real files as a VFS in Python, which has no shared memory: in WAL mode a connection must
be alone (`alone`), and then every operation is its own.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apsw

NAME = "torture"


class Fault(enum.StrEnum):
    """What goes wrong."""

    EIO = "EIO"
    FULL = "disk full"
    SHORT = "short write"
    LOCK = "lock error"


_SUFFERED = {
    Fault.EIO: ("read", "write", "sync", "truncate", "size", "open", "delete", "access", "map"),
    Fault.FULL: ("write", "sync", "open"),
    Fault.SHORT: ("write",),
    Fault.LOCK: ("lock",),
}
_CODES = {
    "read": apsw.SQLITE_IOERR_READ,
    "write": apsw.SQLITE_IOERR_WRITE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "truncate": apsw.SQLITE_IOERR_TRUNCATE,
    "size": apsw.SQLITE_IOERR_FSTAT,
    "open": apsw.SQLITE_CANTOPEN,
    "delete": apsw.SQLITE_IOERR_DELETE,
    "access": apsw.SQLITE_IOERR_ACCESS,
    "lock": apsw.SQLITE_IOERR_LOCK,
}


@dataclass(frozen=True, slots=True)
class Op:
    """One operation that was done, or an acknowledgement between two of them."""

    kind: str
    file: str = ""
    offset: int = 0
    data: bytes = b""
    size: int = 0


@dataclass(slots=True)
class Disk:
    """What the disk is told, and what it saw."""

    fault: Fault | None = None
    at: int = 0
    """Which of the operations that can suffer from the fault fails, from 1; 0 for none."""
    recording: bool = False
    seen: int = 0
    """Operations so far that could have suffered from the fault."""
    log: list[Op] = field(default_factory=list)

    @property
    def fired(self) -> bool:
        """The fault came."""
        return 0 < self.at <= self.seen

    def before(self, kind: str) -> bool:
        """Count an operation; raises where it fails, True where only half of it is to be done first."""
        if not self.strikes(kind):
            return False
        if self.fault is Fault.SHORT:
            return True
        raise apsw.exception_for(apsw.SQLITE_FULL if self.fault is Fault.FULL and kind != "open" else _CODES[kind])

    def strikes(self, kind: str) -> bool:
        """Count an operation; True where it is the one that fails."""
        if self.fault is None or kind not in _SUFFERED[self.fault]:
            return False
        self.seen += 1
        return self.seen == self.at

    def note(self, op: Op) -> None:
        """Write an operation down; files without a name are SQLite's own scratch paper."""
        if self.recording and op.file:
            self.log.append(op)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(path).name if path else ""
        disk.before("open")
        super().__init__("unix", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.before("read")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._disk.before("write"):
            super().xWrite(data[: len(data) // 2], offset)
            raise apsw.exception_for(apsw.SQLITE_FULL)
        super().xWrite(data, offset)
        self._disk.note(Op("write", self._name, offset, bytes(data)))

    def xSync(self, flags: int) -> None:
        self._disk.before("sync")
        super().xSync(flags)
        self._disk.note(Op("sync", self._name))

    def xTruncate(self, size: int) -> None:
        self._disk.before("truncate")
        super().xTruncate(size)
        self._disk.note(Op("truncate", self._name, size=size))

    def xFileSize(self) -> int:
        self._disk.before("size")
        return super().xFileSize()

    def xLock(self, level: int) -> None:
        self._disk.before("lock")
        super().xLock(level)


class _VFS(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(NAME, "unix")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _File:
        return _File(self._disk, name, flags)

    def xDelete(self, name: str, syncdir: bool) -> None:
        self._disk.before("delete")
        super().xDelete(name, syncdir)
        self._disk.note(Op("delete", Path(name).name, size=int(syncdir)))

    def xAccess(self, name: str, flags: int) -> bool:
        self._disk.before("access")
        return super().xAccess(name, flags)


@contextmanager
def under(disk: Disk, *hooks: Callable[[apsw.Connection], None]) -> Iterator[None]:
    """Every connection of this process that is opened in the block goes through `disk`, and `hooks` see it first."""
    vfs = _VFS(disk)
    apsw.set_default_vfs(NAME)
    apsw.connection_hooks.extend(hooks)
    try:
        yield
    finally:
        for hook in hooks:
            apsw.connection_hooks.remove(hook)
        apsw.set_default_vfs("unix")
        vfs.unregister()


def alone(connection: apsw.Connection) -> None:
    """Let a connection live without shared memory."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")


def often(connection: apsw.Connection) -> None:
    """Let checkpoints come often, so that they are among what fails."""
    connection.execute("PRAGMA wal_autocheckpoint = 4")


def seldom(connection: apsw.Connection) -> None:
    """Let many commits lie in the WAL before a checkpoint: what is not synced there is at stake."""
    connection.execute("PRAGMA wal_autocheckpoint = 80")
