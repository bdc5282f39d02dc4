"""Row of the frame: one line, painted as wide as the screen gives."""

from __future__ import annotations

from textual import events
from textual.reactive import reactive
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from hermes_tui.render.bound_keys import bound
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line
from hermes_tui.widgets.key_targets import key_at, key_event
from hermes_tui.widgets.one_shot import call_after
from hermes_tui.widgets.theme import Ground, glyphs_of, palette_of, strip_of

NOTICE_SECONDS = 4.0


class Bar(Widget):
    """One row; a subclass says what is on it."""

    ALLOW_SELECT = False
    ground = Ground.PLAIN
    """Ground that the row lies on."""

    _notice: reactive[str] = reactive("")
    """What is said for a while, where a subclass has room for it; else ""."""
    _clearing: Timer | None = None

    DEFAULT_CSS = """
    Bar { height: 1; background: $background; }
    """

    _clicked = ""
    """The key that the first of some clicks pressed."""

    @property
    def glyphs(self) -> Glyphs:
        """The set of marks to paint with."""
        return glyphs_of(self.app)

    def line(self, width: int) -> Line:
        """Content of the row; what is beyond `width` cells is cut."""
        raise NotImplementedError

    def say(self, notice: str) -> None:
        """Show a notice for four seconds; a newer one takes its place."""
        if self._clearing is not None:
            self._clearing.stop()
        self._notice = notice
        self._clearing = call_after(self, NOTICE_SECONDS, self._forget)

    def _forget(self) -> None:
        self._notice = ""

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]  # need not be a coroutine
        """Press the key that is named under the mouse.

        The second click of a double click agrees to nothing, and presses no key that took the place of the first one's.
        """
        key = key_at(self.line(self.size.width), event.x)
        again, self._clicked = event.chain > 1 and key != self._clicked, key if event.chain == 1 else self._clicked
        if key and not (again or (key in {bound("apply"), bound("replay")} and event.chain > 1)):
            event.stop()
            self.app.post_message(key_event(key, event))

    def render_line(self, y: int) -> Strip:
        """Textual's line API."""
        width = self.size.width
        return strip_of(self.line(width) if y == 0 else (), width, palette_of(self.app), self.ground)
