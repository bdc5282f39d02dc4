"""Encoding of an agent's message dict as the values of a row (docs/format.md §3, §8).

Done before any lock is taken, so that an invalid message raises before anything is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..base.strict_json import load_or
from . import message_codec

_SURROGATE = re.compile("[\ud800-\udfff]")
_MICROSECOND = 1e-6
_LARGEST = 2**63
_TEXTS = ("tool_call_id", "tool_name", "effect_disposition", "finish_reason", "api_content", "display_kind")
_THOUGHTS = ("reasoning", "reasoning_content")
_THOUGHT_LISTS = ("reasoning_details", "codex_reasoning_items", "codex_message_items")


@dataclass(frozen=True, slots=True)
class MessageRow:
    """The encoded row of one message."""

    values: Mapping[str, str | int | float | None]
    """Column -> value, without NULLs."""
    calls: int
    """Tool calls it adds to the session's counter (docs/format.md §4.7)."""


def message_rows(messages: Sequence[Mapping[str, object]], *, now: float) -> tuple[MessageRow, ...]:
    """The rows of a turn, in order; those without a time get `now`, a microsecond apart.

    Args:
        messages: Dicts with the keys of `SessionDB.append_messages`; others are ignored.
        now: Seconds since 1970 UTC.

    Raises:
        ValueError: A time that is not finite, or an integer that needs more than 64 bits.
    """
    return tuple(message_row(message, now=now + index * _MICROSECOND) for index, message in enumerate(messages))


def message_row(message: Mapping[str, object], *, now: float) -> MessageRow:
    """One row; see `drafts`."""
    role = storable(message.get("role")) or "unknown"
    values: dict[str, str | int | float | None] = {
        "role": role,
        "content": content_cell(message.get("content")),
        "tool_calls": json_cell(message.get("tool_calls")),
        "timestamp": timestamp(message.get("timestamp"), now=now),
        "token_count": int64(message.get("token_count"), "token_count"),
        "platform_message_id": storable(message.get("platform_message_id") or message.get("message_id")),
        "observed": 1 if message.get("observed") else None,
        "display_metadata": json_cell(message.get("display_metadata")),
        **{name: storable(message.get(name)) for name in _TEXTS},
    }
    if role == "assistant":
        values |= {name: storable(message.get(name)) for name in _THOUGHTS}
        values |= {name: json_cell(message.get(name)) for name in _THOUGHT_LISTS}
    return MessageRow(
        {name: value for name, value in values.items() if value is not None}, calls_in(message.get("tool_calls"))
    )


def storable(value: object) -> str | None:
    """Text that SQLite accepts: lone surrogates become U+FFFD; other values as text, None as None."""
    if value is None:
        return None
    text = value if isinstance(value, str) else str(value)
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def content_cell(value: object) -> str | None:
    """A content cell: text unchanged, lists and objects as JSON after `message_codec.PREFIX`."""
    if isinstance(value, list | dict | tuple):
        return message_codec.PREFIX + _dumped(value)
    return storable(value.decode("utf-8", "replace") if isinstance(value, bytes) else value)


def json_cell(value: object) -> str | None:
    """A list or dict as JSON text; text is JSON already; None for empty values."""
    if not value:
        return None
    return storable(value) if isinstance(value, str) else _dumped(value)


def calls_in(value: object) -> int:
    """Number of calls in a `tool_calls` value: a list, its JSON, or one call."""
    if not value:
        return 0
    value = load_or(value, None)
    return len(value) if isinstance(value, list | tuple) else 1


def timestamp(value: object, *, now: float) -> float:
    """Seconds since 1970 of a number, a datetime or an ISO text; `now` for anything else.

    Raises:
        ValueError: The number is not finite: SQLite would store NULL for it and refuse the row.
    """
    if isinstance(value, datetime):
        return value.timestamp()
    if not isinstance(value, int | float):
        parsed = message_codec.timestamp(value)
        return now if parsed is None else parsed
    if not -_LARGEST < value < _LARGEST:
        raise ValueError(f"a message's time must be finite, not {value!r}")
    return float(value)


def int64(value: object, name: str) -> int | None:
    """An integer that fits a cell.

    Raises:
        ValueError: It needs more than 64 bits.
    """
    if not isinstance(value, int):
        return None
    if not -_LARGEST <= value < _LARGEST:
        raise ValueError(f"{name} does not fit into 64 bits")
    return int(value)


def _dumped(value: object) -> str:
    """ASCII JSON as Hermes writes it; values without a JSON form become text."""
    return json.dumps(value, default=str)
