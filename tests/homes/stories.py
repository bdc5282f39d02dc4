"""The sessions that every generated home has, as rows of the newest schema; older versions take the columns they know.

Each session is one thing that stores in the field have: parallel tool calls, a chain of compactions, a subagent and a
branch, hostile text, a long tool output, multimodal content, rows taken back, a compaction in place, interleaved ids
under a clock that steps back, doubled rows, and the short ends of sessions whose history lies in JSONL.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]

IMAGE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
CONFIG = {"max_iterations": 90, "reasoning_config": None, "max_tokens": None}
PROMPT = "You are Hermes, a helpful agent."
LIVE_ONLY = "this row lives only in the WAL of wal-live/"


@dataclass
class Story:
    """A session's row and its messages, in the order in which they were written."""

    session: Row
    messages: list[Row] = field(default_factory=list)


def _at(session_id: str) -> float:
    """The time that an id of Hermes begins with."""
    digits = session_id.removeprefix("cron_3f2a9c1b7d10_")[:15]
    return datetime.strptime(digits, "%Y%m%d_%H%M%S").replace(tzinfo=UTC).timestamp()


def _story(session_id: str, source: str, *messages: Row, model: str | None = "nous/hermes-4-70b", **more: Any) -> Story:
    """A session whose messages follow each other by 3 s; `config` is added to its model_config."""
    started = more.pop("started_at", _at(session_id))
    config = more.pop("config", None)
    session = {
        "id": session_id,
        "source": source,
        "created_source": source,
        "model": model,
        "model_config": None if config is None else json.dumps(CONFIG | config),
        "started_at": started,
        "message_count": len(messages),
        "tool_call_count": sum(len(json.loads(message.get("tool_calls") or "[]")) for message in messages),
        **more,
    }
    if session.get("end_reason"):
        session.setdefault("ended_at", started + 3 * len(messages))
    for place, message in enumerate(messages, 1):
        message.setdefault("timestamp", started + 3 * place)
        message["session_id"] = session_id
    return Story(session, list(messages))


def _user(content: str | None, **more: Any) -> Row:
    return {"role": "user", "content": content, **more}


def _agent(content: str | None, **more: Any) -> Row:
    return {"role": "assistant", "content": content, "finish_reason": "stop", **more}


def _calls(content: str | None, *calls: tuple[str, str, Row], **more: Any) -> Row:
    listed = [
        {"id": call, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for call, name, arguments in calls
    ]
    return _agent(content, tool_calls=json.dumps(listed), **more) | {"finish_reason": "tool_calls"}


def _tool(call: str, name: str, content: str) -> Row:
    return {"role": "tool", "content": content, "tool_call_id": call, "tool_name": name}


def _talk(count: int, question: str, answer: str) -> Iterator[Row]:
    for number in range(count):
        yield _user(f"{question} {number}")
        yield _agent(f"{answer} {number}")


def _docker() -> Story:
    return _story(
        "20260310_091500_a1b2c3",
        "cli",
        _user("The docker compose test is flaky, can you look at tests/test_compose.py?"),
        _calls(
            "I'll read the test first.",
            ("call_r1", "read_file", {"path": "tests/test_compose.py"}),
            ("call_r2", "terminal", {"command": "docker ps"}),
            reasoning="The user wants me to find flakiness. Probably a race on container start.",
            reasoning_content="The user wants me to find flakiness.",
            reasoning_details='[{"type": "reasoning.text", "text": "The user wants me to find flakiness."}]',
        ),
        _tool("call_r1", "read_file", '{"content": "def test_up():\\n    compose.up()", "total_lines": 2}'),
        _tool("call_r2", "terminal", '{"output": "CONTAINER ID   IMAGE\\nabc123 redis", "exit_code": 0}'),
        _agent(
            "The test asserts before the container is healthy. **Fix**: wait for it.\n\n```python\nwait_for(ping)\n```",
            reasoning="Race confirmed.",
        ),
        _user("great, apply it to my-app.config.ts too"),
        _calls(None, ("call_p1", "patch", {"path": "my-app.config.ts", "old": "a", "new": "b"})),
        _tool("call_p1", "patch", '{"success": true}'),
        _agent("Done."),
        model="anthropic/claude-opus-4.6",
        config={},
        system_prompt=PROMPT,
        title="Fix the flaky docker test",
        end_reason="cli_close",
        input_tokens=5200,
        output_tokens=640,
        cache_read_tokens=4000,
        cwd="/home/u/proj",
        git_repo_root="/home/u/proj",
        billing_provider="openrouter",
        estimated_cost_usd=0.042,
        cost_status="estimated",
        pinned=1,
    )


def _chain() -> Iterator[Story]:
    first, second, third = "20260311_101010_c0ffe1", "20260311_124501_c0ffe2", "20260311_151500_c0ffe3"
    compacted = {"model": "nous/hermes-4-405b", "end_reason": "compression"}
    rules = [
        message
        for number in range(6)
        for message in (
            _user(f"Parser step {number}: rewrite rule {number}"),
            _agent(f"Rule {number} rewritten with precedence climbing."),
        )
    ]
    yield _story(first, "cli", *rules, title="Refactor parser", config={}, ended_at=_at(second) - 1, **compacted)
    yield _story(
        second,
        "cli",
        _user("[CONTEXT COMPACTION] Earlier turns were compacted. Summary: six parser rules rewritten."),
        _user("continue with the lexer"),
        _agent("Lexer modes split."),
        title="Refactor parser #2",
        parent_session_id=first,
        ended_at=_at(third) - 1,
        **compacted,
    )
    yield _story(
        third,
        "cli",
        _user("[CONTEXT COMPACTION] Summary: parser and lexer done."),
        _user("now write docs"),
        _agent("Docs written."),
        title="Refactor parser #3",
        parent_session_id=second,
        model="nous/hermes-4-405b",
    )


def _gateway() -> Iterator[Story]:
    yield _story(
        "20260312_080000_deadbeef",
        "telegram",
        {"role": "session_meta", "content": None},
        _user("大别山项目的部署进展如何？🚀", platform_message_id="9001"),
        _agent("部署已完成 ✅。日本語もテスト：東京タワー。 한국어 테스트도 포함합니다. 修改youer服务端"),
        _user(
            "👨\u200d👩\u200d👧\u200d👦 family emoji, flags 🇯🇵🇧🇷 and combining e\u0301\u0302 test",
            platform_message_id="9002",
            observed=1,
        ),
        _agent("العربية مع \u200fRTL\u200f and עברית mixed"),
        model="anthropic/claude-sonnet-4.5",
        user_id="123456789",
        session_key="agent:main:telegram:dm:123456789",
        chat_id="123456789",
        chat_type="dm",
        end_reason="session_reset",
    )
    yield _story(
        "cron_3f2a9c1b7d10_20260313_060000",
        "cron",
        _user("[SYSTEM: You are running as a scheduled cron job.] Summarise the news"),
        _agent("[SILENT]"),
        end_reason="cron_complete",
        input_tokens=900,
        output_tokens=4,
    )


def _research(version: int) -> Iterator[Story]:
    parent, child, branch = "20260314_090000_9a9a9a", "20260314_090105_5ba6e7", "20260314_110000_b4a2c4"
    yield _story(
        parent,
        "cli",
        _user("Compare sqlite-vec and pgvector"),
        _calls(None, ("call_d1", "delegate_task", {"goal": "bench sqlite-vec", "context": ""})),
        _tool("call_d1", "delegate_task", '{"results": [{"status": "completed", "summary": "sqlite-vec: 12 ms p50"}]}'),
        _agent("sqlite-vec wins on footprint."),
        model="x-ai/grok-4",
        config={},
        title="Research vector databases",
        end_reason="branched",
        ended_at=_at(branch) - 1,
    )
    yield _story(
        child,
        "subagent" if version >= 16 else "cli",
        _user("bench sqlite-vec"),
        _agent("sqlite-vec: 12 ms p50"),
        model="x-ai/grok-4",
        config={"_delegate_from": parent} if version >= 16 else {},
        parent_session_id=parent,
    )
    yield _story(
        branch,
        "cli",
        _user("Compare sqlite-vec and pgvector"),
        _agent("Branch: consider pgvector HNSW."),
        model="x-ai/grok-4",
        config={"_branched_from": parent},
        title="Research vector databases #2",
        parent_session_id=parent,
    )


def _texts(version: int) -> Iterator[Story]:
    parts = [
        {"type": "text", "text": "What is in this screenshot?"},
        {"type": "image_url", "image_url": {"url": IMAGE}},
    ]
    yield _story(
        "20260315_120000_ba5e64",
        "cli",
        _user(
            "ANSI: \x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b]8;;\x07 \x1b]52;c;Zm9v\x07 \x1b[2J\x1b[H"
            " bell\x07 c1:\x9b31m end"
        ),
        _agent("rich markup [bold red]not markup[/bold red] [link=http://x] [/] and <script>alert(1)</script>"),
        _user("tabs\tand\r\nCRLF and lone \r CR, bidi \u202eevil\u202c, zwsp\u200bhere, nul-less"),
        _agent("x" * 5000 + " end of line", finish_reason="stop"),
        _user(""),
        _agent("   \n\n  ") | {"finish_reason": "length"},
        model="evil/model",
        title="Weird [31mred[0m title with bidi",
    )
    log = "".join(
        f"{number:06} INFO worker-{number % 8} job {number} needlehaystack{number}\n" for number in range(2000)
    )
    yield _story(
        "20260316_120000_b16b16",
        "cli",
        _user("cat the log"),
        _calls(None, ("call_h1", "terminal", {"command": "cat big.log"})),
        _tool("call_h1", "terminal", log),
        _agent("That log is long."),
        title="Huge tool output",
    )
    yield _story(
        "20260317_120000_0ddba1",
        "discord",
        _user(("\0json:" if version >= 11 else "") + json.dumps(parts)),
        _agent(
            "A single transparent pixel.",
            codex_reasoning_items='[{"type": "reasoning", "id": "rs_1", "encrypted_content": "AAAA", "summary": []}]',
            codex_message_items='[{"type": "message", "id": "msg_1", "role": "assistant", "content": []}]',
        ),
        model="openai/gpt-5.4",
        user_id="disc-42",
        chat_id="chan-7",
        chat_type="group",
        title="Screenshot review",
    )


def _taken_back(version: int) -> Iterator[Story]:
    rewound = list(_talk(4, "rewindable question", "rewindable answer"))
    for message in rewound[4:]:
        message["active"] = 0
    yield _story("20260318_120000_4e41d0", "cli", *rewound, title="Rewind demo", rewind_count=1)
    compacted = list(_talk(5, "archaeology question", "archaeology answer"))
    in_place = version >= 17
    if in_place:
        for message in compacted:
            message |= {"active": 0, "compacted": 1}
        compacted += [
            _user("[CONTEXT COMPACTION] summary of five questions", _compressed_summary=1),
            _agent("archaeology answer 4"),
        ]
        compacted[-1]["timestamp"] = _at("20260318_130000_c0dec0") + 3 * 11 + 1e-6  # in the same transaction
    story = _story("20260318_130000_c0dec0", "cli", *compacted, title="In-place compaction demo")
    story.session["message_count"] = 2 if in_place else 10
    yield story


def _ends(version: int) -> Iterator[Story]:
    yield _story(
        "20260319_120000_a4c41e",
        "cli",
        _user("old stuff"),
        _agent("indeed"),
        title="Archived chat",
        end_reason="cli_close",
        archived=1,
    )
    yield _story("20260319_130000_e3e3e3", "cli", end_reason="cli_close")
    yield _story(
        "20260319_140000_0e0e0e",
        "unknown",
        _user("row created by ensure_session"),
        _agent("ok"),
        model=None,
        hidden=1,
    )


def _interleaved() -> Iterator[Story]:
    """Two sessions whose ids alternate; the clock of the first steps back by 30 s at its end."""
    started = _at("20260320_100000_111111")
    first = [
        *_talk(5, "interleave cli", "cli answer"),
        _user("clock stepped back 30 s"),
        _agent("later id, earlier time"),
    ]
    second = list(_talk(5, "interleave tg", "tg answer"))
    for place, message in enumerate(first):
        message["timestamp"] = started + 1 + 2 * place - (40 if place >= 10 else 0)
    for place, message in enumerate(second):
        message["timestamp"] = started + 2 + 2 * place
    yield _story("20260320_100000_111111", "cli", *first, model="m")
    yield _story(
        "20260320_100001_22222222", "telegram", *second, model="m", user_id="777", chat_id="777", chat_type="dm"
    )


def _doubled() -> Story:
    started = _at("20260320_120000_d0b1ed01")
    messages = [dict(message) for message in _talk(3, "doubled question", "doubled answer") for _ in range(2)]
    for place, message in enumerate(messages, 1):
        message["timestamp"] = started + place / 100
    gateway = {"model": "m", "user_id": "888", "chat_id": "888", "chat_type": "dm"}
    return _story("20260320_120000_d0b1ed01", "telegram", *messages, archived=0, auto_archived=0, **gateway)


def _legacy() -> Iterator[Story]:
    """The sessions that have a JSONL file as well."""
    started = _at("20260321_100000_000000")
    yield _story(
        "20260105_120000_1e9ac1e5",
        "telegram",
        _user("message 994 (new turn after DB was introduced)"),
        _agent("message 995"),
        model="m",
        user_id="555",
        started_at=started,
    )
    longer = list(_talk(4, "sqlite longer q", "sqlite longer a"))
    equal = list(_talk(2, "equal q", "equal a"))
    for message in (*longer, *equal):
        message["content"] = message["content"].replace("q ", "q").replace("a ", "a")
        if message["role"] == "assistant":
            message["reasoning"] = "only in sqlite" if message in longer else "richer in sqlite"
    yield _story("20260321_110000_50111006", "telegram", *longer, model="m", user_id="556", started_at=started + 6)
    yield _story("20260321_120000_e9ea1e9e", "discord", *equal, model="m", user_id="557", started_at=started + 30)
    bad = [_user("bad q0"), _agent("bad a0")]
    yield _story("20260321_130000_badbadba", "whatsapp", *bad, model="m", user_id="558", started_at=started + 42)


def stories(version: int) -> list[Story]:
    """The sessions of a home of a schema version, in the order in which they began."""
    return [
        _docker(),
        *_chain(),
        *_gateway(),
        *_research(version),
        *_texts(version),
        *_taken_back(version),
        *_ends(version),
        *_interleaved(),
        _doubled(),
        *_legacy(),
    ]


def in_order(written: list[Story]) -> list[Row]:
    """All messages in the order of their ids: session by session, the two interleaved ones in turn."""
    first, second = (
        next(story for story in written if story.session["id"].endswith(end)) for end in ("111111", "22222222")
    )
    rows: list[Row] = []
    for story in written:
        if story is first:
            for place, message in enumerate(first.messages):
                rows += [message, *second.messages[place : place + 1]]
        elif story is not second:
            rows += story.messages
    return rows
