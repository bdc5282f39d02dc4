"""Pictures of what is between two answers: none while an answer may still come, one when it is late."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hermes_tui.screens.browse.painter import ANSWERED, Painter
from hermes_tui.screens.browse.ports import Part
from hermes_tui.state.browser_state import HELD, BrowserState
from tests.hermes_tui.screens.browse.states import browser_state


class Timers:
    """Seconds that pass where a test lets them, and what is called then."""

    def __init__(self) -> None:
        self.now = 50.0
        self._due: list[tuple[float, Callable[[], None]]] = []

    def call_after(self, seconds: float, call: Callable[[], None]) -> Any:
        """Textual's, as far as a painter knows it."""
        entry = self.now + seconds, call
        self._due.append(entry)
        return SimpleNamespace(stop=lambda: self._due.remove(entry) if entry in self._due else None)

    def wait(self, seconds: float) -> None:
        """Let seconds pass."""
        end = self.now + seconds
        while due := sorted((entry for entry in self._due if entry[0] <= end), key=lambda entry: entry[0]):
            self._due.remove(due[0])
            self.now = due[0][0]
            due[0][1]()
        self.now = end


class Widgets:
    """Notes what is drawn."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def observe(self, state: BrowserState) -> None:
        """Nothing is known here alone."""

    def show_list(self, _: object) -> None:
        """Rows."""
        self.drawn.append("list")

    def show(self, _: object) -> None:
        """The frame."""
        self.drawn.append("frame")

    def show_status(self, _: object) -> None:
        """The status line."""
        self.drawn.append("status")

    def taken(self) -> list[str]:
        """What was drawn since the last look."""
        drawn, self.drawn = self.drawn, []
        return drawn


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> tuple[Painter, Timers, Widgets]:
    timers, widgets = Timers(), Widgets()
    monkeypatch.setattr("hermes_tui.screens.browse.painter.time.monotonic", lambda: timers.now)
    made = Painter(browser_state(), cast("Any", widgets), timers.call_after)
    return made, timers, widgets


def test_an_answer_that_is_late_is_waited_for_and_then_drawn_once(stage: tuple[Painter, Timers, Widgets]) -> None:
    """Mutants: a wait of 0.1 s; each letter waited for from its own time on; no status line meanwhile."""
    painter, timers, widgets = stage
    painter.changed(Part.LISTS_ANSWERED)
    timers.wait(HELD - 0.2)
    painter.changed(Part.FRAME)
    assert set(widgets.taken()) == {"status"}
    painter.changed(Part.LISTS_ANSWERED)
    widgets.taken()
    timers.wait(0.1)
    assert widgets.taken() == []
    timers.wait(0.2)
    assert widgets.taken() == ["list", "frame"], "the first of them was waited for long enough"


def test_a_beginning_that_was_late_is_shown_late(stage: tuple[Painter, Timers, Widgets]) -> None:
    """Mutants: hits drawn before their order is there; 0.1 s for whatever came late."""
    painter, timers, widgets = stage
    for took, held in ((0.01, ANSWERED), (0.1, 0.2)):
        painter.changed(Part.LISTS_ANSWERED)
        timers.wait(took)
        painter.changed(Part.LISTS_SOON)
        timers.wait(held - 0.02)
        assert "list" not in widgets.taken()
        timers.wait(0.04)
        assert widgets.taken() == ["list", "frame"]
    painter.changed(Part.LISTS_ANSWERED)
    painter.changed(Part.LISTS_SOON)
    painter.changed(Part.LISTS)
    assert [name for name in widgets.taken() if name != "status"] == ["list", "frame"]
    timers.wait(2.0)
    assert widgets.taken() == []
