"""How a session stands, by its last message."""

from __future__ import annotations

import pytest

from store.formats.session_state import LIVE_WINDOW, Tail, is_live, status_of
from store.models import Status

DONE = Tail("assistant", "stop")


@pytest.mark.parametrize(
    ("tail", "status"),
    [
        (DONE, Status.DONE),
        (Tail("assistant"), Status.DONE),
        (Tail("assistant", "end_turn"), Status.DONE),
        (Tail("user"), Status.INTERRUPTED),
        (Tail("tool"), Status.INTERRUPTED),
        (Tail("assistant", "tool_calls", has_text=False, open_calls=True), Status.INTERRUPTED),
        (Tail("assistant", "length"), Status.ERROR),
        (Tail("assistant", "content_filter"), Status.ERROR),
        (Tail("assistant", "incomplete"), Status.ERROR),
        (Tail("assistant", "verification_required"), Status.ERROR),
        (Tail("assistant", "stop", has_text=False), Status.ERROR),
        (None, Status.EMPTY),
    ],
)
def test_the_last_message_tells(tail: Tail | None, status: Status) -> None:
    assert status_of(tail, has_turns=True, live=False) is status


def test_a_session_without_turns_is_empty_even_while_live() -> None:
    assert status_of(Tail("tool"), has_turns=False, live=True) is Status.EMPTY


def test_a_live_session_is_live_whatever_its_last_message() -> None:
    for tail in (DONE, Tail("user"), Tail("assistant", "length")):
        assert status_of(tail, has_turns=True, live=True) is Status.LIVE


@pytest.mark.parametrize(
    ("ended_at", "last_active", "live"),
    [
        (None, 1000.0, True),
        (None, 1000.0 - LIVE_WINDOW + 1, True),
        (None, 1000.0 - LIVE_WINDOW, False),
        (None, 1060.0, True),
        (None, 1000.0 + LIVE_WINDOW, False),
        (None, None, False),
        (999.0, 1000.0, False),
    ],
)
def test_live_means_not_ended_and_active_within_five_minutes(
    ended_at: float | None, last_active: float | None, live: bool
) -> None:
    assert is_live(ended_at=ended_at, last_active=last_active, now=1000.0) is live
