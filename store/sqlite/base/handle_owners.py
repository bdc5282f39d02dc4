"""Objects of this process that keep connections to a store open, and whether they may still use them.

SQLite's table of locks is copied by a fork, its locks are not: a connection of before a fork, and any further one to
the same file, runs without locks in the child and loses acknowledged rows.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from ...base import errors
from .descriptors import FileNumber


class Owner(Protocol):
    """An object that keeps connections open while nobody uses them."""

    path: Path
    """The state.db."""

    def close_idle(self, watch: object = None) -> None:
        """Close the connections that no thread is using, without waiting for one that is.

        Args:
            watch: Only those of this `FileWatch`, whose locks were dropped; None for all.
        """


owners: weakref.WeakSet[Owner] = weakref.WeakSet()

_inherited: dict[FileNumber, tuple[object, ...]] = {}


def keep_inherited(file: FileNumber, connections: Iterable[object]) -> None:
    """In a forked process: never close connections of the parent, not even when this process ends."""
    import ctypes

    kept = (*_inherited.get(file, ()), *connections)
    for connection in kept:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
    _inherited[file] = kept


def refuse_inherited(file: FileNumber, path: Path) -> None:
    """Refuse to open a file that this process inherited a connection of.

    Raises:
        ForeignHandle: It did.
    """
    if file in _inherited:
        raise errors.ForeignHandle(
            f"this process was forked while a connection to {path} was in use, and SQLite's locks do not work here; "
            "start the child with spawn or exec, or fork while no thread reads or writes"
        )


class Ownership:
    """Right of a handle, which can have several owners, to use its connections.

    Args:
        path: The state.db.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pid = os.getpid()
        self._ended = False

    @property
    def inherited(self) -> bool:
        """True in a process that was forked from the handle's."""
        return self._pid != os.getpid()

    def refuse_inherited(self) -> None:
        """Make sure that the handle is of this process.

        Raises:
            ForeignHandle: It was made before a fork.
        """
        if self.inherited:
            raise errors.ForeignHandle(
                f"this process was forked since {self._path} was opened; open the store again in the child"
            )

    def check(self) -> None:
        """Make sure that the handle may be used.

        Raises:
            ForeignHandle: It was made before a fork, or something else in this process opened the file.
        """
        if self._pid != os.getpid():
            self.refuse_inherited()
        if self._ended:
            raise errors.ForeignHandle(
                f"something else in this process opened {self._path}, which costs this handle its locks, and it is not "
                "used again; when that is gone, open the store again"
            )

    def end(self) -> None:
        """Have every later check fail."""
        self._ended = True
