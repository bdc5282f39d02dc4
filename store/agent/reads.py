"""Reads of agents: decoded rows, previews, hits with their context (docs/format.md §6, §8)."""

from __future__ import annotations

from dataclasses import asdict

from ..base.models import Outline, Session, Status
from ..base.strict_json import BadJson, load
from ..engine.ports import Engine
from ..engine.rows import NO_COUNTS, RowDict
from ..engine.search import AgentHit, AgentSearchOptions
from ..formats import message_codec
from ..formats.session_state import outline_of_ends

PREVIEW = 60
CONTEXT = 200
_LISTS = ("reasoning_details", "codex_reasoning_items")
_CONTEXT_BYTES = 4 * CONTEXT
"""Bytes that hold 200 characters of any text."""


def messages(engine: Engine, session_id: str | None, *, include_inactive: bool) -> list[RowDict]:
    """A session's rows in id order, content and calls decoded; calls that are no JSON are an empty list."""
    found = engine.records.messages(session_id, include_inactive=include_inactive)
    for row in found:
        row["content"] = message_codec.decode(text) if isinstance(text := row["content"], str) else text
        if row.get("tool_calls"):
            row["tool_calls"] = _parsed(row["tool_calls"], [])
    return found


def replayed(row: RowDict) -> RowDict:
    """A decoded row in the form of a conversation: role and content, then only fields that are not empty
    (docs/format.md §8)."""
    return message_codec.conversation_of_record(
        row | {name: _parsed(row[name], None) for name in _LISTS if row.get(name)}
    )


def rich(engine: Engine, source: str | None, limit: int, offset: int) -> list[RowDict]:
    """Rows by newest start, with `preview` and `last_active` (docs/format.md §6.7)."""
    found = engine.records.newest(source, limit, offset)
    counted = engine.sessions.counts([str(row["id"]) for row in found])
    for row in found:
        last = counted.get(str(row["id"]), NO_COUNTS).last_active
        row["preview"] = _preview(engine.messages.first_user_text(str(row["id"])))
        row["last_active"] = row["started_at"] if last is None else last
    return found


def search(engine: Engine, words: str, asked: AgentSearchOptions) -> list[RowDict]:
    """Hits with their context, N of them in 1 + N read transactions (docs/format.md §6.1)."""
    return [asdict(found) | {"context": _context(engine, found)} for found in engine.records.search(words, asked)]


def outline(engine: Engine, session: Session) -> Outline:
    """Status and first words of one session (docs/format.md §4.9)."""
    ends = engine.messages.ends(session.id)
    if ends is None:
        return Outline(Status.EMPTY)
    return outline_of_ends(ends.first_user_text, ends.last, has_turns=ends.has_turns, live=session.live)


def _context(engine: Engine, found: AgentHit) -> list[RowDict]:
    lines = engine.messages.window(found.session_id, found.id, width=1, n_bytes=_CONTEXT_BYTES)
    return [{"role": line.role, "content": line.text[:CONTEXT]} for line in lines]


def _preview(text: str) -> str:
    line = text.replace("\n", " ").replace("\r", " ").strip()
    return f"{line[:PREVIEW]}..." if len(line) > PREVIEW else line


def _parsed(cell: object, otherwise: object) -> object:
    if not isinstance(cell, str):
        return cell
    try:
        return load(cell)
    except BadJson:
        return otherwise
