"""How a connection to read comes about, from the plain way to the last resort (docs/format.md §7.5).

`mode=ro` reads a live WAL and never checkpoints, so it is what a file is opened with.
It needs a folder where it may put a -shm beside a WAL, and it may not finish the unfinished write of a killed program.
Where that fails: nothing in the sidecars and nobody may write there, so the file is immutable;
or something in them, so the file is copied with them to a private folder, and the copy is opened.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import apsw

from ...base import errors
from ..base import error_mapping, foreign_handle_guard
from ..base.schema_probe import Layout

BUSY_MS = 5_000
"""How long a reader waits for a lock: in DELETE mode a writer's commit shuts readers out (docs/format.md §7.4)."""

_LONGEST_CELL = 256 * 1024 * 1024
_COPIES = 5

FileId = tuple[int, int] | None


@dataclass(slots=True)
class OpenedFile:
    """A connection to read, what was opened for it, and what makes it out of date."""

    connection: apsw.Connection
    path: Path
    seen: tuple[object, ...]
    follows: bool
    """True where SQLite itself sees every later commit; False for a copy and an immutable file."""
    folder: tempfile.TemporaryDirectory[str] | None = None
    pid: int = 0
    wal: FileId = None
    wal_path: Path | None = None
    looked: tuple[int, Layout] | None = None
    """What it last saw of the file, and SQLite's data_version then."""

    @property
    def current(self) -> bool:
        """True while what lies at the path is what was opened, and its WAL is the one that was there."""
        if not self.follows:
            return self.seen == _family(self.path)
        if self.wal_path is None:
            self.wal_path = sidecars(self.path)[0]
        before, self.wal = self.wal, foreign_handle_guard.identity(self.wal_path)
        return self.seen == foreign_handle_guard.identity(self.path) and before in (None, self.wal)

    def close(self) -> None:
        """Give back the descriptor and the copy; nothing in a process that was forked off since."""
        if self.pid != os.getpid():
            return
        with foreign_handle_guard.opening:
            self.connection.close()
            foreign_handle_guard.forget_closed(self.path)
        if self.folder is not None:
            self.folder.cleanup()


def open_to_read(path: Path) -> OpenedFile:
    """Open the store at `path` so that nothing is written to it and nothing in its WAL is missed.

    Raises:
        CannotOpen: HomeMissing, StoreMissing, NotADatabase or NoPermission, whichever it is.
        ForeignHandle: If this process has it open without apsw.
        apsw.Error: As it comes, for damage and locks.
    """
    with foreign_handle_guard.opening:
        if not os.path.isfile(path) or not os.access(path, os.R_OK):  # noqa: PTH113  Path.is_file raises in a closed folder
            raise error_mapping.unopenable(path)
        foreign_handle_guard.check(path)
        seen = foreign_handle_guard.identity(path) or ()
        try:
            return OpenedFile(_connect(path, "mode=ro"), path, seen, follows=True, pid=os.getpid())
        except (apsw.CantOpenError, apsw.ReadOnlyError) as error:
            foreign_handle_guard.forget_closed(path)
            return _otherwise(path, error)


def _connect(path: Path, how: str) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_URI | (apsw.SQLITE_OPEN_READWRITE if how == "mode=rw" else apsw.SQLITE_OPEN_READONLY)
    connection = apsw.Connection(f"{path.absolute().as_uri()}?{how}", flags=flags)
    try:
        _harden(connection)
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchall()
    except apsw.Error:
        connection.close()
        raise
    return connection


def _harden(connection: apsw.Connection) -> None:
    """Nothing that lies in the file may run, hang or fill the memory (docs/reliability.md S6, E12).

    Views stay on: the full-text tables of layout C3 read their text through one.
    """
    connection.set_busy_timeout(BUSY_MS)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, _LONGEST_CELL)
    connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
    connection.limit(apsw.SQLITE_LIMIT_EXPR_DEPTH, 200)


def _otherwise(path: Path, error: apsw.Error) -> OpenedFile:
    """Read a file that `mode=ro` could not open; what it said is told again where nothing else is safe."""
    wanted = [sidecar for sidecar in sidecars(path)[:2] if _size(sidecar)]
    unfinished = error_mapping.code(error) == apsw.SQLITE_READONLY_ROLLBACK
    if os.access(path.parent, os.W_OK) and not unfinished:
        raise error_mapping.translate(error, path)
    if wanted:
        return _copied(path, wanted)
    seen = _family(path)
    return OpenedFile(_connect(path, "mode=ro&immutable=1"), path, seen, follows=False, pid=os.getpid())


def _copied(path: Path, wanted: list[Path]) -> OpenedFile:
    """Open a private copy; only while nothing in this process has the file open (docs/format.md §7.6)."""
    if foreign_handle_guard.handles(path):
        raise errors.NoPermission(
            f"{path} has a {wanted[0].name} that only a copy could be read with, and this process has the file open; "
            f"make {path.parent} writable, or close the other handle"
        )
    folder = tempfile.TemporaryDirectory(prefix="hermes-tui-")
    try:
        copy, seen = _copy(path, wanted, Path(folder.name))
        _connect(copy, "mode=rw").close()  # finishes the unfinished write, in the copy
        return OpenedFile(_connect(copy, "mode=ro"), path, seen, follows=False, folder=folder, pid=os.getpid())
    except OSError as error:
        folder.cleanup()
        if error.errno == errno.ENOSPC:
            raise errors.NoPermission(
                f"{path.parent} is not writable, and there is no room to read a copy of it"
            ) from error
        raise errors.NoPermission(f"the system refuses to copy {path} ({error.strerror})") from error
    except (apsw.Error, errors.StoreError):
        folder.cleanup()
        raise


def _copy(path: Path, wanted: list[Path], folder: Path) -> tuple[Path, tuple[object, ...]]:
    """Copy the file and the sidecars that matter, until nothing changed while that was done."""
    target = folder / path.name
    for _ in range(_COPIES):
        before = _family(path)
        shutil.copyfile(path, target)
        for source in wanted:
            shutil.copyfile(source, folder / f"{path.name}-{source.name.rpartition('-')[2]}")
        if _family(path) == before:
            return target, before
    raise errors.NoPermission(f"{path} is being written and {path.parent} is not writable; make it writable to read it")


def sidecars(path: Path) -> tuple[Path, Path, Path]:
    """Where SQLite keeps the -wal, the -journal and the -shm of the file at `path`, symbolic links followed."""
    real = str(path.resolve())
    return Path(f"{real}-wal"), Path(f"{real}-journal"), Path(f"{real}-shm")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _family(path: Path) -> tuple[object, ...]:
    """What tells one state of the file and its sidecars from another, by stat alone."""
    found: list[object] = []
    for one in (path, *sidecars(path)[:2]):
        try:
            state = one.stat()
        except OSError:
            found.append(None)
        else:
            found.append((state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns))
    return tuple(found)
