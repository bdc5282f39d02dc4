"""Every home: the sessions and rows that `expected.json` names, through both families of verbs
(docs/format.md §1.4, §2).

Each guard was seen to fail with its mutant:
- `layout.has` ignored for text columns: both tests fail on the homes of spring 2026
- NULL in `active` taken for 0: test_rows_are_counted_as_they_were_written on files whose column was added
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import apsw
import pytest

from store import Origin, Relation, SessionDB

ALWAYS = ("20260310_091500_a1b2c3", "20260312_080000_deadbeef", "20260319_130000_e3e3e3")
CHAIN = ("20260311_101010_c0ffe1", "20260311_124501_c0ffe2", "20260311_151500_c0ffe3")


def expectation(home: Path) -> Any:
    return json.loads((home / "expected.json").read_text())


@pytest.mark.slow
def test_every_session_is_listed_as_it_was_written(each_home: Path) -> None:
    """And reading all of it changes no byte of the file and adds no row anywhere."""
    expected = expectation(each_home)
    state = each_home / ".hermes" / "state.db"
    before, beside = (
        hashlib.sha256(state.read_bytes()).hexdigest(),
        sorted(path.name for path in state.parent.iterdir()),
    )
    db = SessionDB(state, read_only=True)
    rows = {row.id: row for row in db.sessions(limit=500).items}
    assert rows.keys() == expected["sessions"].keys()
    for session_id, facts in expected["sessions"].items():
        row = rows[session_id]
        assert (row.source, row.title, row.end_reason, row.parent_id) == (
            facts["source"],
            facts["title"],
            facts["end_reason"],
            facts["parent"],
        )
        record = db.get_session(session_id)
        assert record is not None
        assert record.keys() == set(expected["sessions_columns"])
        assert (record["message_count"], record["tool_call_count"]) == (
            facts["message_count"],
            facts["tool_call_count"],
        )
    assert {row.id for row in db.recent()} == rows.keys()
    assert db.outlines(rows).keys() == rows.keys()
    assert db.scope().total == len(rows)
    every = db.list_sessions_rich(limit=100, include_children=True, include_archived=True)
    assert len(every) == len(db.export_all()) == db.session_count(include_archived=True) == len(rows)
    db.close()
    assert hashlib.sha256(state.read_bytes()).hexdigest() == before
    sidecars = {"state.db-wal", "state.db-shm"}
    assert sorted(path.name for path in state.parent.iterdir() if path.name not in sidecars) == beside


@pytest.mark.slow
def test_rows_are_counted_as_they_were_written(each_home: Path) -> None:
    expected = expectation(each_home)["rows"]
    db = SessionDB(each_home / ".hermes" / "state.db", read_only=True)
    found = {}
    for row in db.sessions(limit=500).items:
        heads = db.heads(row.id).items
        assert row.rows == len(heads) == db.message_count(row.id)
        assert len(db.messages([head.id for head in heads])) == len(heads)
        active = sum(head.active for head in heads)
        assert len(db.get_messages(row.id)) == len(db.get_messages_as_conversation(row.id)) == active
        if heads:
            assert (row.first_id, row.last_id) == (heads[0].id, heads[-1].id)
            compacted = sum(head.compacted for head in heads)
            found[row.id] = {"rows": len(heads), "active": active, "compacted": compacted}
    assert found == {session_id: facts for session_id, facts in expected.items() if facts["rows"]}
    db.close()


def test_roles_are_counted_as_sqlite_counts_them(each_home: Path) -> None:
    """By the raw file: `expected.json` has no roles."""
    state = each_home / ".hermes" / "state.db"
    raw = apsw.Connection(str(state), flags=apsw.SQLITE_OPEN_READONLY)
    expected: dict[str, Counter[str]] = {}
    for session_id, role, many in raw.execute("SELECT session_id, role, count(*) FROM messages GROUP BY 1, 2"):
        expected.setdefault(session_id, Counter())[role] = many
    raw.close()
    db = SessionDB(state, read_only=True)
    listed = {row.id: Counter(head.role for head in db.heads(row.id).items) for row in db.sessions(limit=500).items}
    assert {session_id: roles for session_id, roles in listed.items() if roles} == expected
    db.close()


def _glued(line: bytes) -> int:
    """Number of JSON objects that stand one behind the other in a line; 0 where it is anything else."""
    text, place, found = line.decode("latin-1").strip(), 0, 0
    while place < len(text):
        try:
            value, place = json.JSONDecoder().raw_decode(text, place)
        except ValueError:
            return 0
        if not isinstance(value, dict):
            return 0
        found, place = found + 1, place + len(text[place:]) - len(text[place:].lstrip())
    return found


@pytest.mark.slow
def test_files_are_counted_as_they_were_written(each_home: Path) -> None:
    """Lines that are no UTF-8, or several objects, are bad for upstream only; those that are no object for us only."""
    expected = expectation(each_home)["jsonl"]
    folder = each_home / ".hermes" / "sessions"
    db = SessionDB(folder.parent / "state.db", read_only=True)
    facts = {one.session_id: one for one in db.all_facts()}
    assert facts.keys() == expected.keys()
    for session_id, lines in expected.items():
        written = (folder / f"{session_id}.jsonl").read_bytes().split(b"\n")
        latin, glued = sum(not _is_utf8(line) for line in written), [n for line in written if (n := _glued(line)) > 1]
        one = facts[session_id]
        assert one.messages + one.meta_lines == lines["parsed_lines"] - lines["non_object_lines"] + latin + sum(glued)
        assert one.bad_lines == lines["bad_lines"] + lines["non_object_lines"] - latin - len(glued)
        assert len(db.file_messages(session_id)) == one.messages
        row = db.session(session_id)
        assert row is not None
        assert (row.messages if row.origin is Origin.SQLITE else 0) == lines["db_rows"]
    assert {one.id for one in db.file_sessions()} >= {key for key, lines in expected.items() if not lines["db_rows"]}
    db.close()


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_families_are_known_in_every_home(each_home: Path) -> None:
    db = SessionDB(each_home / ".hermes" / "state.db", read_only=True)
    rows = {row.id: row for row in db.sessions(limit=500).items}
    for place, session_id in enumerate(CHAIN, 1):
        assert db.chain(session_id) == CHAIN
        assert (rows[session_id].section, rows[session_id].chain) == (place, 3)
    assert rows["20260314_090105_5ba6e7"].relation is Relation.DELEGATE
    assert rows["20260314_110000_b4a2c4"].relation is Relation.BRANCH
    assert not any(rows[session_id].is_child for session_id in ALWAYS)
    db.close()


def test_a_word_of_every_home_is_found_with_its_context(each_home: Path) -> None:
    db = SessionDB(each_home / ".hermes" / "state.db", read_only=True)
    hits = db.search_messages("docker")
    assert "20260310_091500_a1b2c3" in {hit["session_id"] for hit in hits}
    for hit in hits:
        assert ">>>docker<<<" in str(hit["snippet"]).lower()
        assert hit["context"]
    assert db.search_messages("東京タワー")[0]["session_id"] == "20260312_080000_deadbeef"
    db.close()


def test_what_lives_in_the_wal_alone_is_read(each_live_home: Path) -> None:
    live = each_live_home / "wal-live" / "state.db"
    db = SessionDB(live, read_only=True)
    found = [one.text for row in db.recent() for one in db.messages([head.id for head in db.heads(row.id).items])]
    assert "this row lives only in the WAL of wal-live/" in found
    db.close()


def test_an_agent_writes_into_every_home(each_home: Path) -> None:
    """What the file has no column for is refused by name; all else goes in and is found."""
    db = SessionDB(each_home / ".hermes" / "state.db")
    db.create_session("20260401_000000_abcdef", "cli", "opus")
    ids = db.append_messages(
        "20260401_000000_abcdef",
        [
            {"role": "user", "content": "zebra one"},
            {"role": "assistant", "content": "two", "tool_calls": [{"name": "x"}]},
        ],
    )
    assert [row["id"] for row in db.get_messages("20260401_000000_abcdef")] == ids
    assert [hit["id"] for hit in db.search_messages("zebra")] == ids[:1]
    row = db.get_session("20260401_000000_abcdef")
    assert row is not None
    assert (row["message_count"], row["tool_call_count"]) == (2, 1)
    assert db.delete_session("20260401_000000_abcdef")
    assert db.search_messages("zebra") == []
    db.close()
