"""What cannot be looked at is no evidence: copies of unreadable files, folders and profiles stay as they are."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from store.engine.push_target import PushTarget
from store.files.home import Home
from store.open import open_push_target, open_to_read
from store.push.following import follow
from store.push.pusher import Pusher
from tests import builders
from tests.store.push.conftest import WHOSE, SqlRunner, claimed
from tests.store.sqlite_files import leaves, smash

PLACES = {
    "jsonl": "sessions/both.jsonl",
    "jsonl alone": "sessions/alone.jsonl",
    "snapshot": "sessions/session_snap.json",
    "saved snapshot": "sessions/saved/hermes_conversation_1.json",
    "spool": "pending_messages/pending-0a.json",
    "index": "sessions/sessions.json",
}
FOLDERS = ("sessions", "sessions/saved", "pending_messages")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with messages in every kind of file."""
    home = builders.home(tmp_path)
    said = [builders.say("user" if place % 2 == 0 else "assistant", f"heron word{place}") for place in range(4)]
    with closing(builders.db(home)) as db:
        builders.store(db, "both", said[2:3])
        builders.store(db, "plain", said)
    for name in ("both", "alone"):
        builders.jsonl(home, name, said)
    (home / "sessions" / "session_snap.json").write_text(json.dumps({"messages": said[:2]}))
    (home / "sessions" / "saved").mkdir()
    saved = {"session_id": "kept", "messages": said[:2]}
    (home / "sessions" / "saved" / "hermes_conversation_1.json").write_text(json.dumps(saved))
    (home / "sessions" / "sessions.json").write_text(json.dumps({"chat:1": {"session_id": "plain"}}))
    (home / "pending_messages").mkdir()
    waits = {"session_key": "chat:1", "data": {"text": "heron waits"}, "ts": 1_784_000_000}
    (home / "pending_messages" / "pending-0a.json").write_text(json.dumps(waits))
    return home


class _Listed:
    """A folder whose entries may not be looked at."""

    def __init__(self, entries: Any) -> None:
        self._entries = entries

    def __enter__(self) -> Iterator[Any]:
        return iter([_Entry(entry) for entry in self._entries])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entries.close()


class _Entry:
    def __init__(self, entry: Any) -> None:
        self.name = entry.name

    def stat(self, **_: object) -> os.stat_result:
        """Refused."""
        raise PermissionError(errno.EACCES, "Permission denied")


def unreadable(monkeypatch: pytest.MonkeyPatch, path: Path, how: str) -> None:
    """Let the system refuse to open, read or list what is at a path."""
    opened, read, listed = os.open, os.read, os.scandir
    bad: set[int] = set()

    def _open(asked: Any, *args: Any, **kwargs: Any) -> int:
        if str(asked) == str(path) and how == "EACCES":
            raise PermissionError(errno.EACCES, "Permission denied")
        descriptor = opened(asked, *args, **kwargs)
        bad.discard(descriptor)
        if str(asked) == str(path):
            bad.add(descriptor)
        return descriptor

    def _read(descriptor: int, size: int) -> bytes:
        if descriptor in bad and how == "EIO":
            raise OSError(errno.EIO, "Input/output error")
        return read(descriptor, size)

    def _scandir(asked: Any) -> Any:
        if str(asked) != str(path):
            return listed(asked)
        if how == "unlisted":
            raise PermissionError(errno.EACCES, "Permission denied")
        return _Listed(listed(asked)) if how == "no search" else listed(asked)

    monkeypatch.setattr(os, "open", _open)
    monkeypatch.setattr(os, "read", _read)
    monkeypatch.setattr(os, "scandir", _scandir)


def test_a_damaged_page_of_sqlite_keeps_the_copies_of_its_sessions_and_the_others_go_on(
    tmp_path: Path, target: PushTarget, server_url: str, run_sql: SqlRunner, schema: str
) -> None:
    """Mutants: the walk ends the push, a session that cannot be read, or the newest messages; a session that was never
    read is said to be copied."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        for number in range(12):
            builders.store(db, f"s{number:02}", builders.talk(20, word=f"session {number} " + "x" * 300))
    with closing(open_to_read(Home(home))) as store:
        list(claimed(store, target).push())
    shown = f"SELECT count(*) FROM {schema}.messages WHERE hermes_tui_gone_at IS NULL"
    assert run_sql(shown) == [(240,)]
    with closing(builders.db(home)) as db:
        db.append_messages("s00", builders.talk(1, word="later"))
        builders.store(db, "new", builders.talk(3))
    pages = leaves(home / "state.db", "messages")
    smash(home / "state.db", pages[len(pages) // 2])
    with closing(open_to_read(Home(home))) as store:
        pusher = claimed(store, target)
        step = list(pusher.push())[-1]
        assert (step.written, step.gone, 0 < step.kept <= 2) == (2, 0, True)
        assert run_sql(shown) == [(244,)]
        assert len(pusher.unread) > 0
        assert [rows for _, rows in pusher.verify()] == [[]] * step.kept
        looks = follow(pusher, clock=lambda: 0.0)
        next(looks)
        with closing(builders.db(home)) as db:
            db.append_messages("s00", builders.talk(1, word="last"))
        assert next(looks) == 1
    assert run_sql(shown) == [(245,)]
    run_sql(f"DROP SCHEMA IF EXISTS {schema}_new CASCADE")
    with (
        closing(open_push_target(server_url, f"{schema}_new")) as other,
        closing(open_to_read(Home(home))) as store,
    ):
        step = list(claimed(store, other).push())[-1]
    assert (step.kept > 0, step.written) == (True, step.total - step.kept)


CASES = [
    *((place, how) for place in PLACES for how in ("EACCES", "EIO") if (place, how) != ("index", "EIO")),
    *((folder, how) for folder in FOLDERS for how in ("unlisted", "no search")),
]


def test_copies_of_what_cannot_be_looked_at_stay_and_the_rest_goes_on(
    home: Path, target: PushTarget, run_sql: SqlRunner, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: an unreadable file has no messages; an unlisted folder no files; the state of the home is kept."""
    for module in ("store.push.file_copies", "store.sqlite.copied"):
        monkeypatch.setattr(f"{module}.SETTLED", -1.0)
    table = f"{schema}.messages"
    shown = (
        f"SELECT session_id, hermes_tui_source, content FROM {table} WHERE hermes_tui_gone_at IS NULL ORDER BY 1, id"
    )

    def _push() -> tuple[Pusher, int]:
        with closing(open_to_read(Home(home))) as store:
            pusher = Pusher(store, target, WHOSE)
            pusher.claim()
            step = list(pusher.push())[-1]
            assert step.gone == 0
            return pusher, step.kept

    _push()
    before = run_sql(shown)
    assert {row[1] for row in before} == {"sqlite", "jsonl", "snapshot", "spool"}
    for number, (place, how) in enumerate(CASES):
        path = home / PLACES.get(place, place)
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
        with closing(builders.db(home)) as db:
            db.append_message("late", "user", f"after {number}") if number else builders.store(
                db, "late", [builders.say("user", "after 0")]
            )
        with pytest.MonkeyPatch.context() as patch:
            unreadable(patch, path, how)
            pusher, kept = _push()
        assert (kept > 0, any(str(path) in sentence for sentence in pusher.unread)) == (True, True), (place, how)
        assert [row for row in run_sql(shown) if row[0] != "late"] == before, (place, how)
        assert run_sql(f"SELECT count(*) FROM {table} WHERE session_id = 'late'") == [(number + 1,)]
    with (home / PLACES["jsonl"]).open("a") as file:
        file.write(json.dumps(builders.say("user", "heron at last")) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        unreadable(patch, home / PLACES["jsonl"], "EIO")
        assert _push()[1] == 1
    pusher, kept = _push()
    assert (kept, pusher.unread, len(run_sql(shown))) == (0, [], len(before) + len(CASES) + 1)
    with closing(open_to_read(Home(home))) as store:
        assert list(Pusher(store, target, WHOSE).verify()) == []
