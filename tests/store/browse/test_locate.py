"""Why can't I see it? Every way in which a session can be out of view is told by name (docs/format.md §1, §4).

Mutants that these guards were seen to catch: `siblings` giving nothing; `_marks` without its archived line.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store import SessionDB
from tests.builders import db as opened
from tests.builders import home, jsonl, say, store
from tests.store.sqlite_files import run

LONE = "its messages are in SQLite without a row of the session: Hermes does not list it, it is listed here"


def told(db: SessionDB, text: str) -> dict[str, tuple[str, ...]]:
    """Id -> reasons of what a look-up finds."""
    return {one.session.id: one.reasons for one in db.where(text)}


@pytest.fixture
def db(tmp_path: Path) -> Any:
    database = opened(home(tmp_path))
    yield database
    database.close()


@pytest.mark.slow
def test_a_session_in_the_list_has_no_reason(db: SessionDB) -> None:
    store(db, "20260101_000000_abcdef", [say("user", "x")])
    db.set_session_title("20260101_000000_abcdef", "Fix the Docker build")
    for text in ("20260101_000000_abcdef", "20260101", "abcdef", "docker", " Docker build "):
        [one] = db.where(text)
        assert (one.session.id, one.reasons, one.family) == ("20260101_000000_abcdef", (), ())
        assert one.held == (f"{db.path}: 1 message",)


def test_what_is_nowhere_is_nowhere(db: SessionDB) -> None:
    store(db, "a", [say("user", "x")])
    assert db.where("nowhere") == db.where("") == db.where("%") == ()


@pytest.mark.slow
def test_that_very_id_comes_first(db: SessionDB) -> None:
    for session_id in ("ab", "a", "abc"):
        store(db, session_id, [say("user", "x")])
    assert next(iter(told(db, "a"))) == "a"
    assert set(told(db, "a")) == {"a", "ab", "abc"}


@pytest.mark.slow
def test_every_reason_is_told(db: SessionDB) -> None:
    store(db, "root", [say("user", "x")])
    db.end_session("root", "compression")
    db.create_session("tip", "cli", parent_session_id="root")
    db.append_messages("tip", [say("user", "y")])
    db.create_session("helper", "subagent", parent_session_id="tip")
    db.create_session("lost", "cli", model_config={"_delegate_from": "__orphaned__"})
    db.append_messages("lost", [say("user", "z")])
    store(db, "away", [say("user", "x")])
    run(db.path, "UPDATE sessions SET archived = 1 WHERE id = 'away'")
    run(
        db.path,
        "PRAGMA foreign_keys = OFF;"
        " INSERT INTO messages (session_id, role, content, timestamp) VALUES ('lone', 'user', 'x', 1)",
    )
    folder = db.path.parent
    jsonl(folder, "file", [say("user", "x")], tail=b"{bad\n")
    (folder / "sessions" / "session_snap.json").write_text(json.dumps({"messages": [say("user", "x")]}))
    (folder / "pending_messages").mkdir()
    waits = {
        "session_key": "k",
        "reason": "transcript_cap_drop",
        "data": {"session_id": "wait", "message": say("user", "x")},
    }
    (folder / "pending_messages" / "pending-1.json").write_text(json.dumps(waits))
    waits["data"] = {"session_id": "tip", "message": say("user", "later")}
    (folder / "pending_messages" / "pending-2.json").write_text(json.dumps(waits))
    (folder / "pending_messages" / "pending-3.json").write_text("{")
    (folder / "sessions" / "request_dump_away_20260310_091530_123456.json").write_text("{}")

    assert told(db, "root") == {"root": ("section 1 of 2 of one conversation, which is listed as tip",)}
    assert told(db, "tip") == {"tip": ("1 message of it wait in the spool, not written into SQLite yet",)}
    assert told(db, "helper") == {"helper": ("a subagent's, child of tip", "it has no messages")}
    assert told(db, "lost") == {"lost": ("hidden by Hermes itself, which took it for a subagent's; it is listed here",)}
    assert told(db, "away") == {"away": ("archived",)}
    assert "JSONL" in told(db, "file")["file"][0]
    assert "snapshot" in told(db, "snap")["snap"][0]
    assert "spool" in told(db, "wait")["wait"][0]
    assert told(db, "lone") == {"lone": (LONE,)}
    assert [kin.session.id for kin in db.where("helper")[0].family] == ["root", "tip", "helper"]
    assert db.where("file")[0].held == (f"{folder / 'sessions' / 'file.jsonl'}: 1 message, 1 damaged line",)
    assert db.where("away")[0].held[1].endswith("request_dump_away_20260310_091530_123456.json: a dump of a request")
    counted = db.census()
    assert (counted.stored, counted.jsonl, counted.spool, counted.snapshots, counted.waiting) == (6, 1, 1, 1, 2)
    assert len(counted.problems) == 1


@pytest.mark.slow
def test_other_profiles_are_looked_into(tmp_path: Path) -> None:
    root = home(tmp_path)
    opened(root).close()
    for name in ("work", "play"):
        (root / "profiles" / name).mkdir(parents=True)
        other = SessionDB(root / "profiles" / name / "state.db")
        store(other, f"in-{name}", [say("user", "x")])
        other.close()
    for folder in (root, root / "profiles" / "play"):
        db = SessionDB(folder / "state.db", read_only=True)
        [one] = db.where("in-work")
        assert (one.session.profile, one.reasons) == ("work", ())
        assert one.held == (f"{root / 'profiles' / 'work' / 'state.db'}: 1 message",)
        assert db.census().profiles == (("default", 0), ("play", 1), ("work", 1))
        db.close()


def test_where_sqlite_cannot_be_read_the_files_answer(tmp_path: Path) -> None:
    folder = home(tmp_path)
    (folder / "state.db").write_text("this is no database, not by any means, whatever its name may say")
    jsonl(folder, "file", [say("user", "x")])
    db = opened(folder, read_only=True)
    assert set(told(db, "file")) == set(told(db, "ile")) == {"file"}
    assert db.census().stored is None
    db.close()


@pytest.mark.slow
def test_every_session_of_every_home_is_found(each_home: Path) -> None:
    expected = json.loads((each_home / "expected.json").read_text())
    db = SessionDB(each_home / ".hermes" / "state.db", read_only=True)
    for session_id in {*expected["sessions"], *expected["jsonl"], "20260120_080000_abc123"}:
        assert next(iter(told(db, session_id))) == session_id
    assert db.census().snapshots == 2
    db.close()


def test_a_session_that_was_deleted_with_a_file_left_over_is_told(era_home: Callable[[str], Path]) -> None:
    db = SessionDB(era_home("v06") / ".hermes" / "state.db")
    db.delete_session("20260310_091500_a1b2c3")
    [one] = db.where("20260310_091500_a1b2c3")
    assert "deleted from SQLite" in one.reasons[0]
    assert any("snapshot" in held for held in one.held)
    db.close()
