"""Small homes of every era: each session, role count, active and compacted count and file is as it was written.

Each guard was seen to fail with its mutant:
- `layout.has` true for every column: all of them but v22
- NULL in `active` taken for 0: the odd one
- files without session_meta counted with it
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from store import ScanProgress, SessionDB, Verdict
from tests.builders import META, home, jsonl, say
from tests.store.eras import ERAS, turn_into
from tests.store.sqlite_files import run

TALK = [
    say("user", "why is docker flaky"),
    say("assistant", None, tool_calls=[{"id": "c", "function": {"name": "terminal", "arguments": "{}"}}]),
    say("tool", '{"output": "大别山项目", "exit_code": 0}', tool_call_id="c", tool_name="terminal"),
    say("assistant", "fixed", finish_reason="stop", reasoning="hm"),
]


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(tmp_path: Path, era: str) -> Path:
    """A chain, a subagent, one that was put away, one without messages, and files of three kinds."""
    folder = home(tmp_path)
    db = SessionDB(folder / "state.db")
    for name, parent, source in (("root", None, "cli"), ("tip", "root", "cli"), ("helper", "tip", "subagent")):
        db.create_session(name, source, "opus", system_prompt="be kind", parent_session_id=parent)
        db.append_messages(name, TALK)
    db.end_session("root", "compression")
    db.set_session_title("tip", "Fix docker")
    db.create_session("empty", "telegram")
    db.close()
    run(db.path, "UPDATE sessions SET archived = 1 WHERE id = 'helper'")
    run(db.path, "UPDATE messages SET active = 0 WHERE session_id = 'tip' AND id % 2 = 0")
    run(db.path, "UPDATE messages SET compacted = 1 WHERE session_id = 'tip' AND id % 4 = 0")
    turn_into(db.path, era)
    if era == "odd":
        run(db.path, "UPDATE messages SET active = NULL WHERE active = 1 AND session_id = 'root'")
    jsonl(folder, "tip", [META, *TALK])
    jsonl(folder, "alone", [META, *TALK[:1]], tail=b'{"role": "assist')
    jsonl(folder, "empty", [])
    os.utime(folder / "sessions" / "alone.jsonl", (0, 0))  # a younger file would be being written
    return db.path


@pytest.mark.slow
def test_every_session_role_and_row_is_as_it_was_written(path: Path, era: str) -> None:
    db = SessionDB(path, read_only=True)
    rows = {row.id: row for row in db.sessions().items}
    assert {key: (row.source, row.messages) for key, row in rows.items()} == {
        "root": ("cli", 4),
        "tip": ("cli", 4),
        "helper": ("subagent", 4),
        "empty": ("telegram", 0),
    }
    assert {row.id for row in rows.values() if row.archived} == ({"helper"} if era in ("v15", "v22", "odd") else set())
    assert rows["tip"].title == (None if era == "v1" else "Fix docker")
    assert db.chain("root") == ("root", "tip")
    assert rows["helper"].is_child
    for key in ("root", "tip", "helper"):
        heads = db.heads(key).items
        assert Counter(head.role for head in heads) == {"user": 1, "assistant": 2, "tool": 1}
        undoes = key == "tip" and era in ("v15", "v22", "odd")
        assert sum(head.active for head in heads) == (2 if undoes else 4)
        assert sum(head.compacted for head in heads) == (1 if undoes and era != "v15" else 0)
        bodies = db.messages([head.id for head in heads])
        assert [body.text for body in bodies][0::3] == ["why is docker flaky", "fixed"]
        assert bodies[1].tool_calls[0].name == "terminal"
        assert bodies[3].reasoning == ("" if era in ("v1", "v4") else "hm")
    db.close()


@pytest.mark.slow
def test_files_are_counted_and_compared(path: Path) -> None:
    db = SessionDB(path, read_only=True)
    facts = {one.session_id: (one.messages, one.meta_lines, one.bad_lines) for one in db.all_facts()}
    assert facts == {"tip": (4, 1, 0), "alone": (1, 1, 1), "empty": (0, 0, 0)}
    assert {row.id: row.messages for row in db.file_sessions()} == {"alone": 1}
    assert db.check("tip").verdict is Verdict.SAME
    assert db.check("alone").verdict is Verdict.JSONL_ONLY
    db.close()


@pytest.mark.slow
def test_words_are_found_without_any_index(path: Path, era: str) -> None:
    db = SessionDB(path, read_only=True)
    batches = list(db.search("docker"))
    assert {hit.session_id for batch in batches for hit in batch.hits} == {"root", "tip", "helper", "alone"}
    assert batches[-1].progress is ScanProgress.SCANNING
    found = {hit.session_id for batch in db.search("大别山") for hit in batch.hits}
    assert found == {"root", "helper", "tip"}
    db.close()
