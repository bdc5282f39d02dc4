"""Verified copy of a whole store by SQLite's backup API (docs/decisions/0006)."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import apsw

from ...base import errors, safe_files
from ..base import error_mapping, foreign_handle_guard
from .read_open import open_uri
from .reader import Reader

_PAGES = 4096
_TABLES = ("sessions", "messages")


def copy(reader: Reader, target: Path) -> Path:
    """Copy the present state to a new file with mode 0600, without blocking writers.

    Raises:
        Refused: The store is not in WAL mode, so that the copy would block writers.
        DiskFull: No room for it; a partial copy is removed.
        BackupFailed: The copy is damaged, or lacks rows.
    """
    if reader.layout.journal_mode != "wal":
        raise errors.Refused(f"{reader.path} is not in WAL mode: a full backup would shut Hermes out; go without")
    try:
        if shutil.disk_usage(target.parent).free < 2 * reader.path.stat().st_size:
            raise errors.DiskFull(f"no room to copy {reader.path} to {target.parent}; go without --full-backup")
        safe_files.create(target).close()
    except OSError as error:
        raise error_mapping.unmakeable(target, error) from error
    try:
        with error_mapping.translated_errors(target):
            _fill(reader, target)
    except errors.StoreError:
        target.unlink()
        raise
    return target


def _fill(reader: Reader, target: Path) -> None:
    with reader.borrow() as source, foreign_handle_guard.opening, closing(open_uri(target, "mode=rw")) as copied:
        source.execute("BEGIN")
        expected = _row_counts(source)  # starts the read transaction of the copy
        with copied.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(_PAGES)
        source.execute("END")
        copied.execute("PRAGMA journal_mode = DELETE").fetchall()
        # full-text indexes are derived, and checks of old ones fail (docs/format.md §2.4)
        checks = [copied.execute(f"PRAGMA quick_check('{table}')").fetchall() for table in _TABLES]
        if any(check != [("ok",)] for check in checks) or _row_counts(copied) != expected:
            raise errors.BackupFailed(f"the copy {target} is not sound; check the disk, nothing was changed")
    safe_files.sync(target)


def _row_counts(connection: apsw.Connection) -> list[object]:
    return [connection.execute(f"SELECT count(*) FROM {table}").fetchall() for table in _TABLES]
