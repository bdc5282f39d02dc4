"""Messages of a session's JSONL file that come before the first recorded turn (docs/format.md §5.4)."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..base.errors import CannotOpen, Damaged
from ..files.jsonl_files import JsonlFiles
from ..formats import message_codec
from ..formats.row_encoding import MessageRow, message_rows
from .held_messages import Dict, HeldMessages, hold, messages_of, storable


def history(files: JsonlFiles, session_id: str) -> HeldMessages:
    """The messages of the file that can be stored, each with a time; none where the file cannot be read."""
    found = files.find(session_id)
    try:
        values = [record.value for record in files.message_records(session_id)]
    except (CannotOpen, Damaged):
        return ()
    times = [message_codec.timestamp(value.get("timestamp")) for value in values]
    changed = message_codec.timestamp(found.mtime_ns / 1e9) if found else None
    last = next((timestamp for timestamp in times if timestamp is not None), changed)
    timed: list[Dict] = []
    for value, timestamp in zip(values, times, strict=True):
        last = last if timestamp is None else timestamp
        timed.append({**value, "timestamp": last})
    return storable(hold(timed, ()))


def history_rows(messages: HeldMessages, columns: frozenset[str]) -> Iterator[MessageRow]:
    """Rows of a history, without what a file with these columns has no column for."""
    for row in message_rows(messages_of(messages), now=time.time()):
        yield MessageRow({name: value for name, value in row.values.items() if name in columns}, row.calls)
