"""SessionDB for agents: sessions, counters, what a lock does (docs/format.md §8, §9.1).

Each guard was seen to fail with its mutant:
- `ON CONFLICT DO NOTHING` as `DO UPDATE SET source`: test_creating_a_session_twice_keeps_the_first_row
- `AND ended_at IS NULL` taken out of `end`: test_the_first_end_reason_wins
- patience of 0: test_an_append_waits_for_another_process_and_succeeds
- LIKE without its escapes: test_a_prefix_with_wildcards_is_taken_literally
- `ended_only` ignored: test_pruning_leaves_sessions_that_are_open
- the layout check in `present` taken out: test_a_field_without_a_column_is_refused_by_name
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

import store
from store import ColumnMissing, Locked, ReadOnly, SessionDB, SessionMissing, StoreMissing
from store.sqlite.connect.writer import Writer
from tests.builders import locked, sqlite_of, talk

DAY = 86_400


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SessionDB]:
    """A fresh store."""
    database = SessionDB(tmp_path / "home" / "state.db")
    yield database
    database.close()


def rewrite(db: SessionDB, sql: str, *bindings: float | str) -> None:
    """Change the file behind the store's back."""
    connection = apsw.Connection(str(db.path))
    connection.execute(sql, bindings)
    connection.close()


def look(db: SessionDB, sql: str) -> object:
    """One value of the file."""
    connection = apsw.Connection(str(db.path))
    try:
        return connection.execute(sql).get
    finally:
        connection.close()


def test_a_new_store_is_wal_with_the_schema_of_0_19_0(db: SessionDB) -> None:
    assert look(db, "PRAGMA journal_mode") == "wal"
    assert look(db, "SELECT version FROM schema_version") == 22
    assert look(db, "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'") == 6
    assert db.path.stat().st_mode & 0o777 == 0o600


def test_a_file_without_a_byte_is_filled_by_the_next_writer(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()
    db = SessionDB(tmp_path / "state.db")
    db.create_session("s", "cli")
    assert db.session_count() == 1
    db.close()


def test_a_store_is_named_as_upstream_names_it_or_found_as_upstream_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERMES_HOME", str(tmp_path / "home"))
    found = SessionDB()
    found.create_session("s", "cli")
    named = SessionDB(db_path=tmp_path / "home" / "state.db", read_only=True)
    assert found.path == found.db_path == named.path == tmp_path / "home" / "state.db"
    assert named.session_count() == 1
    found.close()
    named.close()


def test_a_session_has_what_it_was_made_with(db: SessionDB) -> None:
    assert db.create_session("s", "cli", "opus", {"max_iterations": 3}, "be kind", "ada") == "s"
    row = db.get_session("s")
    assert row is not None
    assert (row["source"], row["model"], row["system_prompt"], row["user_id"]) == ("cli", "opus", "be kind", "ada")
    assert json.loads(str(row["model_config"])) == {"max_iterations": 3}
    assert row["ended_at"] is None
    assert row["message_count"] == 0


def test_a_session_that_is_not_there_is_none(db: SessionDB) -> None:
    assert db.get_session("nobody") is None


def test_creating_a_session_twice_keeps_the_first_row(db: SessionDB) -> None:
    db.create_session("s", "cli", "opus")
    first = db.get_session("s")
    assert db.create_session("s", "telegram", "haiku") == "s"
    assert db.get_session("s") == first


def test_ensuring_a_session_makes_a_missing_row_from_an_unknown_source(db: SessionDB) -> None:
    db.ensure_session("s")
    row = db.get_session("s")
    assert row is not None
    assert row["source"] == "unknown"


def test_ensuring_a_session_that_is_there_changes_nothing(db: SessionDB) -> None:
    db.create_session("s", "cli", "opus")
    first = db.get_session("s")
    db.ensure_session("s", "telegram", "haiku")
    assert db.get_session("s") == first


def test_a_prompt_that_was_moved_is_no_empty_one(db: SessionDB) -> None:
    db.create_session("s", "cli")
    rewrite(db, "ALTER TABLE sessions ADD COLUMN system_prompt_hash TEXT")
    rewrite(db, "UPDATE sessions SET system_prompt_hash = 'moved'")
    db.create_session("s", "cli", "opus", system_prompt="be kind")
    assert look(db, "SELECT model, system_prompt FROM sessions") == ("opus", None)


def test_a_parent_is_kept_and_a_missing_one_is_refused(db: SessionDB) -> None:
    db.create_session("parent", "cli")
    db.create_session("child", "cli", parent_session_id="parent")
    row = db.get_session("child")
    assert row is not None
    assert row["parent_session_id"] == "parent"
    with pytest.raises(SessionMissing):
        db.create_session("orphan", "cli", parent_session_id="nobody")


def test_the_first_end_reason_wins(db: SessionDB) -> None:
    db.create_session("s", "cli")
    db.end_session("s", "compression")
    ended = db.get_session("s")
    db.end_session("s", "cli_close")
    assert db.get_session("s") == ended
    assert ended is not None
    assert ended["end_reason"] == "compression"
    assert isinstance(ended["ended_at"], float)
    db.reopen_session("s")
    db.end_session("s", "cli_close")
    reopened = db.get_session("s")
    assert reopened is not None
    assert reopened["end_reason"] == "cli_close"


def test_the_system_prompt_is_stored_whole(db: SessionDB) -> None:
    db.create_session("s", "cli")
    db.update_system_prompt("s", "long " * 2_000)
    row = db.get_session("s")
    assert row is not None
    assert row["system_prompt"] == "long " * 2_000


def test_token_counts_add_up(db: SessionDB) -> None:
    db.create_session("s", "cli")
    for _ in range(2):
        db.update_token_counts("s", 100, 50, cache_read_tokens=7, estimated_cost_usd=0.5, cost_status="estimated")
    row = db.get_session("s")
    assert row is not None
    assert (row["input_tokens"], row["output_tokens"], row["cache_read_tokens"]) == (200, 100, 14)
    assert (row["estimated_cost_usd"], row["actual_cost_usd"], row["cost_status"]) == (1.0, None, "estimated")


def test_model_and_billing_are_those_of_the_first_use(db: SessionDB) -> None:
    db.create_session("bare", "cli")
    db.create_session("named", "cli", "opus")
    db.create_session("kept", "cli", "opus")
    for session_id in ("bare", "named"):
        db.update_token_counts(session_id, 1, model="haiku", billing_provider="anthropic", api_call_count=1)
        db.update_token_counts(session_id, 1, model="opus", billing_provider="openai", api_call_count=1)
    db.update_token_counts("kept", 1, model="haiku")
    models = {row["id"]: (row["model"], row["billing_provider"]) for row in db.search_sessions()}
    assert models == {"bare": ("haiku", "anthropic"), "named": ("haiku", "anthropic"), "kept": ("opus", None)}
    shares = "SELECT model, billing_provider, input_tokens, api_call_count FROM session_model_usage"
    assert look(db, f"{shares} WHERE session_id = 'named' ORDER BY model") == [
        ("haiku", "anthropic", 1, 1),
        ("opus", "openai", 1, 1),
    ]
    db.update_token_counts("kept", 5, absolute=True)
    assert look(db, f"{shares} WHERE session_id = 'kept'") == ("haiku", "", 1, 0)


def test_a_number_beyond_64_bits_is_a_value_error(db: SessionDB) -> None:
    db.create_session("s", "cli")
    with pytest.raises(ValueError, match="64 bits"):
        db.update_token_counts("s", 2**63)
    with pytest.raises(ValueError, match="64 bits"):
        db.append_message("s", "user", "x", token_count=2**63)


def test_counts_are_of_all_or_of_one(db: SessionDB) -> None:
    for session_id, source in (("a", "cli"), ("b", "cli"), ("c", "telegram")):
        db.create_session(session_id, source)
        db.append_message(session_id, "user", "hello")
    assert (db.session_count(), db.session_count("cli"), db.session_count("discord")) == (3, 2, 0)
    assert (db.message_count(), db.message_count("a"), db.message_count("nobody")) == (3, 1, 0)


@pytest.mark.slow
def test_sessions_are_searched_by_source_limit_and_offset_newest_first(db: SessionDB) -> None:
    for number in range(5):
        db.create_session(f"s{number}", "cli" if number % 2 else "telegram")
        rewrite(db, "UPDATE sessions SET started_at = ? WHERE id = ?", 1_775_000_000 + number, f"s{number}")
    assert [row["id"] for row in db.search_sessions()] == ["s4", "s3", "s2", "s1", "s0"]
    assert [row["id"] for row in db.search_sessions("cli")] == ["s3", "s1"]
    assert [row["id"] for row in db.search_sessions(limit=2, offset=1)] == ["s3", "s2"]


def test_an_id_is_found_exactly_or_by_a_prefix_of_its_own(db: SessionDB) -> None:
    for session_id in ("20260101_abc", "20260101_abd", "20260202_xyz", "20260101_ab"):
        db.create_session(session_id, "cli")
    assert db.resolve_session_id("20260101_ab") == "20260101_ab"
    assert db.resolve_session_id("20260202") == "20260202_xyz"
    assert db.resolve_session_id("20260101_a") is None
    assert db.resolve_session_id("nobody") is None


def test_a_prefix_with_wildcards_is_taken_literally(db: SessionDB) -> None:
    db.create_session("a_c-one", "cli")
    db.create_session("abc-two", "cli")
    assert db.resolve_session_id("a_c") == "a_c-one"
    assert db.resolve_session_id("%two") is None


def test_deleting_takes_the_messages_and_says_whether_there_was_one(db: SessionDB) -> None:
    db.create_session("s", "cli")
    db.append_message("s", "user", "hello")
    assert db.delete_session("s")
    assert not db.delete_session("s")
    assert (db.session_count(), db.message_count(), db.search_messages("hello")) == (0, 0, [])


def test_deleting_a_parent_takes_its_marked_delegates_and_orphans_other_children(db: SessionDB) -> None:
    """With cycles of markers too: a delegate that names itself, or one that names its own delegate."""
    db.create_session("parent", "cli")
    db.create_session("branch", "cli", None, {"_branched_from": "parent"}, parent_session_id="parent")
    db.create_session("delegate", "cli", None, {"_delegate_from": "parent"}, parent_session_id="parent")
    db.create_session("deeper", "cli", None, {"_delegate_from": "delegate"}, parent_session_id="delegate")
    db.create_session("legacy", "cli", None, {"_delegate_from": "__orphaned__"}, parent_session_id="parent")
    rewrite(db, "UPDATE sessions SET parent_session_id = 'deeper' WHERE id = 'parent'")
    assert db.delete_session("parent")
    assert sorted(str(row["id"]) for row in db.search_sessions()) == ["branch", "legacy"]
    assert {row["parent_session_id"] for row in db.search_sessions()} == {None}


@pytest.mark.slow
def test_pruning_takes_old_ended_sessions_of_the_source(db: SessionDB) -> None:
    for session_id, source in (("old", "cli"), ("other", "telegram"), ("young", "cli")):
        db.create_session(session_id, source)
        db.append_message(session_id, "user", "hello")
        db.end_session(session_id, "cli_close")
    rewrite(db, "UPDATE sessions SET started_at = started_at - ? WHERE id != 'young'", 100 * DAY)
    assert db.prune_sessions(90, "cli") == 1
    assert db.prune_sessions() == 1
    assert [row["id"] for row in db.search_sessions()] == ["young"]


def test_pruning_leaves_sessions_that_are_open(db: SessionDB, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is reopened between the look and the delete, too."""
    db.create_session("open", "cli")
    db.create_session("reopened", "cli")
    db.end_session("reopened", "cli_close")
    rewrite(db, "UPDATE sessions SET started_at = started_at - ?", 100 * DAY)
    prune = db._sessions._prune

    def too_late(name: str) -> bool:
        db.reopen_session(name)
        return prune(name)

    monkeypatch.setattr(db._sessions, "_prune", too_late)
    assert db.prune_sessions() == 0
    assert db.session_count() == 2


def test_pruning_orphans_the_children_of_what_goes(db: SessionDB) -> None:
    db.create_session("parent", "cli")
    db.create_session("child", "cli", parent_session_id="parent")
    db.end_session("parent", "compression")
    rewrite(db, "UPDATE sessions SET started_at = started_at - ? WHERE id = 'parent'", 100 * DAY)
    assert db.prune_sessions() == 1
    assert [(row["id"], row["parent_session_id"]) for row in db.search_sessions()] == [("child", None)]


def test_an_export_is_the_row_and_every_message(db: SessionDB) -> None:
    db.create_session("a", "cli")
    db.create_session("b", "telegram")
    db.append_messages("a", talk(3))
    rewrite(db, "UPDATE messages SET active = 0, compacted = 1 WHERE content = 'message 0'")
    exported = db.export_session("a")
    assert exported is not None
    messages = exported["messages"]
    assert isinstance(messages, list)
    assert [(row["content"], row["active"]) for row in messages] == [
        ("message 0", 0),
        ("message 1", 1),
        ("message 2", 1),
    ]
    assert exported["source"] == "cli"
    assert db.export_session("nobody") is None
    assert {row["id"] for row in db.export_all()} == {"a", "b"}
    assert [row["id"] for row in db.export_all("telegram")] == ["b"]


@pytest.mark.slow
def test_rich_lists_have_a_preview_and_the_last_activity(db: SessionDB) -> None:
    db.create_session("empty", "cli")
    db.create_session("s", "cli")
    db.append_message("s", "assistant", "not this")
    db.append_message("s", "user", "first\nline " + "x" * 80)
    db.append_message("s", "user", "second", timestamp=1_900_000_000)
    db.set_session_title("s", "A name")
    rich = {row["id"]: row for row in db.list_sessions_rich()}
    assert rich["s"]["preview"] == ("first line " + "x" * 80)[:60] + "..."
    assert (rich["s"]["last_active"], rich["s"]["title"], rich["s"]["source"]) == (1_900_000_000, "A name", "cli")
    assert (rich["empty"]["preview"], rich["empty"]["last_active"]) == ("", rich["empty"]["started_at"])
    assert len(db.list_sessions_rich(limit=1)) == 1
    assert db.list_sessions_rich("telegram") == []


@pytest.mark.slow
def test_an_append_waits_for_another_process_and_succeeds(db: SessionDB) -> None:
    db.create_session("s", "cli")
    with locked(db.path):
        waiting = threading.Thread(target=db.append_message, args=("s", "user", "patience"))
        began = time.monotonic()
        waiting.start()
        waiting.join(2.5)
        assert waiting.is_alive()
        assert db.search_messages("patience") == []
    waiting.join(60)
    assert time.monotonic() - began > 2
    assert [row["content"] for row in db.get_messages("s")] == ["patience"]


@pytest.mark.slow
def test_patience_is_half_a_minute_by_default_and_ends_in_locked(db: SessionDB) -> None:
    db.create_session("s", "cli")
    assert sqlite_of(db).writer._patience >= 30
    sqlite_of(db).writer = Writer(db.path, patience=0.2)
    with locked(db.path), pytest.raises(Locked):
        db.append_message("s", "user", "too late")
    assert db.message_count() == 0


@pytest.mark.slow
def test_a_create_that_failed_under_a_lock_heals_and_search_works_throughout(db: SessionDB) -> None:
    db.create_session("before", "cli")
    db.append_message("before", "user", "needle one")
    sqlite_of(db).writer = Writer(db.path, patience=0.2)
    with locked(db.path):
        with pytest.raises(Locked):
            db.create_session("s", "cli")
        assert len(db.search_messages("needle")) == 1
    db.ensure_session("s", "cli")
    db.append_message("s", "user", "needle two")
    assert len(db.search_messages("needle")) == 2


@pytest.mark.slow
def test_opening_a_locked_store_neither_waits_nor_fails(db: SessionDB) -> None:
    db.create_session("s", "cli")
    with locked(db.path):
        other = SessionDB(db.path)
        assert other.session_count() == 1
        other.close()


def test_a_message_for_a_missing_session_is_refused(db: SessionDB) -> None:
    with pytest.raises(SessionMissing):
        db.append_message("nobody", "user", "hello")


def test_reading_only_creates_nothing_and_refuses_every_write(tmp_path: Path, db: SessionDB) -> None:
    missing = SessionDB(tmp_path / "none" / "state.db", read_only=True)
    with pytest.raises(store.CannotOpen):
        missing.session_count()
    assert not (tmp_path / "none").exists()
    (tmp_path / "none").mkdir()
    with pytest.raises(StoreMissing):
        missing.session_count()
    assert list((tmp_path / "none").iterdir()) == []
    db.create_session("s", "cli")
    reader = SessionDB(db.path, read_only=True)
    with pytest.raises(ReadOnly):
        reader.append_message("s", "user", "hello")
    with pytest.raises(ReadOnly):
        reader.prune_sessions()
    assert reader.search_messages("hello") == []
    reader.close()


def test_a_field_without_a_column_is_refused_by_name(tmp_path: Path) -> None:
    """The tables of 2026-02-19, by hand; what is empty is left out without a word."""
    connection = apsw.Connection(str(tmp_path / "state.db"))
    connection.execute(
        "CREATE TABLE sessions (id TEXT PRIMARY KEY, source TEXT NOT NULL, user_id TEXT, model TEXT, model_config TEXT,"
        " system_prompt TEXT, parent_session_id TEXT, started_at REAL NOT NULL, ended_at REAL, end_reason TEXT,"
        " message_count INTEGER DEFAULT 0, tool_call_count INTEGER DEFAULT 0, input_tokens INTEGER DEFAULT 0,"
        " output_tokens INTEGER DEFAULT 0);"
        "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL REFERENCES sessions,"
        " role TEXT NOT NULL, content TEXT, tool_call_id TEXT, tool_calls TEXT, tool_name TEXT, timestamp REAL NOT NULL"
        ", token_count INTEGER)"
    )
    connection.close()
    db = SessionDB(tmp_path / "state.db")
    db.create_session("s", "cli")
    db.append_message("s", "assistant", "kept", finish_reason="", observed=False, reasoning_content="")
    with pytest.raises(ColumnMissing) as refused:
        db.append_messages("s", [{"role": "user", "content": "x"}, {"role": "user", "message_id": "7"}])
    assert refused.value.column == "platform_message_id"
    with pytest.raises(ColumnMissing):
        db.set_session_title("s", "a name")
    with pytest.raises(ColumnMissing):
        db.update_token_counts("s", cache_read_tokens=1)
    assert db.message_count() == 1
    assert db.get_session_title("s") is None
    assert db.get_next_title_in_lineage("a") == "a"
    assert [row["content"] for row in db.search_messages("kept")[0]["context"]] == ["kept"]  # type: ignore[attr-defined]
    db.close()


def test_the_door_is_sorted_and_says_all_there_is() -> None:
    assert list(store.__all__) == sorted(store.__all__)
    assert all(getattr(store, name) is not None for name in store.__all__)
    public = {
        name for name, value in vars(store).items() if not name.startswith("_") and not isinstance(value, type(sys))
    }
    assert set(store.__all__) == public - {"annotations", "TYPE_CHECKING", "import_module"}


@pytest.mark.slow
def test_the_store_needs_no_screen() -> None:
    lines = "import sys, store; print({'textual', 'rich', 'sqlite3', 'hermes_tui'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
