"""Requests and state of the screen of repairs, without a screen or a store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from hermes_tui.feed import answers
from hermes_tui.screens.repair.controller import RepairScreenController
from hermes_tui.state.repair_state import RepairState, Write
from hermes_tui.state.session_catalog import Catalog
from store.errors import StoreError
from store.models import Drift, Session
from store.repair.model import Phase, Progress, Receipt, State
from tests.hermes_tui.screens.repair.test_presenter import AHEAD, DIVERGED, REFUSED

PLAN = replace(AHEAD, check=replace(AHEAD.check, session_id="a"))


class Requests:
    """A feed that only notes what it is asked for; its answers are of generation 1."""

    def __init__(self) -> None:
        self.made: list[tuple[object, ...]] = []
        names = ("plan", "plans", "difference", "more_difference", "apply", "undo")
        self.repairs = SimpleNamespace(**{name: self._note(name) for name in names})
        self.writer = SimpleNamespace(stop=self._note("stop"))

    def generation(self, _: str) -> int:
        """The current one."""
        return 1

    def take(self) -> list[tuple[object, ...]]:
        """What was asked for since the last look."""
        made, self.made = self.made, []
        return made

    def _note(self, name: str) -> Callable[..., None]:
        return lambda *given, **options: self.made.append((name, *given, *options.values()))


@pytest.fixture
def requests() -> Requests:
    return Requests()


@pytest.fixture
def state() -> RepairState:
    """Two flagged sessions, of which none is looked at yet."""
    catalog = Catalog()
    catalog.put([Session(name, title=f"Session {name}", started_at=1.0) for name in "ab"])
    catalog.put_drifts(dict.fromkeys("ab", Drift.JSONL_AHEAD), {})
    return RepairState(catalog, may_write=True)


@pytest.fixture
def controller(state: RepairState, requests: Requests) -> RepairScreenController:
    feed: Any = requests
    return RepairScreenController(state, feed, lambda: None)


def test_an_answer_to_an_older_request_or_of_another_session_changes_nothing(
    controller: RepairScreenController, state: RepairState
) -> None:
    controller.start("a")
    for late in (answers.PlanArrived(0, "a", PLAN), answers.PlanArrived(1, "b", PLAN)):
        controller.put(late)
        assert state.waiting
    controller.put(answers.PlanArrived(1, "a", PLAN))
    assert state.session is not None
    assert state.session.plan is PLAN


def test_applying_clears_what_was_and_the_receipt_ends_it(
    controller: RepairScreenController, state: RepairState, requests: Requests
) -> None:
    controller.start("a")
    session = state.session
    assert session is not None
    controller.put(answers.PlanArrived(1, "a", PLAN))
    controller.put(answers.RepairFailed(1, "a", StoreError("busy")))
    assert session.error is not None
    requests.take()
    controller.apply()
    assert state.session == replace(session, write=Write.REPAIR, error=None)
    assert state.conditions(None) == {"running"}
    assert requests.take() == [("apply", [PLAN])]
    controller.put(answers.RepairProgressed(0, "a", Progress(Phase.INSERT, 1, 992)))
    assert session.progress == Progress(Phase.INSERT, 1, 992)
    controller.put(answers.Repaired(0, "a", Receipt("a", "r-1", State.DONE, inserted=992)))
    assert state.session == replace(session, write=None, progress=None)
    assert session.settled
    assert not controller.end()
    assert "running" not in state.conditions(None)
    assert controller.read(None) == "a"
    controller.ask_undo(None)
    assert requests.take() == []
    controller.apply()
    assert requests.take() == [("undo", "a", "r-1")]


@pytest.mark.parametrize("generation", [0, 1])
def test_a_write_that_failed_or_was_stopped_is_planned_again(
    controller: RepairScreenController, state: RepairState, requests: Requests, generation: int
) -> None:
    controller.start("a")
    requests.take()
    controller.put(answers.RepairFailed(generation, "a", StoreError("the disk is full")))
    assert state.session is not None
    assert str(state.session.error) == "the disk is full"
    assert requests.take() == ([("plan", "a", False)] if generation == 0 else [])
    controller.put(answers.Repaired(0, "a", Receipt("a", "r-1", State.RUNNING)))
    assert requests.take() == [("plan", "a", False)]


def test_nothing_is_asked_for_while_something_is_written(
    controller: RepairScreenController, state: RepairState, requests: Requests
) -> None:
    controller.start("a")
    controller.put(answers.PlanArrived(1, "a", DIVERGED))
    state.writing = True
    requests.take()
    controller.apply()
    controller.ask_undo(None)
    controller.merge()
    controller.switch_whole()
    controller.look_at_next()
    assert controller.read(None) is None
    assert requests.take() == []
    assert controller.back()
    assert requests.take() == [("stop",)]


def test_without_leave_to_write_a_key_says_so_and_writes_nothing(
    controller: RepairScreenController, state: RepairState, requests: Requests
) -> None:
    state.may_write = False
    controller.start("a")
    controller.put(answers.PlanArrived(1, "a", PLAN))
    requests.take()
    for key in (controller.apply, lambda: controller.ask_undo(None)):
        state.notice = ""
        key()
        assert state.notice == "read-only: nothing is written"
    assert state.session is not None
    assert "--read-only" in str(state.session.error)
    assert requests.take() == []


def test_yes_to_the_question_stops_the_write_and_its_end_ends_the_app(
    controller: RepairScreenController, state: RepairState, requests: Requests
) -> None:
    controller.start("a")
    state.writing = True
    state.quit_asked = True
    assert controller.back()
    assert not state.quit_asked
    state.quit_asked = True
    requests.take()
    controller.apply()
    assert requests.take() == [("stop",)]
    assert controller.end()


def test_back_leads_from_the_difference_to_the_plan_to_the_list_and_out(
    controller: RepairScreenController, state: RepairState, requests: Requests
) -> None:
    controller.start(None)
    assert requests.take() == [("plans", ["a", "b"])]
    assert controller.read(state.cases["b"]) is None
    controller.switch_whole()
    assert requests.take() == [("plan", "b", False), ("difference", "b", False)]
    assert controller.back()
    assert (state.session is not None, state.whole) == (True, False)
    assert controller.back()
    assert state.session is None
    assert not controller.back()


def test_a_difference_asked_for_in_the_browser_leads_straight_back(
    state: RepairState, controller: RepairScreenController
) -> None:
    state.whole = state.whole_first = True
    controller.start("a")
    assert not controller.back()


def test_more_of_a_difference_is_asked_for_once_until_it_comes(
    controller: RepairScreenController, state: RepairState, requests: Requests
) -> None:
    state.whole = True
    controller.start("a")
    requests.take()
    controller.read_on()
    assert requests.take() == []
    for done, expected in ((False, [("more_difference", "a")]), (True, [])):
        controller.put(answers.DifferenceArrived(1, "a", PLAN.difference, done=done))
        controller.read_on()
        controller.read_on()
        assert requests.take() == expected


def test_all_that_are_wanted_are_applied_and_new_sessions_are_left_out_first(
    controller: RepairScreenController, state: RepairState, requests: Requests
) -> None:
    controller.start(None)
    controller.put(answers.PlanListed(1, "a", PLAN))
    controller.put(answers.PlanListed(1, "b", replace(PLAN, creates_session=True)))
    requests.take()
    controller.apply()
    assert requests.take() == [("apply", [PLAN])]
    state.writing = False
    controller.leave_out(state.cases["b"])
    controller.leave_out(state.cases["a"])
    controller.apply()
    assert requests.take() == [("apply", [state.cases["b"].plan])]
    controller.put(answers.Repaired(0, "a", Receipt("a", "r-1", State.UNDONE)))
    controller.end()
    assert requests.take() == [("plans", ["a"])]


def test_asking_to_merge_plans_again_and_again_takes_that_back(
    controller: RepairScreenController, state: RepairState, requests: Requests
) -> None:
    controller.start("a")
    controller.put(answers.PlanArrived(1, "a", PLAN))
    requests.take()
    controller.merge()
    assert requests.take() == []
    controller.put(answers.PlanArrived(1, "a", REFUSED))
    for merge in (True, False):
        controller.merge()
        assert requests.take() == [("plan", "a", merge)]
        assert state.waiting


def test_the_next_flagged_session_follows_round_the_end(
    controller: RepairScreenController, state: RepairState, requests: Requests
) -> None:
    controller.start("b")
    requests.take()
    controller.look_at_next()
    assert requests.take() == [("plan", "a", False)]
    state.catalog.put_drifts({"b": None}, {})
    controller.look_at_next()
    assert state.notice == "no other session is flagged"
