"""The best, the oldest and the count: by the index where it can, by their worth where it cannot."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from store import Cancel, Count, Fallback, FallbackKind, Hit, Interrupted, Origin
from store.query.parse import parse
from store.search.ranking import relevance
from store.sqlite.connect.reader import Reader
from store.sqlite.search import bm25
from tests.builders import db, home, jsonl, say, store, talk
from tests.store.sqlite_files import add, make, run


def ids(path: Path, words: str, limit: int = 10) -> tuple[int, ...] | None:
    """The best rows by the index."""
    reader = Reader(path)
    found = bm25.best_matches(reader, parse(words, now=0.0), limit=limit)
    reader.close()
    return None if found is None else found.ids


def test_the_best_comes_first_and_of_equals_the_newer(tmp_path: Path) -> None:
    path = make(tmp_path, "docker", "docker docker docker", "docker", "hay " * 50 + "docker", "hay")
    assert ids(path, "docker") == (2, 3, 1, 4)
    assert ids(path, "docker", 1) == (2,)
    assert ids(path, "absent") == ()


def test_filters_and_rows_taken_back_are_sifted_however_many_there_are(tmp_path: Path) -> None:
    path = make(tmp_path, *["docker"] * 40)
    [other] = add(path, "docker " + "hay " * 99, session="s2", source="telegram")
    assert ids(path, "docker source:telegram") == (other,)
    run(path, f"UPDATE messages SET active = 0 WHERE id < {other}")
    assert ids(path, "docker", 3) == (other,)
    run(path, "UPDATE messages SET compacted = 1 WHERE id = 7")
    assert ids(path, "docker", 3) == (7, other)


def test_only_the_newest_of_very_many_are_ranked_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = db(home(tmp_path))
    store(database, "s", [say("user", "needle needle"), *talk(9, word="needle")])
    assert database.rank("needle").fallbacks == ()
    monkeypatch.setattr(bm25, "RANKED_ROWS", 9)
    found = database.rank("needle", limit=20)
    assert [hit.message_id for hit in found.hits] == list(range(10, 1, -1))
    assert found.fallbacks == (Fallback(FallbackKind.RANKED, ranked=9),)


@pytest.mark.slow
def test_what_no_index_can_rank_is_ranked_by_its_worth(tmp_path: Path) -> None:
    path = make(tmp_path, "大别", "大别 大别 大别", "大别")
    run(path, "UPDATE messages SET timestamp = 1.7e9 + id")
    assert ids(path, "大别") is None
    database = db(tmp_path, read_only=True)
    assert [hit.message_id for hit in database.rank("大别").hits] == [2, 3, 1]
    run(path, "DROP TABLE messages_fts")
    database = db(tmp_path, read_only=True)
    assert database.rank("大").fallbacks == ()
    assert database.rank("x").fallbacks == (Fallback(FallbackKind.MISSING),)


def test_the_best_hit_says_the_word_more_often_in_fewer_words() -> None:
    once = Hit("s", 1, "user", "docker " + "x" * 400, spans=((0, 6),))
    short = Hit("s", 2, "user", "docker", spans=((0, 6),))
    twice = Hit("s", 3, "user", "docker docker", spans=((0, 6), (7, 13)))
    assert sorted([once, short, twice], key=relevance, reverse=True) == [twice, short, once]


def test_hits_of_files_are_put_in_by_their_worth(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "row", [say("user", "needle needle needle"), say("user", "needle " + "hay " * 200)])
    jsonl(folder, "file", [say("user", "needle needle"), say("user", "needle " + "hay " * 300)])
    found = database.rank("needle")
    assert [(hit.origin, len(hit.text) > 50) for hit in found.hits] == [
        (Origin.SQLITE, False),
        (Origin.JSONL, False),
        (Origin.SQLITE, True),
        (Origin.JSONL, True),
    ]
    assert database.rank("needle", limit=3).capped
    assert not database.rank("needle", limit=4).capped
    assert database.count("needle") == Count(4, 2)
    assert [hit.session_id for hit in database.oldest("needle").hits[:2]] == ["file", "file"]


def test_the_oldest_come_oldest_first(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    made = store(database, "s", talk(50, word="needle"))
    found = database.oldest("needle", limit=5)
    assert [hit.message_id for hit in found.hits] == made[:5]
    assert found.capped
    assert not database.oldest("needle", limit=50).capped


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", ["needle", "needle source:cli", "needle -source:cli", "source:telegram", "-needle", "大别"]
)
def test_a_count_is_what_a_search_finds_in_any_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    database = db(home(tmp_path))
    chance = random.Random(1)
    for place in range(12):
        texts = [say("user", chance.choice(["needle", "hay", "大别山", "needle 大别"])) for _ in range(10)]
        store(database, f"s{place}", texts, source=chance.choice(["cli", "telegram"]))
    run(database.path, "UPDATE messages SET active = 0 WHERE id % 7 = 0")
    hits = [hit for batch in database.search(words, limit=1_000) for hit in batch.hits]
    expected = Count(len(hits), len({hit.session_id for hit in hits}))
    assert expected.hits
    for most in (65_536, 5, 1):
        monkeypatch.setattr(bm25, "COUNTED_ROWS", most)
        assert database.count(words) == expected
    assert database.count(words, cap=expected.hits) == expected
    capped = database.count(words, cap=3)
    assert (capped.hits, capped.capped) == (3, True)


@pytest.mark.slow
def test_nothing_asked_is_nothing_found(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    store(database, "s", talk(3))
    assert (database.rank("").hits, database.oldest("").hits, database.count("")) == ((), (), Count(0, 0))


def test_a_home_of_files_alone_is_ranked_and_counted(tmp_path: Path) -> None:
    folder = home(tmp_path)
    jsonl(folder, "file", talk(3, word="needle"))
    database = db(folder, read_only=True)
    assert len(database.rank("needle").hits) == len(database.oldest("needle").hits) == 3
    assert database.count("needle") == Count(3, 1)


def test_a_withdrawn_ranking_ends(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    store(database, "s", talk(3, word="needle"))
    cancel = Cancel()
    cancel.cancel()
    for verb in (database.rank, database.oldest, database.count):
        with pytest.raises(Interrupted):
            verb("needle", cancel=cancel)


def test_a_damaged_index_is_gone_round(tmp_path: Path) -> None:
    path = make(tmp_path, "docker", "docker docker")
    run(path, "UPDATE messages_fts_data SET block = x'ffffffffff' WHERE id = 10")
    database = db(tmp_path, read_only=True)
    assert [hit.message_id for hit in database.rank("docker").hits] == [2, 1]
    assert database.count("docker") == Count(2, 1)
