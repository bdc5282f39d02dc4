"""What changed on disk since the last look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.base import errors
from store.browse.watch import Watch
from store.models import Change
from store.sqlite.connect import read_open
from store.sqlite.connect.reader import Reader
from store.sqlite.connect.writer import Writer
from store.sqlite.engine import SqliteChanges
from store.sqlite.rows import change_feed
from tests.store.sqlite_files import add, holding, make, run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "sessions").mkdir()
    return make(tmp_path, "one", "two")


class Clock:
    """Goes on by two seconds whenever it is looked at, so that every poll lists the folder."""

    def __init__(self, step: float = 2.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def watch(path: Path) -> Iterator[Watch]:
    reader = Reader(path)
    yield Watch(SqliteChanges(reader), path.parent / "sessions", clock=Clock())
    reader.close()


def test_the_first_look_tells_the_newest_id_and_the_next_one_nothing(watch: Watch) -> None:
    assert watch.poll() == Change(store=True, newest_id=2)
    assert watch.poll() is None
    assert watch.poll() is None


def test_new_messages_tell_their_sessions(path: Path, watch: Watch) -> None:
    watch.poll()
    add(path, "three", session="s2")
    add(path, "four", session="s3")

    assert watch.poll() == Change(sessions=frozenset({"s2", "s3"}), store=True, newest_id=4)
    assert watch.poll() is None


def test_a_commit_without_messages_is_a_change_of_the_store_alone(path: Path, watch: Watch) -> None:
    watch.poll()
    run(path, "UPDATE sessions SET title = 'new'")

    assert watch.poll() == Change(store=True, newest_id=2)


def test_our_own_commits_are_seen_too(path: Path, watch: Watch) -> None:
    watch.poll()
    writer = Writer(path)
    writer.transaction(lambda connection: connection.execute("UPDATE sessions SET title = 'ours'"))

    assert watch.poll() == Change(store=True, newest_id=2)
    writer.close()


def test_files_that_came_grew_or_went_are_told_by_session(path: Path, watch: Watch) -> None:
    folder = path.parent / "sessions"
    watch.poll()
    (folder / "a.jsonl").write_text("{}\n")
    (folder / "notes.txt").write_text("not a transcript")
    assert watch.poll() == Change(files=frozenset({"a"}), newest_id=2)

    with (folder / "a.jsonl").open("a") as file:
        file.write("{}\n")
    (folder / "b.jsonl").write_text("{}\n")
    assert watch.poll() == Change(files=frozenset({"a", "b"}), newest_id=2)

    (folder / "a.jsonl").unlink()
    assert watch.poll() == Change(files=frozenset({"a"}), newest_id=2)
    assert watch.poll() is None


def test_the_folder_is_listed_once_a_second_at_most(path: Path) -> None:
    reader = Reader(path)
    watch = Watch(SqliteChanges(reader), path.parent / "sessions", clock=Clock(step=0.4))
    watch.poll()
    (path.parent / "sessions" / "a.jsonl").write_text("{}\n")

    assert [watch.poll() is None for _ in range(3)] == [True, True, False]
    reader.close()


def test_a_folder_that_is_missing_may_come_later(tmp_path: Path) -> None:
    reader = Reader(make(tmp_path))
    watch = Watch(SqliteChanges(reader), tmp_path / "sessions", clock=Clock())
    watch.poll()

    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / "a.jsonl").write_text("{}\n")

    assert watch.poll() == Change(files=frozenset({"a"}))
    reader.close()


def test_a_folder_that_cannot_be_listed_does_not_stop_the_watch(tmp_path: Path) -> None:
    path = make(tmp_path)
    (tmp_path / "sessions").write_text("a file where the folder should be")
    reader = Reader(path)
    watch = Watch(SqliteChanges(reader), tmp_path / "sessions", clock=Clock())
    watch.poll()

    add(path, "one")

    assert watch.poll() == Change(sessions=frozenset({"s1"}), store=True, newest_id=1)
    reader.close()


@pytest.mark.slow
@pytest.mark.parametrize("looked", [True, False])
def test_a_store_that_was_replaced_is_noticed(path: Path, watch: Watch, tmp_path: Path, looked: bool) -> None:
    """Mutant: the first look takes the file that it finds for the one whose rows were read before it."""
    if looked:
        watch.poll()
    (tmp_path / "other").mkdir()
    new = make(tmp_path / "other", "only one")
    for sidecar in read_open.sidecars(path):
        sidecar.unlink(missing_ok=True)
    new.replace(path)

    assert watch.poll() == Change(store=True, replaced=True, newest_id=1)
    assert watch.poll() is None
    add(path, "more")
    assert watch.poll() == Change(sessions=frozenset({"s1"}), store=True, newest_id=2)


def test_a_store_may_go_and_come_again(path: Path, watch: Watch) -> None:
    watch.poll()
    path.rename(path.with_name("away"))
    assert watch.poll() == Change(replaced=True)
    assert watch.poll() is None

    path.with_name("away").rename(path)
    assert watch.poll() == Change(store=True, replaced=True, newest_id=2)


def test_a_home_without_a_store_is_watched_until_there_is_one(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "state.db")
    watch = Watch(SqliteChanges(reader), tmp_path / "sessions", clock=Clock())
    assert watch.poll() is None

    make(tmp_path, "one")

    assert watch.poll() == Change(store=True, replaced=True, newest_id=1)
    reader.close()


def test_what_a_failed_poll_would_have_told_the_next_one_tells(
    path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(path, "PRAGMA journal_mode = DELETE")
    monkeypatch.setattr(read_open, "BUSY_MS", 20)
    watch.poll()
    add(path, "three")

    with holding(path, "BEGIN EXCLUSIVE"), pytest.raises(errors.Locked):
        watch.poll()

    assert watch.poll() == Change(sessions=frozenset({"s1"}), store=True, newest_id=3)


def test_of_very_many_new_rows_the_newest_tell_their_sessions(
    path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_feed, "MAX_ROWS", 3)
    watch.poll()
    add(path, "early", session="early")
    add(path, "a", "b", "c", session="late")

    assert watch.poll() == Change(sessions=frozenset({"late"}), store=True, newest_id=6)
