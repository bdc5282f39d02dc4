"""New state.db with the tables of hermes-agent 0.19.0 (schema 22), which its first open leaves unchanged.

The statements are those that 0.19.0 leaves in sqlite_master, byte for byte and in its order
(tests/interop/test_hermes_019.py); full-text layout B, docs/format.md §2.3, §2.4.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import apsw

from ...base import safe_files
from ..base import error_mapping, filesystems, foreign_handle_guard
from ..base.backoff import Backoff
from .read_open import open_uri

VERSION = 22

_TIMEOUT = 30.0


def create(path: Path) -> None:
    """Make an empty store at `path`, with its folder; a file that is not empty is left as it is.

    The file gets mode 0600 before SQLite opens it, so that the sidecars get the same.

    Raises:
        NoPermission: Folder or file could not be made.
        UnsafeFilesystem: The filesystem's locks cannot be trusted.
        StoreError: Any other error of SQLite.
    """
    with foreign_handle_guard.opening, error_mapping.translated_errors(path):
        filesystems.refuse_unsafe(path)
        try:
            _reserve(path)
        except OSError as error:
            raise error_mapping.unmakeable(path, error) from error
        if path.stat().st_size == 0:
            _fill(path)


def _reserve(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        safe_files.create(path).close()
    except FileExistsError:
        return
    safe_files.sync(path.parent)


def _fill(path: Path) -> None:
    """Create the tables in one transaction, unless another process did.

    The tables come before WAL mode: a process killed in between leaves either none or all of them.
    """
    foreign_handle_guard.check(path)
    connection = open_uri(path, "mode=rw")
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        backoff = Backoff()
        deadline = backoff.clock() + _TIMEOUT
        backoff.retry_until(lambda: connection.execute("BEGIN IMMEDIATE"), deadline)
        if not connection.execute("SELECT 1 FROM sqlite_master").fetchall():
            connection.execute(_tables())
            connection.execute("INSERT INTO schema_version (version) VALUES (?)", (VERSION,))
        backoff.retry_until(lambda: connection.execute("COMMIT"), deadline)
        backoff.retry_until(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchall(), deadline)
    finally:
        connection.close()
        foreign_handle_guard.forget_closed()


@cache
def _tables() -> str:
    return Path(__file__).with_name("schema_22.sql").read_text(encoding="utf-8")


def columns() -> frozenset[str]:
    """Columns of the table `messages` of a new store."""
    table = _tables().partition("CREATE TABLE messages")[2].partition(";")[0]
    return frozenset(re.findall(r"^    ([a-z_]+) [A-Z]", table, re.M))
