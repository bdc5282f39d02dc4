"""What the first hits of a word cost: one read transaction, and nothing of a text before it is painted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from store import Hit, SessionDB
from store.query import matcher
from store.query.parse import parse
from store.query.tokenizer import Folded, fold
from store.search import excerpt, stream
from store.sqlite.search import windows
from tests.builders import db, home, say, store, talk
from tests.counting import lent


@pytest.fixture(autouse=True)
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first step goes on for as long as it likes, so that no test depends on the speed of the machine."""
    monkeypatch.setattr(windows, "SOON", math.inf)


@contextmanager
def folded() -> Iterator[list[str]]:
    """The texts that are folded in the block."""
    texts: list[str] = []

    def noted(text: str) -> Folded:
        texts.append(text)
        return fold(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "fold", noted)
        yield texts


def filled(tmp_path: Path, count: int) -> SessionDB:
    """A store with as many hits for “needle”."""
    database = db(home(tmp_path))
    store(database, "s", talk(count, word="needle"))
    return database


def found(database: SessionDB, limit: int, query: str = "needle") -> list[Hit]:
    """The newest hits."""
    return [hit for batch in database.search(query, limit=limit) for hit in batch.hits]


@pytest.mark.parametrize("limit", [8, 50])
def test_the_hits_of_a_page_take_one_statement_that_reads_one_row_more(tmp_path: Path, limit: int) -> None:
    """Mutants: MOST_FIRST = 8, `read` in the place of `first`, and no plan that is kept."""
    database = filled(tmp_path, 60)
    found(database, limit)
    with lent() as counts:
        assert len(found(database, limit)) == limit
    assert counts.connections == 1
    assert [sql.split()[0] for sql in counts.statements] == ["PRAGMA", "SELECT"]
    assert counts.rows == 1 + limit + 1


def test_another_word_is_asked_for_by_the_same_statements_which_are_prepared_once(tmp_path: Path) -> None:
    """Mutant: a pattern in the text of the statement; either word may be another one behind a line end."""
    database = filled(tmp_path, 3)
    found(database, 8, "other")
    asked = []
    for word in ("needle", "noodle"):
        with lent() as counts:
            found(database, 8, word)
        asked.append(counts.statements)
    assert asked[0][:3] == asked[1][:3]
    assert any("LIKE" in sql for sql in asked[0][:3])


@pytest.mark.parametrize("typed", ["ne", "needle " * 5])
def test_words_behind_escapes_are_not_looked_up_where_that_may_cost_the_most(tmp_path: Path, typed: str) -> None:
    """Mutants: no look at a brief range, whose newest rows may be enough; no look at the number of terms."""
    database = filled(tmp_path, 10)
    query = parse(typed, now=0.0, open_word=True)
    with lent() as counts:
        assert len([hit for batch in database.search(query, limit=8) for hit in batch.hits]) == 8
    assert not any(sql.startswith("SELECT 1 FROM messages_fts") for sql in counts.statements)


def test_a_first_step_that_takes_long_ends_with_what_is_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: no look at the clock, so that whoever waits for eight hits waits for a hundred."""
    database = filled(tmp_path, 60)
    found(database, 8)
    monkeypatch.setattr(windows, "SOON", -1.0)
    with lent() as counts:
        assert len(next(iter(database.search("needle", limit=50))).hits) == 8
    assert counts.rows == 1 + 8
    assert len({hit.message_id for hit in found(database, 50)}) == 50


def test_long_texts_end_the_first_step_too(tmp_path: Path) -> None:
    """Mutant: no look at SOON_BYTES."""
    database = db(home(tmp_path))
    store(database, "s", [say("user", "needle " + "hay " * 10_000) for _ in range(20)])
    found(database, 8)
    with lent() as counts:
        next(iter(database.search("needle", limit=20)))
    assert counts.rows == 1 + 8


def test_no_text_is_folded_before_its_hit_is_painted(tmp_path: Path) -> None:
    """Mutants: KEPT_BYTES = 0; `_rest` that is kept, so that each look folds again."""
    database = filled(tmp_path, 20)
    with folded() as texts:
        [first, *_] = found(database, 8)
        assert (first.session_id, first.role, texts) == ("s", "assistant", [])
        assert "needle" in first.text
        assert first.text[slice(*first.spans[0])] == "needle"
    assert texts == [first.text]


def test_a_hit_keeps_no_long_message_until_it_is_painted(tmp_path: Path) -> None:
    """Mutant: KEPT_BYTES without a bound."""
    database = db(home(tmp_path))
    long = "needle " + "hay " * (stream.KEPT_BYTES // 4)
    store(database, "s", [say("user", long), say("user", "a needle")])
    with folded() as texts:
        short, cut = found(database, 8)
        assert texts == [long[: excerpt.PIECE], long[: 2 * excerpt.LONGEST]]
    assert len(cut.text) == excerpt.LONGEST
    assert short.text == "a needle"


def test_words_behind_an_escape_that_come_later_are_found(tmp_path: Path) -> None:
    """Mutant: plans that outlive a commit."""
    database = filled(tmp_path, 3)
    assert len(found(database, 8)) == 3
    call = {"id": "1", "function": {"name": "run", "arguments": '{"text": "a\\nneedle"}'}}
    store(database, "t", [say("assistant", "", tool_calls=[call])])
    assert [hit.session_id for hit in found(database, 8)] == ["t", "s", "s", "s"]
