"""Records of sessions and of their messages: every field that a source has, not only what a reader is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..base.errors import CannotOpen, Damaged
from ..base.models import Head, Message, Origin
from ..base.strict_json import load_or
from ..engine.rows import RowDict
from ..files.jsonl_files import JsonlFiles
from ..formats import message_codec
from ..home_store import HomeStore
from .reading import Piece

BATCH = 256
"""Rows that are read at once."""


class SessionRecords:
    """Records of one home."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store

    def session_record(self, session_id: str) -> RowDict | None:
        """Every field of a session's row; None where it has none, or none that can be read."""
        try:
            return self._store.engine.records.session(session_id)
        except (CannotOpen, Damaged):
            return None

    def records(self, piece: Piece) -> Iterator[RowDict]:
        """Every field of the messages of a piece, in its order: content and calls decoded, the state of the message.

        A message outside SQLite has the fields of its line, and `origin` and `line`; one that cannot be read has a
        text that says so.
        """
        states: dict[object, Head] = {head.id: head for head in piece.heads}
        ids = piece.ids or [head.id for head in piece.heads]
        for start in range(0, len(ids), BATCH):
            yield from self._rows(ids[start : start + BATCH], states)
        if piece.messages:
            yield from _from_files(piece.messages, self._store.files, piece.section_id)

    def _rows(self, ids: Sequence[int], states: Mapping[object, Head]) -> Iterator[RowDict]:
        """Rows in the order of their ids, which is theirs in the store."""
        try:
            rows = [(row["id"], row) for row in self._store.engine.records.by_ids(ids)]
        except Damaged:
            readable = self._store.engine.messages.readable_bodies(ids)
            rows = [(message.id, record_of(message)) for message in readable]
        for row_id, row in rows:
            _decode(row)
            if head := states.get(row_id):
                row["active"], row["compacted"] = int(head.active), int(head.compacted)
            elif row.get("active", 1) != 0:  # NULL counts as active
                row["active"], row["compacted"] = 1, 0
            else:
                row["active"], row["compacted"] = 0, int(row.get("compacted") == 1)
            yield row


def _decode(row: RowDict) -> None:
    """Put content and calls as values in place of their texts; an invalid list of calls stays the text that it is."""
    content, calls = row.get("content"), row.get("tool_calls")
    if isinstance(content, str):
        row["content"] = message_codec.decode(content)
    if calls:
        row["tool_calls"] = load_or(calls, calls)


def _from_files(messages: Sequence[Message], files: JsonlFiles, session_id: str) -> Iterator[RowDict]:
    """Lines as they were written, found by the numbers of their messages; of anything else what is shown."""
    lines = {line.id: line.value for line in files.message_records(session_id)} if _has_lines(messages) else {}
    for message in messages:
        value = lines.get(message.id or 0) if message.origin is Origin.JSONL and not message.aside else None
        about = {"origin": str(message.origin), "line": message.id}
        yield {**value, **about} if value is not None else {**record_of(message), **about}


def _has_lines(messages: Sequence[Message]) -> bool:
    return any(message.origin is Origin.JSONL and not message.aside for message in messages)


def record_of(message: Message) -> RowDict:
    """A message that is known only as it is shown, as a record."""
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.tool_calls
    ]
    fields: RowDict = {
        "role": message.role,
        "content": message.text,
        "tool_calls": calls or None,
        "tool_call_id": message.tool_call_id,
        "tool_name": message.tool_name,
        "timestamp": message.timestamp,
        "reasoning": message.reasoning or None,
        "finish_reason": message.finish_reason,
        "display_kind": message.display_kind,
    }
    state = {"active": int(message.active), "compacted": int(message.compacted)}
    return {name: value for name, value in fields.items() if value is not None} | state
