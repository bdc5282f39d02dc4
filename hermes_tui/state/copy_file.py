"""File that a long copy goes to as well: one, replaced by the next, removed at exit."""

from __future__ import annotations

import os
from pathlib import Path

from store.base import safe_files

LONGEST = 74_000
"""Bytes that every terminal with a clipboard takes; xterm's limit for a sequence is 100,000 of base64."""


class CopyFile:
    """The file, in a folder of the user's that does not outlast the login.

    Args:
        folder: Made with the first copy.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"copied-{os.getpid()}.txt"
        self._is_there = False

    def put(self, text: str) -> Path | None:
        """Write a long text and return where; None for a short one.

        Raises OSError as it comes.
        """
        data = text.encode("utf-8", "surrogatepass")
        if len(data) <= LONGEST:
            return None
        safe_files.replace(self._path, [data], durable=False)
        self._is_there = True
        return self._path

    def remove(self) -> None:
        """Remove it, where it was written."""
        if self._is_there:
            self._path.unlink(missing_ok=True)
