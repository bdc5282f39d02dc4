"""Mapping of apsw errors to StoreErrors whose messages say what the user can do."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from ...base import errors
from ...base.safe_files import NO_SPACE
from . import descriptors

_CLOSE_AFTER = (apsw.CorruptError, apsw.NotADBError, apsw.IOError, apsw.CantOpenError)
_INDEX_PHRASES = ("no such tokenizer", "no such module", "vtable constructor failed", "_fts", "fts5")

_MEANINGS: tuple[tuple[tuple[type[apsw.Error], ...], type[errors.StoreError], str], ...] = (
    ((apsw.InterruptError, apsw.AbortError), errors.Interrupted, "the request was cancelled while it ran"),
    (
        (apsw.BusyError, apsw.LockedError),
        errors.Locked,
        "{path} is locked by another program ({said}); try again when it is done",
    ),
    (
        (apsw.ProtocolError,),
        errors.Locked,
        "{path} cannot be locked ({said}); a Hermes home on a network share is not safe",
    ),
    ((apsw.FullError,), errors.DiskFull, "no room left to write {path}; free some space and try again"),
    ((apsw.NotADBError,), errors.NotADatabase, "{path} is not an SQLite database ({said}); name another home"),
    ((apsw.PermissionsError, apsw.AuthError), errors.NoPermission, "the system refuses to open {path} ({said})"),
    (
        (apsw.CorruptError, apsw.IOError),
        errors.Damaged,
        "{path}: {said}; copy the folder before you try anything, then run `hermes sessions recover`",
    ),
    (
        (apsw.SQLError, apsw.SchemaChangeError),
        errors.Damaged,
        "{path} is not as a Hermes store should be ({said}); open it once with Hermes, then try again",
    ),
    (
        (apsw.TooBigError,),
        errors.Damaged,
        "a row of {path} is larger than what is read, and another program wrote it ({said}); nothing else is affected",
    ),
    ((apsw.ReadOnlyError,), errors.ReadOnly, "{path} may not be written ({said}); look at its owner and mode"),
    ((apsw.Error,), errors.StoreError, "{path}: {said}"),
)

_SPECIAL: dict[int, tuple[type[errors.StoreError], str]] = {
    apsw.SQLITE_READONLY_DBMOVED: (errors.Replaced, "{path} was moved or replaced while it was open; open it again"),
    apsw.SQLITE_READONLY_ROLLBACK: (
        errors.NoPermission,
        "a killed program left an unfinished write in {path}; start Hermes once to finish it",
    ),
    apsw.SQLITE_IOERR_WRITE: (
        errors.DiskFull,
        (
            "{path} could not be written ({said}): the disk is full or failing, or a quota or a limit of a file's size "
            "(ulimit -f) is reached; nothing of this write was stored, free some space and try again"
        ),
    ),
    apsw.SQLITE_IOERR_SHMSIZE: (
        errors.CannotOpen,
        "no room left on the disk for the -shm file that reading {path} needs; free some space and try again",
    ),
    apsw.SQLITE_CONSTRAINT_FOREIGNKEY: (
        errors.SessionMissing,
        "there is no session of that id to write to; create it first",
    ),
}


def is_out_of_room(error: apsw.Error) -> bool:
    """True where a disk, a quota or a limit is used up, or may be: then nothing is known of the file itself."""
    return getattr(error, "system_errno", 0) in NO_SPACE or code(error) == apsw.SQLITE_IOERR_WRITE


def translate(error: apsw.Error, path: Path) -> errors.StoreError:
    """The StoreError for an apsw error on the file at `path`: the cause and what can be done, in a sentence."""
    said = str(error) or type(error).__name__
    if said == "not an error":  # of a system call whose number SQLite did not keep
        said = "disk I/O error" if isinstance(error, apsw.IOError) else type(error).__name__
    if isinstance(error, apsw.CantOpenError):
        return unopenable(path, said)
    if (why := NO_SPACE.get(getattr(error, "system_errno", 0))) is not None:
        return errors.DiskFull(f"{path} could not be written, and nothing of this write was stored; {why}")
    leaf, message = _SPECIAL.get(code(error)) or next(
        (leaf, message) for kinds, leaf, message in _MEANINGS if isinstance(error, kinds)
    )
    return leaf(message.format(path=path, said=said))


def unopenable(path: Path, said: str = "unable to open database file") -> errors.CannotOpen:
    """The reason why `path` cannot be opened, by stat; `said` is SQLite's message for any other reason."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _missing(path)
    except OSError as error:
        return errors.NoPermission(
            f"the system refuses to look at {path} ({error.strerror}); look at its owner and mode"
        )
    if not stat.S_ISREG(mode):
        kind = "folder" if stat.S_ISDIR(mode) else "special file"
        return errors.NotADatabase(f"{path} is a {kind}, not a database; name another home")
    if not os.access(path, os.R_OK):
        return errors.NoPermission(f"you may not read {path}; its owner can give you the right with chmod")
    if descriptors.exhausted():
        return no_descriptor(path)
    return errors.NoPermission(f"the system refuses to open {path} ({said}); look at the owner and mode of its folder")


def no_descriptor(path: Path) -> errors.NoPermission:
    """The error of a process whose descriptors are used up."""
    return errors.NoPermission(
        f"this process has no descriptor left to open {path} with; close files, or raise the limit (ulimit -n), "
        "and try again"
    )


def _missing(path: Path) -> errors.CannotOpen:
    if not path.parent.is_dir():
        return errors.HomeMissing(f"there is no folder {path.parent}; name the Hermes home with --home")
    return errors.StoreMissing(f"there is no {path.name} in {path.parent}; start Hermes once, or name another home")


def only_read(path: Path, obstacles: Sequence[str]) -> str:
    """The message where a file's structure forbids to write into it."""
    return f"{path} has what no known Hermes has, and is only read: {'; '.join(obstacles)}; upgrade hermes-tui"


def unmakeable(path: Path, error: OSError) -> errors.StoreError:
    """The reason why no file could be made at `path`."""
    if (why := NO_SPACE.get(error.errno or 0)) is not None:
        return errors.DiskFull(f"no room left to make {path}; {why}")
    if error.errno in descriptors.USED_UP:
        return no_descriptor(path)
    return errors.NoPermission(f"the system refuses to make {path} ({error.strerror}); look at the owner of its folder")


@contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Raise the StoreError of `translate` for every apsw error that leaves this block."""
    try:
        yield
    except apsw.Error as error:
        raise translate(error, path) from error


def note_cause(error: apsw.Error, connection: apsw.Connection) -> None:
    """Keep the system's number of a failed write with the error: SQLite's own code is one for a quota and a defect."""
    if code(error) == apsw.SQLITE_IOERR_WRITE:
        error.system_errno = connection.system_errno  # type: ignore[attr-defined]


def code(error: apsw.Error) -> int:
    """SQLite's extended result code, 0 for an error of apsw itself."""
    return int(getattr(error, "extendedresult", 0))


def leaves_connection_unusable(error: apsw.Error) -> bool:
    """True where the connection that raised `error` should be closed."""
    return isinstance(error, _CLOSE_AFTER)


def is_index_error(error: apsw.Error) -> bool:
    """True for a damaged or unusable full-text index, false for damage of the tables.

    Damage has an extended code (docs/reliability.md §9 rule 10); a missing tokenizer or index table has none
    (docs/format.md §2.4 D). An id that a damaged index still holds is a constraint without a name; those of tables
    say their column.
    """
    if isinstance(error, apsw.CorruptError):
        return code(error) == apsw.SQLITE_CORRUPT_VTAB
    if isinstance(error, apsw.ConstraintError):
        return str(error) == "constraint failed"
    return isinstance(error, apsw.SQLError) and any(phrase in str(error) for phrase in _INDEX_PHRASES)
