"""Sessions that Hermes compacted in place: each message once, wherever it is read, counted, found and compared.

Mutants that these guards were seen to catch:
- `_pages` without the copies: each reading has them twice
- `_in_state` with the row's own state: what nobody undid is undone
- `CopiedHits.without` giving its rows: a word is found twice
- `_without_copies` giving its tally: the number of hits is too high
- `counts` without the copies: the list says more than is read
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store import SessionDB, Verdict
from store.models import Head, Hit
from tests.builders import jsonl, say
from tests.hermes_acts import Hermes

COMPACTIONS = [{"timed": True}, {"timed": False}, {"timed": True, "superseded": True}]


@pytest.fixture(params=COMPACTIONS, ids=["timed", "untimed", "superseded"])
def hermes(request: pytest.FixtureRequest, tmp_path: Path) -> Hermes:
    """Four turns and a compaction, one more turn and another compaction, one more turn."""
    (tmp_path / "sessions").mkdir()
    agent = Hermes(tmp_path / "state.db")
    for word in ("apple", "plum", "pear", "cherry"):
        agent.turn(word)
    agent.compact(2, 3, **request.param)
    agent.turn("quince")
    agent.compact(2, 3, **request.param)
    agent.turn("grape")
    return agent


@pytest.fixture
def db(hermes: Hermes) -> Iterator[SessionDB]:
    """Its store, to read."""
    store = SessionDB(hermes.path, read_only=True)
    yield store
    store.close()


SAID = [text for word in ("apple", "plum", "pear", "cherry") for text in (word, f"answer to {word}")]


def heads(db: SessionDB, session_id: str = "s1") -> list[Head]:
    """What `show` and the screen read."""
    return [head for piece in db.pieces(db.reading(session_id), chain=False) for head in piece.heads]


def texts(db: SessionDB) -> list[str]:
    """The same as texts."""
    return [message.text for message in db.messages([head.id for head in heads(db)])]


def found(db: SessionDB, words: str, *, limit: int = 200) -> list[Hit]:
    """Hits of a search."""
    return [hit for batch in db.search(words, limit=limit) for hit in batch.hits]


@pytest.mark.slow
def test_each_message_and_each_summary_is_read_once_in_order(db: SessionDB) -> None:
    read = texts(db)
    summaries = [text for text in read if text.startswith("[CONTEXT COMPACTION]")]
    assert [text for text in read if text not in summaries] == [
        *SAID,
        "quince",
        "answer to quince",
        "grape",
        "answer to grape",
    ]
    assert len(set(summaries)) == 2
    assert read.index(summaries[0]) == 8
    assert read.index(summaries[1]) == 11


@pytest.mark.slow
def test_nothing_is_called_undone_that_nobody_undid(db: SessionDB) -> None:
    assert [head.active or head.compacted for head in heads(db)] == [True] * 14
    assert sum(head.active for head in heads(db)) == 8


@pytest.mark.slow
def test_what_was_undone_after_a_compaction_is_undone_once(db: SessionDB, hermes: Hermes) -> None:
    last = hermes._write(lambda connection: connection.execute("SELECT max(id) FROM messages").fetchall())[0][0]
    hermes.rewind(last - 3)  # the last two copies and the turn behind them
    undone = [head.id for head in heads(db) if not head.active and not head.compacted]
    assert [message.text for message in db.messages(undone)] == [
        "quince",
        "answer to quince",
        "grape",
        "answer to grape",
    ]


@pytest.mark.slow
def test_records_are_the_same_where_nothing_but_them_is_wanted(db: SessionDB) -> None:
    """Mutant: ids in place of heads whatever is copied."""
    reading = db.reading("s1")
    pieces = [list(db.pieces(reading, chain=False, records=records)) for records in (True, False)]
    alone, of_heads = ([record for piece in some for record in db.records(piece)] for some in pieces)
    assert alone == of_heads


@pytest.mark.slow
def test_the_list_counts_what_is_read(db: SessionDB) -> None:
    row = db.session("s1")
    assert row is not None
    assert row.messages == len(heads(db)) == 14
    assert row.rows == 24
    assert [session.messages for session in db.sessions().items] == [14]


@pytest.mark.slow
def test_a_word_is_found_once_at_the_message_that_is_shown(db: SessionDB) -> None:
    shown = {head.id for head in heads(db)}
    for words in ("cherry", "apple", "answer", "role:user"):
        hits = found(db, words)
        assert {hit.message_id for hit in hits} <= shown
        assert len({hit.message_id for hit in hits}) == len(hits)
        assert db.count(words).hits == len(hits)
    assert len(found(db, "cherry")) == 2
    assert len(found(db, "answer")) == 6
    assert [hit.message_id for hit in db.rank("cherry", limit=5).hits] != []
    assert len(db.rank("cherry", limit=5).hits) == 2
    assert len(db.oldest("cherry", limit=5).hits) == 2


@pytest.mark.slow
def test_a_limit_counts_messages_and_not_their_copies(db: SessionDB) -> None:
    assert len(found(db, "answer", limit=5)) == 5
    assert len(found(db, "answer", limit=6)) == 6
    assert len(db.rank("answer", limit=6).hits) == 6


@pytest.mark.slow
def test_a_standing_search_does_not_find_the_copies_of_a_compaction(db: SessionDB, hermes: Hermes) -> None:
    newest = heads(db)[-1].id
    hermes.compact(2, 3)
    assert [hit for batch in db.search("answer", after_id=newest) for hit in batch.hits] == []
    hermes.turn("melon")
    assert [hit.text for batch in db.search("melon", after_id=newest) for hit in batch.hits] == [
        "answer to melon",
        "melon",
    ]


@pytest.mark.slow
def test_a_file_that_has_every_message_once_is_the_same(db: SessionDB, hermes: Hermes) -> None:
    read = texts(db)
    jsonl(
        hermes.path.parent,
        "s1",
        [say("assistant" if text.startswith("answer") else "user", text) for text in read],
    )
    check = db.check("s1")
    assert (check.verdict, check.sqlite_messages, check.jsonl_messages) == (Verdict.SAME, 14, 14)
    assert db.reading("s1").facts is not None
    assert db.reading("s1").origin == "sqlite"
