"""How a session stands, by its last message."""

from __future__ import annotations

import pytest

from store.formats.session_state import LIVE_WINDOW, Ending, is_live, status_of
from store.models import Status

DONE = Ending("assistant", "stop")


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (DONE, Status.DONE),
        (Ending("assistant"), Status.DONE),
        (Ending("assistant", "end_turn"), Status.DONE),
        (Ending("user"), Status.INTERRUPTED),
        (Ending("tool"), Status.INTERRUPTED),
        (Ending("assistant", "tool_calls", has_text=False, has_calls=True), Status.INTERRUPTED),
        (Ending("assistant", "length"), Status.ERROR),
        (Ending("assistant", "content_filter"), Status.ERROR),
        (Ending("assistant", "incomplete"), Status.ERROR),
        (Ending("assistant", "verification_required"), Status.ERROR),
        (Ending("assistant", "stop", has_text=False), Status.ERROR),
        (None, Status.EMPTY),
    ],
)
def test_the_last_message_tells(ending: Ending | None, status: Status) -> None:
    assert status_of(ending, has_turns=True, live=False) is status


def test_a_session_without_turns_is_empty_even_while_live() -> None:
    assert status_of(Ending("tool"), has_turns=False, live=True) is Status.EMPTY


def test_a_live_session_is_live_whatever_its_last_message() -> None:
    for ending in (DONE, Ending("user"), Ending("assistant", "length")):
        assert status_of(ending, has_turns=True, live=True) is Status.LIVE


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
