"""What a file has is found by looking, never by its number (docs/format.md §2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from store.sqlite.base.schema_probe import Layout
from store.sqlite.connect.reader import Reader
from tests.store.sqlite_files import make, run


def look(path: Path) -> Layout:
    """The layout of the store at a path."""
    reader = Reader(path)
    try:
        return reader.layout
    finally:
        reader.close()


HOMES = {
    # messages_fts, messages_fts_trigram, what the latter leaves out, the number, the journal
    "feb2026-v01": ("A", None, set(), 1, "wal"),
    "mar2026-v04": ("A", None, set(), 4, "wal"),
    "pr3249-v06": ("A", None, set(), 6, "wal"),
    "apr2026-v10": ("A", "A", {"calls"}, 10, "wal"),
    "0.13.0": ("B", "B", set(), 11, "wal"),
    "0.19.0": ("B", "B", set(), 22, "wal"),
    "jul2026-v23": ("C", "C", {"tool"}, 23, "wal"),
    "aug2026-v25": ("C", "C", {"tool"}, 25, "delete"),
    "jump-v10-to-v25": ("A", "A", {"calls"}, 25, "wal"),
    "newest-v31-reconstructed": ("C", "C", {"tool", "internal", "calls"}, 31, "wal"),
}


@pytest.mark.parametrize("name", HOMES)
def test_every_era_is_recognised(real_home: Callable[[str], Path], name: str) -> None:
    layout = look(real_home(name) / ".hermes" / "state.db")

    assert HOMES[name] == (
        layout.fts,
        layout.trigram,
        set(layout.trigram_leaves_out),
        layout.schema_version,
        layout.journal_mode,
    )
    assert not layout.newer
    assert not layout.stale
    assert layout.unindexed is None
    assert layout.has("messages", "content")


def test_columns_are_named_by_table(real_home: Callable[[str], Path]) -> None:
    old = look(real_home("feb2026-v01") / ".hermes" / "state.db")
    new = look(real_home("newest-v31-reconstructed") / ".hermes" / "state.db")

    assert not old.has("messages", "active")
    assert new.has("messages", "active")
    assert new.has("messages", "display_order")
    assert not new.has("nothing", "active")
    assert new.fts_columns == ("content", "tool_name", "tool_calls")
    assert new.trigram_columns == ("content", "tool_name")


def test_a_number_above_the_known_ones_is_newer(tmp_path: Path) -> None:
    path = make(tmp_path)
    run(path, "UPDATE schema_version SET version = 31")
    assert not look(path).newer
    run(path, "UPDATE schema_version SET version = 32")
    assert look(path).newer


def test_a_file_without_numbers_has_none(tmp_path: Path) -> None:
    path = make(tmp_path)
    run(path, "DELETE FROM schema_version")
    assert look(path).schema_version is None
    run(path, "DROP TABLE schema_version")
    assert look(path).schema_version is None


def test_the_layout_follows_the_file(tmp_path: Path) -> None:
    path = make(tmp_path)
    reader = Reader(path)
    before = reader.layout
    assert before == look(path)

    run(path, "ALTER TABLE messages ADD COLUMN later TEXT")
    assert reader.layout.has("messages", "later")
    run(path, "DROP TRIGGER messages_fts_insert")
    assert look(path).stale
    assert reader.layout == look(path) != before
    reader.close()


def test_an_index_that_is_being_rebuilt_says_which_rows_it_lacks(tmp_path: Path) -> None:
    path = make(tmp_path)
    reader = Reader(path)

    def after(change: str) -> tuple[tuple[int, int] | None, bool]:
        run(path, change)
        return reader.layout.unindexed, reader.layout.stale

    assert after("SELECT 1") == (None, False)
    high, done = "('fts_rebuild_high_water', '40')", "('fts_rebuild_progress', '10')"
    assert after(f"INSERT INTO state_meta VALUES {high}, {done}") == ((10, 40), False)
    assert after("UPDATE state_meta SET value = '40' WHERE key = 'fts_rebuild_progress'") == (None, False)
    assert after(f"DELETE FROM state_meta; INSERT INTO state_meta VALUES {high}") == ((-1, 40), False)
    assert after("DELETE FROM state_meta; INSERT INTO state_meta VALUES ('fts_stale', '1')") == (None, True)
    reader.close()


def test_an_index_with_a_tokenizer_that_is_not_here_is_no_obstacle(tmp_path: Path) -> None:
    path = make(tmp_path)
    connection = apsw.Connection(str(path))
    connection.register_fts5_tokenizer("only_here", lambda con, _: con.fts5_tokenizer("unicode61", []))
    connection.execute("CREATE VIRTUAL TABLE messages_fts_cjk USING fts5(content, tokenize='only_here')")
    connection.close()

    assert "messages_fts_cjk" in look(path).tables
