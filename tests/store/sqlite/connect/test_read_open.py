"""Folders where nothing may be written, and what killed programs left (docs/format.md §7.5)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from store.base import errors
from store.sqlite.base.error_mapping import translate
from store.sqlite.connect.reader import Reader
from tests.store.sqlite_files import add, digest, make, outcome, python, run

pytestmark = pytest.mark.slow

NOBODY = 65534

READ = f"""
import os, sys, tempfile  # imported late by rooms that a user without the interpreter's folder would not find
from pathlib import Path
from store.errors import StoreError
from store.sqlite.connect.reader import Reader
os.setuid({NOBODY})
reader = Reader(Path(sys.argv[1]))
try:
    print(reader.rows("SELECT COUNT(*) FROM messages")[0][0])
except StoreError as error:
    print(type(error).__name__, error)
reader.close()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may look into."""
    made = Path(tempfile.mkdtemp(prefix="hermes-tui-test-"))
    made.chmod(0o755)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


def read_as_nobody(path: Path) -> str:
    """What somebody reads who may not write the folder."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become somebody else")
    path.parent.chmod(0o555)
    for each in path.parent.iterdir():
        each.chmod(0o444)
    return outcome(READ, path)


def kill_in_wal(path: Path, text: str) -> None:
    """Leave a message in the WAL alone, as a killed agent does."""
    outcome(
        "import apsw, os, sys; c = apsw.Connection(sys.argv[1]); "
        "c.execute(\"INSERT INTO messages (session_id, role, content, timestamp) VALUES ('s1', 'user', ?, 1)\", "
        "(sys.argv[2],)); os._exit(0)",
        path,
        text,
    )


def kill_in_journal(path: Path) -> None:
    """Leave a hot journal: a transaction that was on its way into the file when its program was killed."""
    run(path, "PRAGMA journal_mode = DELETE")
    outcome(
        "import apsw, os, sys; c = apsw.Connection(sys.argv[1]); c.execute('PRAGMA cache_size = 1; BEGIN IMMEDIATE; "
        "UPDATE messages SET content = hex(zeroblob(20000))'); os._exit(0)",
        path,
    )
    assert path.with_name("state.db-journal").stat().st_size


def test_a_wal_store_without_sidecars_in_a_folder_nobody_may_write_is_read(folder: Path) -> None:
    path = make(folder, "one", "two")
    assert [each.name for each in folder.iterdir()] == ["state.db"]

    assert read_as_nobody(path) == "2"
    assert [each.name for each in folder.iterdir()] == ["state.db"]


def test_rows_of_a_wal_are_not_missed_where_no_shm_can_be_made(folder: Path) -> None:
    path = make(folder, "one", "two")
    kill_in_wal(path, "three")
    path.with_name("state.db-shm").unlink()
    before = digest(path)

    assert read_as_nobody(path) == "3"
    assert digest(path) == before


def test_rows_of_a_wal_with_both_sidecars_are_read_in_place(folder: Path) -> None:
    path = make(folder, "one", "two")
    kill_in_wal(path, "three")

    assert read_as_nobody(path) == "3"


def test_an_unfinished_write_is_undone_in_a_copy_and_not_in_the_file(tmp_path: Path) -> None:
    path = make(tmp_path, *(f"text {number}" for number in range(50)))
    kill_in_journal(path)
    before = {each.name: digest(each) for each in tmp_path.iterdir()}
    reader = Reader(path)

    assert reader.rows("SELECT content FROM messages WHERE id = 7") == [("text 6",)]
    reader.close()
    assert {each.name: digest(each) for each in tmp_path.iterdir()} == before


def test_a_copy_is_left_as_soon_as_the_file_itself_can_be_read(tmp_path: Path) -> None:
    path = make(tmp_path, *(f"text {number}" for number in range(50)))
    kill_in_journal(path)
    reader = Reader(path)
    assert reader.rows("SELECT COUNT(*) FROM messages") == [(50,)]
    before = reader.data_version()

    add(path, "later")

    assert reader.rows("SELECT COUNT(*) FROM messages") == [(51,)]
    assert reader.data_version() != before
    reader.close()


def test_no_copy_is_made_while_this_process_has_the_file_open(tmp_path: Path) -> None:
    path = make(tmp_path, *(f"text {number}" for number in range(50)))
    run(path, "PRAGMA journal_mode = DELETE")
    other = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    kill_in_journal(path)
    reader = Reader(path)

    with pytest.raises(errors.NoPermission, match="could only be read from a copy"):
        reader.rows("SELECT 1")

    other.close()
    assert reader.rows("SELECT COUNT(*) FROM messages") == [(50,)]
    reader.close()


def test_copies_go_with_their_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    path = make(tmp_path, *(f"text {number}" for number in range(50)))
    kill_in_journal(path)
    reader = Reader(path)
    reader.rows("SELECT 1")
    [copy] = scratch.iterdir()

    assert copy.stat().st_mode & 0o777 == 0o700
    reader.close()
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
def test_a_folder_that_may_not_be_entered_is_an_error_of_the_store(folder: Path) -> None:
    """Mutant: `Path.is_file` raises PermissionError here, and the screen ended with it."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become somebody else")
    make(folder)
    folder.chmod(0o600)
    assert outcome(READ, folder / "state.db").startswith("NoPermission the system refuses to look at")


def test_a_full_disk_is_not_called_damage() -> None:
    """A WAL file without sidecars needs a new -shm; mutant: “disk I/O error … run `hermes sessions recover`”."""
    full = apsw.IOError("disk I/O error")
    full.extendedresult = apsw.SQLITE_IOERR_SHMSIZE  # type: ignore[attr-defined]  # apsw sets it at run time
    error = translate(full, Path("/full/state.db"))
    assert type(error) is errors.CannotOpen
    assert "free some space" in str(error)


LOOKING = """
import os, sys, tempfile  # imported late by rooms that a user without the interpreter's folder would not find
from pathlib import Path
from store.errors import StoreError
from store.sqlite.connect import sidecar_rights
from store.sqlite.connect.reader import Reader
os.setuid(int(sys.argv[2]))
sidecar_rights.LARGEST_COPY = int(sys.argv[3])
reader = Reader(Path(sys.argv[1]))
try:
    print(reader.rows("SELECT COUNT(*) FROM messages")[0][0], flush=True)
except StoreError as error:
    print(type(error).__name__, error, flush=True)
sys.stdin.read()
"""
AGENT = """
import apsw, os, sys
os.setuid(int(sys.argv[2]))
c = apsw.Connection(sys.argv[1])
c.execute("INSERT INTO messages (session_id, role, content, timestamp) VALUES ('s1', 'user', 'live', 1)")
print(c.execute("SELECT count(*) FROM messages").get)
"""
OWNER, OTHER = 61234, 61235


def looked(path: Path, user: int, *, largest: int = 1 << 30, then: Callable[[], object] = str) -> tuple[str, object]:
    """What a reader of a user reads, and what is done while it has the file open."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become somebody else")
    with python(LOOKING, path, user, largest) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            return process.stdout.readline().strip(), then()
        finally:
            process.stdin.close()


def owned(folder: Path, mode: int) -> Path:
    """A store in WAL mode without sidecars that belongs to an agent's user, in a folder where everybody may write."""
    path = make(folder, "one", "two")
    folder.chmod(0o777)
    os.chown(path, OWNER, OWNER) if os.geteuid() == 0 else None
    path.chmod(mode)
    assert {each.name for each in folder.iterdir()} == {"state.db"}
    return path


def test_a_look_of_another_user_leaves_nothing_and_the_agent_writes_on(folder: Path) -> None:
    """Mutant: `would_lock_out` giving False: the agent cannot open the sidecars."""
    path = owned(folder, 0o644)

    read, written = looked(path, OTHER, then=lambda: outcome(AGENT, path, OWNER))

    assert (read, written) == ("2", "3")
    assert {each.stat().st_uid for each in folder.iterdir()} == {OWNER}


def test_beside_a_living_agent_another_user_reads_what_it_writes(folder: Path) -> None:
    path = owned(folder, 0o666)
    writing = "import apsw, os, sys; os.umask(0); " + AGENT.removeprefix("\nimport apsw, os, sys\n").replace("\n", "; ")
    with python(f"{writing}print(flush=True); sys.stdin.read()", path, OWNER) as agent:
        assert agent.stdout is not None
        assert agent.stdin is not None
        assert agent.stdout.readline().strip() == "3"
        assert looked(path, OTHER)[0] == "3"
        agent.stdin.close()


def test_a_store_of_another_user_that_is_too_large_to_copy_names_the_owner(folder: Path) -> None:
    path = owned(folder, 0o644)

    read, _ = looked(path, OTHER, largest=1000)

    assert read.startswith(f"NoPermission {path} is user {OWNER}'s")
    assert read.endswith(f"run hermes-tui as user {OWNER}")
    assert {each.name for each in folder.iterdir()} == {"state.db"}


def test_sidecars_of_a_file_that_was_read_only_for_a_while_can_be_written(folder: Path) -> None:
    """Mutant: `give_to_owner` doing nothing: the -shm is read-only for the agent of the same user."""
    path = owned(folder, 0o444)

    def write() -> str:
        path.chmod(0o644)
        return outcome(AGENT, path, OWNER)

    assert looked(path, OWNER, then=write) == ("2", "3")


def test_a_store_of_another_user_without_a_wal_is_read_in_place(folder: Path) -> None:
    path = owned(folder, 0o644)
    run(path, "PRAGMA journal_mode = DELETE")

    assert looked(path, OTHER, largest=1000)[0] == "2"
