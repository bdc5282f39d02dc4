"""Conversion of a JSONL message to a row of SQLite: the columns this file has, and the fields that have none.

A written row has the identity of its line, so that a second repair finds nothing to insert.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import message_codec
from .row_encoding import MessageRow, message_row

_ALWAYS = ("role", "content", "timestamp")
_COLUMN_OF = {"message_id": "platform_message_id"}
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class ConvertedRow:
    """A converted row."""

    row: MessageRow
    left_out: tuple[str, ...]
    """Non-empty fields that have no column in this file."""

    @property
    def n_bytes(self) -> int:
        """Approximate size of its cells, in bytes."""
        return sum(len(cell.encode("utf-8")) for cell in self.row.values.values() if isinstance(cell, str))


def convert(value: Mapping[str, object], *, timestamp: float, has: Callable[[str], bool]) -> ConvertedRow:
    """The row for a message of a JSONL file.

    Args:
        value: A line's object.
        timestamp: Its time, seconds since 1970.
        has: True for each column of the table `messages`.
    """
    message = _plain(value) | {"timestamp": timestamp}
    row = message_row(message, now=timestamp)
    kept = {name: cell for name, cell in row.values.items() if has(name)}
    stored = {*kept, *_ALWAYS}
    left_out = (name for name, field in value.items() if field and _COLUMN_OF.get(name, name) not in stored)
    return ConvertedRow(
        MessageRow(kept, row.calls),
        tuple(name for name in left_out if not (name == "name" and message.get("tool_name") == value["name"])),
    )


def identity_of(row: MessageRow) -> bytes:
    """The identity of a row once it is stored."""
    cells = row.values
    return message_codec.identity(
        cells["role"], cells.get("content"), cells.get("tool_calls"), cells.get("tool_call_id")
    )


def _plain(value: Mapping[str, object]) -> dict[str, object]:
    """The message with every field in the type of its column."""
    message = dict(value)
    message["role"] = message_codec.non_empty_text(value.get("role")) or "unknown"
    message["tool_call_id"] = message_codec.non_empty_text(value.get("tool_call_id"))
    if isinstance(flag := value.get("content"), bool):  # as text it would read back as a text
        message["content"] = message_codec.PREFIX + ("true" if flag else "false")
    if value.get("tool_calls") == {}:  # a call without a name, which would be left out
        message["tool_calls"] = "{}"
    tokens = value.get("token_count")
    if not isinstance(tokens, int) or isinstance(tokens, bool) or not -_LARGEST <= tokens < _LARGEST:
        message["token_count"] = None
    message["tool_name"] = message_codec.non_empty_text(value.get("tool_name"))
    if message["role"] == "tool" and not message["tool_name"]:
        message["tool_name"] = message_codec.non_empty_text(value.get("name"))
    return message
