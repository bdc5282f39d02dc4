"""Status and first words of a session whose messages are all at hand (docs/format.md §4.9)."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.models import Message, Outline
from . import session_state

TURNS = ("user", "assistant", "tool")
FIRST_WORDS = 200


def outline_of(messages: Sequence[Message]) -> Outline:
    """What a listed row shows of them; calls at the very end have no result."""
    turns = [message for message in messages if message.role in TURNS]
    first = next((message.text for message in turns if message.role == "user"), "")
    words = " ".join(first.split())[:FIRST_WORDS]
    if not turns:
        return Outline(session_state.status_of(None, has_turns=False, live=False), words)
    last = turns[-1]
    tail = session_state.Tail(
        last.role, last.finish_reason, has_text=bool(last.text.strip()), open_calls=bool(last.tool_calls)
    )
    return Outline(session_state.status_of(tail, has_turns=any(one.role != "tool" for one in turns), live=False), words)
