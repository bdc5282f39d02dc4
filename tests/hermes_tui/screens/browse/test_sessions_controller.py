"""Controller of the list: rows out of sight of the collector of cycles, and what is said where nothing can be read."""

from __future__ import annotations

import gc

import pytest

from hermes_tui.feed.answers import SessionsArrived, StoreFailed
from hermes_tui.render import blocks
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.screens.browse.sessions_controller import SessionsController
from store.errors import CannotOpen, StoreMissing
from store.models import Session
from tests.hermes_tui.render.samples import texts
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


def test_a_store_that_can_no_longer_be_read_is_said_under_the_list_that_stands() -> None:
    """Mutant: only a request that fails says so."""
    state = browser_state()
    controller = SessionsController(state, Calls().feed, Drawn())
    controller.take_failure(StoreFailed(0, "watch", CannotOpen("gone")))
    assert (state.notice is not None and state.notice.text, state.failure) == ("gone", None)


def test_a_schema_that_is_gone_is_said_in_place_of_an_empty_home() -> None:
    """Mutant: what is missing is taken for a folder without files."""
    state = browser_state()
    state.store = "PostgreSQL"
    controller = SessionsController(state, Calls().feed, Drawn())
    controller.take_failure(StoreFailed(0, "sessions", StoreMissing("host/db#hermes has no tables of Hermes")))
    said = texts(blocks.partial(str(state.failure), sessions=0, store=state.store, width=80, glyphs=UNICODE))
    assert said[1:5] == [
        " ✗E  PostgreSQL cannot be read",
        "     host/db#hermes has no tables of Hermes",
        "",
        "     Nothing has been written.",
    ]
