"""Homes that other versions of hermes-agent write afresh, each with its own store in its own interpreter.

HERMES_PEERS names a folder of virtual environments called by their versions; CONTRIBUTING.md has the command.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store import Relation, SessionDB, Verdict

PEERS = Path(os.environ.get("HERMES_PEERS") or "nowhere").absolute()
VERSIONS = ("0.14.0", "0.15.2", "0.16.0", "0.17.0", "0.18.0", "0.18.2")
SCRIPT = Path(__file__).with_name("write_home.py")

pytestmark = pytest.mark.peer("HERMES_PEERS")


@pytest.fixture(scope="module", params=VERSIONS)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A home that this version wrote, and what it says that it wrote."""
    python = PEERS / request.param / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{PEERS} has no hermes-agent {request.param}")
    home = tmp_path_factory.mktemp("peer") / ".hermes"
    done = subprocess.run([python, SCRIPT, home], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return home, json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def db(written: tuple[Path, Any]) -> Iterator[SessionDB]:
    """Its store, read by us."""
    store = SessionDB(written[0] / "state.db", read_only=True)
    yield store
    store.close()


def test_every_session_role_and_row_is_as_it_was_written(db: SessionDB, written: tuple[Path, Any]) -> None:
    expected = written[1]["written"]
    rows = {row.id: row for row in db.sessions(limit=500).items}
    assert rows.keys() == expected.keys()
    assert {row.id for row in rows.values() if row.archived} == set(written[1]["archived"])
    for session_id, messages in expected.items():
        heads = db.heads(session_id).items
        assert Counter(head.role for head in heads) == Counter(one["role"] for one in messages)
        assert [(head.active, head.compacted) for head in heads] == [
            (one["active"], one["compacted"]) for one in messages
        ]
        assert rows[session_id].messages == len(messages)


def test_text_calls_and_reasoning_come_back(db: SessionDB, written: tuple[Path, Any]) -> None:
    heads = db.heads("20260601_100000_aaaaaa").items
    _, asked, answered, last = db.messages([head.id for head in heads])
    assert [(call.id, call.name) for call in asked.tool_calls] == [("call_1", "terminal")]
    assert (asked.text, asked.reasoning) == ("", "let me look")
    assert (answered.tool_call_id, answered.tool_name) == ("call_1", "terminal")
    assert last.text == "The disk is full. 大别山项目"
    meta, parts, empty, odd = db.messages([head.id for head in db.heads("20260603_110000_cccccc").items])
    assert (meta.role, meta.text, empty.text) == ("session_meta", "", "")
    assert parts.text == "look at this kumquat\n[image: https://x/y.png]"
    assert odd.text == "東京タワー and\x00more"


def test_families_are_told_apart(db: SessionDB) -> None:
    chain = tuple(f"20260602_10000{number}_bbbbb{number}" for number in (1, 2, 3))
    assert db.chain(chain[1]) == chain
    child = db.session("20260603_100000_5ba6e7")
    assert child is not None
    assert child.relation is Relation.DELEGATE


def test_files_are_counted_and_compared(db: SessionDB, written: tuple[Path, Any]) -> None:
    facts = {one.session_id: one.messages for one in db.all_facts()}
    assert facts == written[1]["jsonl"]
    assert {one.id for one in db.file_sessions()} == {"20260605_100000_0f11e0e5"}
    for session_id in facts:
        expected = Verdict.SAME if session_id in written[1]["written"] else Verdict.JSONL_ONLY
        assert db.check(session_id).verdict is expected


@pytest.mark.parametrize(
    ("words", "session_id"),
    [
        ("kumquat", "20260603_110000_cccccc"),
        ('"no space left"', "20260601_100000_aaaaaa"),
        ("大别山项目", "20260601_100000_aaaaaa"),
        ("東京", "20260603_110000_cccccc"),
        ("kept", "20260605_100000_0f11e0e5"),
    ],
)
def test_words_are_found(db: SessionDB, words: str, session_id: str) -> None:
    found = {hit.session_id for batch in db.search(words) for hit in batch.hits}
    assert session_id in found
