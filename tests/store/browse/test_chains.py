"""Chains read as one conversation, families as a tree (docs/format.md §3.4, §3.6, §4.3).

Mutants that these guards were seen to catch:
- `carried` giving nothing: the chain of 100 has every carried message twice
- nothing taken off a chain's number for what was carried over: the same test
- `_overlap` by shape alone: test_a_message_that_only_looks_alike_is_no_copy
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hermes_tui.feed import questions
from hermes_tui.feed.answers import SectionArrived, SectionsCounted
from store import Relation, SessionDB
from store.sqlite.connect import create
from tests.builders import say
from tests.counting import Asked, asked_of_sqlite
from tests.store.sqlite_files import run

START = 1_780_000_000.0


def section(
    db: SessionDB, session_id: str, parent: str | None, messages: list[Any], *, ended: bool = True
) -> list[int]:
    """One section of a chain; its row ids."""
    db.create_session(session_id, "cli", parent_session_id=parent)
    ids = db.append_messages(session_id, messages)
    if ended:
        db.end_session(session_id, "compression")
    return ids


def read(db: SessionDB, session_id: str) -> list[str]:
    """The texts of the whole chain, as the screen gets them."""
    row = db.session(session_id)
    assert row is not None
    found: list[str] = []
    for answer in questions.transcript(db, 1, row.id, row.origin):
        if isinstance(answer, SectionsCounted):
            continue
        assert isinstance(answer, SectionArrived)
        ids = [head.id for head in answer.heads]
        found += [message.text for at in range(0, len(ids), 256) for message in db.messages(ids[at : at + 256])]
    return found


@pytest.fixture
def db(tmp_path: Path) -> Any:
    store = SessionDB(tmp_path / "state.db")
    yield store
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize(("sections", "head", "tail"), [(20, 0, 0), (20, 2, 1), (100, 2, 4)])
def test_a_long_chain_reads_in_order_without_duplicates(db: SessionDB, sections: int, head: int, tail: int) -> None:
    opening = [say("user", "the task"), say("assistant", "understood")]
    expected: list[str] = []
    before: list[Any] = []
    for number in range(sections):
        summary = [say("user", f"[CONTEXT COMPACTION] summary {number}")] if number else []
        carried = [*(opening[:head] if number else []), *summary, *(before[-tail:] if tail else [])]
        fresh = [
            say("user", "continue"),
            say("assistant", f"step {number}"),
            say("user", "ok"),
            say("assistant", f"did {number}"),
        ]
        fresh = [*(opening if not number else []), *fresh]
        section(
            db,
            f"s{number:03}",
            f"s{number - 1:03}" if number else None,
            [*carried, *fresh],
            ended=number < sections - 1,
        )
        expected += [one["content"] for one in (*summary, *fresh)]
        before = [*carried, *fresh]
    asked_for = ("s000", f"s{sections // 2:03}", f"s{sections - 1:03}")
    assert [outline.shown for outline in db.outlines(asked_for).values()] == [len(expected)] * 3
    for asked in asked_for:
        assert db.chain(asked) == tuple(f"s{number:03}" for number in range(sections))
        assert read(db, asked) == expected


@pytest.mark.slow
def test_sections_whose_times_and_ids_interleave_read_in_order(db: SessionDB) -> None:
    section(db, "a", None, [say("user", "1")])
    section(db, "b", "a", [say("user", "3")], ended=False)
    db.append_messages("a", [say("assistant", "2")])
    run(db.path, "UPDATE sessions SET started_at = 0 WHERE id = 'b'; UPDATE messages SET timestamp = -id")
    assert read(db, "b") == ["1", "2", "3"]


def test_a_message_that_only_looks_alike_is_no_copy(db: SessionDB) -> None:
    section(db, "a", None, [say("user", "go on"), say("assistant", "well A")])
    section(db, "b", "a", [say("assistant", "well B"), say("user", "go on"), say("assistant", "fine")], ended=False)
    assert read(db, "b") == ["go on", "well A", "well B", "go on", "fine"]


def test_an_unanswered_question_that_was_replayed_is_read_once(db: SessionDB) -> None:
    section(
        db, "a", None, [say("session_meta", None), say("user", "hi"), say("assistant", "hello"), say("user", "and?")]
    )
    section(db, "b", "a", [say("session_meta", None), say("user", "and?"), say("assistant", "so")], ended=False)
    assert [text for text in read(db, "b") if text] == ["hi", "hello", "and?", "so"]


@pytest.mark.slow
def test_copies_are_known_by_their_identity_where_there_is_one(db: SessionDB) -> None:
    first = section(db, "a", None, [say("user", "one"), say("assistant", "two, with much output")])
    second = section(
        db, "b", "a", [say("user", "[CONTEXT SUMMARY]: x"), say("assistant", "two, cut"), say("user", "three")]
    )
    run(
        db.path,
        "ALTER TABLE messages ADD COLUMN display_identity BLOB; ALTER TABLE messages ADD COLUMN display_order INTEGER",
    )
    run(db.path, f"UPDATE messages SET display_identity = x'aa' WHERE id IN ({first[1]}, {second[1]})")
    assert read(db, "b") == ["one", "two, with much output", "[CONTEXT SUMMARY]: x", "three"]
    run(db.path, f"UPDATE messages SET active = 0, compacted = 1, display_identity = x'bb' WHERE id = {first[0]}")
    db.append_messages("a", [say("user", "one")])
    run(db.path, "UPDATE messages SET display_identity = x'bb' WHERE id = (SELECT max(id) FROM messages)")
    assert read(db, "a") == ["one", "two, with much output", "[CONTEXT SUMMARY]: x", "three"]


def test_a_chain_with_a_cycle_and_one_without_its_root_end(db: SessionDB) -> None:
    section(db, "a", None, [say("user", "a")])
    section(db, "b", "a", [say("user", "b")])
    run(db.path, "PRAGMA foreign_keys = OFF; UPDATE sessions SET parent_session_id = 'b' WHERE id = 'a'")
    assert sorted(db.chain("a")) == ["a", "b"]
    assert sorted(read(db, "a")) == ["a", "b"]
    assert {kin.session.id for kin in db.family("a")} == {"a", "b"}
    run(db.path, "PRAGMA foreign_keys = OFF; UPDATE sessions SET parent_session_id = 'gone' WHERE id = 'a'")
    assert db.chain("b") == ("a", "b")
    assert [(kin.session.id, kin.depth) for kin in db.family("b")] == [("a", 0), ("b", 0)]


def test_a_family_is_a_tree_of_four_relations(db: SessionDB) -> None:
    section(db, "root", None, [say("user", "x")])
    section(db, "next", "root", [say("user", "x")], ended=False)
    for name, marker in (("fork", "_branched_from"), ("helper", "_delegate_from"), ("again", "_reset_from")):
        db.create_session(name, "cli", model_config={marker: "next"}, parent_session_id="next")
    db.create_session("deep", "subagent", parent_session_id="helper")
    run(db.path, "UPDATE sessions SET started_at = 1700000000 + rowid")
    tree = db.family("deep")
    assert [(kin.session.id, kin.depth, kin.session.relation) for kin in tree] == [
        ("root", 0, None),
        ("next", 0, Relation.CONTINUATION),
        ("fork", 1, Relation.BRANCH),
        ("helper", 1, Relation.DELEGATE),
        ("deep", 2, Relation.DELEGATE),
        ("again", 1, Relation.RESET),
    ]
    assert db.family("root") == tree
    assert [kin.session.id for kin in db.family("nobody")] == []


def test_a_chat_that_went_on_after_its_session_was_reset_is_no_subagent(db: SessionDB) -> None:
    """It would be left out of the list. Mutant: the markers of the configuration alone."""
    for name, parent in (("monday", None), ("tuesday", "monday"), ("other", "monday"), ("closed", "tuesday")):
        section(db, name, parent, [say("user", "x")], ended=False)
    run(
        db.path,
        "UPDATE sessions SET session_key = CASE id WHEN 'other' THEN 'b' ELSE 'a' END;"
        "UPDATE sessions SET end_reason = 'daily', ended_at = 1 WHERE id = 'monday'",
    )
    rows = {row.id: row for row in db.sessions().items}
    assert {name: (row.relation, row.is_child) for name, row in rows.items()} == {
        "monday": (None, False),
        "tuesday": (Relation.RESET, False),
        "other": (Relation.DELEGATE, True),
        "closed": (Relation.DELEGATE, True),
    }


def test_the_chain_of_every_real_home_reads_in_order(each_home: Path) -> None:
    db = SessionDB(each_home / ".hermes" / "state.db", read_only=True)
    texts = read(db, "20260311_151500_c0ffe3")
    assert len(texts) == len([text for place, text in enumerate(texts) if not place or text != texts[place - 1]])
    families = {kin.session.id for kin in db.family("20260314_090000_9a9a9a")}
    assert families == {"20260314_090000_9a9a9a", "20260314_090105_5ba6e7", "20260314_110000_b4a2c4"}
    db.close()


def test_the_cost_of_a_chain_follows_its_number_of_sections(tmp_path: Path) -> None:
    """Mutants: `SECTIONS = 1`; `of_chain` without its cache and `_repeats` forgotten."""
    asked = [_asked_of_a_chain(tmp_path / str(sections), sections) for sections in (10, 20, 40)]
    assert asked[2].steps - asked[1].steps < 2.3 * (asked[1].steps - asked[0].steps)
    assert asked[2].statements - asked[1].statements < 20 * 40  # of two readings, each a few reads a section


def _asked_of_a_chain(folder: Path, sections: int) -> Asked:
    """What listing a chain of short sections and reading it asks of SQLite."""
    folder.mkdir()
    create.create(folder / "state.db")
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {sections - 1})"
    run(
        folder / "state.db",
        f"{numbers} INSERT INTO sessions (id, source, parent_session_id, started_at, ended_at, end_reason)"
        f" SELECT 's' || i, 'cli', CASE WHEN i THEN 's' || (i - 1) END, {START} + i, {START} + i, 'compression' FROM n",
    )
    run(
        folder / "state.db",
        f"{numbers} INSERT INTO messages (session_id, role, content, timestamp)"
        f" SELECT 's' || i, 'user', 'question ' || i, {START} + i FROM n",
    )
    with asked_of_sqlite() as asked, closing(SessionDB(folder / "state.db", read_only=True)) as database:
        shown = {outline.shown for outline in database.outlines(database.recent()).values()}
        read = sum(len(piece.heads) for piece in database.pieces(database.reading("s3")))
    assert (shown, read) == ({sections}, sections)
    return asked
