"""The browser's verbs: pages, heads, windows, outlines; what each costs (docs/decisions/0004 and docs/decisions/0008).

Each guard was seen to fail with its mutant:
- the id left out of the keyset: test_pages_meet_where_sessions_started_together
- octet_length as length: test_a_head_knows_the_size_of_what_begins_with_nul
- the bodies with the ids, or the index in id order not used where there is one: test_heads_sort_ids_and_never_bodies
- the walk without its limit and its `+`; the index asked at the end of the table, too:
  test_a_window_looks_at_a_bounded_number_of_rows
- the question of the covering index left out: test_a_window_finds_neighbours_that_are_far_away
- the same: test_a_window_walks_the_primary_key
- a marker that names another than the parent taken for its own: test_an_orphan_marker_makes_no_delegate
- the first page without its condition: test_a_page_is_an_index_walk_and_counts_are_read_from_an_index
- bad UTF-8 not replaced: test_cells_of_any_type_raise_nothing
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from store import Relation, Scope, Session, SessionDB, Status
from store.models import Outline
from store.sqlite.rows import messages
from tests.builders import jsonl, sqlite_of, talk

START = 1_780_000_000
LAST_TERM = "USE TEMP B-TREE FOR LAST TERM OF ORDER BY"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SessionDB]:
    """A fresh store."""
    database = SessionDB(tmp_path / "state.db")
    yield database
    database.close()


def change(db: SessionDB, sql: str, bindings: tuple[float | str | None, ...] = ()) -> None:
    connection = apsw.Connection(str(db.path))
    connection.execute(sql, bindings)
    connection.close()


def bulk(db: SessionDB, rows: Iterator[tuple[str, str]]) -> None:
    """Messages of given sessions, as they come, in one transaction and without an index."""
    connection = apsw.Connection(str(db.path))
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    with connection:
        connection.executemany(
            "INSERT INTO messages (session_id, role, content, timestamp) VALUES (?, 'user', ?, 1780000000)", rows
        )
    connection.close()


def plan(db: SessionDB, sql: str, bindings: tuple[object, ...]) -> str:
    connection = apsw.Connection(str(db.path))
    try:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings).fetchall()
    finally:
        connection.close()
    return "\n".join(str(row[3]) for row in rows)


@pytest.mark.slow
def test_pages_meet_where_sessions_started_together(db: SessionDB) -> None:
    for number in range(25):
        db.create_session(f"s{number:02}", "cli")
        change(db, "UPDATE sessions SET started_at = ? WHERE id = ?", (START + number // 10, f"s{number:02}"))
    change(db, "UPDATE sessions SET started_at = 'long ago' WHERE id = 's07'")
    seen: list[str] = []
    page = db.sessions(limit=7)
    while page.more:
        assert len(page.items) == 7
        seen += [row.id for row in page.items]
        page = db.sessions(limit=7, cursor=page.cursor)
    seen += [row.id for row in page.items]
    assert seen == ["s07", *(f"s{number:02}" for number in range(24, -1, -1) if number != 7)]
    assert page.cursor is None


@pytest.mark.slow
def test_a_page_is_an_index_walk_and_counts_are_read_from_an_index(
    db: SessionDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no statement of it names a body or the prompt."""
    for session_id in "st":
        db.create_session(session_id, "cli")
        db.append_messages(session_id, talk(3))
    asked: list[tuple[str, tuple[object, ...]]] = []
    rows = sqlite_of(db).reader.rows

    def noted(sql: str, bindings: tuple[object, ...] = (), **_: object) -> object:
        asked.append((sql, bindings))
        return rows(sql, bindings)

    monkeypatch.setattr(sqlite_of(db).reader, "rows", noted)
    page = db.sessions(limit=1)
    db.sessions(limit=1, cursor=page.cursor)
    plans = [plan(db, sql, bindings) for sql, bindings in asked]
    assert not any(word in sql for sql, _ in asked for word in ("content", "system_prompt", "SELECT *"))
    first, second, _without_a_start = [one for one in plans if "idx_sessions_started" in one]
    assert first == "SCAN sessions USING INDEX idx_sessions_started\n" + LAST_TERM
    assert second == "SEARCH sessions USING INDEX idx_sessions_started (started_at<?)\n" + LAST_TERM
    assert any("COVERING INDEX idx_messages_session" in one for one in plans)
    assert not any(line.startswith("SCAN messages") for one in plans for line in one.splitlines())


def test_a_session_is_counted_over_all_rows_and_last_active_with_its_highest_id(db: SessionDB) -> None:
    db.create_session("s", "cli", "opus")
    db.append_message("s", "user", "late", timestamp=START + 900)
    db.append_message("s", "user", "now", timestamp=START + 100)
    change(db, "UPDATE messages SET active = 0 WHERE id = 1")
    row = db.session("s")
    assert row is not None
    assert (row.messages, row.first_id, row.last_id, row.last_active, row.live) == (2, 1, 2, START + 100, False)
    change(db, "UPDATE messages SET timestamp = 5e246 WHERE id = 2")
    damaged = db.session("s")
    assert damaged is not None
    assert damaged.last_active == damaged.started_at
    assert db.session("nobody") is None


def test_a_session_is_live_until_five_minutes_after_its_newest_message(db: SessionDB) -> None:
    now = time.time()
    for session_id, age in (("young", 200), ("old", 400)):
        db.create_session(session_id, "cli")
        db.append_message(session_id, "user", "x", timestamp=now - age)
    assert {row.id: row.live for row in db.sessions().items} == {"young": True, "old": False}
    db.end_session("young", "cli_close")
    assert not any(row.live for row in db.sessions().items)


@pytest.mark.slow
def test_the_first_frame_has_what_is_active_and_what_is_new(db: SessionDB) -> None:
    for number in range(6):
        db.create_session(f"s{number}", "cli")
        change(db, "UPDATE sessions SET started_at = ? WHERE id = ?", (START + number, f"s{number}"))
    db.append_message("s0", "user", "back again", timestamp=START + 100)
    assert [row.id for row in db.recent(limit=3)] == ["s0", "s5", "s4"]


def test_a_chain_is_read_from_root_to_tip_and_its_rows_know_their_place(db: SessionDB) -> None:
    for parent, session_id in ((None, "a1"), ("a1", "a2"), ("a2", "a3")):
        db.create_session(session_id, "cli", parent_session_id=parent)
        if session_id != "a3":
            db.end_session(session_id, "compression")
    db.create_session("helper", "cli", None, {"_delegate_from": "a3"}, parent_session_id="a3")
    assert [db.chain(one) for one in ("a1", "a3", "helper", "nobody")] == [("a1", "a2", "a3")] * 2 + [
        ("helper",),
        ("nobody",),
    ]
    rows = {row.id: row for row in db.sessions().items}
    assert [(rows[one].section, rows[one].chain, rows[one].relation) for one in ("a1", "a3", "helper")] == [
        (1, 3, None),
        (3, 3, Relation.CONTINUATION),
        (1, 1, Relation.DELEGATE),
    ]
    change(db, "UPDATE sessions SET archived = 1 WHERE id = 'a1'")
    assert db.scope() == Scope(total=4, archived=1, children=2)


def test_an_orphan_marker_makes_no_delegate(db: SessionDB) -> None:
    """Nor does one that was inherited, nor JSON that is none (docs/format.md §4.3, §4.4)."""
    db.create_session("p", "cli")
    db.end_session("p", "compression")
    for session_id, config in (("inherited", '{"_delegate_from": "somebody"}'), ("broken", '{"_delegate_from": "p"')):
        db.create_session(session_id, "cli", parent_session_id="p")
        change(db, "UPDATE sessions SET model_config = ? WHERE id = ?", (config, session_id))
    db.create_session("lone", "cli", None, {"_delegate_from": "__orphaned__"})
    rows = {row.id: row for row in db.sessions().items}
    assert {rows[one].relation for one in ("inherited", "broken")} == {Relation.CONTINUATION}
    assert (rows["lone"].relation, rows["lone"].is_child) == (None, False)


def test_the_profile_is_the_home_s_and_the_row_may_name_another(tmp_path: Path) -> None:
    db = SessionDB(tmp_path / "profiles" / "work" / "state.db")
    db.create_session("plain", "cli")
    db.create_session("named", "cli")
    change(db, "UPDATE sessions SET profile_name = 'other' WHERE id = 'named'")
    assert {row.id: (row.profile, row.profile_name) for row in db.sessions().items} == {
        "plain": ("work", None),
        "named": ("work", "other"),
    }
    assert "profile other" in " ".join(db.where("named")[0].reasons)
    db.close()


def test_heads_are_in_id_order_with_what_was_taken_back(db: SessionDB) -> None:
    for session_id in ("s", "t"):
        db.create_session(session_id, "cli")
    for number in range(5):
        db.append_message("s", "user", f"m{number}", timestamp=START - number)
        db.append_message("t", "user", "other")
    change(db, "UPDATE messages SET active = 0, compacted = 1 WHERE id = 3")
    first = db.heads("s", limit=3)
    assert ([head.id for head in first.items], first.more, first.cursor) == ([1, 3, 5], True, 5)
    assert [(head.active, head.compacted) for head in first.items] == [(True, False), (False, True), (True, False)]
    rest = db.heads("s", after=5)
    assert ([head.id for head in rest.items], rest.more, rest.cursor) == ([7, 9], False, None)
    assert db.heads("nobody").items == ()
    assert db.heads("\ud800").items == ()


def test_a_head_knows_the_size_of_what_begins_with_nul(db: SessionDB) -> None:
    db.create_session("s", "cli")
    db.append_message("s", "assistant", [{"type": "text", "text": "look"}], reasoning="why")
    db.append_message("s", "assistant", "é", tool_calls=[{"name": "x"}], tool_name="terminal")
    db.append_message("s", "assistant", None)
    heads = db.heads("s").items
    assert [head.n_bytes for head in heads] == [len('\x00json:[{"type": "text", "text": "look"}]'), 2, 0]
    assert [(head.has_calls, head.has_reasoning, head.tool_name) for head in heads] == [
        (False, True, None),
        (True, False, "terminal"),
        (False, False, None),
    ]


def test_heads_sort_ids_and_never_bodies(db: SessionDB) -> None:
    """Ids come from an index that covers them; with the index of version 24 nothing is sorted at all."""
    statement = messages.heads_statement(sqlite_of(db).reader.layout)
    found = plan(db, statement, ("s", 0, 10))
    assert "COVERING INDEX idx_messages_session" in found
    assert found.endswith("SCAN page\nSEARCH messages USING INTEGER PRIMARY KEY (rowid=?)")
    assert found.count("TEMP B-TREE") == 1
    change(db, "CREATE INDEX idx_messages_session_id ON messages(session_id, id)")
    found = plan(db, messages.heads_statement(sqlite_of(db).reader.layout), ("s", 0, 10))
    assert "COVERING INDEX idx_messages_session_id (session_id=? AND id>?)" in found
    assert "TEMP B-TREE" not in found


def test_bodies_come_in_the_order_asked_for(db: SessionDB) -> None:
    db.create_session("s", "cli")
    call = {"id": "c1", "type": "function", "function": {"name": "terminal", "arguments": "{}"}}
    db.append_message("s", "user", [{"type": "text", "text": "look"}])
    db.append_message("s", "assistant", None, tool_calls=[call], reasoning="old", reasoning_content="new")
    found = db.messages([2, 99, 1])
    assert [(one.id, one.text, one.reasoning) for one in found] == [(2, "", "new"), (1, "look", "")]
    assert found[0].tool_calls[0].name == "terminal"
    assert db.messages([]) == ()
    with pytest.raises(ValueError, match="256"):
        db.messages(range(257))


def test_a_window_is_in_id_order_within_the_session(db: SessionDB) -> None:
    for session_id in ("s", "t"):
        db.create_session(session_id, "cli")
    for number in range(6):
        db.append_message("s", "user", f"m{number}", timestamp=START - number)
        db.append_message("t", "user", "other")
    lines = db.context("s", 5, width=2)
    assert [(line.id, line.text, line.hit) for line in lines] == [
        (1, "m0", False),
        (3, "m1", False),
        (5, "m2", True),
        (7, "m3", False),
        (9, "m4", False),
    ]
    assert [line.id for line in db.context("s", 11)] == [9, 11]
    assert db.context("s", 2) == ()
    assert db.context("nobody", 1) == ()


@pytest.mark.slow
def test_a_window_finds_neighbours_that_are_far_away(db: SessionDB) -> None:
    """Further than the walk goes, on both sides; with the index of version 24 and without it."""
    for session_id in ("s", "t"):
        db.create_session(session_id, "cli")
    far = messages.WALK + 100
    bulk(db, iter([("s", "first"), *[("t", "x")] * far, ("s", "hit"), *[("t", "x")] * far, ("s", "last")]))
    for _ in range(2):
        assert [line.text for line in db.context("s", far + 2)] == ["first", "hit", "last"]
        assert [line.text for line in db.context("s", 1)] == ["first", "hit"]
        change(db, "CREATE INDEX IF NOT EXISTS idx_messages_session_id ON messages(session_id, id)")


@pytest.mark.slow
def test_a_window_looks_at_a_bounded_number_of_rows(db: SessionDB, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a session of 20,000 rows a window takes as many steps as in one of 20: in the middle and at the end."""

    def steps(session_id: str, message_id: int, lines: int) -> int:
        taken = 0

        def step() -> bool:
            nonlocal taken
            taken += 1
            return False

        def counted(question: object) -> object:
            def inside(connection: apsw.Connection, layout: object) -> object:
                connection.set_progress_handler(step, 1)
                try:
                    return question(connection, layout)  # type: ignore[operator]
                finally:
                    connection.set_progress_handler(None)

            return ask(inside)

        ask = sqlite_of(db).reader.read
        with monkeypatch.context() as patched:
            patched.setattr(sqlite_of(db).reader, "read", counted)
            assert len(db.context(session_id, message_id, width=2)) == lines
        return taken

    for session_id in ("small", "big"):
        db.create_session(session_id, "cli")
    bulk(db, iter([("small", "x")] * 20 + [("big", "x")] * 20_000))
    small, big, newest = steps("small", 10, 5), steps("big", 10_000, 5), steps("big", 20_020, 3)
    assert 0 < big <= 1.2 * small + 50
    assert 0 < newest <= 1.2 * small + 50


@pytest.mark.parametrize("side", [messages.BEFORE, messages.BEHIND])
def test_a_window_walks_the_primary_key(db: SessionDB, side: messages.Side) -> None:
    found = plan(db, messages.walk_statement(side), (5, "s", 1))
    assert "SEARCH messages USING INTEGER PRIMARY KEY" in found
    assert "INDEX idx" not in found
    assert "TEMP B-TREE" not in found
    beyond = plan(db, messages.index_statement(sqlite_of(db).reader.layout, side), (5, "s", 1))
    assert "COVERING INDEX" in beyond


@pytest.mark.slow
def test_an_outline_says_how_a_session_stands(db: SessionDB) -> None:
    call = {"name": "terminal", "arguments": "{}"}
    said: dict[str, list[dict[str, object]]] = {
        "done": [{"role": "user", "content": "  first\n words "}, {"role": "assistant", "content": "yes"}],
        "asked": [{"role": "assistant", "content": "hm"}, {"role": "user", "content": "late words"}],
        "calling": [{"role": "user", "content": "x" * 300}, {"role": "assistant", "tool_calls": [call]}],
        "cut": [{"role": "user", "content": ""}, {"role": "assistant", "content": "a", "finish_reason": "length"}],
        "blank": [{"role": "assistant", "content": "  \n"}],
        "tool": [{"role": "session_meta"}, {"role": "assistant", "content": "a"}, {"role": "tool", "content": "{}"}],
        "only": [{"role": "tool", "content": "{}"}],
        "meta": [{"role": "session_meta"}],
        "empty": [],
        "parts": [
            {"role": "user", "content": [{"type": "text", "text": "look"}]},
            {"role": "assistant", "content": "a"},
        ],
    }
    for session_id, turn in said.items():
        db.create_session(session_id, "cli")
        db.append_messages(session_id, turn)
        db.end_session(session_id, "cli_close")
    assert db.outlines([*said, "nobody"]) == {
        "done": Outline(Status.DONE, "first words", shown=2),
        "asked": Outline(Status.INTERRUPTED, "late words", shown=2),
        "calling": Outline(Status.INTERRUPTED, "x" * 200, shown=2),
        "cut": Outline(Status.ERROR, shown=2),
        "blank": Outline(Status.ERROR, shown=1),
        "tool": Outline(Status.INTERRUPTED, shown=2),
        "only": Outline(Status.EMPTY, shown=1),
        "meta": Outline(Status.EMPTY, shown=0),
        "empty": Outline(Status.EMPTY, shown=0),
        "parts": Outline(Status.DONE, "look", shown=2),
    }


@pytest.mark.slow
def test_an_outline_of_a_deep_session_is_found_by_a_bounded_walk(db: SessionDB) -> None:
    db.create_session("s", "cli")
    db.append_message("s", "assistant", "hello")
    bulk(db, (("s", f"m{number}") for number in range(messages.WALK + 10)))
    db.append_message("s", "assistant", "bye")
    db.append_message("s", "session_meta", None)
    db.end_session("s", "cli_close")
    outline = db.outlines(["s"])["s"]
    assert (outline.status, outline.first_words) == (Status.DONE, "m0")


def test_an_outline_is_of_the_active_rows(db: SessionDB) -> None:
    db.create_session("s", "cli")
    db.append_messages("s", talk(4))
    db.end_session("s", "cli_close")
    change(db, "UPDATE messages SET active = 0 WHERE id = 4")
    assert db.outlines(["s"])["s"].status is Status.INTERRUPTED
    change(db, "UPDATE messages SET active = 0 WHERE id = 1")
    assert db.outlines(["s"])["s"].first_words == "message 0"


def test_a_session_that_only_a_file_knows_is_found_there(db: SessionDB) -> None:
    db.store.sessions_dir.mkdir()
    db.create_session("both", "cli")
    for session_id in ("both", "lone"):
        jsonl(db.path.parent, session_id, talk(2))
    assert [row.id for row in db.file_sessions()] == ["lone"]
    lone, both = db.session("lone"), db.session("both")
    assert lone is not None
    assert both is not None
    assert (lone.origin.value, lone.messages, both.origin.value) == ("jsonl", 2, "sqlite")
    assert [one.text for one in db.file_messages("lone")] == ["message 0", "message 1"]


def test_a_beginning_names_one_session_of_sqlite_and_files_together(db: SessionDB) -> None:
    """Mutants: of several in SQLite and one file the file; of one each SQLite's: `delete` took another session."""
    db.store.sessions_dir.mkdir()
    for session_id in ("2026_a", "2026_b", "2025_a"):
        db.create_session(session_id, "cli")
    for session_id in ("2026_file", "2025_file"):
        jsonl(db.path.parent, session_id, talk(1))
    assert [db.resolve(text) for text in ("2026", "2025", "202", "2027", "")] == [None] * 5
    assert [db.resolve(text) for text in ("2026_a", "2025_a", "2025_", "2025_f")] == [
        "2026_a",
        "2025_a",
        None,
        "2025_file",
    ]


def test_a_file_without_tables_has_nothing_to_browse(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()
    db = SessionDB(tmp_path / "state.db", read_only=True)
    assert (db.sessions().items, db.recent(), db.scope(), db.file_sessions()) == ((), (), Scope(0), ())
    assert (db.heads("s").items, db.messages([1]), db.context("s", 1), db.outlines(["s"])) == ((), (), (), {})
    assert (db.session("s"), db.chain("s")) == (None, ("s",))
    db.close()


@pytest.mark.slow
def test_cells_of_any_type_raise_nothing(db: SessionDB) -> None:
    """Text where a number belongs, bytes that are no UTF-8, NaN's NULL, numbers beyond belief (reliability.md E13)."""
    db.create_session("s", "cli")
    db.append_messages("s", talk(2))
    session, message = sqlite_of(db).reader.layout.columns["sessions"], sqlite_of(db).reader.layout.columns["messages"]
    for value in ("CAST(x'ff00fe' AS TEXT)", "x'00ff'", "'text'", "9e999", "-1", "9223372036854775807", "''"):
        for table, names in (("sessions", session - {"id"}), ("messages", message - {"id", "session_id"})):
            for name in names:
                change(db, f"UPDATE OR IGNORE {table} SET {name} = {value}")
        [row] = db.sessions().items
        assert isinstance(row, Session)
        assert replace(row, id="s") == row
        assert len(db.messages([1, 2])) == len(db.heads("s").items) == len(db.context("s", 1)) == 2
        assert (len(db.outlines(["s"])), len(db.get_messages("s", include_inactive=True))) == (1, 2)
        every = db.list_sessions_rich(include_children=True, include_archived=True, order_by_last_active=True)
        assert isinstance(db.list_sessions_rich(search_query="x", order_by_last_active=True), list)
        assert (len(every), len(db.export_all()), db.scope().total) == (1, 1, 1)
        assert isinstance(db.search_messages("message"), list)
        assert isinstance(db.recent(), tuple)
