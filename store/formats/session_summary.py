"""Status and first words of a session from its messages (docs/format.md §4.9)."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.models import Message, Outline
from .session_state import Ending, status_of

TURNS = ("user", "assistant", "tool")
"""Roles that decide a status."""
FIRST_WORDS = 200
"""Characters of a session's first words."""


def outline_of(messages: Sequence[Message]) -> Outline:
    """Status and first words of a whole session."""
    turns = [message for message in messages if message.role in TURNS]
    first = next((message for message in turns if message.role == "user"), None)
    return outline(first, turns[-1] if turns else None, has_turns=any(turn.role != "tool" for turn in turns))


def outline(first: Message | None, last: Message | None, *, has_turns: bool) -> Outline:
    """Status and first words by the messages that decide them; tool calls of the last message have no result.

    Args:
        first: The first of the user.
        last: The last whose role is one of TURNS.
        has_turns: There is a message of a user or an assistant.
    """
    ending = None
    if last is not None:
        ending = Ending(
            last.role, last.finish_reason, has_calls=bool(last.tool_calls), has_text=bool(last.text.strip())
        )
    return outline_of_ends(first.text if first else "", ending, has_turns=has_turns)


def outline_of_ends(first: str, ending: Ending | None, *, has_turns: bool, live: bool = False) -> Outline:
    """The same by the text of the first message of the user, and by the state of the last."""
    return Outline(status_of(ending, has_turns=has_turns, live=live), " ".join(first.split())[:FIRST_WORDS])
