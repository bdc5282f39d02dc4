"""Keys that a row of the frame names, pressed with the mouse."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult

from hermes_tui.render.line import Line, Role, span
from hermes_tui.widgets.bar import Bar


class _Footer(Bar):
    """Names a key until it was pressed, then another one in its place."""

    named = "r"

    def line(self, width: int) -> Line:
        return span(self.named, Role.ACCENT, bold=True), span(" does it", Role.DIM)


class _Rows(App[None]):
    pressed = ""

    def compose(self) -> ComposeResult:
        yield _Footer()

    def on_key(self, event: events.Key) -> None:
        """Other keys work now."""
        self.pressed += event.key
        self.query_one(_Footer).named = "d" if event.key == "r" else event.key


async def test_the_second_click_of_a_double_click_presses_no_key_that_came_in_its_place() -> None:
    """Mutants: no look at what the first click pressed; no key but for single clicks, as in a list that goes on."""
    app = _Rows()
    async with app.run_test() as pilot:
        await pilot.click(_Footer, times=2)
        assert app.pressed == "r"
        app.query_one(_Footer).named = "n"
        await pilot.click(_Footer, offset=(3, 0), times=3)
        assert app.pressed == "rnnn"
