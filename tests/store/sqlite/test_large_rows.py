"""A row that another program made too large to read is shown as that, and hides nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store import SessionDB
from store.formats import row_encoding
from store.sqlite.connect import read_open
from tests import builders
from tests.store import sqlite_files

MB = 1 << 20
SHOWN = "too large to show (3 MB)"


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionDB]:
    """Three messages with one word, the second of them 3 MB where 2 MB are read."""
    database = builders.db(builders.home(tmp_path))
    builders.store(database, "s", [builders.say("user", f"needle {number}") for number in range(3)])
    database.close()
    large = f"UPDATE messages SET content = 'needle ' || printf('%.*c', {3 * MB}, 'x') WHERE id = 2"
    sqlite_files.run(database.path, large)
    monkeypatch.setattr(row_encoding, "MAX_ROW", 2 * MB)
    monkeypatch.setattr(read_open, "_MAX_CELL", 2 * MB + 4096)
    database = SessionDB(database.path)
    yield database
    database.close()


@pytest.mark.slow
def test_agents_get_every_message(db: SessionDB) -> None:
    """Mutant: without the look at its size the whole session raises."""
    expected = ["needle 0", SHOWN, "needle 2"]
    assert [row["content"] for row in db.get_messages("s")] == expected
    assert [row["content"] for row in db.get_messages_as_conversation("s")] == expected
    exported = db.export_session("s")
    assert exported is not None
    messages: Any = exported["messages"]
    assert [row["content"] for row in messages] == expected


@pytest.mark.slow
def test_a_reader_gets_every_message(db: SessionDB) -> None:
    heads = db.heads("s").items
    assert [head.n_bytes > 2 * MB for head in heads] == [False, True, False]
    assert [message.text for message in db.messages([head.id for head in heads])] == ["needle 0", SHOWN, "needle 2"]
    assert [line.text for line in db.context("s", 2)] == ["needle 0", SHOWN, "needle 2"]


@pytest.mark.slow
def test_a_search_finds_the_others(db: SessionDB) -> None:
    """By every way: newest first, ranked, an agent's by the index and by LIKE."""
    hits = {hit.message_id for batch in db.search("needle") for hit in batch.hits}
    assert hits >= {1, 3}
    assert {row["id"] for row in db.search_messages("needle")} >= {1, 3}
    sqlite_files.run(db.path, "DROP TABLE messages_fts; DROP TABLE messages_fts_trigram")
    assert {row["id"] for row in db.search_messages("needle")} >= {1, 3}


@pytest.mark.slow
def test_a_list_shows_the_session(db: SessionDB) -> None:
    sqlite_files.run(db.path, "UPDATE messages SET role = 'assistant' WHERE id <> 2")
    assert [session.id for session in db.recent()] == ["s"]
    assert db.outlines(["s"])["s"] is not None


@pytest.mark.slow
def test_a_session_whose_texts_are_too_large_together_is_listed(db: SessionDB) -> None:
    """Mutant: rows are sorted in place of ids."""
    sqlite_files.run(
        db.path,
        f"UPDATE sessions SET system_prompt = printf('%.*c', {MB}, 'p'), model_config = printf('%.*c', {MB}, 'c'),"
        f" end_reason = printf('%.*c', {MB}, 'r')",
    )
    for rows in (db.list_sessions_rich(), db.list_sessions_rich(order_by_last_active=True), db.search_sessions()):
        assert [(row["id"], len(str(row["system_prompt"]))) for row in rows] == [("s", MB)]
    assert [session.id for session in db.recent()] == ["s"]


@pytest.mark.slow
def test_a_program_that_appends_goes_on(db: SessionDB) -> None:
    assert db.append_message("s", "user", "next") == 4
    assert [row["content"] for row in db.get_messages("s")][-1] == "next"


@pytest.mark.slow
def test_nobody_is_told_to_recover(db: SessionDB) -> None:
    """Not by the words of an error where some statement meets it all the same."""
    engine = builders.sqlite_of(db)
    with pytest.raises(Exception, match="larger than what is read") as met:
        engine.reader.rows("SELECT content FROM messages WHERE id = 2")
    assert "recover`" not in str(met.value)
