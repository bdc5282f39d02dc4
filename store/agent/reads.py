"""What agents read back: rows decoded, previews, hits with what stands round them (docs/format.md §6, §8)."""

from __future__ import annotations

from ..base.models import Outline, Session, Status
from ..base.strict_json import BadJson, load
from ..formats import message_codec, session_state
from ..sqlite.connect.reader import Reader
from ..sqlite.rows import agent_rows
from ..sqlite.rows import messages as rows
from ..sqlite.rows.agent_rows import RowDict
from ..sqlite.rows.counts import NO_COUNTS, counts
from ..sqlite.search import agent_search
from ..sqlite.search.agent_search import AgentSearchOptions

__all__ = ["AgentSearchOptions", "messages", "outline", "replayed", "rich", "search"]

PREVIEW = 60
FIRST_WORDS = 200
CONTEXT = 200
_LISTS = ("reasoning_details", "codex_reasoning_items")
_CONTEXT_BYTES = 4 * CONTEXT
"""Bytes that hold 200 characters of any text."""


def messages(reader: Reader, session_id: str | None, *, include_inactive: bool) -> list[RowDict]:
    """A session's rows in id order, content and calls decoded; calls that are no JSON are an empty list."""
    found = agent_rows.messages(reader, session_id, include_inactive=include_inactive)
    for row in found:
        row["content"] = message_codec.decode(text) if isinstance(text := row["content"], str) else text
        if row.get("tool_calls"):
            row["tool_calls"] = _parsed(row["tool_calls"], [])
    return found


def replayed(row: RowDict) -> RowDict:
    """A decoded row in the form of a conversation: role and content, then only what is not empty
    (docs/format.md §8)."""
    return message_codec.conversation_of_record(
        row | {name: _parsed(row[name], None) for name in _LISTS if row.get(name)}
    )


def rich(reader: Reader, source: str | None, limit: int, offset: int) -> list[RowDict]:
    """Rows by newest start, with `preview` and `last_active` (docs/format.md §6.7)."""
    found = agent_rows.newest(reader, source, limit, offset)
    counted = counts(reader, [str(row["id"]) for row in found])
    for row in found:
        last = counted.get(str(row["id"]), NO_COUNTS).last_active
        reach = rows.extent(reader, str(row["id"]))
        row["preview"] = _preview(rows.first_user_text(reader, reach)) if reach else ""
        row["last_active"] = row["started_at"] if last is None else last
    return found


def search(reader: Reader, words: str, asked: AgentSearchOptions) -> list[RowDict]:
    """Hits with their context, N of them in 1 + N critical sections (docs/format.md §6.1)."""
    return [_hit(found) | {"context": _context(reader, found)} for found in agent_search.search(reader, words, asked)]


def outline(reader: Reader, session: Session) -> Outline:
    """Status and first words of one session (docs/format.md §4.9)."""
    reach = rows.extent(reader, session.id)
    if reach is None:
        return Outline(Status.EMPTY)
    words = " ".join(rows.first_user_text(reader, reach).split())[:FIRST_WORDS]
    last = rows.ending(reader, reach)
    if last is None:
        return Outline(Status.EMPTY, words)
    tail = session_state.Tail(last.role, last.finish_reason, has_text=last.has_text, open_calls=last.has_calls)
    has_turns = last.role != "tool" or rows.has_turns(reader, reach)
    return Outline(session_state.status_of(tail, has_turns=has_turns, live=session.live), words)


def _hit(found: agent_search.AgentHit) -> RowDict:
    return {
        "id": found.id,
        "session_id": found.session_id,
        "role": found.role,
        "snippet": found.snippet,
        "timestamp": found.timestamp,
        "tool_name": found.tool_name,
        "source": found.source,
        "model": found.model,
        "session_started": found.session_started,
    }


def _context(reader: Reader, found: agent_search.AgentHit) -> list[RowDict]:
    lines = rows.window(reader, found.session_id, found.id, width=1, n_bytes=_CONTEXT_BYTES)
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
