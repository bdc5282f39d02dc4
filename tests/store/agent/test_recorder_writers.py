"""Recorders beside other writers: own rows by their keys, restarts, crashes, messages that cannot be stored, cost.

Each rule has a mutant in `tests/torture/mutants.py` or below that these tests were seen to catch: rows of other named
writers taken for own ones; no digest of the last list; own rows no base; a key that is not kept; a later start not
looked for in a replay; messages behind a bad one not written, or the bad one told twice; every message looked at again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from store import Locked, Replaced, SessionDB, SessionRecorder, replay
from store.agent import recorder_keys
from store.agent.recorder_keys import Author, RecordedCall
from store.formats import message_codec
from store.sqlite.connect.writer import Writer
from tests.builders import db, home, jsonl, locked, say, sqlite_of, store
from tests.store import sqlite_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return home(tmp_path)


def letters(text: str) -> list[dict[str, Any]]:
    """One message of the user for each letter."""
    return [say("user", letter) for letter in text]


def texts(database: SessionDB) -> str:
    """What SQLite holds, in order."""
    return "".join(str(message["content"]) for message in database.get_messages_as_conversation("s"))


def impatient(folder: Path) -> SessionDB:
    """A store whose writes wait a twentieth of a second."""
    database = db(folder)
    sqlite_of(database).writer = Writer(database.path, patience=0.05)
    return database


def keys(folder: Path) -> list[RecordedCall]:
    """The calls of recorders whose keys are stored."""
    rows = sqlite_files.run(folder / "state.db", "SELECT operation FROM hermes_tui_operations ORDER BY rowid")
    found = [recorder_keys.parsed(json.loads(str(name).removeprefix("append "))[1]) for (name,) in rows]
    return [call for call in found if call is not None]


def test_the_words_of_another_writer_are_not_this_agents(folder: Path) -> None:
    database = db(folder)
    recorder = SessionRecorder(database, "s")
    recorder.record(letters("ab"))
    database.append_message("s", "user", "c")

    assert recorder.record(letters("abc")) == 1
    assert texts(database) == "abcc"


@pytest.mark.slow
def test_two_named_recorders_that_both_say_ok_lose_and_double_nothing(folder: Path) -> None:
    first, second = (SessionRecorder(db(folder), "s", writer=name) for name in ("first", "second"))
    for turn in range(1, 10):
        assert first.record(letters("o" * turn)) == 1
        assert second.record(letters("o" * turn)) == 1

    assert texts(db(folder)) == "o" * 18


def test_the_turn_behind_a_compaction_in_memory_is_written_with_its_summary(folder: Path) -> None:
    database = db(folder)
    recorder = SessionRecorder(database, "s")
    recorder.record(letters("abcd"))

    assert recorder.record(letters("Scde")) == 2
    assert recorder.record(letters("Scdef")) == 1
    assert texts(database) == "abcdSef"


@pytest.mark.slow
def test_each_call_that_writes_has_one_key(folder: Path) -> None:
    recorder = SessionRecorder(db(folder), "s", writer="cli")
    for held in ("ab", "ab", "abcde"):
        recorder.record(letters(held))

    [first, second] = keys(folder)
    assert (first.author.writer, first.length, second.length) == ("cli", 2, 5)
    assert first.author == second.author


def test_a_restarted_agent_knows_its_rows_among_those_of_others(folder: Path) -> None:
    database = db(folder)
    SessionRecorder(database, "s", writer="a").record(letters("oo"))
    SessionRecorder(database, "s", writer="b").record(letters("xo"))
    database.append_messages("s", letters("yo"))

    assert SessionRecorder(database, "s", writer="a").record(letters("ooo")) == 1
    assert texts(database) == "ooxoyoo"
    assert SessionRecorder(database, "s", writer="a").record(letters("ooo")) == 0


@pytest.mark.slow
def test_a_restarted_agent_may_say_what_another_writer_said_last(folder: Path) -> None:
    database = db(folder)
    SessionRecorder(database, "s", writer="a").record(letters("ab"))
    database.append_message("s", "user", "o")

    assert SessionRecorder(database, "s", writer="a").record(letters("aboc")) == 2
    assert texts(database) == "abooc"


@pytest.mark.slow
def test_a_restarted_agent_with_a_compacted_memory_goes_on_behind_its_rows(folder: Path) -> None:
    database = db(folder)
    SessionRecorder(database, "s", writer="a").record(letters("abcd"))
    database.append_messages("s", letters("yz"))

    assert SessionRecorder(database, "s", writer="a").record(letters("Scde")) == 2
    assert texts(database) == "abcdyzSe"


def test_a_restarted_agent_that_read_the_session_anew_does_not_write_the_rows_of_others(folder: Path) -> None:
    database = db(folder)
    recorder = SessionRecorder(database, "s", writer="a")
    recorder.record(letters("ab"))
    database.append_message("s", "user", "m")
    recorder.record(letters("abc"))
    held = database.load_transcript("s")

    assert SessionRecorder(database, "s", writer="a").record([*held, *letters("d")]) == 1
    assert texts(database) == "abmcd"


@pytest.mark.slow
def test_the_history_of_the_file_is_nobodys_and_comes_once(folder: Path) -> None:
    jsonl(folder, "s", letters("hi"))
    database = db(folder)

    assert SessionRecorder(database, "s", writer="a").record(letters("hia")) == 3
    assert SessionRecorder(database, "s", writer="b").record(letters("hib")) == 1
    assert texts(database) == "hiab"


def test_a_name_may_be_any_text_and_a_key_of_somebody_else_is_no_call() -> None:
    call = RecordedCall(Author('a"b\\ \ud83d\n', "i"), 3, 7, "d")
    assert recorder_keys.parsed(call.key) == call
    for key in (
        "turn-7",
        "recorder ",
        "recorder {}",
        "recorder [1, 2]",
        'recorder [1, "i", 1, 1, "d"]',
        "recorder [[[[",
    ):
        assert recorder_keys.parsed(key) is None


@pytest.mark.slow
def test_what_a_lock_refused_is_replayed_once_beside_a_living_recorder(folder: Path) -> None:
    database = impatient(folder)
    recorder = SessionRecorder(database, "s")
    recorder.record(letters("a"))
    with locked(folder / "state.db"), pytest.raises(Locked, match="nothing was written") as refused:
        recorder.record(letters("ao"))
    assert "the messages are kept in" in refused.value.__notes__[0]
    database.append_message("s", "user", "o")
    [path] = database.refused()

    assert replay(db(folder), path) == 1
    recorder.record(letters("aob"))
    assert texts(database) == "aoob"


@pytest.mark.slow
@pytest.mark.parametrize("writer", [None, "a"])
@pytest.mark.parametrize("first", ["", "a"], ids=["first list", "later list"])
def test_an_agent_that_is_started_again_before_the_replay_has_nothing_doubled(
    folder: Path, writer: str | None, first: str
) -> None:
    database = impatient(folder)
    store(database, "s", letters("p"))
    recorder = SessionRecorder(database, "s", writer=writer)
    if first:
        recorder.record(letters(f"p{first}"))
    with locked(folder / "state.db"), pytest.raises(Locked):
        recorder.record(letters(f"p{first}oo"))
    assert SessionRecorder(db(folder), "s", writer=writer).record(letters(f"p{first}oob")) == 3

    [path] = database.refused()
    assert replay(db(folder), path) == 0
    assert texts(database) == f"p{first}oob"


@pytest.mark.slow
def test_what_was_lost_with_a_wal_comes_back_behind_rows_of_others(folder: Path) -> None:
    database = db(folder)
    recorder = SessionRecorder(database, "s", writer="a")
    recorder.record(letters("ab"))
    database.append_message("s", "user", "m")
    sqlite_files.run(folder / "state.db", "PRAGMA wal_checkpoint(TRUNCATE)")
    recorder.record(letters("abc"))
    for name in ("state.db-wal", "state.db-shm"):
        (folder / name).unlink()
    with pytest.raises(Replaced):
        recorder.record(letters("abcd"))
    [path] = database.refused()
    database.close()

    assert replay(db(folder), path) == 2
    assert texts(db(folder)) == "abmcd"


class Faulty:
    """A value that no text can be made of."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def deep(levels: int) -> list[Any]:
    """Lists in lists."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.slow
@pytest.mark.parametrize(
    "bad",
    [
        say("user", "x", timestamp=float("nan")),
        say("user", "x", token_count=2**70),
        say("user", Faulty()),
        say("user", deep(3_000)),
        "no dict",
        None,
    ],
    ids=["time", "number", "text", "nesting", "str", "None"],
)
def test_a_message_that_cannot_be_stored_stops_no_other_and_is_told_once(folder: Path, bad: Any) -> None:
    database = db(folder)
    recorder = SessionRecorder(database, "s", writer="a")
    recorder.record(letters("a"))
    held = [*letters("ab"), bad, *letters("c")]

    with pytest.raises(ValueError, match=r"message 2: .") as told:
        recorder.record(held)
    assert "message 1" not in str(told.value)
    assert texts(database) == "abc"
    assert (recorder.waiting, recorder.spooled) == (0, None)
    assert recorder.record(held) == 0
    assert recorder.record([*held, *letters("d")]) == 1
    assert recorder.record([*letters("S"), *held[1:], *letters("de")]) == 2
    assert texts(database) == "abcdSe"


def test_several_bad_messages_are_one_error(folder: Path) -> None:
    held = [*letters("a"), say("user", "x", timestamp=float("inf")), None, *letters("b")]
    with pytest.raises(ValueError, match=r"message 1: .*; message 2: "):
        SessionRecorder(db(folder), "s").record(held)  # type: ignore[arg-type]
    assert texts(db(folder)) == "ab"


def test_a_message_with_a_field_that_has_no_column_stops_no_other(era_home: Any) -> None:
    database = db(era_home("v01") / ".hermes")
    recorder = SessionRecorder(database, "new")
    held = [say("user", "a"), say("assistant", "b", reasoning_details=[{"x": 1}]), say("user", "c")]

    with pytest.raises(ValueError, match=r"message 1: .*reasoning_details"):
        recorder.record(held)
    assert recorder.record([*held, say("user", "d")]) == 1
    assert [row["content"] for row in database.get_messages("new")] == ["a", "c", "d"]


@pytest.mark.slow
def test_a_bad_message_under_a_lock_is_told_and_the_others_wait(folder: Path) -> None:
    database = impatient(folder)
    recorder = SessionRecorder(database, "s")
    held = [*letters("a"), say("user", "x", timestamp=float("nan")), *letters("b")]
    with locked(folder / "state.db"), pytest.raises(Locked) as refused:
        recorder.record(held)

    assert any("message 1: " in note for note in refused.value.__notes__)
    assert recorder.record([*held, *letters("c")]) == 3
    assert texts(database) == "abc"


def test_an_interrupt_between_the_commit_and_the_answer_doubles_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = db(folder)
    recorder = SessionRecorder(database, "s")
    recorder.record(letters("a"))
    real = database.store.engine.write

    def interrupted(work: Any) -> Any:
        real(work)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(database.store.engine, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            recorder.record(letters("ab"))
    recorder.record(letters("abc"))
    assert texts(database) == "abc"


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """Numbers of statements of all connections that are opened, and of messages that are looked at."""
    counts = {"statements": 0, "messages": 0}
    real = message_codec.identity

    def traced(_: object, __: object, ___: object) -> bool:
        counts["statements"] += 1
        return True

    def identity(*cells: Any) -> bytes:
        counts["messages"] += 1
        return real(*cells)

    def hook(connection: apsw.Connection) -> None:
        connection.exec_trace = traced

    apsw.connection_hooks.append(hook)
    with monkeypatch.context() as patched:
        patched.setattr(message_codec, "identity", identity)
        try:
            yield counts
        finally:
            apsw.connection_hooks.remove(hook)


@pytest.mark.slow
def test_a_turn_costs_the_same_behind_ten_messages_and_behind_ten_thousand(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[dict[str, int]] = []
    with counted(monkeypatch) as counts:
        for size in (10, 10_000):
            database = db(folder)
            recorder = SessionRecorder(database, f"s{size}")
            held = [say("user", f"message {number}") for number in range(size)]
            recorder.record(held)
            recorder.record([*held, say("user", "first")])
            counts.update(statements=0, messages=0)
            assert recorder.record([*held, say("user", "first"), say("user", "one more")]) == 1
            spent.append(dict(counts))
            database.close()

    assert spent[0] == spent[1]
    assert spent[1]["messages"] <= 2
