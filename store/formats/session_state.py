"""State of a session (live, done, interrupted, error, empty) and its first words, from its messages.

No column has either (docs/format.md §4.9).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..base.late_dataclass import dataclass
from ..base.models import Message, Outline, Status

TURNS = ("user", "assistant", "tool")
"""Roles that decide a status."""
FIRST_WORDS = 200
"""Characters of a session's first words."""
LIVE_WINDOW = 300.0
"""Seconds: a session that is not ended and whose newest message is younger is live."""

ERRORS = frozenset(
    {
        "length",
        "content_filter",
        "incomplete",
        "error",
        "failed",
        "verification_required",
        "verify_hook_continue",
        "kanban_terminal_required",
    }
)
"""Finish reasons of a failed answer; unknown reasons count as success."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The last active message of a session whose role is user, assistant or tool."""

    role: str
    finish_reason: str | None = None
    has_calls: bool = False
    """It calls a tool, whose result is not stored then."""
    has_text: bool = True
    """Its content, or the beginning of it that was read, is more than spaces."""


def is_live(*, ended_at: float | None, last_active: float | None, now: float) -> bool:
    """True for a session that is probably running: not ended, active within LIVE_WINDOW of now (seconds since 1970).

    A clock that is wrong by less than the window is tolerated.
    """
    return ended_at is None and last_active is not None and abs(now - last_active) < LIVE_WINDOW


def status_of(ending: Ending | None, *, has_turns: bool, live: bool) -> Status:
    """State of a session.

    Args:
        ending: Its last active message, None where it has none.
        has_turns: It has any message of role user or assistant.
        live: The result of `is_live`.
    """
    if not has_turns or ending is None:
        return Status.EMPTY
    if live:
        return Status.LIVE
    if ending.role != "assistant" or ending.has_calls:
        return Status.INTERRUPTED
    if ending.finish_reason in ERRORS or not ending.has_text:
        return Status.ERROR
    return Status.DONE


def outline_of(messages: Sequence[Message]) -> Outline:
    """Status and first words of a session; the last message's tool calls have no result.

    Args:
        messages: In order; the first of each role of TURNS and the last of any of them decide.
    """
    turns = [message for message in messages if message.role in TURNS]
    first = next((message.text for message in turns if message.role == "user"), "")
    ending = None
    if turns:
        last = turns[-1]
        ending = Ending(last.role, last.finish_reason, bool(last.tool_calls), bool(last.text.strip()))
    status = status_of(ending, has_turns=any(turn.role != "tool" for turn in turns), live=False)
    return Outline(status, first_words(first))


def first_words(text: str) -> str:
    """The start of a text on one line, at most FIRST_WORDS characters; a long text is not taken apart for it."""
    start = " ".join(text[: 2 * FIRST_WORDS].split())
    return (start if len(start) >= FIRST_WORDS else " ".join(text.split()))[:FIRST_WORDS]
