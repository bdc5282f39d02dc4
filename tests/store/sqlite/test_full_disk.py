"""A write that finds no room says so: a limit of a file's size is no damage.

Mutants: no meaning of its own; the system's number of a failed write not kept.
"""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import apsw
import pytest

from store.errors import DiskFull
from store.sqlite.base import error_mapping
from tests.store.sqlite_files import make, outcome

APPEND = """
import resource, sys
from store import SessionDB
from store.errors import DiskFull
db = SessionDB(sys.argv[1])
db.append_message("s1", "user", "first")
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
try:
    for number in range(100):
        db.append_message("s1", "user", "x" * 50_000)
except DiskFull as error:
    print("full:", error)
print("stored", len(db.get_messages("s1")) - 2 == number)
"""


@pytest.mark.slow
def test_a_limit_of_the_file_size_is_told_as_what_it_is(tmp_path: Path) -> None:
    said = outcome(APPEND, make(tmp_path, "zero"))

    assert "ulimit -f" in said
    assert "quota" not in said
    assert "recover" not in said
    assert said.endswith("stored True")


def test_a_quota_is_told_as_a_quota() -> None:
    error = apsw.exception_for(apsw.SQLITE_IOERR_WRITE)
    assert isinstance(error, apsw.Error)
    error_mapping.note_cause(error, cast("apsw.Connection", SimpleNamespace(system_errno=errno.EDQUOT)))

    said = error_mapping.translate(error, Path("state.db"))

    assert isinstance(said, DiskFull)
    assert "quota" in str(said)
    assert "ulimit" not in str(said)


def test_a_failed_write_of_another_cause_is_no_damage() -> None:
    error = apsw.exception_for(apsw.SQLITE_IOERR_WRITE)
    assert isinstance(error, apsw.Error)
    error_mapping.note_cause(error, cast("apsw.Connection", SimpleNamespace(system_errno=errno.EIO)))

    said = error_mapping.translate(error, Path("state.db"))

    assert isinstance(said, DiskFull)
    assert "the disk is full or failing" in str(said)
