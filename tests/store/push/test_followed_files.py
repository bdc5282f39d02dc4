"""Files of a home that is followed: what is new in them is copied with the next look, which costs a few of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from store.engine.push_target import PushTarget, SessionCopy
from store.files.home import FileStamp, Home
from store.open import open_to_read
from store.push import file_watch, folder_events
from store.push.file_watch import Changed, FileWatch
from store.push.following import follow
from tests import builders
from tests.store.push.conftest import SqlRunner, claimed

HERON = builders.say("user", "heron")


def added(path: Path, text: str) -> None:
    """Write behind what a file has."""
    with path.open("a") as file:
        file.write(text)


def test_what_is_written_into_any_file_is_copied_with_the_next_look(
    tmp_path: Path, target: PushTarget, schema: str, run_sql: SqlRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: each kind of file is left to the full push; a session of its own has no files; a spooled message that
    SQLite has by now stays as it was; a look without a change copies again; a line that was copied is sent again."""
    home = builders.home(tmp_path)
    sessions, spool = home / "sessions", home / "pending_messages"
    for folder in (sessions / "saved", spool):
        folder.mkdir(parents=True, exist_ok=True)
    with closing(builders.db(home)) as db:
        builders.store(db, "both", [HERON])
    waits = {"session_id": "both", "message": builders.say("user", "waits")}
    spooled = {"session_key": "both", "reason": "transcript_cap_drop", "ts": 1_784_000_000, "seq": 0, "data": waits}
    line = json.dumps(builders.say("user", "of the file")) + "\n"

    def _said(session: str) -> list[Any]:
        rows = run_sql(
            f"SELECT hermes_tui_source, content FROM {schema}.messages WHERE session_id = %s"
            " AND hermes_tui_gone_at IS NULL ORDER BY id",
            (session,),
        )
        return [tuple(row) for row in rows]

    sent: list[tuple[str, int]] = []
    put = target.put_changed

    def _put(copy: SessionCopy, known: str, *, now: float) -> bool:
        sent.append((copy.session_id, len(copy.messages)))
        return put(copy, known, now=now)

    monkeypatch.setattr(target, "put_changed", _put)
    with closing(open_to_read(Home(home))) as store, closing(builders.db(home)) as db:
        pusher = claimed(store, target)
        now = 0.0
        looks = follow(pusher, clock=lambda: now)

        def _look() -> int:
            nonlocal now
            now += 3.0  # less than a minute in all: never another full push
            return next(looks)

        assert (_look(), _look()) == (1, 0)
        added(sessions / "both.jsonl", line)
        added(sessions / "alone.jsonl", line)
        assert _look() == 2
        added(sessions / "alone.jsonl", line.replace("of the file", "more"))
        assert (_look(), _look()) == (1, 0)
        assert sorted(_said("both")) == [("jsonl", "of the file"), ("sqlite", "heron")]
        assert _said("alone") == [("jsonl", "of the file"), ("jsonl", "more")]
        assert sent[-1] == ("alone", 1)
        (sessions / "session_snap.json").write_text(json.dumps({"messages": [HERON]}))
        added(
            sessions / "saved" / "hermes_conversation_1.json", json.dumps({"session_id": "kept", "messages": [HERON]})
        )
        assert (_look(), _look()) == (2, 0)
        assert _said("snap") == _said("kept") == [("snapshot", "heron")]
        (sessions / "session_snap.json").write_text(json.dumps({"messages": [HERON, HERON]}))
        (spool / "pending-0a.json").write_text(json.dumps(spooled))
        assert (_look(), _look()) == (2, 0)
        assert _said("snap") == [("snapshot", "heron")] * 2
        assert _said("both")[-1] == ("spool", "waits")
        (spool / "pending-0a.json").unlink()
        assert (_look(), _look()) == (1, 0)
        assert sorted(text for _, text in _said("both")) == ["heron", "of the file"]
        db.append_message("both", "user", "waits")
        assert (_look(), _look()) == (1, 0)
        assert sorted(text for _, text in _said("both")) == ["heron", "of the file", "waits"]
        assert list(pusher.verify()) == []


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Callable[[], FileWatch]]:
    """A watch on the files of a folder, whose clock stands."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(FileWatch(tmp_path, tmp_path / "none", clock=lambda: 0.0)))


def test_a_look_without_reports_costs_the_files_that_changed_last_and_some_of_the_others(
    tmp_path: Path, watched: Callable[[], FileWatch], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: all files are looked at; none but the last changed; a folder is listed at each look."""
    monkeypatch.setattr(folder_events, "_inotify", lambda: None)
    monkeypatch.setattr(file_watch, "IN_TURN", 10)
    monkeypatch.setattr(file_watch, "RECENT", 3)
    monkeypatch.setattr(file_watch, "SETTLED", -1.0)
    for number in range(100):
        (tmp_path / f"s{number}.jsonl").write_text("")
    seen: list[str] = []
    stamp, scandir = file_watch._stamp, os.scandir
    listed: list[object] = []

    def _stamp(path: str) -> FileStamp | None:
        seen.append(path)
        return stamp(path)

    def _scandir(path: Path) -> Iterator[os.DirEntry[str]]:
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(file_watch, "_stamp", _stamp)
    monkeypatch.setattr(os, "scandir", _scandir)
    watch = watched()
    listed.clear()

    def _look() -> set[str]:
        seen.clear()
        changed = watch.look()
        assert len(seen) <= 13
        assert changed[1:] == (False, False)
        return changed.transcripts

    for _ in range(12):
        assert _look() == set()
    added(tmp_path / "s40.jsonl", "cold")
    found = [_look() for _ in range(11)]
    assert sorted(map(len, found)) == [0] * 10 + [1]
    added(tmp_path / "s40.jsonl", "warm")
    assert (_look(), listed) == ({"s40"}, [])
    (tmp_path / "s41.jsonl").unlink()
    added(tmp_path / "new.jsonl", "")
    changed = watch.look()
    assert "new" in changed.transcripts
    assert len(listed) == 2  # of the transcripts, of the snapshots


def test_a_folder_that_is_missing_or_not_readable_has_no_changes(tmp_path: Path) -> None:
    with closing(FileWatch(tmp_path / "sessions", tmp_path / "spool")) as watch:
        assert watch.look() == Changed(set(), snapshots=False, spool=False)


def test_two_files_in_one_tick_of_a_folders_clock_are_both_noticed(
    tmp_path: Path, watched: Callable[[], FileWatch], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: a listing that was made within the tick is taken for the last one."""
    monkeypatch.setattr(folder_events, "_inotify", lambda: None)
    watch = watched()
    added(tmp_path / "one.jsonl", "")
    assert watch.look().transcripts == {"one"}
    tick = tmp_path.stat().st_mtime_ns
    added(tmp_path / "two.jsonl", "")
    os.utime(tmp_path, ns=(tick, tick))
    assert watch.look().transcripts == {"two"}


reports = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


@reports
def test_a_file_that_was_quiet_for_long_is_noticed_with_the_next_look_and_costs_no_other_file(
    tmp_path: Path, watched: Callable[[], FileWatch], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: no writes, names or removals are reported; a folder that another takes the place of stays watched; one
    that is made later is never, one with the same inode is taken for that before it; names that were lost, since there
    were too many, are not listed."""
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    for number in range(10):
        (sessions / f"s{number}.jsonl").write_text("")
    monkeypatch.setattr(file_watch, "IN_TURN", 0)
    monkeypatch.setattr(file_watch, "IN_TURN_REPORTED", 0)
    monkeypatch.setattr(file_watch, "RECENT", 0)
    monkeypatch.setattr(file_watch, "SETTLED", -1.0)
    with closing(FileWatch(sessions, tmp_path / "spool", clock=lambda: 0.0)) as watch:
        assert watch.look().transcripts == set()
        with monkeypatch.context() as patched:
            patched.setattr(os, "scandir", None)
            added(sessions / "s4.jsonl", "x")
            added(sessions / "new.jsonl", "")
            (sessions / "s5.jsonl").rename(sessions / "moved.jsonl")
            (sessions / "s6.jsonl").unlink()
            added(sessions / "other.txt", "")
            added(sessions / "request_dump.json", "")
            changed = watch.look()
            assert changed == Changed({"s4", "new", "s5", "moved", "s6"}, snapshots=False, spool=False)
        (tmp_path / "spool").mkdir()
        assert not watch.look().spool
        added(tmp_path / "spool" / "pending-1.json", "{}")
        assert watch.look().spool
        sessions.rename(tmp_path / "old")
        sessions.mkdir()
        watch.look()
        added(sessions / "s7.jsonl", "in another folder")
        assert "s7" in watch.look().transcripts
        with monkeypatch.context() as patched:
            patched.setattr(folder_events, "_identity", lambda path: (0, 0))
            watch.look()
            (tmp_path / "spool" / "pending-1.json").unlink()
            (tmp_path / "spool").rmdir()
            (tmp_path / "spool").mkdir()
            watch.look(), watch.look()
            added(tmp_path / "spool" / "pending-1.json", "{}")
            assert watch.look().spool
        watch.look(), watch.look()
        for number in range(2 * int(Path("/proc/sys/fs/inotify/max_queued_events").read_text()) // 3):
            os.utime(sessions / "s7.jsonl", (number, number))
            os.utime(tmp_path / "spool" / "pending-1.json", (number, number))
        added(sessions / "late.jsonl", "")
        assert "late" in watch.look().transcripts


def test_what_is_written_during_the_first_push_is_copied_with_the_first_look_and_nothing_is_compared_again(
    tmp_path: Path, target: PushTarget, schema: str, run_sql: SqlRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: the watch begins after the first push; everything is compared once more behind it, or never."""
    home = builders.home(tmp_path)
    (home / "sessions").mkdir(exist_ok=True)
    line = json.dumps(HERON) + "\n"
    added(home / "sessions" / "quiet.jsonl", line)
    now = 0.0
    with closing(builders.db(home)) as db, closing(open_to_read(Home(home))) as store:
        builders.store(db, "both", [HERON])
        pusher = claimed(store, target)
        pushes: list[None] = []
        push = pusher.push

        def _push(*given: Any) -> Any:
            pushes.append(None)
            return push(*given)

        def _first() -> None:
            list(pusher.push())
            added(home / "sessions" / "quiet.jsonl", line)
            db.append_message("both", "user", "more")

        monkeypatch.setattr(pusher, "push", _push)
        looks = follow(pusher, first=_first, clock=lambda: now)
        assert [next(looks), next(looks), len(pushes)] == [0, 2, 1]
        assert run_sql(f"SELECT count(*) FROM {schema}.messages") == [(4,)]
        now = 61.0
        assert [next(looks), len(pushes)] == [0, 2]
