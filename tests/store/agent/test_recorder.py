"""An agent's turns reach SQLite once, in order, whatever happens in between: both paths of the seed (PR #3249).

Mutants that these tests were seen to catch: history left out, or written after the turn; session_meta written as a row,
from the file or from the list; nothing kept after a Locked; kept messages written twice; `append_after` without its
comparison; undone rows counted as nothing stored, or aligned with; the session row made only by the caller; a look from
memory after others wrote, and no memory at all; history without times, held up by a column, or by an unreadable file.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from store import Locked, NoPermission, SessionDB, SessionRecorder
from store.agent.call_writer import CallWriter
from store.sqlite.connect.writer import Writer
from store.sqlite.engine import SqliteMessages
from tests.builders import META, Dict, db, home, jsonl, locked, say, sqlite_of, store, talk


def impatient(folder: Path) -> SessionDB:
    """A store whose writes wait a twentieth of a second."""
    database = db(folder)
    sqlite_of(database).writer = Writer(database.path, patience=0.05)
    return database


def texts(database: SessionDB, session_id: str = "s") -> list[object]:
    """What SQLite holds, in order."""
    return [message["content"] for message in database.get_messages_as_conversation(session_id)]


def letters(text: str) -> list[Dict]:
    """One message for each letter; capitals are an assistant's."""
    return [say("assistant" if letter.isupper() else "user", letter) for letter in text]


def undo(database: SessionDB, ids: list[int]) -> None:
    """Take rows back as Hermes' rewind does."""
    marks = ", ".join("?" * len(ids))
    sqlite_of(database).writer.transaction(
        lambda connection: list(connection.execute(f"UPDATE messages SET active = 0 WHERE id IN ({marks})", ids))
    )


@pytest.mark.slow
def test_a_create_that_failed_under_a_lock_heals_with_the_next_flush_and_search_works_throughout(
    tmp_path: Path,
) -> None:
    """Seed, path 1: the agent starts while another program holds the lock."""
    folder = home(tmp_path)
    database = impatient(folder)
    store(database, "before", [say("user", "an older needle")])
    recorder = SessionRecorder(database, "s", source="telegram", model="opus")
    first = [say("user", "a new needle"), say("assistant", "found it")]
    with locked(folder / "state.db"):
        with pytest.raises(Locked):
            database.create_session("s", "telegram")
        with pytest.raises(Locked):
            recorder.record(first)
        assert [hit["session_id"] for hit in database.search_messages("needle")] == ["before"]
    assert recorder.waiting == 1
    assert recorder.record([*first, *talk(2)]) == 4
    assert recorder.waiting == 0
    assert texts(database) == ["a new needle", "found it", "message 0", "message 1"]
    row = database.get_session("s")
    assert row is not None
    assert (row["source"], row["model"], row["message_count"]) == ("telegram", "opus", 4)
    assert {str(hit["session_id"]) for hit in database.search_messages("needle")} == {"before", "s"}


@pytest.mark.slow
@pytest.mark.parametrize("resumed", [False, True], ids=["a list of the new turn", "a list with the history"])
def test_a_legacy_session_of_994_is_whole_after_its_first_recorded_turn(tmp_path: Path, resumed: bool) -> None:
    """Seed, path 2: 996, not 2."""
    folder = home(tmp_path)
    database = db(folder)
    history, turn = talk(994, word="legacy"), talk(2, word="turn")
    path = jsonl(folder, "s", [META, *history])
    before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
    held = [*database.load_transcript("s"), *turn] if resumed else turn
    assert SessionRecorder(database, "s").record(held) == 996
    assert texts(database) == [message["content"] for message in (*history, *turn)]
    assert database.message_count("s") == 996
    assert len(database.load_transcript("s")) == 996
    assert database.check("s").verdict == "sqlite_ahead"
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == before


@pytest.mark.slow
def test_the_legacy_session_of_a_real_home_is_whole_after_its_first_turn(era_home: Any) -> None:
    folder = era_home("v01") / ".hermes"
    database = db(folder)
    database.clear_messages("20260105_120000_1e9ac1e5")
    recorder = SessionRecorder(database, "20260105_120000_1e9ac1e5")
    assert recorder.record(talk(2)) == 995
    assert texts(database, "20260105_120000_1e9ac1e5")[-3:] == ["legacy message 992", "message 0", "message 1"]


def test_each_call_writes_only_what_is_new(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    recorder = SessionRecorder(database, "s")
    conversation = talk(2)
    assert recorder.record(conversation) == 2
    assert recorder.record(conversation) == 0
    assert recorder.record([*conversation, *talk(3, start=2)]) == 3
    assert texts(database) == [f"message {number}" for number in range(5)]


def test_a_repeated_text_is_new_where_it_follows_what_is_stored(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    store(database, "s", letters("aObO"))
    recorder = SessionRecorder(database, "s")
    assert recorder.record(letters("aObOO")) == 1
    assert recorder.record(letters("aObOOaO")) == 2
    assert texts(database) == list("aObOOaO")


def test_a_list_compacted_in_memory_adds_what_follows_and_removes_nothing(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    store(database, "s", letters("abcdefgh"))
    assert SessionRecorder(database, "s").record([say("user", "summary"), *letters("ghIj")]) == 3
    assert texts(database) == [*"abcdefgh", "summary", *"Ij"]


def test_a_shorter_list_removes_nothing(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    recorder = SessionRecorder(database, "s")
    assert recorder.record(letters("abcd")) == 4
    assert recorder.record(letters("ab")) == 0
    assert recorder.record([]) == 0
    assert texts(database) == list("abcd")
    assert recorder.record(letters("abc")) == 1


def test_a_first_list_without_the_end_of_what_is_stored_is_new_as_a_whole(tmp_path: Path) -> None:
    """Another writer said the same words before: they are not this agent's."""
    database = db(home(tmp_path))
    store(database, "s", letters("aB"))
    assert SessionRecorder(database, "s").record(letters("a")) == 1
    assert texts(database) == list("aBa")


def test_an_agent_that_lost_its_memory_has_its_new_turn_kept(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    store(database, "s", letters("abcd"))
    assert SessionRecorder(database, "s").record(letters("xY")) == 2
    assert texts(database) == list("abcdxY")


def test_what_was_undone_is_not_aligned_with_and_not_brought_back(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    ids = store(database, "s", letters("aBcD"))
    recorder = SessionRecorder(database, "s")
    assert recorder.record(letters("aBcD")) == 0
    undo(database, ids[2:])
    assert recorder.record(letters("aBxD")) == 2
    assert texts(database) == list("aBxD")
    assert database.message_count("s") == 6


def test_a_session_whose_messages_were_all_undone_does_not_get_its_jsonl_again(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    jsonl(folder, "s", letters("aB"))
    undo(database, store(database, "s", letters("aB")))
    assert SessionRecorder(database, "s").record(letters("x")) == 1
    assert texts(database) == ["x"]


def test_rows_that_others_wrote_in_between_are_aligned_with(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    recorder = SessionRecorder(database, "s")
    recorder.record(letters("aB"))
    database.append_message("s", "assistant", "mirrored")
    assert recorder.record(letters("aBcD")) == 2
    assert recorder.record(letters("aBcDe")) == 1
    assert texts(database) == ["a", "B", "mirrored", "c", "D", "e"]


@pytest.mark.slow
def test_rows_that_come_between_the_look_and_the_write_are_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home(tmp_path)
    database, other = db(folder), db(folder)
    jsonl(folder, "s", letters("aB"))
    real = CallWriter._append

    def late(self: CallWriter, *arguments: Any) -> Any:
        monkeypatch.setattr(CallWriter, "_append", real)
        assert SessionRecorder(other, "s").record(letters("c")) == 3
        return real(self, *arguments)

    monkeypatch.setattr(CallWriter, "_append", late)
    assert SessionRecorder(database, "s").record(letters("cD")) == 1
    assert texts(database) == list("aBcD")


@pytest.mark.slow
def test_two_recorders_at_once_bring_the_history_in_once(tmp_path: Path) -> None:
    folder = home(tmp_path)
    jsonl(folder, "s", talk(50))
    databases = [db(folder), db(folder)]
    threads = [
        threading.Thread(target=SessionRecorder(database, "s").record, args=([say("user", f"from {place}")],))
        for place, database in enumerate(databases)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = texts(databases[0])
    assert found[:50] == [f"message {number}" for number in range(50)]
    assert sorted(map(str, found[50:])) == ["from 0", "from 1"]


@pytest.mark.slow
def test_what_a_locked_store_refused_is_written_once_and_in_order(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = impatient(folder)
    recorder = SessionRecorder(database, "s")
    recorder.record(letters("aB"))
    with locked(folder / "state.db"):
        for held in ("aBc", "aBcD", "aBcDe"):
            with pytest.raises(Locked):
                recorder.record(letters(held))
    assert recorder.waiting == 1
    assert recorder.record(letters("aBcDeF")) == 4
    assert texts(database) == list("aBcDeF")
    assert recorder.record(letters("aBcDeF")) == 0


@pytest.mark.slow
def test_what_was_refused_is_written_even_if_the_agent_has_compacted_it_away(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = impatient(folder)
    recorder = SessionRecorder(database, "s")
    recorder.record(letters("aB"))
    with locked(folder / "state.db"), pytest.raises(Locked):
        recorder.record(letters("aBcDeF"))
    assert recorder.record([say("user", "summary"), *letters("eFg")]) == 6
    assert texts(database) == [*"aBcDeF", "summary", "g"]


@pytest.mark.slow
def test_a_refused_history_comes_in_with_the_next_call(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = impatient(folder)
    jsonl(folder, "s", letters("aB"))
    recorder = SessionRecorder(database, "s")
    with locked(folder / "state.db"), pytest.raises(Locked):
        recorder.record(letters("cD"))
    assert recorder.record(letters("cDe")) == 5
    assert texts(database) == list("aBcDe")


def test_a_message_that_cannot_be_stored_poisons_nothing(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    recorder = SessionRecorder(database, "s")
    with pytest.raises(ValueError, match="finite"):
        recorder.record([say("user", "a", timestamp=float("nan"))])
    assert recorder.waiting == 0
    assert recorder.record(letters("b")) == 1


@pytest.mark.slow
def test_lists_calls_and_lone_surrogates_are_recognised_once_they_are_stored(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    calls = [{"id": "c1", "type": "function", "function": {"name": "terminal", "arguments": '{"b": 1, "a": 2}'}}]
    conversation = [
        say("user", [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:,x"}}]),
        say("assistant", None, tool_calls=calls, reasoning="think"),
        say("tool", '{"output": "x"}', tool_call_id="c1", tool_name="terminal"),
        say("assistant", "half \ud83d a face  "),
    ]
    assert SessionRecorder(database, "s").record(conversation) == 4
    assert SessionRecorder(database, "s").record([*conversation, say("user", "go on")]) == 1
    assert SessionRecorder(database, "s").record([*database.load_transcript("s"), say("user", "more")]) == 1
    assert database.message_count("s") == 6


@pytest.mark.slow
def test_a_session_meta_in_the_list_is_no_message(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    assert SessionRecorder(database, "s").record([META, *talk(2)]) == 2
    assert SessionRecorder(database, "s").record([META, *talk(3)]) == 1
    assert texts(database) == ["message 0", "message 1", "message 2"]


def test_history_keeps_its_times_and_lines_without_one_get_their_neighbours(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    jsonl(
        folder,
        "s",
        [say("user", "a"), say("assistant", "b", timestamp="2026-01-05T12:00:00"), say("user", "c", timestamp="soon")],
    )
    begin = time.time()
    SessionRecorder(database, "s").record([say("assistant", "d")])
    times = [row["timestamp"] for row in database.get_messages("s")]
    assert times[:3] == [1767614400.0] * 3
    assert float(str(times[3])) >= begin


def test_history_fields_without_a_column_are_left_out_and_hold_nothing_up(era_home: Any) -> None:
    folder = era_home("v01") / ".hermes"
    database = db(folder)
    jsonl(folder, "s", [say("assistant", "a", reasoning="think", finish_reason="stop", reasoning_details=[{"x": 1}])])
    assert SessionRecorder(database, "s").record([say("user", "b")]) == 2
    assert texts(database) == ["a", "b"]


def test_a_file_that_cannot_be_read_keeps_no_turn_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home(tmp_path)
    database = db(folder)
    jsonl(folder, "s", letters("a"))

    def refuse(path: Path) -> object:
        raise NoPermission(f"{path} may not be read")

    monkeypatch.setattr("store.files.jsonl_reader.read_records", refuse)
    assert SessionRecorder(database, "s").record(letters("b")) == 1
    assert texts(database) == ["b"]


def test_an_unchanged_session_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = db(home(tmp_path))
    recorder = SessionRecorder(database, "s")
    recorder.record(letters("a"))
    for verb in ("compared", "stored", "appends", "stamp"):
        monkeypatch.setattr(SqliteMessages, verb, lambda *_: pytest.fail("read again"))
    assert recorder.record(letters("aB")) == 1
    assert recorder.record(letters("aBc")) == 1
