"""Files of a home that is followed: what is new in them is copied with the next look, which costs a few of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store.engine.push_target import PushTarget, SessionCopy
from store.files.home import FileStamp, Home
from store.open import open_to_read
from store.push import file_watch
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


def test_a_look_costs_the_files_that_changed_last_and_some_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: all files are looked at; none but the last changed; a folder is listed at each look."""
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
    watch = FileWatch(tmp_path, tmp_path / "none", clock=lambda: 0.0)
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
    watch = FileWatch(tmp_path / "sessions", tmp_path / "spool")
    assert watch.look() == Changed(set(), snapshots=False, spool=False)


def test_two_files_in_one_tick_of_a_folders_clock_are_both_noticed(tmp_path: Path) -> None:
    """Mutant: a listing that was made within the tick is taken for the last one."""
    watch = FileWatch(tmp_path, tmp_path / "none", clock=lambda: 0.0)
    added(tmp_path / "one.jsonl", "")
    assert watch.look().transcripts == {"one"}
    tick = tmp_path.stat().st_mtime_ns
    added(tmp_path / "two.jsonl", "")
    os.utime(tmp_path, ns=(tick, tick))
    assert watch.look().transcripts == {"two"}
