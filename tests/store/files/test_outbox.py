"""A file replaced under an agent: writes stop, reads go on, what was not stored waits in a file and is replayed.

Mutants that these tests were seen to catch: no file written; a file in place of an older one without its messages;
a replay that writes again what is stored; a replay that removes the file before it wrote.
"""

from __future__ import annotations

import stat
from operator import methodcaller
from pathlib import Path

import pytest

from store import Damaged, DiskFull, Locked, Replaced, SessionDB, SessionRecorder, StoreError, replay
from store.base import safe_files
from store.files import outbox
from store.sqlite.connect.writer import Writer
from tests.builders import database_of, db, home, locked, sqlite_of, talk
from tests.store import sqlite_files


def contents(database: SessionDB, session_id: str = "s") -> list[object]:
    return [message["content"] for message in database.get_messages_as_conversation(session_id)]


def words(count: int) -> list[object]:
    return [message["content"] for message in talk(count)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return home(tmp_path)


@pytest.fixture
def recorder(folder: Path) -> SessionRecorder:
    """An agent that wrote two messages."""
    agent = SessionRecorder(db(folder), "s", source="telegram", model="opus")
    agent.record(talk(2))
    return agent


def replace(folder: Path) -> None:
    """Another store takes the place of the open one, as a restored backup does."""
    (folder / "new").mkdir()
    other = sqlite_files.make(folder / "new", "another history", session="other")
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (folder / name).rename(folder / f"old-{name}")
        (other.parent / name).rename(folder / name) if (other.parent / name).exists() else None


@pytest.mark.slow
def test_after_a_replacement_writes_stop_reads_reopen_and_nothing_is_lost(
    folder: Path, recorder: SessionRecorder
) -> None:
    replace(folder)

    with pytest.raises(Replaced) as first:
        recorder.record(talk(4))
    with pytest.raises(Replaced):
        recorder.record(talk(6))

    assert "doctor --replay" in "".join(first.value.__notes__)
    assert [row["id"] for row in database_of(recorder).search_sessions()] == ["other"]
    [path] = outbox.pending_files(outbox.folder_of(folder / "state.db"))
    assert path == recorder.spooled
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    owed = outbox.read_pending(path)
    assert (owed.session_id, owed.source, owed.model, owed.messages) == ("s", "telegram", "opus", 6)

    fresh = SessionDB(folder / "state.db")
    assert replay(fresh, path) == 6
    assert contents(fresh) == words(6)
    assert outbox.pending_files(path.parent) == ()


@pytest.mark.slow
def test_a_wal_that_vanished_stops_writes_and_what_was_lost_with_it_comes_back(
    folder: Path, recorder: SessionRecorder
) -> None:
    (folder / "state.db-wal").unlink()
    (folder / "state.db-shm").unlink()

    with pytest.raises(Replaced):
        recorder.record(talk(4))
    [path] = outbox.pending_files(folder / "pending_messages")
    database_of(recorder).close()

    assert replay(SessionDB(folder / "state.db"), path) == 4
    assert contents(SessionDB(folder / "state.db")) == words(4)


def test_a_shm_that_vanished_stops_writes(folder: Path, recorder: SessionRecorder) -> None:
    (folder / "state.db-shm").rename(folder / "taken")

    with pytest.raises(Replaced):
        recorder.record(talk(4))


@pytest.mark.slow
def test_a_file_copied_over_in_place_stops_writes(folder: Path, recorder: SessionRecorder) -> None:
    """What Hermes gives each file as its number tells them apart (docs/format.md §7.8)."""
    database = database_of(recorder)
    for number in (7, 8):
        sqlite_of(database).writer.transaction(methodcaller("pragma", "application_id", number))
        if number == 7:
            recorder.record(talk(3))

    with pytest.raises(Replaced):
        recorder.record(talk(4))


def test_a_store_that_went_missing_leaves_the_messages_in_a_file(folder: Path, recorder: SessionRecorder) -> None:
    for path in folder.glob("state.db*"):
        path.rename(folder / f"gone-{path.name}")

    with pytest.raises(StoreError):
        recorder.record(talk(4))
    assert recorder.spooled is not None


@pytest.mark.slow
def test_a_replay_writes_only_what_is_not_stored(folder: Path, recorder: SessionRecorder) -> None:
    (folder / "state.db-shm").rename(folder / "taken")
    with pytest.raises(Replaced):
        recorder.record(talk(4))
    (folder / "taken").rename(folder / "state.db-shm")
    path = recorder.spooled
    assert path is not None
    copy = path.read_bytes()

    fresh = SessionDB(folder / "state.db")
    assert replay(fresh, path) == 2
    path.write_bytes(copy)
    assert replay(fresh, path) == 0
    assert contents(fresh) == words(4)


@pytest.mark.slow
def test_a_store_that_comes_back_gets_them_and_the_file_goes(folder: Path, recorder: SessionRecorder) -> None:
    (folder / "state.db-shm").rename(folder / "taken")
    with pytest.raises(Replaced):
        recorder.record(talk(4))
    (folder / "taken").rename(folder / "state.db-shm")
    sqlite_of(database_of(recorder)).writer.close()
    assert outbox.pending_files(folder / "pending_messages") == (recorder.spooled,)

    assert recorder.record(talk(5)) == 3
    assert contents(database_of(recorder)) == words(5)
    assert outbox.pending_files(folder / "pending_messages") == ()


@pytest.mark.slow
def test_a_turn_that_met_a_lock_lies_in_a_file_at_once(folder: Path) -> None:
    database = db(folder)
    sqlite_of(database).writer = Writer(database.path, patience=0.05)
    recorder = SessionRecorder(database, "s")
    with locked(folder / "state.db"):
        with pytest.raises(Locked):
            recorder.record(talk(2))
        assert outbox.pending_files(folder / "pending_messages") == (recorder.spooled,)
        recorder.close()
    [path] = outbox.pending_files(folder / "pending_messages")

    assert path == recorder.spooled
    assert replay(SessionDB(folder / "state.db"), path) == 2


@pytest.mark.slow
def test_an_agent_that_ends_when_the_lock_is_free_leaves_no_file(folder: Path) -> None:
    database = db(folder)
    sqlite_of(database).writer = Writer(database.path, patience=0.05)
    recorder = SessionRecorder(database, "s")
    with locked(folder / "state.db"), pytest.raises(Locked):
        recorder.record(talk(2))
    recorder.close()

    assert recorder.waiting == 0
    assert contents(database) == words(2)
    assert outbox.pending_files(folder / "pending_messages") == ()


@pytest.mark.slow
def test_a_replay_that_fails_keeps_the_messages(folder: Path, recorder: SessionRecorder) -> None:
    (folder / "state.db-shm").rename(folder / "taken")
    with pytest.raises(Replaced):
        recorder.record(talk(4))
    (folder / "taken").rename(folder / "state.db-shm")
    fresh = SessionDB(folder / "state.db")
    sqlite_of(fresh).writer = Writer(fresh.path, patience=0.05)
    assert recorder.spooled is not None

    with locked(folder / "state.db"), pytest.raises(Locked):
        replay(fresh, recorder.spooled)

    [left] = outbox.pending_files(folder / "pending_messages")
    assert replay(fresh, left) == 2


@pytest.mark.slow
def test_a_full_disk_is_told_and_an_older_file_stays(
    folder: Path, recorder: SessionRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "state.db-shm").rename(folder / "taken")
    with pytest.raises(Replaced):
        recorder.record(talk(4))
    path = recorder.spooled
    assert path is not None

    def full(path: Path, pieces: object, *, durable: bool) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(safe_files, "write", full)
    with pytest.raises(Replaced) as told:
        recorder.record(talk(6))
    assert any("in memory only" in note for note in told.value.__notes__)
    assert outbox.read_pending(path).messages == 4
    with pytest.raises(DiskFull):
        outbox.save(path.parent, outbox.read_pending(path))
    assert outbox.pending_files(path.parent) == (path,)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"format": "hermes-tui pending 1"}', b"\xff"])
def test_a_file_that_is_not_ours_is_left_alone(folder: Path, recorder: SessionRecorder, data: bytes) -> None:
    path = folder / "pending_messages" / "hermes-tui-00.json"
    path.parent.mkdir()
    path.write_bytes(data)

    with pytest.raises(Damaged):
        replay(database_of(recorder), path)
    assert path.read_bytes() == data


def test_files_of_hermes_are_not_ours(folder: Path) -> None:
    (folder / "pending_messages").mkdir()
    (folder / "pending_messages" / "pending-0a.json").write_text("{}")

    assert outbox.pending_files(folder / "pending_messages") == ()
