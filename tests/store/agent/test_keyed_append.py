"""An append that carries a key is done once, however often it is tried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from store import KeyReused, Locked, SessionDB, SessionMissing
from tests import builders
from tests.store import sqlite_files


@pytest.fixture
def db(tmp_path: Path) -> SessionDB:
    database = builders.db(builders.home(tmp_path))
    database.create_session("s1", "cli")
    database.create_session("s2", "cli")
    return database


def operations(db: SessionDB) -> list[tuple[object, ...]]:
    return list(sqlite_files.run(db.path, "SELECT kind, session_id, step, state, entry FROM hermes_tui_operations"))


def test_a_retry_returns_the_old_row(db: SessionDB) -> None:
    first = db.append_message("s1", "user", "hello", key="turn 1")

    assert db.append_message("s1", "user", "hello", key="turn 1") == first
    assert db.message_count("s1") == 1
    assert db.get_session("s1") is not None
    assert operations(db) == [("append", "s1", 0, "done", operations(db)[0][4])]
    assert json.loads(str(operations(db)[0][4]))["rows"] == [first]


def test_a_retry_of_a_turn_returns_all_its_rows(db: SessionDB) -> None:
    turn = builders.talk(3)

    assert db.append_messages("s1", turn, key="t") == db.append_messages("s1", turn, key="t") == [1, 2, 3]
    row = db.get_session("s1")
    assert row is not None
    assert row["message_count"] == 3


@pytest.mark.slow
def test_a_retry_after_a_repair_and_after_its_undo_returns_the_row_where_it_is(db: SessionDB) -> None:
    """Mutant: the ids of the time of the append, which are those of no message, or of another one."""
    talk = builders.talk(6)
    first = db.append_messages("s1", talk[4:], key="t")
    builders.jsonl(db.path.parent, "s1", talk)

    receipt = db.repair(db.plan("s1"))
    moved = db.append_messages("s1", talk[4:], key="t")
    assert [row["id"] for row in db.get_messages("s1")][-2:] == moved != first
    db.undo(str(receipt.operation))
    assert db.append_messages("s1", talk[4:], key="t") == first
    assert db.message_count("s1") == 2


def test_a_key_belongs_to_its_session(db: SessionDB) -> None:
    assert db.append_message("s1", "user", "hello", key="t") != db.append_message("s2", "user", "hello", key="t")


def test_a_retry_by_another_handle_returns_the_old_row(db: SessionDB) -> None:
    first = db.append_message("s1", "user", "hello", key="t")
    db.close()

    assert SessionDB(db.path).append_message("s1", "user", "hello", timestamp=1.0, key="t") == first


def test_a_key_that_stands_for_other_messages_is_refused(db: SessionDB) -> None:
    """To give the old row back would acknowledge a message that is nowhere. Mutant: no look at the digest."""
    db.append_message("s1", "user", "hello", key="t")

    for other in ("hello again", ""):
        with pytest.raises(KeyReused, match="'t' of session s1 was used for other messages"):
            db.append_message("s1", "user", other, key="t")
    with pytest.raises(KeyReused):
        db.append_messages("s1", [{"role": "user", "content": "hello"}] * 2, key="t")

    assert [row["content"] for row in db.get_messages("s1")] == ["hello"]


def test_a_key_of_before_messages_were_compared_returns_the_old_row(db: SessionDB) -> None:
    first = db.append_message("s1", "user", "hello", key="t")
    sqlite_files.run(db.path, f"UPDATE hermes_tui_operations SET entry = '[{first}]'")

    assert db.append_message("s1", "user", "other words", key="t") == first


def test_a_key_is_not_kept_when_its_turn_is_not(db: SessionDB) -> None:
    with pytest.raises(SessionMissing):
        db.append_message("s3", "user", "hello", key="t")

    assert "hermes_tui_operations" not in {
        name for (name,) in sqlite_files.run(db.path, "SELECT name FROM sqlite_master")
    }


def test_an_append_without_a_key_adds_no_table(db: SessionDB) -> None:
    db.append_message("s1", "user", "hello")

    assert "hermes_tui_operations" not in {
        name for (name,) in sqlite_files.run(db.path, "SELECT name FROM sqlite_master")
    }


def test_a_session_that_is_made_again_begins_anew(db: SessionDB) -> None:
    db.append_message("s1", "user", "hello", key="t")
    db.delete_session("s1")
    db.create_session("s1", "cli")
    db.append_message("s1", "user", "hello again", key="t")

    assert [row["content"] for row in db.get_messages("s1")] == ["hello again"]


@pytest.mark.slow
def test_a_turn_is_done_once_across_a_lock(tmp_path: Path, db: SessionDB) -> None:
    db.append_message("s1", "user", "first")
    db = SessionDB(db.path, patience=0.05)
    db.append_message("s1", "user", "before", key="0")
    with builders.locked(db.path), pytest.raises(Locked, match=r"nothing was written in 0.05 s: .*py.* holds the lock"):
        db.append_message("s1", "user", "hello", key="1")

    assert db.append_message("s1", "user", "hello", key="1") == db.append_message("s1", "user", "hello", key="1")
    assert db.message_count("s1") == 3
