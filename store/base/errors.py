"""What can go wrong in the store, as types.

    StoreError
    ├── CannotOpen              the file cannot be read at all
    │   ├── HomeMissing         no such folder
    │   ├── StoreMissing        the home has no state.db
    │   ├── NotADatabase        a text file, a folder, another format
    │   └── NoPermission        the system refuses to open it
    ├── Damaged                 SQLite found a corrupt page or could not read one
    ├── Locked                  another program held the lock longer than the patience
    ├── DiskFull                no room left for a write
    ├── ForeignHandle           another SQLite in this process has the file open
    ├── Replaced                the file under the handle is not the file at the path any more
    ├── UnsafeFilesystem        the file lies where SQLite's locks cannot be trusted, so it is not written
    ├── ReadOnly                a write was asked of a store that may not be written
    ├── SessionMissing          a message for a session that has no row
    ├── ColumnMissing           a field that this file has no column for
    ├── KeyReused               an append whose key stands for other messages already
    ├── Refused                 a repair or an undo that is not done, and why
    │   └── PlanChanged         what was planned is not what is there any more
    ├── OperationMissing        no repair of that id
    ├── BackupFailed            what a repair may change could not be kept aside
    ├── Interrupted             the question was withdrawn while it ran
    ├── QueryInvalid            the search words mean nothing; carries where
    └── UnsafeId                an id that must not become a path or an argument

Each message says what happened and what can be done, in one sentence or two.
"""

from __future__ import annotations


class StoreError(Exception):
    """The root: catching it catches everything the store raises on purpose, but the ValueErrors that upstream has."""


class CannotOpen(StoreError):
    """The file cannot be read at all."""


class HomeMissing(CannotOpen):
    """The Hermes home is not there."""


class StoreMissing(CannotOpen):
    """The home is there and has no state.db."""


class NotADatabase(CannotOpen):
    """What lies at the path is not an SQLite file."""


class NoPermission(CannotOpen):
    """The system refused to open the file or its folder."""


class Damaged(StoreError):
    """SQLite found damage, or the disk could not be read."""


class Locked(StoreError):
    """The lock was not free within the patience; nothing was written. The message says who holds it and who waits."""


class DiskFull(StoreError):
    """There was no room for a write; nothing was written."""


class ForeignHandle(StoreError):
    """This process holds the file open outside apsw; going on would lose acknowledged writes."""


class Replaced(StoreError):
    """The file at the path is another one than the one that was opened."""


class UnsafeFilesystem(StoreError):
    """The file lies on a network or virtual filesystem whose locks cannot be trusted; nothing was written."""


class ReadOnly(StoreError):
    """A write was asked of a store that was opened to read, or that must not be written."""


class SessionMissing(StoreError):
    """A message names a session that has no row."""


class ColumnMissing(StoreError):
    """A field is not empty and the file has no column for it."""

    def __init__(self, column: str) -> None:
        super().__init__(f"this state.db has no column “{column}”; leave the field out, or let a newer Hermes add it")
        self.column = column


class KeyReused(StoreError):
    """An append carries the key of one that wrote other messages; nothing was written."""


class Refused(StoreError):
    """A repair or an undo that would do harm; nothing was written."""


class PlanChanged(Refused):
    """File or rows are not those that the plan was made for; nothing was written, a new plan tells."""


class OperationMissing(StoreError):
    """No repair has that id."""


class BackupFailed(StoreError):
    """What a repair may change could not be kept aside, or does not read back as it was; nothing was changed."""


class Interrupted(StoreError):
    """The caller withdrew the question while it ran."""


class QueryInvalid(StoreError):
    """The search words mean nothing.

    Attributes:
        start: First character of the words that are wrong, from 0.
        end: One past the last.
    """

    def __init__(self, message: str, *, start: int = 0, end: int = 0) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


class UnsafeId(StoreError):
    """An id that must not become a path or an argument."""
