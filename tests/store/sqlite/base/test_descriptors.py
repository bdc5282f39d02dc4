"""A process without a free descriptor: nothing is taken for absent because it could not be looked at."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from store.base import errors
from store.sqlite.base import descriptors, filesystems
from tests.store.sqlite_files import make, outcome

pytestmark = pytest.mark.slow

_USED_UP = """
import os, resource, sys
from pathlib import Path
from store import ForeignHandle, NoPermission, SessionDB
path = Path(sys.argv[1])
db = SessionDB(path, patience=2)
db.append_message("s1", "user", "before")
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 2, hard))
taken = []
try:
    while True:
        taken.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
def said(verb):
    try:
        return verb()
    except Exception as error:
        return type(error).__name__
"""
_AGAIN = """
for number in taken:
    os.close(number)
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
"""


def test_descriptors_that_were_used_up_once_cost_nothing_later(tmp_path: Path) -> None:
    path = make(tmp_path, "one")
    script = f"""{_USED_UP}
print(said(lambda: SessionDB(path).message_count("s1")), said(lambda: db.append_message("s1", "user", "meanwhile") > 0))
{_AGAIN}
print(db.append_message("s1", "user", "after") > 0, SessionDB(path, patience=2).append_message("s1", "user", "new") > 0)
print(db.message_count("s1"))
"""
    assert outcome(script, path).split("\n") == ["NoPermission True", "True True", "5"]


def test_a_foreign_handle_is_seen_by_a_process_without_a_free_descriptor(tmp_path: Path) -> None:
    path = make(tmp_path, "one")
    script = f"""{_USED_UP}
os.close(taken.pop())
foreign = os.open(path, os.O_RDONLY)
print(said(lambda: SessionDB(path).message_count("s1")))
"""
    assert outcome(script, path) == "ForeignHandle"


def test_a_message_names_what_is_used_up(tmp_path: Path) -> None:
    path = make(tmp_path, "one")
    script = f"""{_USED_UP}
try:
    SessionDB(path).message_count("s1")
except NoPermission as error:
    print("no descriptor left" in str(error), "ulimit -n" in str(error))
"""
    assert outcome(script, path) == "True True"


def test_a_listing_that_fails_looks_at_each_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    file = descriptors.identity(tmp_path / "file")
    opened = os.open(tmp_path / "file", os.O_RDONLY)

    def refuse(_: str) -> list[str]:
        raise OSError(errno.EMFILE, "no descriptor left")

    monkeypatch.setattr(os, "listdir", refuse)
    try:
        assert file is not None
        assert descriptors.open_on(file) == {opened}
    finally:
        os.close(opened)


def test_a_table_of_mounts_that_cannot_be_read_is_not_one_without_trouble(tmp_path: Path) -> None:
    with pytest.raises(errors.NoPermission, match="is unknown"):
        filesystems.mount_of(tmp_path, tmp_path)  # a folder, not a table
