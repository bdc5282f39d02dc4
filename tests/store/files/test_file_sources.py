"""Sessions that only a spool or a snapshot knows: listed, readable, searchable, labelled
(docs/format.md §1.2, §5.2, §5.5).

Mutants that these guards were seen to catch:
- `load` in place of `_salvaged`: test_a_snapshot_that_is_cut_off_gives_what_stands_before_the_cut
- `waiting` without its comparison: test_what_a_salvage_wrote_twice_is_read_once
- `_taken` without the times, or without using each message up: test_a_word_that_was_said_before_waits_all_the_same
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import Drift, Origin, SessionDB, Status
from tests.any_text import CHARACTERS
from tests.builders import db as opened
from tests.builders import home, jsonl, say, store

T = 1_784_000_000


def snapshot(folder: Path, session_id: str, messages: list[Any], **more: Any) -> Path:
    """A `session_<id>.json` as an agent wrote it."""
    path = folder / "sessions" / f"session_{session_id}.json"
    about = {
        "session_id": session_id,
        "model": "opus",
        "platform": "cli",
        "session_start": "2026-03-01T10:00:00",
        **more,
    }
    path.write_text(json.dumps(about | {"message_count": len(messages), "messages": messages}, indent=2))
    return path


def spool(folder: Path, name: str, payload: Any) -> Path:
    """A file of the spool."""
    path = folder / "pending_messages" / f"pending-{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(payload if isinstance(payload, str) else json.dumps(payload))
    return path


def dropped(session_id: str, number: int, text: str) -> dict[str, Any]:
    """A message that fell out of a full queue."""
    message = say("user", text)
    return {
        "session_key": session_id,
        "reason": "transcript_cap_drop",
        "ts": T,
        "seq": number,
        "data": {"session_id": session_id, "message": message},
    }


def hits(db: SessionDB, words: str) -> list[tuple[str, int, Origin]]:
    """Session, message and origin of each hit."""
    return [(hit.session_id, hit.message_id, hit.origin) for batch in db.search(words) for hit in batch.hits]


def test_a_session_that_only_a_snapshot_knows_is_a_full_citizen(tmp_path: Path) -> None:
    folder = home(tmp_path)
    snapshot(folder, "a", [say("user", "find the walrus"), say("assistant", "found", finish_reason="stop")])
    db = opened(folder)
    [row] = db.file_sessions()
    assert (row.id, row.origin, row.source, row.model, row.messages) == ("a", Origin.SNAPSHOT, "cli", "opus", 2)
    assert row.problem == ""
    assert db.drift(row, db.facts("a")) is None
    assert db.session("a") == row
    assert db.outlines(["a"])["a"].first_words == "find the walrus"
    assert db.outlines(["a"])["a"].status is Status.DONE
    assert [(one.id, one.role, one.origin) for one in db.file_messages("a")] == [
        (1, "user", Origin.SNAPSHOT),
        (2, "assistant", Origin.SNAPSHOT),
    ]
    assert hits(db, "walrus") == [("a", 1, Origin.SNAPSHOT)]
    db.close()


def test_a_snapshot_speaks_only_where_nothing_else_does(tmp_path: Path) -> None:
    folder = home(tmp_path)
    for session_id in ("sql", "file", "wait"):
        snapshot(folder, session_id, [say("user", "walrus in a snapshot")])
    db = opened(folder)
    store(db, "sql", [say("user", "in SQLite")])
    jsonl(folder, "file", [say("user", "in a file")])
    spool(folder, "1", dropped("wait", 1, "in the spool"))
    assert {row.id: row.origin for row in db.file_sessions()} == {"file": Origin.JSONL, "wait": Origin.SPOOL}
    assert [one.text for one in db.file_messages("file")] == ["in a file"]
    assert [one.text for one in db.file_messages("wait")] == ["in the spool"]
    assert db.file_messages("sql") == ()
    assert hits(db, "walrus") == []
    assert [one.text for one in db.snapshot_messages("sql")] == ["walrus in a snapshot"]
    db.close()


def test_a_snapshot_that_is_cut_off_gives_what_stands_before_the_cut(tmp_path: Path) -> None:
    folder = home(tmp_path)
    path = snapshot(folder, "a", [say("user", "one"), say("assistant", "two"), say("user", "three")])
    path.write_text(path.read_text()[:-60])
    db = opened(folder)
    [row] = db.file_sessions()
    assert "cut off" in row.problem
    assert db.drift(row, None) is Drift.DAMAGED
    assert row.source == "cli"
    assert [one.text for one in db.file_messages("a")] == ["one", "two"]
    db.close()


def test_the_snapshots_of_real_homes_are_listed(each_home: Path) -> None:
    folder = each_home / ".hermes"
    db = SessionDB(folder / "state.db", read_only=True)
    found = {row.id: row for row in db.file_sessions() if row.origin is Origin.SNAPSHOT}
    assert found.keys() == {"20260120_080000_abc123", "20260121_080000_dead00"}
    assert found["20260120_080000_abc123"].problem == ""
    assert found["20260121_080000_dead00"].problem
    assert len(db.file_messages("20260120_080000_abc123")) == found["20260120_080000_abc123"].messages > 0
    db.close()


def test_what_waits_in_the_spool_is_read_in_order(tmp_path: Path) -> None:
    folder = home(tmp_path)
    spool(folder, "f", dropped("a", 1, "second walrus"))
    spool(folder, "0", dropped("a", 2, "third"))
    spool(folder, "9", dropped("a", 0, "first"))
    db = opened(folder)
    [row] = db.file_sessions()
    assert (row.id, row.origin, row.messages, row.started_at) == ("a", Origin.SPOOL, 3, T)
    assert [(one.id, one.text, one.origin) for one in db.file_messages("a")] == [
        (1, "first", Origin.SPOOL),
        (2, "second walrus", Origin.SPOOL),
        (3, "third", Origin.SPOOL),
    ]
    assert hits(db, "walrus") == [("a", 2, Origin.SPOOL)]
    assert db.outlines(["a"])["a"].first_words == "first"
    db.close()


def test_all_three_shapes_of_the_spool_are_understood(tmp_path: Path) -> None:
    folder = home(tmp_path)
    index = {"_README": "mirror", "agent:main:telegram:dm:5": {"session_id": "known"}}
    (folder / "sessions" / "sessions.json").write_text(json.dumps(index))
    for number, key in enumerate(("agent:main:telegram:dm:5", "agent:main:telegram:dm:6")):
        spool(folder, str(number), {"session_key": key, "reason": "shutdown", "ts": T, "data": {"text": f"to {key}"}})
    history = [say("user", "go"), say("assistant", "gone"), "not a dict"]
    reason = "shutdown-with-unpersisted-agent-history"
    spool(folder, "2", {"reason": reason, "session_id": "lost", "count": 3, "messages": history})
    db = opened(folder)
    assert {row.id: row.messages for row in db.file_sessions()} == {
        "known": 1,
        "agent:main:telegram:dm:6": 1,
        "lost": 2,
    }
    assert db.file_messages("known")[0].role == "user"
    db.close()


def test_what_waits_for_a_session_in_sqlite_is_found_and_labelled(tmp_path: Path) -> None:
    folder = home(tmp_path)
    db = opened(folder)
    store(db, "a", [say("user", "stored")], source="telegram")
    spool(folder, "1", dropped("a", 1, "a walrus that waits"))
    assert db.file_sessions() == ()
    assert [one.text for one in db.waiting("a")] == ["a walrus that waits"]
    assert hits(db, "walrus") == [("a", 1, Origin.SPOOL)]
    assert hits(db, "walrus source:telegram") == [("a", 1, Origin.SPOOL)]
    assert hits(db, "walrus source:cli") == []
    db.close()


def test_what_a_salvage_wrote_twice_is_read_once(tmp_path: Path) -> None:
    """Into the JSONL file and into the spool (docs/format.md §5.5)."""
    folder = home(tmp_path)
    jsonl(folder, "a", [say("user", "one"), say("user", "two")])
    spool(folder, "1", dropped("a", 1, "two"))
    spool(folder, "2", dropped("a", 2, "three"))
    db = opened(folder)
    assert [(one.id, one.text) for one in db.file_messages("a")] == [(1, "one"), (2, "two"), (4, "three")]
    assert hits(db, "three") == [("a", 4, Origin.SPOOL)]
    db.close()


def test_a_word_that_was_said_before_waits_all_the_same(tmp_path: Path) -> None:
    folder = home(tmp_path)
    db = opened(folder)
    store(db, "a", [say("user", "ok", timestamp=T - 3600), say("user", "go on", timestamp=T - 5)])
    spool(folder, "1", dropped("a", 1, "ok"))
    spool(folder, "2", dropped("a", 2, "go on"))
    spool(folder, "3", dropped("a", 3, "go on"))
    assert [one.text for one in db.waiting("a")] == ["ok", "go on"]
    db.close()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"data": 5}', '{"session_key": "a"}', "[" * 5000, "\x00"])
def test_a_spool_file_that_is_none_is_counted_and_harms_nothing(tmp_path: Path, text: str) -> None:
    folder = home(tmp_path)
    spool(folder, "1", text)
    spool(folder, "2", dropped("a", 1, "fine"))
    db = opened(folder)
    assert [row.id for row in db.file_sessions()] == ["a"]
    assert len(db.store.leftovers.spool.problems()) == 1
    db.close()


def test_links_are_not_followed(tmp_path: Path) -> None:
    folder = home(tmp_path)
    target = snapshot(folder, "a", [say("user", "x")])
    (folder / "sessions" / "session_b.json").symlink_to(target)
    assert [row.id for row in opened(folder).file_sessions()] == ["a"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(CHARACTERS, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "messages",
                    "data",
                    "message",
                    "text",
                    "ts",
                    "seq",
                    "session_id",
                    "session_key",
                    "role",
                    "content",
                    "tool_calls",
                    "platform",
                    "model",
                    "last_updated",
                )
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(VALUES, st.integers(0, 200))
def test_no_content_of_such_a_file_raises(tmp_path_factory: pytest.TempPathFactory, value: Any, cut: int) -> None:
    folder = home(tmp_path_factory.mktemp("odd"))
    text = json.dumps(value)
    (folder / "sessions" / "session_a.json").write_text(text[: len(text) - cut] if cut < 100 else text)
    spool(folder, "1", text)
    db = opened(folder, read_only=True)
    for row in db.store.leftovers.sessions(()):
        db.store.leftovers.outline(row.id)
        assert len(db.store.leftovers.messages(row.id)) == row.messages
    db.close()


def test_what_our_own_recorder_keeps_waits_too_and_what_is_stored_does_not(tmp_path: Path) -> None:
    folder = home(tmp_path)
    db = opened(folder)
    store(db, "a", [say("user", "stored"), say("assistant", "stored too")])
    talk = [say("user", "stored"), say("assistant", "stored too"), say("user", "a walrus that waits")]
    (folder / "pending_messages").mkdir()
    payload = {"format": "hermes-tui pending 1", "session_id": "a", "saved_at": T, "conversations": [talk[:1], talk]}
    (folder / "pending_messages" / "hermes-tui-0a.json").write_text(json.dumps(payload))
    assert [one.text for one in db.waiting("a")] == ["a walrus that waits"]
    assert hits(db, "stored") == [("a", 2, Origin.SQLITE), ("a", 1, Origin.SQLITE)]
    assert [(one, origin) for one, _, origin in hits(db, "walrus")] == [("a", Origin.SPOOL)]
    db.close()
