"""State of a session: live, done, interrupted, error, empty (docs/format.md §4.9; no column has it)."""

from __future__ import annotations

from dataclasses import dataclass

from ..base.models import Status

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
