"""What a file has is found by looking, never by its number (docs/format.md §2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from store.sqlite.base.schema_probe import Layout
from store.sqlite.connect.reader import Reader
from tests.homes.build import ERAS
from tests.homes.catalog import WITHOUT_WAL, homes
from tests.store.sqlite_files import make, run


def look(path: Path) -> Layout:
    """The layout of the store at a path."""
    reader = Reader(path)
    try:
        return reader.layout
    finally:
        reader.close()


LAYOUTS: dict[str, tuple[str, str | None, set[str]]] = {
    # messages_fts, messages_fts_trigram, what the latter leaves out
    "A": ("A", None, set()),
    "A'": ("A", "A", {"calls"}),
    "B": ("B", "B", set()),
    "C1": ("C", "C", {"tool"}),
    "C2": ("C", "C", {"tool", "calls"}),
    "C3": ("C", "C", {"tool", "internal", "calls"}),
}
NUMBERED = {
    "feb2026-v01": ("A", 1),
    "mar2026-v04": ("A", 4),
    "pr3249-v06": ("A", 6),
    "apr2026-v10": ("A'", 10),
    "0.13.0": ("B", 11),
    "0.19.0": ("B", 22),
    "jul2026-v23": ("C1", 23),
    "aug2026-v25": ("C1", 25),
    "jump-v10-to-v25": ("A'", 25),
    "newest-v31-reconstructed": ("C3", 31),
    **{name: (era.layout, era.version) for name, era in ERAS.items()},
}


@pytest.mark.parametrize("name", homes())
def test_every_era_is_recognised(era_home: Callable[[str], Path], name: str) -> None:
    layout = look(era_home(name) / ".hermes" / "state.db")

    fts, version = NUMBERED[name]
    assert (layout.fts, layout.trigram, set(layout.trigram_leaves_out)) == LAYOUTS[fts]
    assert layout.schema_version == version
    assert layout.journal_mode == ("delete" if name == WITHOUT_WAL else "wal")
    assert not layout.newer
    assert not layout.stale
    assert layout.unindexed is None
    assert layout.has("messages", "content")


def test_columns_are_named_by_table(era_home: Callable[[str], Path]) -> None:
    old = look(era_home("v01") / ".hermes" / "state.db")
    new = look(era_home("v31") / ".hermes" / "state.db")

    assert not old.has("messages", "active")
    assert new.has("messages", "active")
    assert new.has("messages", "display_order")
    assert not new.has("nothing", "active")
    assert new.fts_columns == ("content", "tool_name", "tool_calls")
    assert new.trigram_columns == ("content", "tool_name")


@pytest.mark.slow
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


@pytest.mark.slow
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
