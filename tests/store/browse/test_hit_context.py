"""The context of a hit, from the source where it was found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from store import Message, Origin, SessionDB
from store.browse.hit_context import around
from tests import builders
from tests.builders import say


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SessionDB]:
    """A session in SQLite whose file says other words."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as writer:
        builders.store(writer, "s1", builders.talk(5, word="stored"))
    builders.jsonl(home, "s1", builders.talk(5, word="filed"))
    with closing(SessionDB(home / "state.db", read_only=True)) as db:
        yield db


def texts(db: SessionDB, place: tuple[str, int, Origin], *, width: int = 1) -> list[tuple[str, bool]]:
    lines = around(db, place, width=width, text=lambda message: message.text)
    return [(line.text, line.hit) for line in lines]


def test_a_hit_of_a_file_has_its_context_from_the_file(db: SessionDB) -> None:
    """Mutant: with SQLite asked for every hit, the words are those of the rows."""
    second = db.file_messages("s1")[1].id or 0
    assert texts(db, ("s1", second, Origin.JSONL)) == [("filed 0", False), ("filed 1", True), ("filed 2", False)]


def test_a_hit_of_sqlite_has_its_context_from_the_rows(db: SessionDB) -> None:
    second = db.heads("s1").items[1].id
    assert texts(db, ("s1", second, Origin.SQLITE)) == [("stored 0", False), ("stored 1", True), ("stored 2", False)]


def test_a_row_without_text_has_its_calls(tmp_path: Path) -> None:
    """Mutant: the content alone, which is empty."""
    home = builders.home(tmp_path)
    call = {"id": "c", "function": {"name": "terminal", "arguments": '{"command": "ls"}'}}
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", [say("user", "look"), say("assistant", "", tool_calls=[call])])
        first = db.heads("s1").items[0].id
        lines = around(db, ("s1", first, Origin.SQLITE), width=1)
        assert [line.text for line in lines] == ["look", 'terminal {"command": "ls"}']
        assert texts(db, ("s1", first, Origin.SQLITE)) == [("look", True), ("", False)]


def test_context_ends_with_the_session_and_is_empty_where_the_hit_is_gone(db: SessionDB) -> None:
    """Mutant: with a start below zero, the slice begins at the end of the file."""
    first = db.file_messages("s1")[0].id or 0
    assert [text for text, _ in texts(db, ("s1", first, Origin.JSONL), width=2)] == ["filed 0", "filed 1", "filed 2"]
    assert texts(db, ("s1", 10_000, Origin.JSONL)) == []
    assert texts(db, ("s1", first, Origin.SNAPSHOT)) == []


def test_the_caller_may_keep_the_messages_of_a_file(db: SessionDB) -> None:
    reads: list[str] = []

    def file_messages(session_id: str) -> tuple[Message, ...]:
        reads.append(session_id)
        return db.file_messages(session_id)

    first = db.file_messages("s1")[0].id or 0
    around(db, ("s1", first, Origin.JSONL), width=1, text=lambda message: message.text, file_messages=file_messages)
    assert reads == ["s1"]
