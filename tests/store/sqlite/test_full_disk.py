"""A write that finds no room says so: a limit of a file's size is no damage. Mutant: no meaning of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

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
    assert "recover" not in said
    assert said.endswith("stored True")
