"""What a message says, and when two messages are one."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.formats.message_codec import (
    PREFIX,
    conversation_of_record,
    decode,
    identity,
    message_of_record,
    parse_calls,
    readable,
    shown_calls,
    split_thinking,
    timestamp,
)
from store.models import Message, Origin, ToolCall
from tests.any_text import CHARACTERS

PARTS = [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
    {"type": "text", "text": "And that?"},
]
CALL = {"id": "c1", "type": "function", "function": {"name": "terminal", "arguments": '{"command": "ls", "n": 1}'}}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (None, None),
        ("", ""),
        ("plain", "plain"),
        ('{"output": "x"}', '{"output": "x"}'),
        (PREFIX + json.dumps(PARTS), PARTS),
        (PREFIX + '{"a": 1}', {"a": 1}),
        (PREFIX + "not json", PREFIX + "not json"),
        (PREFIX + "[" * 100_000, PREFIX + "[" * 100_000),
    ],
)
def test_a_cell_is_decoded_or_left_as_it_is(cell: str | None, value: object) -> None:
    assert decode(cell) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("text", "text"),
        ("lone \ud800", "lone \ud800"),
        (5, "5"),
        (PARTS, "What is this?\n[image: https://x.test/a.png]\nAnd that?"),
        (["a", "b"], "a\nb"),
        ([{"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 46_422}}], "[image 34 KB]"),
        ([{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}], "[image 3 B]"),
        ([{"type": "image", "source": {"type": "base64", "data": "A" * 4_000_000}}], "[image 2.9 MB]"),
        ([{"type": "image"}], "[image]"),
        ([{"type": "input_audio", "input_audio": {"data": "AAAA"}}], "[audio]"),
        ([{"type": "output_text", "text": "out"}], "out"),
        ([{"type": "file", "name": "a"}], '{"type": "file", "name": "a"}'),
        ({"a": "ä"}, '{"a": "ä"}'),
        ({"_multimodal": True, "content": PARTS, "text_summary": "two images"}, "two images"),
        ({"_multimodal": True, "content": PARTS}, "What is this?\nAnd that?"),
        ({"_multimodal": True, "content": []}, "[multimodal tool result]"),
    ],
)
def test_content_reads_as_text(value: object, text: str) -> None:
    assert readable(value) == text


@pytest.mark.parametrize(
    ("value", "calls"),
    [
        (None, ()),
        ("", ()),
        ("not json", ()),
        ("5", ()),
        ([], ()),
        ([CALL], (ToolCall("c1", "terminal", '{"command": "ls", "n": 1}'),)),
        (json.dumps([CALL]), (ToolCall("c1", "terminal", '{"command": "ls", "n": 1}'),)),
        (json.dumps(json.dumps([CALL])), (ToolCall("c1", "terminal", '{"command": "ls", "n": 1}'),)),
        ([{"name": "ls", "arguments": "{}"}], (ToolCall(None, "ls", "{}"),)),
        ([{"call_id": "x", "name": "ls", "arguments": {"a": 1}}], (ToolCall("x", "ls", '{"a": 1}'),)),
        ([{"id": "y", "function": {"name": "ls"}}, "noise", None], (ToolCall("y", "ls", ""),)),
        ([{"id": "y", "function": {"name": "ls", "arguments": "{bad"}}], (ToolCall("y", "ls", "{bad"),)),
    ],
)
def test_tool_calls_are_read_in_every_form(value: object, calls: tuple[ToolCall, ...]) -> None:
    assert parse_calls(value) == calls


FLAT = "What is this?\n[screenshot]\nAnd that?"
SAME = [
    (("user", PARTS, None, None), ("user", PREFIX + json.dumps(PARTS), None, None)),
    (("user", PARTS, None, None), ("user", FLAT, None, None)),
    (("assistant", None, [CALL], None), ("assistant", "", json.dumps([CALL]), "")),
    (("assistant", None, [CALL], None), ("assistant", None, json.dumps([CALL], indent=2), None)),
    (
        ("assistant", None, [CALL], None),
        ("assistant", None, json.dumps([CALL | {"response_item_id": "z"}]).replace('\\"n\\": 1', '\\"n\\":1  '), None),
    ),
    (
        ("assistant", "a", [{"id": "c", "function": {"name": "f", "arguments": '{"a":1,"b":2}'}}], None),
        ("assistant", "a ", [{"id": "c", "function": {"name": "f", "arguments": '{"b": 2, "a": 1}'}}], None),
    ),
    (("tool", '{"output": "x"}', None, "c1"), ("tool", '{"output": "x"}\n', "[]", "c1")),
    (("tool", {"b": 1, "a": 2}, None, "c1"), ("tool", PREFIX + '{"a": 2, "b": 1}', None, "c1")),
    (("user", "lone \ud800", None, None), ("user", "lone \ufffd", None, None)),
    ((None, "x", None, None), ("unknown", "x", None, None)),
    (("session_meta", None, None, None), ("session_meta", None, "", None)),
]


@pytest.mark.parametrize(("jsonl", "sqlite"), SAME)
def test_one_message_has_one_identity_in_both_sources(jsonl: tuple[object, ...], sqlite: tuple[object, ...]) -> None:
    assert identity(*jsonl) == identity(*sqlite)
    assert len(identity(*jsonl)) == 16


DIFFERENT = [
    ("user", "a", None, None),
    ("user", "b", None, None),
    ("user", "A", None, None),
    ("assistant", "a", None, None),
    ("tool", "a", None, "c1"),
    ("tool", "a", None, "c2"),
    ("assistant", "a", [CALL], None),
    ("assistant", "a", [CALL | {"id": "c2"}], None),
    ("assistant", "a", [CALL, CALL], None),
    ("assistant", "a", [{"id": "c1", "function": {"name": "terminal", "arguments": "{}"}}], None),
    ("user", None, None, None),
    ("user", "[screenshot]", None, None),
]


def test_different_messages_have_different_identities() -> None:
    assert len({identity(*one) for one in DIFFERENT}) == len(DIFFERENT)


def flatten(parts: list[dict[str, str]]) -> str:
    """What hermes-agent's flush stores (run_agent.py at 0.19.0)."""
    return "\n".join(part["text"] if part["type"] == "text" else "[screenshot]" for part in parts)


TEXT = st.text(CHARACTERS, max_size=20)
PART = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, TEXT),
    st.builds(lambda url: {"type": "image_url", "image_url": url}, TEXT),
)
ARGUMENTS = st.dictionaries(TEXT, st.integers() | TEXT | st.lists(TEXT, max_size=2), max_size=3)


@pytest.mark.slow
@given(st.lists(PART, max_size=4))
def test_a_list_its_cell_and_its_flattened_text_are_one(parts: list[dict[str, str]]) -> None:
    one = identity("user", parts, None, None)
    assert one == identity("user", PREFIX + json.dumps(parts), None, None)
    assert one == identity("user", flatten(parts), None, None)


@pytest.mark.slow
@given(TEXT, ARGUMENTS, st.booleans(), st.integers(0, 4))
def test_how_json_is_spaced_does_not_matter(name: str, arguments: dict[str, object], plain: bool, indent: int) -> None:
    def call(text: str) -> list[dict[str, object]]:
        return [{"id": "c", "function": {"name": name, "arguments": text}}]

    tight = call(json.dumps(arguments, separators=(",", ":"), sort_keys=True))
    loose = json.dumps(call(json.dumps(arguments, indent=indent, ensure_ascii=plain)), ensure_ascii=plain)
    assert identity("assistant", None, tight, None) == identity("assistant", None, loose, None)


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(["user", "tool"]), TEXT.map(str.strip)), unique=True, max_size=8))
def test_role_and_text_tell_messages_apart(messages: list[tuple[str, str]]) -> None:
    assert len({identity(role, text, None, None) for role, text in messages}) == len(messages)


@pytest.fixture
def new_york() -> Iterator[None]:
    before = os.environ["TZ"]
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    yield
    os.environ["TZ"] = before
    time.tzset()


def test_a_time_without_offset_is_local(new_york: None) -> None:
    assert timestamp("2026-01-05T12:00:00.123456") == pytest.approx(1767632400.123456)
    assert timestamp("2026-07-05T12:00:00") == 1783267200.0
    assert timestamp("2026-07-05T12:00:00+00:00") == 1783252800.0
    assert timestamp("2026-07-05T12:00:00Z") == 1783252800.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1773233101.5, 1773233101.5),
        (1773233101, 1773233101.0),
        ("1773233101.5", 1773233101.5),
        ("2026-03-21T11:00:00.5+00:00", 1774090800.5),
        (True, None),
        (None, None),
        (0, None),
        (float("nan"), None),
        (5e246, None),
        (10**400, None),
        (1_775_736_000_000, 1_775_736_000.0),
        (1_775_736_000_000_000.0, 1_775_736_000.0),
        ("1775736000000000000", 1_775_736_000.0),
        ("2026-04-09T12:00:00+00:00", 1_775_736_000.0),
        ("", None),
        ("yesterday", None),
        ("0001-01-01T00:00:00", None),
        ("9999-12-31T23:59:59", None),
        ({}, None),
    ],
)
def test_a_time_is_a_moment_or_nothing(value: object, expected: float | None) -> None:
    assert timestamp(value) == expected


def test_a_jsonl_object_becomes_a_message() -> None:
    record: dict[str, object] = {
        "role": "assistant",
        "content": PARTS,
        "tool_calls": [CALL],
        "finish_reason": "tool_calls",
        "reasoning": "plain",
        "reasoning_content": "",
        "timestamp": "2026-01-05T12:00:00+00:00",
    }
    assert message_of_record(record, session_id="s", line=7) == Message(
        id=7,
        session_id="s",
        role="assistant",
        text="What is this?\n[image: https://x.test/a.png]\nAnd that?",
        timestamp=1767614400.0,
        tool_calls=(ToolCall("c1", "terminal", '{"command": "ls", "n": 1}'),),
        reasoning="plain",
        finish_reason="tool_calls",
        origin=Origin.JSONL,
    )
    assert message_of_record({}, session_id="s", line=1).role == "unknown"
    tool = message_of_record(
        {"role": "tool", "content": "x", "tool_call_id": "c1", "name": "ls"}, session_id="s", line=2
    )
    assert (tool.tool_call_id, tool.tool_name) == ("c1", "ls")


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(CHARACTERS, max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(CHARACTERS, max_size=9), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["role", "content", "tool_calls", "tool_call_id", "tool_name", "name", "timestamp", "reasoning", "finish_reason"]


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(KEYS), ANY))
def test_no_jsonl_object_raises(record: dict[str, object]) -> None:
    message = message_of_record(record, session_id="s", line=1)
    assert isinstance(message.text, str)
    assert conversation_of_record(record)["role"] == message.role
    identity(record.get("role"), record.get("content"), record.get("tool_calls"), record.get("tool_call_id"))


def test_a_jsonl_object_takes_the_conversation_form() -> None:
    record: dict[str, object] = {
        "role": "assistant",
        "content": "a",
        "tool_calls": json.dumps([CALL]),
        "tool_name": "",
        "reasoning": "r",
        "finish_reason": "stop",
        "timestamp": "2026-01-05T12:00:00",
        "mirror": True,
    }
    assert conversation_of_record(record) == {
        "role": "assistant",
        "content": "a",
        "tool_calls": [CALL],
        "reasoning": "r",
        "finish_reason": "stop",
    }
    user = {"role": "user", "content": PARTS, "reasoning": "r", "tool_calls": "{bad"}
    assert conversation_of_record(user) == {"role": "user", "content": PARTS, "tool_calls": []}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said", "thought"),
    [
        ("<think>hm</think>\nyes", "yes", "hm"),
        (" <THINKING>a</THINKING> <think>b\nc</think>d", "d", "a\n\nb\nc"),
        ("<REASONING_SCRATCHPAD>x</REASONING_SCRATCHPAD>", "", "x"),
        ("<think>never ends", "<think>never ends", ""),
        ("no <think>hm</think>", "no <think>hm</think>", ""),
        ("<think>a</thinking>b", "<think>a</thinking>b", ""),
    ],
)
def test_thoughts_in_an_assistants_text_are_reasoning(text: str, said: str, thought: str) -> None:
    assert split_thinking("assistant", text) == (said, thought)
    assert split_thinking("user", text) == (text, "")
    message = message_of_record({"role": "assistant", "content": text}, session_id="s", line=1)
    assert (message.text, message.reasoning) == (said, thought)
    known = message_of_record({"role": "assistant", "content": text, "reasoning": "own"}, session_id="s", line=1)
    assert known.reasoning == ("own" if not thought else f"own\n\n{thought}")
    same = message_of_record({"role": "assistant", "content": text, "reasoning": thought}, session_id="s", line=1)
    assert same.reasoning == thought


NO_CALLS: tuple[object, ...] = (None, "", " ", "[]", "null", [], '""')


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("{bad json", ["{bad json"]),
        ("\ufffd\x00", ["\ufffd\x00"]),
        ("5", ["5"]),
        ('["a"]', ['["a"]']),
        (["a"], ['["a"]']),
        (7.5, ["7.5"]),
        *[(nothing, list[str]()) for nothing in NO_CALLS],
    ],
)
def test_calls_that_are_none_are_shown_as_they_are(value: object, shown: list[str]) -> None:
    """Mutant: `parse_calls` for readers too."""
    assert [(call.id, call.name, call.arguments) for call in shown_calls(value)] == [(None, "", raw) for raw in shown]
    good = '[{"id": "c", "function": {"name": "ls", "arguments": "{}"}}]'
    assert shown_calls(good) == parse_calls(good)
