"""What SQLite complains of, in words that say what to do: apsw errors in, StoreError leaves out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from .. import errors

_SPENT = (apsw.CorruptError, apsw.NotADBError, apsw.IOError, apsw.CantOpenError)
_INDEX_WORDS = ("no such tokenizer", "no such module", "vtable constructor failed", "_fts")


def translate(error: apsw.Error, path: Path) -> errors.StoreError:
    """The StoreError leaf that says in a sentence what `error` on the file at `path` means and what can be done."""
    said = str(error)
    match error:
        case apsw.InterruptError() | apsw.AbortError():
            return errors.Interrupted("the question was withdrawn while it ran")
        case apsw.BusyError() | apsw.LockedError():
            return errors.Locked(f"{path} is locked by another program ({said}); try again when it is done")
        case apsw.ProtocolError():
            return errors.Locked(f"{path} cannot be locked ({said}); a Hermes home on a network share is not safe")
        case apsw.FullError():
            return errors.DiskFull(f"no room left to write {path}; free some space and try again")
        case apsw.NotADBError():
            return errors.NotADatabase(f"{path} is not an SQLite database ({said})")
        case apsw.CantOpenError():
            return unopenable(path, said)
        case apsw.PermissionsError() | apsw.AuthError():
            return errors.NoPermission(f"the system refuses to open {path} ({said})")
        case apsw.ReadOnlyError():
            return _unwritable(error, path)
        case apsw.CorruptError() | apsw.IOError():
            return errors.Damaged(f"{path}: {said}; copy the folder before you try anything, then run `hermes doctor`")
        case apsw.ConstraintError() if error.extendedresult == apsw.SQLITE_CONSTRAINT_FOREIGNKEY:
            return errors.SessionMissing("there is no session of that id to write to; create it first")
        case apsw.SQLError() | apsw.TooBigError() | apsw.SchemaChangeError():
            return errors.Damaged(f"{path} is not as a Hermes store should be ({said})")
    return errors.StoreError(f"{path}: {said or type(error).__name__}")


def unopenable(path: Path, said: str = "unable to open database file") -> errors.CannotOpen:
    """Why there is nothing to open at `path`, found by stat alone; `said` are SQLite's words for the rest."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if not path.parent.exists():
            return errors.HomeMissing(f"there is no folder {path.parent}; name the Hermes home with --home")
        return errors.StoreMissing(f"there is no {path.name} in {path.parent}; start Hermes once, or name another home")
    except NotADirectoryError:
        return errors.HomeMissing(f"{path.parent} is not a folder; name the Hermes home with --home")
    except OSError as error:
        return errors.NoPermission(f"the system refuses to look at {path} ({error.strerror})")
    if not stat.S_ISREG(mode):
        return errors.NotADatabase(f"{path} is a {'folder' if stat.S_ISDIR(mode) else 'special file'}, not a database")
    if not os.access(path, os.R_OK):
        return errors.NoPermission(f"you may not read {path}; its owner can give you the right with chmod")
    return errors.NoPermission(f"the system refuses to open {path} ({said})")


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn every apsw error that leaves this block into the StoreError that `translate` makes of it."""
    try:
        yield
    except apsw.Error as error:
        raise translate(error, path) from error


def spends(error: apsw.Error) -> bool:
    """True where the connection that raised `error` is better not used again."""
    return isinstance(error, _SPENT)


def of_index(error: apsw.Error) -> bool:
    """True where a full-text index is damaged or unusable, and not the canonical tables.

    By extended code for damage (facts/reliability.md §9 rule 10); a missing tokenizer or index table has no code
    of its own (facts/hermes-format.md §2.4 D).
    """
    if isinstance(error, apsw.CorruptError):
        return error.extendedresult == apsw.SQLITE_CORRUPT_VTAB
    return isinstance(error, apsw.SQLError) and any(words in str(error) for words in _INDEX_WORDS)


def _unwritable(error: apsw.Error, path: Path) -> errors.StoreError:
    if error.extendedresult == apsw.SQLITE_READONLY_DBMOVED:
        return errors.Replaced(f"{path} was moved or replaced while it was open; open it again")
    if error.extendedresult == apsw.SQLITE_READONLY_ROLLBACK:
        return errors.NoPermission(f"a killed program left an unfinished write in {path}; start Hermes once to finish it")
    return errors.ReadOnly(f"{path} may not be written ({error})")
