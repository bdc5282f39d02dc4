"""Typed errors of the store.

    StoreError
    ├── CannotOpen              the file cannot be read at all
    │   ├── HomeMissing         no such folder
    │   ├── StoreMissing        the home has no state.db
    │   ├── NotADatabase        a text file, a folder, another format
    │   ├── NoPermission        the system refuses to open it
    │   └── Unreachable         a server does not answer, or the connection was lost
    ├── Damaged                 SQLite found a corrupt page or could not read one
    ├── Locked                  another program held the lock longer than the timeout
    ├── DiskFull                no room left for a write
    ├── ForeignHandle           another SQLite in this process has the file open
    ├── Replaced                the open file is no longer the file at the path
    ├── UnsafeFilesystem        locks cannot be trusted there, or a hard link: nothing is written
    ├── ReadOnly                a write to a store that may not be written
    ├── SessionMissing          a message for a session that has no row
    ├── ColumnMissing           a field that this file has no column for
    ├── KeyReused               an append whose key was used for other messages
    ├── Refused                 a repair or an undo that was not done; says why
    │   └── PlanChanged         file or rows changed since the plan was made
    ├── OperationMissing        no repair of that id
    ├── BackupFailed            the rows a repair may change could not be backed up
    ├── Interrupted             the request was cancelled while it ran
    ├── QueryInvalid            invalid search text; carries its position
    └── UnsafeId                an id that must not become a path or an argument

Each message says what happened and what can be done, in one or two sentences.
"""

from __future__ import annotations


class StoreError(Exception):
    """Root of all errors that the store raises on purpose, except the ValueErrors that upstream has."""


class CannotOpen(StoreError):
    """The file cannot be read at all."""


class HomeMissing(CannotOpen):
    """The Hermes home is not there."""


class StoreMissing(CannotOpen):
    """The home has no state.db."""


class NotADatabase(CannotOpen):
    """The file at the path is not an SQLite file."""


class NoPermission(CannotOpen):
    """The system refused to open the file or its folder."""


class Unreachable(CannotOpen):
    """A server did not answer, or the connection was lost: a write may be stored or not, and its key finds out."""


class Damaged(StoreError):
    """SQLite found damage, or the disk could not be read."""


class Locked(StoreError):
    """The lock was not free within the timeout; nothing was written. The message names who holds it and who waits."""


class DiskFull(StoreError):
    """There was no room for a write; nothing was written."""


class ForeignHandle(StoreError):
    """This process has the file open outside apsw, which would lose acknowledged writes."""


class Replaced(StoreError):
    """The file at the path is not the one that was opened."""


class UnsafeFilesystem(StoreError):
    """The file is on a filesystem whose locks cannot be trusted, or has a second name; nothing was written."""


class ReadOnly(StoreError):
    """A write to a store that was opened for reading or must not be written."""


class SessionMissing(StoreError):
    """A message names a session that has no row."""


class ColumnMissing(StoreError):
    """A field is not empty and the file has no column for it."""

    def __init__(self, column: str) -> None:
        super().__init__(f"this state.db has no column “{column}”; leave the field out, or let a newer Hermes add it")
        self.column = column


class KeyReused(StoreError):
    """The key of an append was used for other messages before; nothing was written."""


class Refused(StoreError):
    """A repair or an undo that would do harm; nothing was written."""


class PlanChanged(Refused):
    """File or rows changed since the plan was made; nothing was written. A new plan shows the difference."""


class OperationMissing(StoreError):
    """No repair has that id."""


class BackupFailed(StoreError):
    """The rows that a repair may change could not be backed up, or did not read back equal; nothing was changed."""


class Interrupted(StoreError):
    """The caller cancelled the request while it ran."""


class QueryInvalid(StoreError):
    """Invalid search text.

    Attributes:
        start: First character of the invalid part, from 0.
        end: One past its last.
    """

    def __init__(self, message: str, *, start: int = 0, end: int = 0) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


class UnsafeId(StoreError):
    """An id that must not become a path or an argument."""
