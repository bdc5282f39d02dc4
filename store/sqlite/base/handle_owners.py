"""Objects of this process that keep connections to a store open, and whether they may still use them."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Protocol

from ...base import errors


class Owner(Protocol):
    """An object that keeps connections open while nobody uses them."""

    def close_idle(self, watch: object = None) -> None:
        """Close the connections that no thread is using, without waiting for one that is.

        Args:
            watch: Only those of this `FileWatch`, whose locks were dropped; None for all.
        """


owners: weakref.WeakSet[Owner] = weakref.WeakSet()


class Ownership:
    """Right of a handle, which can have several owners, to use its connections.

    Args:
        path: The state.db.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ended = False

    def check(self) -> None:
        """Make sure that the handle may be used.

        Raises:
            ForeignHandle: Something else in this process opened the file.
        """
        if self._ended:
            raise errors.ForeignHandle(
                f"something else in this process opened {self._path}, which costs this handle its locks, and it is not "
                "used again; when that is gone, open the store again"
            )

    def end(self) -> None:
        """Have every later check fail."""
        self._ended = True
