"""Encoding of an agent's message dict as the values of a row (docs/format.md §3, §8).

Done before any lock is taken, so that an invalid message raises before anything is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ..base.late_dataclass import dataclass
from ..base.late_pattern import late_pattern
from ..base.strict_json import MAX_DEPTH, is_too_deep, load_or
from . import message_codec

MAX_ROW = 250 << 20
"""Bytes of a row, all columns together, that are written; SQLite reads no larger one here (docs/reliability.md E12)."""
_SURROGATE = late_pattern("[\ud800-\udfff]")
_MICROSECOND = 1e-6
_LARGEST = 2**63
_LONGEST_CHARACTER = 4
_TEXTS = ("tool_call_id", "tool_name", "effect_disposition", "finish_reason", "api_content", "display_kind")
_PLAIN = frozenset({"role", "content", "timestamp"})
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
        ValueError: A time that is not finite, an integer that needs more than 64 bits, a value that has no text or is
            nested too deep, or a row of more than `MAX_ROW` bytes.
    """
    rows = tuple([message_row(message, now=now + index * _MICROSECOND) for index, message in enumerate(messages)])
    for row in rows:
        refuse_too_large(row.values.values(), "message")
    return rows


def refuse_too_large(cells: Iterable[object], what: str) -> None:
    """Make sure that a row can be read again.

    Args:
        what: Its name for the message.

    Raises:
        ValueError: It is larger than `MAX_ROW`.
    """
    texts = [cell for cell in cells if isinstance(cell, str)]
    if sum([len(text) for text in texts]) * _LONGEST_CHARACTER <= MAX_ROW:
        return
    n_bytes = sum(len(text) if text.isascii() else len(text.encode()) for text in texts)
    if n_bytes > MAX_ROW:
        raise ValueError(f"a {what} of {n_bytes / 2**20:.1f} MB is not stored: the limit is {MAX_ROW >> 20} MB")


def message_row(message: Mapping[str, object], *, now: float) -> MessageRow:
    """One row; see `message_rows`."""
    try:
        return _row(message, now)
    except Exception as error:  # of a class of the caller's, or a message that is no dict
        if isinstance(error, ValueError | MemoryError):
            raise
        raise ValueError(f"a message cannot be stored: {_said(error)}") from error


def _row(message: Mapping[str, object], now: float) -> MessageRow:
    given = {name: value for name, value in message.items() if value is not None}
    role = storable(given.get("role")) or "unknown"
    values: dict[str, str | int | float | None] = {"role": role}
    if (content := content_cell(given.get("content"))) is not None:
        values["content"] = content
    values["timestamp"] = timestamp(given.get("timestamp"), now=now)
    if given.keys() <= _PLAIN:  # those of a prompt are
        return MessageRow(values, 0)
    others = ((name, value) for name, value in _other_cells(given, role).items() if value is not None)
    return MessageRow({**values, **dict(others)}, calls_in(given.get("tool_calls")))


def _other_cells(message: Mapping[str, object], role: str) -> dict[str, str | int | float | None]:
    """The cells of what most messages of a user lack."""
    values: dict[str, str | int | float | None] = {
        "tool_calls": json_cell(message.get("tool_calls")),
        "token_count": int64(message.get("token_count"), "token_count"),
        "platform_message_id": storable(message.get("platform_message_id") or message.get("message_id")),
        "observed": 1 if message.get("observed") else None,
        "display_metadata": json_cell(message.get("display_metadata")),
        **{name: storable(message.get(name)) for name in _TEXTS},
    }
    if role == "assistant":
        values |= {name: storable(message.get(name)) for name in _THOUGHTS}
        values |= {name: json_cell(message.get(name)) for name in _THOUGHT_LISTS}
    return values


def storable(value: object) -> str | None:
    """Text that SQLite accepts: lone surrogates become U+FFFD; other values as text, None as None.

    Raises:
        ValueError: The value has no text.
    """
    if value is None:
        return None
    text = value if isinstance(value, str) else _text_of(value)
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def content_cell(value: object) -> str | None:
    """A content cell: text unchanged, lists and objects as JSON after `message_codec.PREFIX`."""
    if isinstance(value, list | dict | tuple):
        return message_codec.PREFIX + json_text(value)
    return storable(value.decode("utf-8", "replace") if isinstance(value, bytes) else value)


def json_cell(value: object) -> str | None:
    """A list or dict as JSON text; text is JSON already; None for empty values."""
    if not value:
        return None
    return storable(value) if isinstance(value, str) else json_text(value)


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
    if value is None:
        return now
    if isinstance(value, datetime):
        return _seconds(value)
    if not isinstance(value, int | float):
        parsed = message_codec.timestamp(value)
        return now if parsed is None else parsed
    if not -_LARGEST < value < _LARGEST:
        raise ValueError(f"a message's time must be finite, not {value!r}")
    return float(value)


def _seconds(value: datetime) -> float:
    try:
        return value.timestamp()
    except OverflowError as error:  # a local time near the year 1 or 9999
        raise ValueError(f"a message's time must be one that the system knows, not {value}") from error


def int64(value: object, name: str) -> int | None:
    """An integer that fits a cell.

    Raises:
        ValueError: It needs more than 64 bits.
    """
    if not isinstance(value, int):
        return None
    if not -_LARGEST <= value < _LARGEST:
        raise ValueError(f"{name} does not fit into 64 bits")
    return int.__int__(value)


def json_text(value: object) -> str:
    """ASCII JSON as Hermes writes it; values without a JSON form become text.

    Raises:
        ValueError: A key has no JSON form, a value no text, or it is nested so deep that it would not be read again.
    """
    try:
        text = json.dumps(value, default=_text_of)
    except RecursionError as error:
        raise ValueError(f"a {type(value).__name__} cannot be stored: nested too deep") from error
    except Exception as error:  # a key that JSON has not, or of a class of the caller's
        if isinstance(error, ValueError | MemoryError):
            raise
        raise ValueError(f"a {type(value).__name__} cannot be stored: {_said(error)}") from error
    if text.count("[") + text.count("{") > MAX_DEPTH and is_too_deep(json.loads(text)):
        raise ValueError(f"a {type(value).__name__} cannot be stored: nested more than {MAX_DEPTH} deep")
    return text


def _text_of(value: object) -> str:
    try:
        return str(value)
    except Exception as error:
        if isinstance(error, ValueError | MemoryError):
            raise
        raise ValueError(f"a {type(value).__name__} cannot be stored: it has no text ({_said(error)})") from error


def _said(error: Exception) -> str:
    """The class of an error and its texts; `str` of one of the caller's own class can fail too."""
    return ": ".join([type(error).__name__, *(said for said in error.args if type(said) is str)])
