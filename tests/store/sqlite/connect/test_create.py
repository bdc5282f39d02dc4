"""New stores: 0.19.0's tables, private from the first moment."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import apsw
import pytest

from store.base import errors
from store.sqlite.connect import create as schema
from store.sqlite.connect.reader import Reader
from tests.store.sqlite_files import make, python, run


def test_a_new_store_has_the_tables_the_number_and_a_wal(tmp_path: Path) -> None:
    schema.create(tmp_path / "state.db")
    reader = Reader(tmp_path / "state.db")

    assert (reader.layout.schema_version, reader.layout.journal_mode) == (22, "wal")
    assert (reader.layout.fts, reader.layout.trigram) == ("B", "B")
    assert reader.rows("SELECT COUNT(*) FROM messages") == [(0,)]
    reader.close()


def test_its_folder_is_made_and_nobody_else_may_look(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        path = tmp_path / "deep" / ".hermes" / "state.db"
        schema.create(path)
    finally:
        os.umask(old)

    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}


def test_a_store_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = make(tmp_path, "one")
    before = path.stat().st_mtime_ns

    schema.create(path)

    assert run(path, "SELECT content FROM messages") == [("one",)]
    assert path.stat().st_mtime_ns == before


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.touch()

    schema.create(path)

    assert run(path, "SELECT version FROM schema_version") == [(22,)]


def test_several_that_make_it_at_once_make_one(tmp_path: Path) -> None:
    failures: list[Exception] = []

    def create() -> None:
        try:
            schema.create(tmp_path / "state.db")
        except (errors.StoreError, apsw.Error) as error:
            failures.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failures == []
    assert run(tmp_path / "state.db", "SELECT version FROM schema_version") == [(22,)]


def test_another_program_that_is_quicker_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.touch()
    script = """
import apsw, sys
connection = apsw.Connection(sys.argv[1])
connection.execute("BEGIN IMMEDIATE; CREATE TABLE theirs (x)")
print("held", flush=True)
sys.stdin.read()
connection.execute("COMMIT")
"""
    with python(script, path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        thread = threading.Thread(target=schema.create, args=(path,))
        thread.start()
        time.sleep(0.2)
        process.stdin.close()
        thread.join(60)

    assert run(path, "SELECT name FROM sqlite_master") == [("theirs",)]


def test_where_no_folder_can_be_made_it_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(errors.NoPermission, match="refuses to make"):
        schema.create(tmp_path / "file" / "state.db")
