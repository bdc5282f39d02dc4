"""Words are found in either form of Unicode, typed in either, by every index and without one.

Mutants that these tests are for: terms without variants, or with those of Korean and kana alone; a variant that may end
within a syllable or before an accent; a name with signs that may; parts of syllables that are no Korean; an exclusion
of the typed form alone; calls that are looked up by the composed form alone, or without the marks of a word, or as
escaped once only.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hermes_tui.state.rows import SessionRow
from hermes_tui.state.title_filter import Titles
from store import Session, SessionDB
from store.query.parse import accepts, matches, parse
from tests.builders import home, jsonl, say
from tests.hermes_tui.screens.browse.states import NOW
from tests.store.sqlite_files import run

WORDS = ("한국어", "검색", "각", "がぎぐ", "ぱ", "サーバで")
SPACED = ("ёжик", "tiếng", "ήλιος", "مؤمن", "क़लम", "Über", "다람쥐")
"""Words of scripts whose accents an index of words keeps or drops by the form; Korean is escaped in calls."""


def composed(text: str) -> str:
    """The form that keyboards type."""
    return unicodedata.normalize("NFC", text)


def decomposed(text: str) -> str:
    """The form of file names on macOS."""
    return unicodedata.normalize("NFD", text)


@pytest.fixture(params=["indexed", "without an index"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SessionDB]:
    """A message of each word in both forms, and each form in a file of its own."""
    folder = home(tmp_path)
    with closing(SessionDB(folder / "state.db")) as store:
        store.create_session("s", "cli")
        for word in WORDS:
            store.append_message("s", "user", f"composed {composed(word)}는 heron")
            store.append_message("s", "user", f"decomposed {decomposed(word)}는 heron")
        for word in SPACED:
            for form in (composed, decomposed):
                store.append_message("s", "user", f"{form(word)} egret")
            arguments = json.dumps({"path": decomposed(word)})
            calls = [{"id": "1", "type": "function", "function": {"name": "read", "arguments": arguments}}]
            store.append_message("s", "assistant", "", tool_calls=calls)
    if request.param != "indexed":
        run(folder / "state.db", "DROP TABLE messages_fts; DROP TABLE messages_fts_trigram")
    jsonl(folder, "files", [say("user", f"file {form(word)}!") for word in WORDS for form in (composed, decomposed)])
    jsonl(folder, "spaced", [say("user", f"{form(word)}!") for word in SPACED for form in (composed, decomposed)])
    with closing(SessionDB(folder / "state.db", read_only=True)) as store:
        yield store


@pytest.mark.slow
def test_each_word_is_found_in_both_forms_typed_in_either(db: SessionDB) -> None:
    for word in WORDS:
        for typed in (composed(word), decomposed(word), f"{composed(word)} -nothing"):
            assert len([hit for batch in db.search(typed, limit=99) for hit in batch.hits]) == 4, (word, typed)
        left = [hit for batch in db.search(f"heron -{composed(word)}", limit=99) for hit in batch.hits]
        assert len(left) == 2 * (len(WORDS) - 1), word


@pytest.mark.slow
def test_words_of_every_script_are_found_in_both_forms_and_in_calls(db: SessionDB) -> None:
    for word in SPACED:
        for typed in (composed(word), decomposed(word)):
            assert len([hit for batch in db.search(typed, limit=99) for hit in batch.hits]) == 5, (word, typed)
        left = [hit for batch in db.search(f"egret -{composed(word)}", limit=99) for hit in batch.hits]
        assert len(left) == 2 * (len(SPACED) - 1), word


@pytest.mark.parametrize("word", SPACED)
def test_an_accent_of_a_word_is_part_of_it(word: str) -> None:
    for form in (composed, decomposed):
        [(start, end)] = matches(parse(composed(word), now=0.0), text := f"x {form(word)} y")
        assert composed(text[start:end].strip()) == composed(word)
    assert not accepts(parse("мой", now=0.0), decomposed("мои"))
    assert not accepts(parse("мой", now=0.0), "мои")
    assert accepts(parse("мой*", now=0.0), decomposed("мойка"))
    assert not accepts(parse("мой+", now=0.0), decomposed("мой"))
    assert accepts(parse("мой+", now=0.0), decomposed("a мой+"))
    assert accepts(parse("$и", now=0.0), "a $и")
    assert not accepts(parse("$и", now=0.0), decomposed("a $й"))


@pytest.mark.parametrize("word", WORDS)
def test_marks_cover_the_word_as_it_is_written(word: str) -> None:
    for form in (composed, decomposed):
        [(start, end)] = matches(parse(decomposed(word), now=0.0), text := f"x {form(word)}는")
        assert text[start:end] == form(word)


def test_a_syllable_is_not_found_by_its_beginning() -> None:
    for form in (composed, decomposed):
        assert not accepts(parse("가", now=0.0), form("각"))
        assert accepts(parse("가", now=0.0), form("각가"))


def test_titles_are_found_in_both_forms() -> None:
    for form in (composed, decomposed):
        title = form("한국어 검색 Übersicht")
        row = SessionRow(Session("one", title=title, cwd=form("/home/Büro"), started_at=NOW.timestamp()))
        titles = Titles()
        titles.folded(row)
        for typed in ("ubersicht", "büro", f"cwd:{decomposed('büro')}", f"title:{composed('übersicht')}"):
            assert titles.match(parse(typed, now=0.0), row) is not None, typed
        for typed in (composed("검색"), decomposed("검색"), decomposed("Übersicht")):
            query = parse(typed, now=0.0)
            assert titles.candidates(query) == {"one"}
            assert titles.match(query, row)
            assert titles.match(parse(f"한국어 -{typed}", now=0.0), row) is None
