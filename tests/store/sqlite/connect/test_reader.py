"""The reader: short looks that never write."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import apsw
import pytest

from store.base import errors
from store.base.cancel import Cancel
from store.sqlite.connect import read_open
from store.sqlite.connect.reader import Reader
from store.sqlite.connect.writer import Writer
from tests.store.sqlite_files import add, digest, holding, make, outcome, run

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT MAX(x) FROM n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make(tmp_path, "one", "two")


def test_nothing_is_opened_before_something_is_asked(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "absent" / "state.db")

    reader.close()

    assert not (tmp_path / "absent").exists()


def test_rows_and_the_first_row_come_whole(path: Path) -> None:
    reader = Reader(path)

    assert reader.rows("SELECT content FROM messages WHERE id > ? ORDER BY id", (0,)) == [("one",), ("two",)]
    assert reader.row("SELECT content FROM messages ORDER BY id DESC") == ("two",)
    assert reader.row("SELECT content FROM messages WHERE id = :id", {"id": 99}) is None
    reader.close()


def test_a_critical_section_inside_another_is_refused(path: Path) -> None:
    reader = Reader(path)

    with reader.borrow(), pytest.raises(RuntimeError, match="inside another"):
        reader.rows("SELECT 1")

    assert reader.rows("SELECT 1") == [(1,)]
    reader.close()


@pytest.mark.slow
def test_two_threads_never_share_a_connection(path: Path) -> None:
    reader = Reader(path)
    lent: list[apsw.Connection] = []
    together = threading.Barrier(6)

    def borrow() -> None:
        with reader.borrow() as connection:
            lent.append(connection)
            together.wait(60)

    threads = [threading.Thread(target=borrow) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len({id(connection) for connection in lent}) == 6
    reader.close()


def test_a_connection_that_came_back_is_lent_again(path: Path) -> None:
    reader = Reader(path)

    with reader.borrow() as first:
        pass
    with reader.borrow() as second:
        assert second is first
    reader.close()


@pytest.mark.slow
def test_a_cursor_left_open_holds_no_snapshot_after_its_section(path: Path) -> None:
    reader = Reader(path)
    with reader.borrow() as connection:
        cursor = connection.execute("SELECT content FROM messages")
        next(cursor)

    holder = Writer(path)
    holder.transaction(lambda other: other.execute("UPDATE sessions SET title = 'later'"))
    assert run(path, "PRAGMA wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]
    assert reader.rows("SELECT COUNT(*) FROM messages") == [(2,)]
    holder.close()
    reader.close()


def test_nothing_can_be_written_through_a_reader(path: Path) -> None:
    reader = Reader(path)

    with pytest.raises(errors.ReadOnly):
        reader.rows("DELETE FROM messages")
    reader.close()


@pytest.mark.slow
def test_a_withdrawn_question_ends_while_its_statement_runs(path: Path) -> None:
    """The statement never ends by itself."""
    reader, cancel = Reader(path), Cancel()
    threading.Timer(0.05, cancel.cancel).start()

    with pytest.raises(errors.Interrupted):
        reader.rows(ENDLESS, cancel=cancel)

    assert reader.rows("SELECT COUNT(*) FROM messages") == [(2,)]
    reader.close()


def test_a_question_withdrawn_between_two_statements_ends_too(path: Path) -> None:
    reader, cancel = Reader(path), Cancel()

    def ask() -> None:
        with reader.borrow(cancel) as connection:
            cancel.cancel()
            connection.execute(ENDLESS).fetchall()

    with pytest.raises(errors.Interrupted):
        ask()
    reader.close()


def test_a_question_withdrawn_before_it_is_asked_is_not_asked(path: Path) -> None:
    cancel = Cancel()
    cancel.cancel()
    reader = Reader(path)

    with pytest.raises(errors.Interrupted):
        reader.rows("SELECT 1", cancel=cancel)
    reader.close()


def test_text_that_is_no_utf8_comes_with_replacement_characters(path: Path) -> None:
    run(path, "UPDATE messages SET content = CAST(x'61ff62' AS TEXT) WHERE id = 1")
    reader = Reader(path)

    rows = reader.rows("SELECT id, content, NULL, 1.5 FROM messages WHERE id <= ? ORDER BY id", (2,))

    assert rows == [(1, "a\ufffdb", None, 1.5), (2, "two", None, 1.5)]
    reader.close()


def test_the_number_of_the_last_commit_changes_with_every_commit(path: Path) -> None:
    reader = Reader(path)
    before = reader.data_version()

    assert reader.data_version() == before
    add(path, "three")
    assert reader.data_version() != before
    reader.close()


@pytest.mark.slow
def test_reads_go_on_when_another_file_is_put_in_place(path: Path, tmp_path: Path) -> None:
    reader = Reader(path)
    assert reader.rows("SELECT COUNT(*) FROM messages") == [(2,)]
    run(path, "ALTER TABLE sessions ADD COLUMN ours TEXT")
    assert reader.layout.has("sessions", "ours")
    before = reader.data_version()
    other = tmp_path / "other"
    other.mkdir()
    new = make(other)
    run(new, "PRAGMA journal_mode = DELETE; ALTER TABLE sessions ADD COLUMN others TEXT")

    for sidecar in read_open.sidecars(path):
        sidecar.unlink(missing_ok=True)
    new.replace(path)

    assert reader.rows("SELECT COUNT(*) FROM messages") == [(0,)]
    assert not reader.layout.has("sessions", "ours")
    assert reader.layout.has("sessions", "others")
    assert reader.data_version() != before
    reader.close()


def test_a_closed_reader_says_so(path: Path) -> None:
    reader = Reader(path)
    reader.close()
    reader.close()

    with pytest.raises(errors.StoreError, match="was closed"):
        reader.rows("SELECT 1")


def test_an_empty_file_is_a_store_without_tables(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()
    reader = Reader(tmp_path / "state.db")

    assert reader.layout.tables == frozenset()
    assert not reader.layout.has("sessions", "id")
    reader.close()
    assert (tmp_path / "state.db").stat().st_size == 0


@pytest.mark.parametrize("name", ["what?mode=rw.db", "with#hash.db", "100%25.db", "a b.db"])
def test_a_path_with_signs_of_a_uri_is_taken_literally(tmp_path: Path, name: str) -> None:
    odd = tmp_path / name
    made = make(tmp_path, "one")
    run(made, "PRAGMA journal_mode = DELETE")
    made.rename(odd)
    before = set(tmp_path.iterdir())
    reader = Reader(odd)

    assert reader.rows("SELECT content FROM messages") == [("one",)]
    reader.close()
    assert set(tmp_path.iterdir()) == before


def test_a_passing_io_error_is_asked_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def flaky(wanted: Path) -> read_open.OpenedFile:
        tries.append(1)
        if len(tries) < 3:
            raise apsw.IOError("disk I/O error")
        return original(wanted)

    original = read_open.open_to_read
    monkeypatch.setattr(read_open, "open_to_read", flaky)
    reader = Reader(path)

    assert reader.rows("SELECT 1") == [(1,)]
    assert len(tries) == 3
    reader.close()


def test_opening_a_real_home_leaves_its_file_byte_for_byte(each_home: Path) -> None:
    file = each_home / ".hermes" / "state.db"
    before, state = digest(file), file.stat()
    reader = Reader(file)

    assert reader.layout.has("messages", "content")
    assert reader.rows("SELECT COUNT(*) FROM messages")[0][0]
    reader.data_version()
    reader.close()

    assert digest(file) == before
    assert file.stat().st_mtime_ns == state.st_mtime_ns


@pytest.mark.slow
def test_what_a_killed_program_left_in_the_wal_is_seen(tmp_path: Path) -> None:
    path = make(tmp_path)
    outcome(
        "import sys, os; from store.sqlite.connect.writer import Writer; from pathlib import Path\n"
        "w = Writer(Path(sys.argv[1]))\n"
        'w.transaction(lambda c: c.execute("INSERT INTO messages (session_id, role, content, timestamp) '
        "VALUES ('s1', 'user', 'late', 1)\"))\n"
        "print('done', flush=True); os._exit(0)",
        path,
    )
    reader = Reader(path)

    assert reader.rows("SELECT content FROM messages") == [("late",)]
    reader.close()


# What can be wrong with a file


def test_a_missing_file_and_a_missing_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(errors.StoreMissing, match=r"no state\.db in"):
        Reader(tmp_path / "state.db").rows("SELECT 1")
    with pytest.raises(errors.HomeMissing, match="no folder"):
        Reader(tmp_path / "absent" / "state.db").rows("SELECT 1")
    assert list(tmp_path.iterdir()) == []


def test_text_a_folder_and_a_pipe_are_no_database(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is only some text, and more of it than a header has\n" * 40)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    for name in ("text", "folder", "pipe"):
        with pytest.raises(errors.NotADatabase):
            Reader(tmp_path / name).rows("SELECT 1")


def test_a_file_that_may_not_be_read_says_who_can_help(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(errors.NoPermission, match="chmod"):
        Reader(path).rows("SELECT 1")


def test_a_corrupt_page_is_damage_in_sqlites_own_words(tmp_path: Path) -> None:
    path = make(tmp_path, *(f"text {number}" * 50 for number in range(200)))
    run(path, "PRAGMA journal_mode = DELETE")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    reader = Reader(path)

    with pytest.raises(errors.Damaged, match="malformed"):
        reader.rows("SELECT content FROM messages")
    reader.close()


@pytest.mark.slow
def test_a_reader_shut_out_for_too_long_says_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_open, "BUSY_MS", 50)
    run(path, "PRAGMA journal_mode = DELETE")
    reader = Reader(path)

    with holding(path, "BEGIN EXCLUSIVE"), pytest.raises(errors.Locked, match="another program"):
        reader.rows("SELECT 1 FROM messages")

    assert reader.rows("SELECT 1 FROM messages LIMIT 1") == [(1,)]
    reader.close()


def test_a_column_that_is_not_there_is_a_store_error(path: Path) -> None:
    reader = Reader(path)

    with pytest.raises(errors.Damaged, match="no such column"):
        reader.rows("SELECT absent FROM messages")
    reader.close()


@pytest.mark.slow
def test_a_trigger_and_a_view_in_the_file_do_nothing_on_their_own(path: Path) -> None:
    run(path, "CREATE VIEW bomb AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n")
    reader, cancel = Reader(path), Cancel()
    threading.Timer(0.05, cancel.cancel).start()

    with pytest.raises(errors.Interrupted):
        reader.rows("SELECT MAX(x) FROM bomb", cancel=cancel)
    reader.close()
