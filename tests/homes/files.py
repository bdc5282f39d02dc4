"""Legacy files beside SQLite: JSONL with its known defects, snapshots, the gateway's index.

From docs/format.md §5 and §4.11.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]

LEGACY = "20260105_120000_1e9ac1e5"
_TOOLS = [{"type": "function", "function": {"name": "terminal", "description": "run", "parameters": {}}}]


def _meta(platform: str, timestamp: str) -> Row:
    return {"role": "session_meta", "tools": _TOOLS, "model": "m", "platform": platform, "timestamp": timestamp}


def _talk(count: int, text: str, timestamp: str) -> list[Row]:
    """Messages of user and assistant by turns, all with the time of one turn."""
    return [
        {"role": "user", "content": f"{text} {number}", "timestamp": timestamp}
        if number % 2 == 0
        else {"role": "assistant", "content": f"{text} {number}", "timestamp": timestamp, "finish_reason": "stop"}
        for number in range(count)
    ]


def _lines(messages: list[Row]) -> bytes:
    return "".join(json.dumps(message, ensure_ascii=False) + "\n" for message in messages).encode()


_CALL = {"id": "call_x1", "type": "function", "function": {"name": "terminal", "arguments": '{"command": "ls"}'}}
_ONLY: list[Row] = [
    _meta("discord", "2025-12-20T07:00:00"),
    {"role": "user", "content": "JSONL only 你好", "timestamp": "2025-12-20T07:00:01"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [_CALL],
        "reasoning": "look",
        "timestamp": "2025-12-20T07:00:01",
    },
    {"role": "tool", "content": '{"output": "a b"}', "tool_call_id": "call_x1", "timestamp": "2025-12-20T07:00:01"},
    {"role": "assistant", "content": "Two files.", "finish_reason": "stop", "timestamp": "2025-12-20T07:00:01"},
]
_BAD = (
    b'{"role": "user", "content": "latin1 \xe9\xe8"}\n\n   \n{"role": "assistant", "content": "ok"}\n[1,2,3]\n'
    b'"just a string"\n{"content": "no role"}\n{"role":"user","content":"crlf line"}\r\n'
    b'{"role": "user", "content": "x"} {"role": "assistant", "content": "two objects"}\n'
)
_MIRRORED: list[Row] = [
    {"role": "user", "content": "mirror host", "timestamp": "2026-01-13T10:00:00"},
    {
        "role": "assistant",
        "content": "Delivered text",
        "mirror": True,
        "mirror_source": "cron",
        "timestamp": "2026-01-13T10:00:05",
    },
]
_EQUAL: list[Row] = [
    {"role": role, "content": f"equal {role[0].replace('u', 'q')}{number}", "timestamp": "2026-03-21T12:00:01"}
    for number in range(2)
    for role in ("user", "assistant")
]
_START = "2026-01-05T12:00:00.123456"
_SHORTER, _CUT = _talk(3, "sqlite longer", "2026-03-21T11:00:00.5"), _talk(5, "bad", "2026-03-21T13:00:00")

JSONL = {
    "20251220_070000_0f11e0e5": _lines(_ONLY),
    LEGACY: _lines([_meta("telegram", _START), *_talk(993, "legacy message", _START)]),
    "20260110_100000_bada55e5": _BAD,
    "20260111_100000_d00d00d0": _lines([line for line in _talk(6, "dup", "2026-01-11T10:00:00") for _ in range(2)]),
    "20260112_100000_00000000": b"",
    "20260113_100000_3a100c5e": _lines(_MIRRORED),
    "20260321_110000_50111006": _lines(_SHORTER),
    "20260321_120000_e9ea1e9e": _lines(_EQUAL),
    "20260321_130000_badbadba": _lines(_CUT) + b'{"role": "assistant", "content": "cut off in the mid',
}
"""Session -> the bytes of its JSONL file."""

_SNAPSHOTS = {
    "20260310_091500_a1b2c3": _talk(4, "The docker compose test is flaky", "2026-03-10T09:15:00"),
    LEGACY: _talk(4, "truncated to 4 (bug #3212)", _START),
    "20260120_080000_abc123": _talk(8, "pre-SQLite CLI session, JSON snapshot only", "2026-01-20T08:00:00"),
}
_CHATS = {
    "agent:main:telegram:dm:777": ("20260320_100001_22222222", "Ann"),
    "agent:main:discord:group:chan-7:disc-42": ("20260317_120000_0ddba1", "dev-room"),
    "agent:main:telegram:dm:555": (LEGACY, "Bob"),
}


def _snapshot(session_id: str, messages: list[Row]) -> str:
    times = {"session_start": messages[0]["timestamp"], "last_updated": messages[-1]["timestamp"]}
    head = {"session_id": session_id, "model": "m", "platform": "cli", **times, "system_prompt": "You are Hermes."}
    return json.dumps({**head, "tools": [], "message_count": len(messages), "messages": messages}, indent=2)


def _chat(key: str, session_id: str, name: str) -> Row:
    _, _, platform, kind, chat, *_ = key.split(":")
    stamp = datetime.strptime(session_id[:15], "%Y%m%d_%H%M%S").isoformat()
    origin = {
        "platform": platform,
        "chat_id": chat,
        "chat_name": name,
        "chat_type": kind,
        "user_id": chat,
        "user_name": "Ann",
    }
    times = {"created_at": stamp, "updated_at": stamp}
    return {"session_key": key, "session_id": session_id, **times, "display_name": name, "platform": platform,
            "chat_type": kind, "total_tokens": 15, "cost_status": "unknown", "origin": origin}  # fmt: skip


def write(folder: Path) -> None:
    """Write all legacy files into the folder `sessions` of a home."""
    for session_id, content in JSONL.items():
        path = folder / f"{session_id}.jsonl"
        path.write_bytes(content)
        an_hour_ago = path.stat().st_mtime_ns - 3_600_000_000_000
        os.utime(path, ns=(an_hour_ago, an_hour_ago))  # else a last line without a line end is being written
    for session_id, messages in _SNAPSHOTS.items():
        (folder / f"session_{session_id}.json").write_text(_snapshot(session_id, messages))
    cut = '{"session_id": "20260121_080000_dead00", "messages": [{"role": "user"'
    (folder / "session_20260121_080000_dead00.json").write_text(cut)
    index = {key: _chat(key, *chat) for key, chat in _CHATS.items()}
    (folder / "sessions.json").write_text(json.dumps(index, indent=2))
    dump = {"timestamp": "2026-03-10T09:15:30", "session_id": "20260310_091500_a1b2c3", "request": {}, "error": {}}
    (folder / "request_dump_20260310_091500_a1b2c3_20260310_091530_123456.json").write_text(json.dumps(dump, indent=2))


def facts(content: bytes) -> dict[str, int]:
    """What a strict reader of UTF-8 and JSON counts in the bytes of a file."""
    parsed = bad = blank = other = 0
    for line in content.removesuffix(b"\n").split(b"\n") if content else []:
        if not line.strip():
            blank += bool(line)
            continue
        try:
            value = json.loads(line)
        except (UnicodeDecodeError, json.JSONDecodeError):
            bad += 1
        else:
            parsed += 1
            other += not isinstance(value, dict)
    return {"parsed_lines": parsed, "bad_lines": bad, "whitespace_lines": blank, "non_object_lines": other}
