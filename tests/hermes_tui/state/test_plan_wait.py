"""The wait before a plan may be applied, by a clock that stands until it is moved."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hermes_tui.state.plan_wait import LONGER, QUIET, PlanWait


class Clock:
    """Seconds that go on when somebody says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wait(clock: Clock) -> PlanWait:
    """A plan that has just come onto the screen."""
    wait = PlanWait(clock)
    wait.show("plan")
    return wait


def press(wait: PlanWait, clock: Clock) -> bool:
    """A key that would apply the plan, pressed now."""
    wait.act(clock.now)
    return wait.take_agreement()


def test_a_plan_is_applied_once_it_has_stood_and_not_before(wait: PlanWait, clock: Clock) -> None:
    clock.wait(QUIET - 0.01)
    assert not press(wait, clock)
    clock.wait(QUIET - 0.01)
    assert not press(wait, clock), "the key before counts from itself"
    clock.wait(QUIET + 0.01)
    assert press(wait, clock)
    assert not wait.take_agreement(), "one key agrees once"


def test_no_plan_is_agreed_to_where_there_is_none(clock: Clock) -> None:
    wait = PlanWait(clock)
    clock.wait(60)
    assert not press(wait, clock)
    assert not wait.stands


def leave_and_return(wait: PlanWait) -> None:
    """No plan for a while."""
    wait.show(None)
    wait.show("plan")


def cover_and_uncover(wait: PlanWait) -> None:
    """Another screen over it for a while."""
    wait.set_visible(False)
    wait.set_visible(True)


CHANGES: dict[str, Callable[[PlanWait], None]] = {
    "another plan": lambda wait: wait.show("another"),
    "away and back": leave_and_return,
    "covered and seen again": cover_and_uncover,
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_of_what_is_shown_starts_the_wait_again(wait: PlanWait, clock: Clock, change: str) -> None:
    clock.wait(60)
    CHANGES[change](wait)
    clock.wait(QUIET - 0.01)
    assert not press(wait, clock)
    clock.wait(QUIET + 0.01)
    assert press(wait, clock)


def test_the_same_plan_drawn_again_goes_on_standing(wait: PlanWait, clock: Clock) -> None:
    clock.wait(QUIET + 0.01)
    wait.show("plan")
    assert press(wait, clock)


def test_a_plan_that_cannot_be_seen_is_not_agreed_to(wait: PlanWait, clock: Clock) -> None:
    wait.set_visible(False)
    clock.wait(60)
    assert not press(wait, clock)


def test_a_key_that_means_nothing_makes_the_wait_longer_until_the_plan_changes(wait: PlanWait, clock: Clock) -> None:
    wait.lengthen()
    clock.wait(LONGER - 0.01)
    assert not press(wait, clock)
    clock.wait(LONGER + 0.01)
    assert press(wait, clock)
    wait.show("another")
    clock.wait(QUIET + 0.01)
    assert press(wait, clock)


def test_a_key_that_was_pressed_before_the_plan_was_shown_agrees_to_nothing(wait: PlanWait, clock: Clock) -> None:
    """It waited in a queue, however long; mutant: the time at which it is handled in place of its own."""
    pressed = clock.now - 0.01
    clock.wait(60)
    wait.act(pressed)
    assert not wait.take_agreement()


def test_what_changes_between_a_key_and_its_action_takes_the_agreement_back(wait: PlanWait, clock: Clock) -> None:
    clock.wait(QUIET + 0.01)
    wait.act(clock.now)
    wait.show("another")
    assert not wait.take_agreement()
