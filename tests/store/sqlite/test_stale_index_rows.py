"""Ids that a full-text index still holds, though no message has them: a write goes through beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import SessionDB, StoreError
from tests.store.sqlite_files import make, run


def test_an_append_goes_through_where_the_index_holds_its_id(tmp_path: Path) -> None:
    """Mutant: without the constraint that names no column among the errors of an index, the append is refused."""
    path = make(tmp_path, "one", "two")
    run(path, "INSERT INTO messages_fts(rowid, content) SELECT max(id) + 1, 'stale' FROM messages")
    db = SessionDB(path)
    session_id = str(db.list_sessions_rich()[0]["id"])

    db.append_message(session_id, "user", "three")

    assert [row["content"] for row in db.get_messages(session_id)][-1] == "three"
    assert db.index_damaged
    db.close()


def test_a_constraint_of_a_table_is_no_error_of_an_index(tmp_path: Path) -> None:
    """Mutant: with every constraint among them, the write is tried again without triggers."""
    path = make(tmp_path, "one")
    run(path, "CREATE UNIQUE INDEX own ON messages(content)")
    db = SessionDB(path)

    with pytest.raises(StoreError):
        db.append_message(str(db.list_sessions_rich()[0]["id"]), "user", "one")

    assert not db.index_damaged
    db.close()
