"""Codec of messages: stored cells and JSONL values to text, tool calls, times and identities.

Formats: docs/format.md §3.1-§3.4 for SQLite, §5.1 for JSONL.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ..base.late_pattern import late_pattern
from ..base.models import Message, Origin, ToolCall
from ..base.strict_json import BadJson, canonical, dump, load, load_or
from .compaction_overlap import SUMMARIES

PREFIX = "\x00json:"
"""Prefix of a content cell that holds a list or an object as JSON, since 2026-04-30."""

_IMAGES = ("image", "image_url", "input_image")
_SOUNDS = ("audio", "input_audio")
_THOUGHT = late_pattern(r"\s*<(think|thinking|reasoning_scratchpad)>(.*?)</\1>\s*", re.DOTALL | re.IGNORECASE)
_STAMP = late_pattern(r"(?<![0-9])([0-9]{4})([0-9]{2})([0-9]{2})_([0-9]{2})([0-9]{2})([0-9]{2})(?![0-9])")
_SURROGATE = late_pattern("[\ud800-\udfff]")
EARLIEST, LATEST = 631_152_000.0, 4_133_980_800.0
"""The starts of 1990 and of 2101, UTC; a time outside is damage, in SQLite as in a file, unless it is one of them in
smaller units."""
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
"""Parts of a second that an imported time may be counted in."""


def decode(cell: str | None) -> object:
    """The value of a content cell: text, None, or the JSON value behind PREFIX; the raw text where that is invalid."""
    if cell is None or not cell.startswith(PREFIX):
        return cell
    return load_or(cell[len(PREFIX) :], cell)


def readable(value: object) -> str:
    """Readable text of any content: "" for None, parts on lines of their own.

    Images become `[image: https://…]`, embedded ones `[image 34 KB]`.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, map(_readable_part, value)))
    summary = _summary(value)
    return dump(value) if summary is None else summary


def split_thinking(role: str, text: str) -> tuple[str, str]:
    """An assistant's text split into answer and reasoning, from `<think>` blocks or scratchpads at its start.

    Old rows have both in one cell (docs/format.md §3.4); a block that does not end stays in the answer.
    """
    thoughts: list[str] = []
    end = 0
    while role == "assistant" and (block := _THOUGHT.match(text, end)):
        thoughts.append(block[2].strip())
        end = block.end()
    return text[end:], "\n\n".join(thoughts)


def joined_reasoning(own: str, thought: str) -> str:
    """The reasoning of a message: its own field, and the reasoning from its text unless that is the same."""
    return own if thought in own else "\n\n".join(filter(None, (own, thought)))


def _readable_part(part: object) -> str:
    """Readable text of one part of a content list, in OpenAI's, Responses' or Anthropic's shape."""
    if not isinstance(part, dict):
        return readable(part)
    kind = part.get("type")
    if kind in _IMAGES:
        return _image(part)
    if kind in _SOUNDS:
        return "[audio]"
    for key in ("text", "input_text", "output_text"):
        if isinstance(text := part.get(key), str):
            return text
    return dump(part)


def _image(part: dict[str, object]) -> str:
    """Label of an image: its address, or the size of the embedded data."""
    address = next((part[key] for key in ("image_url", "source", "url", "data") if key in part), None)
    if isinstance(address, dict):
        address = next((address[key] for key in ("url", "data") if key in address), None)
    if not isinstance(address, str) or not address:
        return "[image]"
    if re.match(r"[a-z]+://", address, re.IGNORECASE):
        return f"[image: {address}]"
    return f"[image {_size((len(address) - address.find(',') - 1) * 3 // 4)}]"


def _size(n_bytes: int) -> str:
    """A size in B, KB or MB."""
    if n_bytes < 1024:
        return f"{n_bytes} B"
    return f"{n_bytes / 1024:.0f} KB" if n_bytes < 1024 * 1024 else f"{n_bytes / 1024 / 1024:.1f} MB"


def _summary(value: object) -> str | None:
    """Text of a tool's multimodal result as upstream stores it, None for any other value."""
    if not isinstance(value, dict) or value.get("_multimodal") is not True:
        return None
    parts = value.get("content")
    if not isinstance(parts, list):
        return None
    texts = [str(part.get("text", "")) for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    return str(value.get("text_summary") or "") or "\n".join(texts) or "[multimodal tool result]"


def parse_calls(value: object) -> tuple[ToolCall, ...]:
    """Tool calls of a cell (JSON text, maybe encoded twice) or of a JSONL value (a list); () where it is invalid."""
    for _ in range(3):
        if not isinstance(value, str):
            break
        value = load_or(value, None)
    calls = [value] if isinstance(value, dict) else value
    return tuple(_call(call) for call in calls if isinstance(call, dict)) if isinstance(calls, list) else ()


def shown_calls(value: object) -> tuple[ToolCall, ...]:
    """Tool calls of a cell or of a JSONL value, for display: an invalid value as one call without a name."""
    if value is None:
        return ()
    if calls := parse_calls(value):
        return calls
    raw = value if isinstance(value, str) else dump(value)
    return () if raw.strip() in _NO_CALLS else (ToolCall(None, "", raw),)


_NO_CALLS = ("", "[]", "null", '""', "false", "0")


def _call(call: dict[str, object]) -> ToolCall:
    """One call, in OpenAI's form or the one without an id."""
    inner = call.get("function")
    fields = inner if isinstance(inner, dict) else call
    arguments = fields.get("arguments")
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else dump(arguments)
    return ToolCall(
        non_empty_text(call.get("id")) or non_empty_text(call.get("call_id")),
        non_empty_text(fields.get("name")) or "",
        arguments,
    )


def identity(role: object, content: object, calls: object, tool_call_id: object) -> bytes:
    """16 bytes that are equal for the same message in SQLite and in JSONL, and differ for different ones.

    Args:
        role: As stored; a missing one is “unknown”, as Hermes writes it.
        content: The cell or the JSONL value. Lists are flattened as Hermes does: text parts on lines, images as
            `[screenshot]`. None and "" are equal, outer spaces are ignored, lone surrogates are U+FFFD.
        calls: The cell or the JSONL value; spaces and key order in their JSON are ignored.
        tool_call_id: The call of a tool's result.

    Times, row ids, tool names and reasoning are left out: the two sources store them differently.
    """
    kind = non_empty_text(role) or "unknown"
    return digest(kind, flat_text(content), parse_calls(calls), non_empty_text(tool_call_id))


def digest(role: str, text: str, calls: tuple[ToolCall, ...], tool_call_id: str | None) -> bytes:
    """16 bytes of a message whose fields are decoded."""
    import hashlib

    parts = [[call.id, call.name, _canonical_arguments(call.arguments)] for call in calls]
    key = canonical([role, text.strip(), parts, tool_call_id])
    return hashlib.blake2b(key.encode("ascii"), digest_size=16).digest()


def flat_text(content: object) -> str:
    """The text of a cell or a JSONL value as Hermes' flush stores it, lone surrogates as U+FFFD."""
    return _SURROGATE.sub("\ufffd", _flattened(decode(content) if isinstance(content, str) else content)).strip()


def _flattened(value: object) -> str:
    """Content as Hermes' flush stores it since 2026-04-28."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list):
        return "\n".join(text for text in map(_flattened_part, value) if text is not None)
    summary = _summary(value)
    return canonical(value) if summary is None else summary


def _flattened_part(part: object) -> str | None:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return None
    if part.get("type") in _IMAGES:
        return "[screenshot]"
    return str(part.get("text", "")) if part.get("type") == "text" else None


def _canonical_arguments(arguments: str) -> str:
    try:
        return canonical(load(arguments))
    except BadJson:
        return _SURROGATE.sub("\ufffd", arguments).strip()


def timestamp(value: object) -> float | None:
    """Seconds since 1970 UTC from such a number, from one of milli-, micro- or nanoseconds, or from an ISO text
    (without offset: local time).

    None for anything but a time from 1990 to 2100.
    """
    if type(value) is float and EARLIEST <= value < LATEST:  # nearly all
        return value
    time, zoneless = wall_clock(value)
    return local_timestamp(time) if zoneless and time is not None else time


def wall_clock(value: object) -> tuple[float | None, bool]:
    """The same, but for an ISO text without offset its time as if it were in UTC, and True."""
    zoneless = False
    if isinstance(value, str):
        value, zoneless = _time_of_text(value.strip())
    if type(value) is not float and (isinstance(value, bool) or not isinstance(value, int | float)):
        return None, False
    for unit in _UNITS:
        if EARLIEST * unit <= value < LATEST * unit:
            return float(value / unit), zoneless
    return None, False


def time_of_id(session_id: str) -> float | None:
    """The local time in a session's id, `20260301_100000_a1b2c3` (docs/format.md §4.1); None for an id without one."""
    found = _STAMP.search(session_id)
    return timestamp("{}-{}-{}T{}:{}:{}".format(*found.groups())) if found else None


def local_timestamp(time: float) -> float | None:
    """Seconds since 1970 of a local time of this machine that is given as if it were in UTC."""
    try:
        return datetime.fromtimestamp(time, UTC).replace(tzinfo=None).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _time_of_text(text: str) -> tuple[float | None, bool]:
    if re.fullmatch(r"[0-9]{9,19}(\.[0-9]{1,9})?", text):
        return float(text), False
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp(), time.tzinfo is None
    except (ValueError, OverflowError, OSError):
        return None, False


def message_of_record(
    value: dict[str, object], *, session_id: str, line: int, origin: Origin = Origin.JSONL
) -> Message:
    """The message of a JSONL object, with the id of its record. Never raises."""
    role = non_empty_text(value.get("role")) or "unknown"
    text, thought = split_thinking(role, readable(value.get("content")))
    return Message(
        id=line,
        session_id=session_id,
        role=role,
        text=text,
        timestamp=timestamp(value.get("timestamp")),
        tool_calls=shown_calls(value.get("tool_calls")),
        tool_call_id=non_empty_text(value.get("tool_call_id")),
        tool_name=non_empty_text(value.get("tool_name")) or non_empty_text(value.get("name")),
        reasoning=joined_reasoning(
            non_empty_text(value.get("reasoning_content")) or non_empty_text(value.get("reasoning")) or "", thought
        ),
        finish_reason=non_empty_text(value.get("finish_reason")),
        display_kind=non_empty_text(value.get("display_kind")),
        observed=bool(value.get("observed")),
        mirrored=(non_empty_text(value.get("mirror_source")) or "another place") if value.get("mirror") else "",
        summary=is_summary(text),
        origin=origin,
    )


_REPLAYED = ("api_content", "tool_call_id", "tool_name", "effect_disposition", "tool_calls", "message_id")
"""Fields of a replayed message beside role and content (docs/format.md §8.1)."""
_REPLAYED_ANSWER = (
    *("finish_reason", "reasoning", "reasoning_content"),
    *("reasoning_details", "codex_reasoning_items", "codex_message_items"),
)


def conversation_of_record(value: dict[str, object]) -> dict[str, object]:
    """A JSONL object in the form of `get_messages_as_conversation`: role and content, then non-empty fields only."""
    message: dict[str, object] = {
        "role": non_empty_text(value.get("role")) or "unknown",
        "content": value.get("content"),
    }
    is_answer = message["role"] == "assistant"
    keys = (*_REPLAYED, *_REPLAYED_ANSWER) if is_answer else _REPLAYED
    message.update({key: value[key] for key in keys if value.get(key)})
    if is_answer and value.get("reasoning_content") == "":
        message["reasoning_content"] = ""  # some providers refuse an answer with calls that lacks it
    if platform_id := value.get("platform_message_id"):
        message["message_id"] = platform_id
    if value.get("observed"):
        message["observed"] = True
    if "tool_calls" in message:
        message["tool_calls"] = load_or(message["tool_calls"], [])
    return message


def is_summary(text: str) -> bool:
    """True for a text that a compaction wrote (docs/format.md §3.2)."""
    return text.startswith(SUMMARIES)


def non_empty_text(value: object) -> str | None:
    """A non-empty text or a number as text; None for anything else."""
    if isinstance(value, str):  # nearly all
        return value or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
