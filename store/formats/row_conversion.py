"""A message of a JSONL file on its way into SQLite: the columns that this file has, and what has none.

Pure. What is written reads back with the identity that it has in the file, so that a second repair finds nothing to do.
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
    """A row to be."""

    row: MessageRow
    left_out: tuple[str, ...]
    """Fields that say something and have no column here."""

    @property
    def n_bytes(self) -> int:
        """About how many bytes its cells take."""
        return sum(len(cell.encode("utf-8")) for cell in self.row.values.values() if isinstance(cell, str))


def convert(value: Mapping[str, object], *, timestamp: float, has: Callable[[str], bool]) -> ConvertedRow:
    """The row of a message as it stands in a file.

    Args:
        value: A line's object.
        moment: Its time, seconds since 1970.
        has: Whether `messages` of this file has a column.
    """
    message = _plain(value) | {"timestamp": timestamp}
    row = message_row(message, now=timestamp)
    kept = {name: cell for name, cell in row.values.items() if has(name)}
    told = {*kept, *_ALWAYS}
    left_out = (name for name, said in value.items() if said and _COLUMN_OF.get(name, name) not in told)
    return ConvertedRow(
        MessageRow(kept, row.calls),
        tuple(name for name in left_out if not (name == "name" and message.get("tool_name") == value["name"])),
    )


def identity_of(row: MessageRow) -> bytes:
    """The identity that a row has once it is stored."""
    cells = row.values
    return message_codec.identity(
        cells["role"], cells.get("content"), cells.get("tool_calls"), cells.get("tool_call_id")
    )


def _plain(value: Mapping[str, object]) -> dict[str, object]:
    """The message with every field in the type that a column takes, meaning what it meant."""
    message = dict(value)
    message["role"] = message_codec.non_empty_text(value.get("role")) or "unknown"
    message["tool_call_id"] = message_codec.non_empty_text(value.get("tool_call_id"))
    if isinstance(said := value.get("content"), bool):  # as text it would read otherwise
        message["content"] = message_codec.PREFIX + ("true" if said else "false")
    if value.get("tool_calls") == {}:  # a call without a name, which would be left out
        message["tool_calls"] = "{}"
    tokens = value.get("token_count")
    if not isinstance(tokens, int) or isinstance(tokens, bool) or not -_LARGEST <= tokens < _LARGEST:
        message["token_count"] = None
    message["tool_name"] = message_codec.non_empty_text(value.get("tool_name"))
    if message["role"] == "tool" and not message["tool_name"]:
        message["tool_name"] = message_codec.non_empty_text(value.get("name"))
    return message
