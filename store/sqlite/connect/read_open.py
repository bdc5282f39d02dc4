"""Opening of a store for reading: read-only, immutable, or a private copy (docs/format.md §7.5).

`mode=ro` reads a live WAL and never checkpoints, so it is tried first. It needs a folder where a -shm can be made
beside a WAL, and cannot roll back the unfinished write of a killed program.
A file of another user is copied unless a -shm of its owner lies beside it (`sidecar_rights`).
Where it fails in a folder that is not writable: with empty sidecars the file is opened as immutable, otherwise it is
copied with them to a private folder and the copy is opened.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from ...base import errors
from ...base.late_dataclass import dataclass, field
from ...formats import row_encoding
from ..base import descriptors, error_mapping, foreign_handle_guard
from ..base.schema_probe import Layout
from . import sidecar_rights

if TYPE_CHECKING:
    import tempfile

BUSY_MS = 5_000
"""Milliseconds that a reader waits for a lock: in DELETE mode a commit blocks readers (docs/format.md §7.4)."""

_MAX_CELL = row_encoding.MAX_ROW + (6 << 20)
_COPY_ATTEMPTS = 5

FileId = tuple[int, int] | None


@dataclass(slots=True, eq=False)
class OpenedFile:
    """A connection for reading, and the state of the files it was opened on."""

    connection: apsw.Connection
    path: Path
    state: tuple[object, ...]
    follows: bool
    """True where SQLite sees later commits; False for a copy and an immutable file."""
    folder: tempfile.TemporaryDirectory[str] | None = None
    pid: int = 0
    wal: FileId = None
    wal_path: Path | None = None
    watch: foreign_handle_guard.FileWatch | None = None
    """None for a copy and an immutable file, which have no locks."""
    probed: tuple[int, Layout] | None = None
    """SQLite's data_version and the layout at the last probe."""
    known: dict[object, object] = field(default_factory=dict)
    """What was found out at that version, by whoever reads."""

    @property
    def current(self) -> bool:
        """True while the file at the path and its WAL are those that were opened."""
        if not self.follows:
            return self.state == _file_states(self.path)
        if self.wal_path is None:
            self.wal_path = sidecars(self.path)[0]
        before, self.wal = self.wal, descriptors.identity(self.wal_path)
        return self.state == descriptors.identity(self.path) and before in (None, self.wal)

    def check_locks(self) -> None:
        """Raise `ForeignHandle` where something in this process dropped SQLite's locks."""
        if self.watch is not None:
            self.watch.check_locks()

    def close(self) -> None:
        """Close the connection and remove the copy; does nothing in a process forked since."""
        if self.pid != os.getpid():
            return
        with foreign_handle_guard.opening:
            self.connection.close()
            foreign_handle_guard.forget_closed()
        if self.folder is not None:
            self.folder.cleanup()


def open_to_read(path: Path) -> OpenedFile:
    """Open the store at `path` without writing to it and without missing its WAL.

    Raises:
        CannotOpen: HomeMissing, StoreMissing, NotADatabase or NoPermission.
        ForeignHandle: This process has it open without apsw.
        apsw.Error: Damage and locks, not translated.
    """
    with foreign_handle_guard.opening:
        if not os.path.isfile(path) or not os.access(path, os.R_OK):  # noqa: PTH113  Path.is_file raises in a folder without permission
            raise error_mapping.unopenable(path)
        foreign_handle_guard.check(path)
        state = descriptors.identity(path) or ()
        if not foreign_handle_guard.handles(path) and sidecar_rights.would_lock_out(path, sidecars(path)[2]):
            return _open_copy(path, _filled_sidecars(path))
        try:
            return _open_live(path, state)
        except (apsw.CantOpenError, apsw.ReadOnlyError) as error:
            foreign_handle_guard.forget_closed()
            return _open_fallback(path, error)


def _open_live(path: Path, state: tuple[object, ...]) -> OpenedFile:
    watch = foreign_handle_guard.watch(path)
    opened = OpenedFile(_connect(path, "mode=ro"), path, state, follows=True, pid=os.getpid(), watch=watch)
    try:
        wal = opened.connection.pragma("journal_mode") == "wal"
        if wal:
            sidecar_rights.give_to_owner(sidecars(path)[::2])
        watch.follow_locks(wal=wal)
    except (apsw.Error, errors.StoreError):
        opened.close()
        raise
    return opened


def open_uri(path: Path, mode: str) -> apsw.Connection:
    """A connection by URI.

    Args:
        mode: Parameters of the URI: `mode=rw`, `mode=ro` or `mode=ro&immutable=1`.
    """
    flags = apsw.SQLITE_OPEN_URI | (apsw.SQLITE_OPEN_READWRITE if mode == "mode=rw" else apsw.SQLITE_OPEN_READONLY)
    with foreign_handle_guard.announced(path):
        return apsw.Connection(f"{path.absolute().as_uri()}?{mode}", flags=flags)


def _connect(path: Path, mode: str) -> apsw.Connection:
    connection = open_uri(path, mode)
    try:
        _harden(connection)
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchall()
    except apsw.Error:
        connection.close()
        raise
    return connection


def _harden(connection: apsw.Connection) -> None:
    """Prevent that contents of the file run, hang or fill the memory (docs/reliability.md S6, E12).

    Views stay enabled: the full-text tables of layout C3 read their text through one.
    """
    connection.set_busy_timeout(BUSY_MS)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, _MAX_CELL)
    connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
    connection.limit(apsw.SQLITE_LIMIT_EXPR_DEPTH, 200)


def _open_fallback(path: Path, error: apsw.Error) -> OpenedFile:
    """Open a file that `mode=ro` could not; raises its error where nothing else is safe."""
    if descriptors.exhausted():
        raise error_mapping.no_descriptor(path)
    wanted = _filled_sidecars(path)
    unfinished = error_mapping.code(error) == apsw.SQLITE_READONLY_ROLLBACK
    if os.access(path.parent, os.W_OK) and not unfinished:
        raise error_mapping.translate(error, path)
    if wanted:
        return _open_copy(path, wanted)
    state = _file_states(path)
    return OpenedFile(_connect(path, "mode=ro&immutable=1"), path, state, follows=False, pid=os.getpid())


def _open_copy(path: Path, wanted: list[Path]) -> OpenedFile:
    """Open a private copy; refused while this process has the file open (docs/format.md §7.6)."""
    if foreign_handle_guard.handles(path):
        raise errors.NoPermission(
            f"{path} could only be read from a copy, and this process has the file open; "
            f"make {path.parent} writable, or close the other handle"
        )
    sidecar_rights.check_size(path, [path, *wanted])
    import tempfile

    folder = tempfile.TemporaryDirectory(prefix="hermes-tui-")
    try:
        copy, state = _copy(path, wanted, Path(folder.name))
        _connect(copy, "mode=rw").close()  # rolls back the unfinished write, in the copy
        return OpenedFile(_connect(copy, "mode=ro"), path, state, follows=False, folder=folder, pid=os.getpid())
    except OSError as error:
        folder.cleanup()
        no_room = f"{path.parent} is not writable, and there is no room to read a copy of it"
        refused = f"the system refuses to copy {path} ({error.strerror})"
        raise errors.NoPermission(no_room if error.errno == errno.ENOSPC else refused) from error
    except (apsw.Error, errors.StoreError):
        folder.cleanup()
        raise


def _copy(path: Path, wanted: list[Path], folder: Path) -> tuple[Path, tuple[object, ...]]:
    """Copy the file and its sidecars, again while they change."""
    import shutil

    target = folder / path.name
    for _ in range(_COPY_ATTEMPTS):
        before = _file_states(path)
        shutil.copyfile(path, target)
        for source in wanted:
            shutil.copyfile(source, folder / f"{path.name}-{source.name.rpartition('-')[2]}")
        if _file_states(path) == before:
            return target, before
    raise errors.NoPermission(f"{path} is being written and {path.parent} is not writable; make it writable to read it")


def _filled_sidecars(path: Path) -> list[Path]:
    return [sidecar for sidecar in sidecars(path)[:2] if _size(sidecar)]


def sidecars(path: Path) -> tuple[Path, Path, Path]:
    """Paths of the -wal, the -journal and the -shm of the file at `path`, symbolic links followed."""
    real = str(path.resolve())
    return Path(f"{real}-wal"), Path(f"{real}-journal"), Path(f"{real}-shm")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _file_states(path: Path) -> tuple[object, ...]:
    """Stat of the file and its sidecars, which differs for different states of them."""
    stats: list[object] = []
    for file in (path, *sidecars(path)[:2]):
        try:
            state = file.stat()
        except OSError:
            stats.append(None)
        else:
            stats.append((state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns))
    return tuple(stats)
