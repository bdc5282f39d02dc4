"""What somebody does who wants to break the contract: crowds in one process, odd folders, kills between two files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from store import Replaced, SessionDB, SessionRecorder, StoreError
from store.files import outbox
from tests import builders
from tests.builders import database_of
from tests.families import few
from tests.store import sqlite_files

ROOT = Path(__file__).parents[3]
REPLAY = """
import os, signal, sys
from pathlib import Path
from store import SessionDB, SessionRecorder, StoreError, replay
from store.files import outbox
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
claim = outbox.claim
match sys.argv[2]:
    case "claimed":
        outbox.claim = lambda path: (claim(path), die())
    case "read":
        SessionRecorder._flush = die
    case "written":
        outbox.remove = die
db = SessionDB(Path(sys.argv[1]))
for _ in range(5):
    for path in db.refused():
        try:
            replay(db, path)
        except StoreError:
            pass
"""


def texts(database: SessionDB, session_id: str = "s") -> list[object]:
    """What a session's messages say."""
    return [row["content"] for row in database.get_messages(session_id)]


def said(count: int) -> list[object]:
    """What a talk says."""
    return [message["content"] for message in builders.talk(count)]


@pytest.fixture
def owed(tmp_path: Path) -> Path:
    """A state.db that is owed the last 35 of 40 messages."""
    path = builders.home(tmp_path) / "state.db"
    recorder = SessionRecorder(SessionDB(path), "s")
    recorder.record(builders.talk(5))
    path.with_name("state.db-shm").rename(tmp_path / "taken")
    with pytest.raises(Replaced):
        recorder.record(builders.talk(40))
    (tmp_path / "taken").rename(path.with_name("state.db-shm"))
    database_of(recorder).close()
    return path


@pytest.mark.slow
@pytest.mark.parametrize("stage", few(["claimed", "read", "written"], "written"))
def test_a_replay_that_is_killed_is_done_again_and_doubles_nothing(owed: Path, stage: str) -> None:
    killed = subprocess.run([sys.executable, "-c", REPLAY, str(owed), stage], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(outbox.pending_files(outbox.folder_of(owed))) == 1

    subprocess.run([sys.executable, "-c", REPLAY, str(owed), ""], cwd=ROOT, check=True)

    assert texts(SessionDB(owed)) == said(40)
    assert outbox.pending_files(outbox.folder_of(owed)) == ()


@pytest.mark.slow
def test_many_replay_at_once_and_nothing_is_doubled(owed: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", REPLAY, str(owed), ""], cwd=ROOT) for _ in range(4)]

    assert [one.wait() for one in running] == [0] * 4
    assert texts(SessionDB(owed)) == said(40)
    assert outbox.pending_files(outbox.folder_of(owed)) == ()


@pytest.mark.slow
def test_two_recorders_that_say_the_same_at_once_each_store_it_in_order(tmp_path: Path) -> None:
    path = builders.home(tmp_path) / "state.db"
    recorders = [SessionRecorder(SessionDB(path), "s", writer=name) for name in ("first", "second")]
    errors: list[StoreError] = []

    def record(recorder: SessionRecorder) -> None:
        try:
            for number in range(2, 61, 2):
                recorder.record(builders.talk(number))
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=record, args=(recorder,)) for recorder in recorders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    rows = {row["id"]: row["content"] for row in SessionDB(path).get_messages("s")}
    assert sorted(map(str, rows.values())) == sorted(map(str, [*said(60), *said(60)]))
    for name in ("first", "second"):
        assert [rows[row] for row in rows_of(path, name)] == said(60)


def rows_of(path: Path, writer: str) -> list[int]:
    """Ids of the rows that a named recorder wrote."""
    entries = sqlite_files.run(path, "SELECT operation, entry FROM hermes_tui_operations")
    return sorted(row for key, entry in entries if writer in str(key) for row in json.loads(str(entry))["rows"])


@pytest.mark.slow
def test_thirty_two_threads_share_one_handle(tmp_path: Path) -> None:
    database = builders.db(builders.home(tmp_path))
    ids: list[int] = []
    errors: list[Exception] = []

    def work(number: int) -> None:
        try:
            database.create_session(f"s{number}", "cli")
            for turn in range(10):
                ids.append(database.append_message(f"s{number}", "user", f"needle {turn}", key=str(turn)))
                database.get_messages(f"s{number}")
            list(database.search("needle", limit=20))
        except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(set(ids)) == 320
    assert all(texts(database, f"s{number}") == [f"needle {turn}" for turn in range(10)] for number in range(32))


@pytest.mark.slow
@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_home_whose_path_means_something_in_a_uri(tmp_path: Path, journal: str) -> None:
    home = builders.home(tmp_path, "a?b#c%20d 'e\" é&mode=ro\n;f")
    database = builders.db(home)
    builders.store(database, "s", builders.talk(2))
    database.close()
    sqlite_files.run(home / "state.db", f"PRAGMA journal_mode = {journal}")
    builders.jsonl(home, "s", [builders.say("user", "older", timestamp=1.0), *builders.talk(2)])

    database = builders.db(home)
    database.append_message("s", "user", "a needle", key="k")
    assert [hit.session_id for batch in database.search("needle") for hit in batch.hits] == ["s"]
    assert [one.sentence for one in database.health() if one.ok is False] == []
    receipt = database.repair(database.plan("s"), full_backup=journal == "wal")
    assert texts(database) == ["older", *said(2), "a needle"]
    database.undo(str(receipt.operation))
    assert texts(database) == [*said(2), "a needle"]
    database.close()
    assert os.listdir(tmp_path) == [home.name]


@pytest.mark.slow
def test_a_file_put_in_place_of_an_open_one_keeps_what_the_recorder_was_given(tmp_path: Path) -> None:
    home, other = builders.home(tmp_path), builders.home(tmp_path, "other")
    recorder = SessionRecorder(builders.db(home), "s")
    recorder.record(builders.talk(4))
    with closing(builders.db(other)) as db:
        builders.store(db, "s", builders.talk(2))
    sqlite_files.run(other / "state.db", "PRAGMA wal_checkpoint(TRUNCATE)")
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (other / name).replace(home / name) if (other / name).exists() else (home / name).unlink()

    with pytest.raises(Replaced) as told:
        recorder.record(builders.talk(8))

    assert "the messages are kept in" in told.value.__notes__[0]
    assert texts(database_of(recorder)) == said(2)
    database_of(recorder).close()
    subprocess.run([sys.executable, "-c", REPLAY, str(home / "state.db"), ""], cwd=ROOT, check=True)
    assert texts(builders.db(home)) == said(8)
