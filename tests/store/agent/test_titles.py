"""Titles: what may be one, unique, numbered along a lineage (docs/format.md §4.2, §9.1).

Each guard was seen to fail with its mutant:
- LIKE without its escapes: test_wildcards_in_a_title_match_only_themselves
- the question for older sections left out of `assign`: test_a_title_moves_from_an_older_section_to_the_newest
- ORDER BY started_at left out of `latest`: test_a_title_resolves_to_the_newest_of_its_numbered_ones
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from store import SessionDB


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SessionDB]:
    """A fresh store with sessions a, b and c."""
    database = SessionDB(tmp_path / "state.db")
    for session_id in "abc":
        database.create_session(session_id, "cli")
    yield database
    database.close()


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        (None, None),
        ("", None),
        (" \t\n ", None),
        ("  My   nice\n\ttitle ", "My nice title"),
        ("a\x00b\x07c\x7fd", "abcd"),
        ("\x1b[31mred", "[31mred"),
        ("zero\u200bwidth\u202eover\u2066ride\ufeff\ufffc\ufff9", "zerowidthoverride"),
        ("\u200b\u202e", None),
        ("部署 🎉 déjà", "部署 🎉 déjà"),
        ("👩\u200d👧", "👩👧"),
        ("x" * 100, "x" * 100),
        (" " + "x" * 100 + "\x00", "x" * 100),
    ],
)
def test_a_title_is_cleaned(given: str | None, cleaned: str | None) -> None:
    assert SessionDB.sanitize_title(given) == cleaned


def test_a_title_of_101_characters_is_a_value_error(db: SessionDB) -> None:
    assert SessionDB.MAX_TITLE_LENGTH == 100
    with pytest.raises(ValueError, match="101 chars, max 100"):
        db.set_session_title("a", "x" * 101)
    assert db.get_session_title("a") is None


def test_a_title_is_set_changed_and_taken_away(db: SessionDB) -> None:
    assert db.set_session_title("a", "One")
    assert db.set_session_title("a", " Two ")
    assert db.get_session_title("a") == "Two"
    assert db.set_session_title("a", "  ")
    assert db.get_session_title("a") is None
    assert not db.set_session_title("nobody", "Three")
    assert db.get_session_title("nobody") is None


def test_a_title_belongs_to_one_session(db: SessionDB) -> None:
    db.set_session_title("a", "Mine")
    with pytest.raises(ValueError, match="'Mine' is already in use by session a"):
        db.set_session_title("b", "Mine")
    assert db.set_session_title("a", "Mine")
    assert db.set_session_title("b", "mine")


def test_several_sessions_may_have_none(db: SessionDB) -> None:
    assert all(db.set_session_title(session_id, None) for session_id in "abc")


@pytest.mark.slow
def test_a_title_outlives_the_end_of_its_session(db: SessionDB) -> None:
    db.set_session_title("a", "Mine")
    db.end_session("a", "cli_close")
    assert db.get_session_title("a") == "Mine"
    with pytest.raises(ValueError, match="in use"):
        db.set_session_title("b", "Mine")


def test_a_session_is_found_by_its_exact_title(db: SessionDB) -> None:
    db.set_session_title("a", "My project")
    row = db.get_session_by_title("My project")
    assert row is not None
    assert row["id"] == "a"
    assert db.get_session_by_title("My proj") is None


@pytest.mark.slow
def test_a_title_resolves_to_the_newest_of_its_numbered_ones(db: SessionDB) -> None:
    assert db.resolve_session_by_title("P") is None
    db.set_session_title("a", "P")
    assert db.resolve_session_by_title("P") == "a"
    db.set_session_title("c", "P #2")
    db.set_session_title("b", "P #3")
    with apsw.Connection(str(db.path)) as connection:
        connection.execute("UPDATE sessions SET started_at = started_at + 5 WHERE id = 'c'")
    connection.close()
    assert db.resolve_session_by_title("P") == "c"
    assert db.resolve_session_by_title("P #3") == "b"


def test_the_next_title_of_a_lineage_has_the_next_number(db: SessionDB) -> None:
    assert db.get_next_title_in_lineage("P") == "P"
    db.set_session_title("a", "P")
    assert db.get_next_title_in_lineage("P") == "P #2"
    db.set_session_title("b", "P #7")
    assert db.get_next_title_in_lineage("P") == "P #8"
    assert db.get_next_title_in_lineage("P #2") == "P #8"
    assert db.get_next_title_in_lineage("Other #4") == "Other"


@pytest.mark.slow
def test_wildcards_in_a_title_match_only_themselves(db: SessionDB) -> None:
    db.set_session_title("a", "my_project")
    db.set_session_title("b", "myXproject #2")
    db.set_session_title("c", "100% done")
    assert db.resolve_session_by_title("my_project") == "a"
    assert db.get_next_title_in_lineage("my_project") == "my_project #2"
    assert db.resolve_session_by_title("%") is None
    assert db.get_next_title_in_lineage("100%") == "100%"


@pytest.mark.slow
def test_a_title_moves_from_an_older_section_to_the_newest(db: SessionDB) -> None:
    db.set_session_title("a", "Refactor")
    db.end_session("a", "compression")
    db.create_session("a2", "cli", parent_session_id="a")
    db.end_session("a2", "compression")
    db.create_session("a3", "cli", parent_session_id="a2")
    assert db.set_session_title("a3", "Refactor")
    assert (db.get_session_title("a"), db.get_session_title("a3")) == (None, "Refactor")
    with pytest.raises(ValueError, match="in use by session a3"):
        db.set_session_title("a", "Refactor")


def test_a_branch_does_not_take_the_title_of_its_parent(db: SessionDB) -> None:
    db.set_session_title("a", "Refactor")
    db.end_session("a", "branched")
    db.create_session("branch", "cli", parent_session_id="a")
    with pytest.raises(ValueError, match="in use by session a"):
        db.set_session_title("branch", "Refactor")
