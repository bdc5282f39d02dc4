"""Answers that stand in their reasoning alone are found, though no index has that column."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import SessionDB
from store.base.fallbacks import FallbackKind, IndexGap
from store.sqlite.search import reasoning_rows
from tests.store.sqlite_files import make, run


@pytest.fixture
def db(tmp_path: Path) -> SessionDB:
    """Rows 2, 3 and 6 are answers in reasoning alone."""
    db = SessionDB(make(tmp_path, "egret one"))
    db.append_message("s1", "assistant", "", reasoning="the only egret")
    db.append_message("s1", "assistant", "  \n", reasoning="a blank egret", tool_calls=[])
    db.append_message("s1", "assistant", "said", reasoning="no egret is asked for in a thought beside a text")
    db.append_message("s1", "assistant", "", reasoning="nor before an egret", tool_calls=[{"function": {"name": "ls"}}])
    db.append_message("s1", "assistant", None, reasoning="r\u00e9sum\u00e9")
    db.append_message("s1", "assistant", "egret two")
    return db


def found(db: SessionDB, words: str) -> list[int]:
    return [hit.message_id for batch in db.search(words, limit=50) for hit in batch.hits]


def test_an_answer_in_its_reasoning_alone_is_found_after_those_of_the_index(
    db: SessionDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: only the first window of sizes is read; a thought beside a text or a call is an answer."""
    monkeypatch.setattr(reasoning_rows, "_ROWS", 2)

    assert found(db, "egret") == [7, 1, 3, 2]
    assert found(db, "egret -blank") == [7, 1, 2]
    assert found(db, "resume") == [6]
    assert found(db, "only egret role:assistant") == [2]
    assert found(db, "egret role:user") == [1]
    assert [hit.text for batch in db.search("only", limit=5) for hit in batch.hits] == ["the only egret"]


def test_it_is_counted_ranked_and_put_by_its_age_too(db: SessionDB) -> None:
    """Mutant: the oldest are the last ids of a search."""
    run(db.path, "UPDATE messages SET timestamp = 1772000000 + id")

    assert db.count("egret").hits == 4
    assert [hit.message_id for hit in db.rank("egret", limit=5).hits] == [7, 1, 3, 2]
    assert [hit.message_id for hit in db.oldest("egret", limit=1).hits] == [1]
    assert [hit.message_id for hit in db.oldest("egret", limit=3).hits] == [1, 2, 3]


def test_a_scan_in_place_of_the_index_finds_it_once(db: SessionDB) -> None:
    run(db.path, "DROP TRIGGER messages_fts_insert")

    assert found(db, "egret") == [7, 3, 2, 1]
    assert db.count("egret").hits == 4


def test_sizes_that_cannot_be_read_are_no_sign_that_there_is_none(db: SessionDB) -> None:
    """Mutant: an error while they are read ends the search in silence."""
    db.close()
    sql = "UPDATE sqlite_master SET sql = 'CREATE TABLE ''messages_fts_docsize''(id INTEGER PRIMARY KEY, other BLOB)'"
    run(db.path, f"PRAGMA writable_schema = ON; {sql} WHERE name = 'messages_fts_docsize'")

    last = list(SessionDB(db.path).search("egret", limit=50))[-1]

    assert [(fallback.kind, fallback.gaps) for fallback in last.fallbacks] == [
        (FallbackKind.GAPS, (IndexGap.REASONING,))
    ]
