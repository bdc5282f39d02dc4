"""Counts of common words are those of every other way, and read no row of the table that a search finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.query.parse import parse
from store.sqlite.connect import create
from store.sqlite.connect.reader import Reader
from store.sqlite.search import bm25, common_words
from tests.store.sqlite_files import add, run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Four sessions: one with an undone match, one with a compacted one, one with undone ones alone."""
    create.create(tmp_path / "state.db")
    for session in ("plain", "undone", "compacted", "gone"):
        add(tmp_path / "state.db", *["a quince"] * 5, "an apple", session=session)
    undone = "WHERE session_id = 'gone' OR (session_id = 'undone' AND id % 6 = 2)"
    run(tmp_path / "state.db", f"UPDATE messages SET active = 0 {undone}")
    run(tmp_path / "state.db", "UPDATE messages SET active = 0, compacted = 1 WHERE session_id = 'compacted'")
    return tmp_path / "state.db"


def test_undone_matches_are_left_out_and_compacted_ones_are_counted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: nothing that is hidden, `n_shown` not looked at, and sessions of inactive rows that are none."""
    reader = Reader(path)
    counted = bm25.count_matches(reader, parse("quince", now=0.0))
    assert (counted.hits, counted.sessions) == (14, frozenset({"plain", "undone", "compacted"}))
    assert counted.inactive == frozenset({"undone", "compacted"})
    monkeypatch.setattr(common_words, "SHARE", 0)  # no word is common
    assert bm25.count_matches(reader, parse("quince", now=0.0)) == counted
    reader.close()


def test_the_count_of_a_common_word_walks_the_index_of_sessions_alone(path: Path) -> None:
    """Mutant: no INDEXED BY, which makes the words the outer loop."""
    reader = Reader(path)
    steps = reader.rows(f"EXPLAIN QUERY PLAN {common_words.by_session('messages_fts')}", ('"quince"',))
    assert "SCAN messages USING COVERING INDEX idx_messages_session_active" in {row[-1] for row in steps}
    reader.close()
