"""Agents' lists of sessions and their chains (docs/format.md §6.7, §8.1)."""

from __future__ import annotations

from ...engine.rows import RowDict
from ...engine.session_choice import SessionChoice
from ..base import cell_values
from ..base.cell_values import Value
from ..connect.reader import MESSAGES, SESSIONS, Reader
from . import agent_rows, session_choice
from .session_choice import MAX_CHAIN


def chosen(
    reader: Reader, choice: SessionChoice, *, limit: int, offset: int, by_activity: bool = False, compact: bool = False
) -> list[RowDict]:
    """Rows of `sessions` by newest start, or by the last message in the session and its continuations.

    Args:
        limit: A negative one means no limit.
        compact: Leave out `system_prompt`.
    """
    layout = reader.layout
    condition, bindings = session_choice.where(layout, choice)
    heard = f"({session_choice.chain()} SELECT max({_HEARD}) FROM chain) DESC, " if by_activity else ""
    return agent_rows.sessions(
        reader,
        f"WHERE {condition} ORDER BY {heard}started_at DESC, id DESC LIMIT ? OFFSET ?",
        (*bindings, limit, offset),
        without=frozenset({"system_prompt"}) if compact else frozenset(),
    )


_HEARD = (
    "COALESCE((SELECT max(timestamp) FROM messages WHERE session_id = chain.id),"
    " (SELECT section.started_at FROM sessions AS section WHERE section.id = chain.id))"
)


def count(reader: Reader, choice: SessionChoice) -> int:
    """Number of the sessions of a choice."""
    condition, bindings = session_choice.where(reader.layout, choice)
    return reader.number(f"SELECT count(*) FROM sessions WHERE {condition}", bindings, needs=SESSIONS)


def ids(reader: Reader, choice: SessionChoice) -> list[str]:
    """Their ids."""
    condition, bindings = session_choice.where(reader.layout, choice)
    return reader.texts(f"SELECT CAST(id AS BLOB) FROM sessions WHERE {condition}", bindings, needs=SESSIONS)


def last_active(reader: Reader, session_id: str) -> float | None:
    """Time of the latest message; None where there is none, or no valid time."""
    row = reader.row("SELECT max(timestamp) FROM messages WHERE session_id = ?", (session_id,), needs=MESSAGES)
    return cell_values.timestamp(row[0]) if row else None


def tip(reader: Reader, session_id: str) -> str:
    """The last continuation of a session, by upstream's rules: what goes on comes before what is closed, then by the
    last message."""
    seen = [session_id]
    while len(seen) <= MAX_CHAIN and (following := _following(reader, seen[-1])) and following not in seen:
        seen.append(following)
    return seen[-1]


def _following(reader: Reader, session_id: str) -> str | None:
    heard = "COALESCE((SELECT max(timestamp) FROM messages WHERE session_id = child.id), child.started_at)"
    row = reader.row(
        f"SELECT CAST(child.id AS BLOB) FROM (SELECT ? AS id) AS known {session_choice.next_section('known.id')}"
        " ORDER BY CASE WHEN child.end_reason = 'compression' THEN 0 WHEN child.ended_at IS NULL THEN 1 ELSE 2 END,"
        f" {heard} DESC, child.started_at DESC, child.id DESC LIMIT 1",
        (session_id,),
        needs=SESSIONS,
    )
    return cell_values.text(row[0]) if row else None


def ancestors(reader: Reader, session_id: str) -> list[str]:
    """Ids of a session and of all above it, of whatever relation, the highest first; at most `MAX_CHAIN`."""
    bindings: tuple[Value, ...] = (session_id, MAX_CHAIN - 1)
    found = reader.texts(
        "WITH RECURSIVE line(id, depth) AS (SELECT ?1, 0 UNION ALL SELECT child.parent_session_id, depth + 1 FROM line"
        " CROSS JOIN sessions AS child ON child.id = line.id WHERE depth < ?2 AND child.parent_session_id != '')"
        " SELECT CAST(id AS BLOB) FROM line ORDER BY depth",
        bindings,
        needs=SESSIONS,
    )
    return [*dict.fromkeys(found)][::-1] or [session_id]
