"""Controller of the list: which rows are kept out of sight of the collector of cycles."""

from __future__ import annotations

import gc

import pytest

from hermes_tui.feed.answers import SessionsArrived
from hermes_tui.screens.browse.sessions_controller import SessionsController
from store.models import Session
from tests.hermes_tui.screens.browse.states import Calls, Drawn, browser_state


def test_the_rows_of_the_first_listing_are_out_of_sight_of_the_collector_and_later_ones_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mutants: no row is; all that there is at each change, so that cycles among it stay for ever."""
    frozen: list[int] = []
    state = browser_state()
    state.catalog.complete = False
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(len(state.catalog)))
    controller = SessionsController(state, Calls().feed, Drawn())
    for number, done in enumerate((False, True, False)):
        controller.take_sessions(SessionsArrived(1, (Session(f"s{number}", title="t"),), done=done))
    assert frozen == [1, 2]
