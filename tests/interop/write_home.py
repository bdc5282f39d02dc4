"""Runs in a peer's own interpreter: a home full of sessions, through that version's own store; prints what it wrote.

Only what the version knows is used: a verb it lacks is passed over, and then nothing of it is expected.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HOME = Path(sys.argv[1])
os.environ["HERMES_HOME"] = str(HOME)
sys.modules["yaml"] = types.ModuleType("yaml")  # for the configuration, which a store does not need

STATE = importlib.import_module("hermes_state")
CALL = {"id": "call_1", "type": "function", "function": {"name": "terminal", "arguments": '{"command": "make docker"}'}}
PARTS = [
    {"type": "text", "text": "look at this kumquat"},
    {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
]


def main() -> None:
    """Write everything, print the expectation as one JSON object."""
    (HOME / "sessions").mkdir(parents=True)
    db = STATE.SessionDB(HOME / "state.db")
    written: dict[str, list[Mapping[str, Any]]] = {}

    def session(session_id: str, messages: list[dict[str, Any]], source: str = "cli", **more: Any) -> list[int]:
        db.create_session(session_id, source, **more)
        written[session_id] = [{"active": True, "compacted": False, **one} for one in messages]
        return [int(db.append_message(session_id, **known(db, one))) for one in messages]

    def state(session_id: str, place: int, *, active: bool, compacted: bool) -> None:
        written[session_id][place] = {**written[session_id][place], "active": active, "compacted": compacted}

    session("20260601_100000_aaaaaa", plain_talk(), model="opus", system_prompt="be kind")
    db.set_session_title("20260601_100000_aaaaaa", "Fix the docker build")
    db.end_session("20260601_100000_aaaaaa", "cli_close")
    chain(db, session)
    session(
        "20260603_100000_5ba6e7", [say("user", "delegated")], "subagent", parent_session_id="20260601_100000_aaaaaa"
    )
    session("20260603_110000_cccccc", odd_cells(), "telegram")
    db.ensure_session("20260603_120000_dddddd")
    written["20260603_120000_dddddd"] = []
    if hasattr(db, "set_session_archived"):
        session("20260604_100000_eeeeee", [say("user", "put away")])
        db.set_session_archived("20260604_100000_eeeeee", True)
    if hasattr(db, "rewind_to_message"):
        ids = session("20260604_110000_ffffff", [say("user", f"step {number}") for number in range(6)])
        db.rewind_to_message("20260604_110000_ffffff", ids[4])
        for place in (4, 5):
            state("20260604_110000_ffffff", place, active=False, compacted=False)
    if hasattr(db, "archive_and_compact"):
        session("20260604_120000_c0c0c0", [say("user", f"early {number}") for number in range(5)])
        db.archive_and_compact("20260604_120000_c0c0c0", [say("user", "[CONTEXT COMPACTION] early things")])
        for place in range(5):
            state("20260604_120000_c0c0c0", place, active=False, compacted=True)
        written["20260604_120000_c0c0c0"].append(say("user", "x") | {"active": True, "compacted": False})
    lines = legacy(db, written)
    db.close()
    archived = ["20260604_100000_eeeeee"] if "20260604_100000_eeeeee" in written else []
    print(json.dumps({"schema": STATE.SCHEMA_VERSION, "written": written, "jsonl": lines, "archived": archived}))


def say(role: str, content: Any, **more: Any) -> dict[str, Any]:
    """One message as `append_message` takes it."""
    return {"role": role, "content": content, **more}


def known(db: Any, message: dict[str, Any]) -> dict[str, Any]:
    """The fields that this version's store takes."""
    names = inspect.signature(db.append_message).parameters
    return {name: value for name, value in message.items() if name in names}


def plain_talk() -> list[dict[str, Any]]:
    """A turn with a call, its result and reasoning."""
    return [
        say("user", "why does the docker build fail"),
        say("assistant", None, tool_calls=[CALL], finish_reason="tool_calls", reasoning="let me look"),
        say(
            "tool",
            '{"output": "\\u001b[31m no space left \\u001b[0m", "exit_code": 1}',
            tool_name="terminal",
            tool_call_id="call_1",
        ),
        say("assistant", "The disk is full. 大别山项目", finish_reason="stop"),
    ]


def odd_cells() -> list[dict[str, Any]]:
    """What a gateway stores besides talk."""
    return [
        say("session_meta", None),
        say("user", PARTS),
        say("assistant", ""),
        say("user", "東京タワー and\x00more", platform_message_id="77", observed=True),
    ]


def chain(db: Any, session: Any) -> None:
    """Three sections of one conversation."""
    parent = None
    for number in (1, 2, 3):
        session_id = f"20260602_10000{number}_bbbbb{number}"
        session(session_id, [say("user", f"part {number}")], parent_session_id=parent)
        if number < 3:
            db.end_session(session_id, "compression")
        parent = session_id


def legacy(db: Any, written: dict[str, list[Mapping[str, Any]]]) -> dict[str, int]:
    """JSONL files: by the gateway's own store where it still wrote them, else as a salvage leaves them."""
    lines = [say("user", "only in a file"), say("assistant", "kept")]
    if "def get_transcript_path" not in (Path(str(STATE.__file__)).parent / "gateway" / "session.py").read_text():
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (HOME / "sessions" / "20260605_100000_0f11e0e5.jsonl").write_text(text)
        return {"20260605_100000_0f11e0e5": 2}
    gateway = importlib.import_module("gateway.session")
    store = gateway.SessionStore(HOME / "sessions", None)
    db.create_session("20260605_110000_b0b0b0b0", "telegram")
    for line in lines:
        store.append_to_transcript("20260605_100000_0f11e0e5", line, skip_db=True)
        store.append_to_transcript("20260605_110000_b0b0b0b0", line)
    written["20260605_110000_b0b0b0b0"] = [{**line, "active": True, "compacted": False} for line in lines]
    store._db.close()
    return {"20260605_100000_0f11e0e5": 2, "20260605_110000_b0b0b0b0": 2}


main()
