"""Part of the SQLite engine by which a home is copied: implements `engine.copied.CopiedRows`."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ..base.delegation import delegate
from .connect.reader import Reader
from .repair import whole_rows

SETTLED = 2.0
"""Seconds after which a write surely changed the time of a file."""


def _reader(rows: SqliteCopied) -> Reader:
    return rows.reader


class SqliteCopied:
    """Implements `copied.CopiedRows`."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    session_rows = delegate(_reader, whole_rows.sessions)
    every_message = delegate(_reader, whole_rows.every_message)
    messages_of = delegate(_reader, whole_rows.messages_of)

    def stamp(self) -> tuple[object, ...] | None:
        """Inode, size and time of the file and of what was not moved into it yet; None within two seconds.

        Without ctime, which every reader changes that gives a sidecar the rights of its file.
        """
        path = Path(os.path.realpath(self.reader.path))
        states = [_state(path.with_name(f"{path.name}{end}")) for end in ("", "-wal")]
        last = max((state[2] for state in states if state), default=0)
        return tuple(states) if time.time() - last / 1e9 > SETTLED else None


def _state(path: Path) -> tuple[int, int, int] | None:
    """Inode, size and time of the last change; None for a file that is missing or empty."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns) if found.st_size else None
