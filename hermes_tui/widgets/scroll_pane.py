"""What the lists and the transcript share: a pane that paints its rows itself, and the track in its last column."""

from __future__ import annotations

from textual import events
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hermes_tui.render.glyphs import ASCII, UNICODE, Glyphs
from hermes_tui.render.line import Line
from hermes_tui.widgets.scroll_thumb import track_cell
from hermes_tui.widgets.theme import Ground, palette_of, strip_of

WHEEL = 3
"""Rows that a notch of the wheel moves."""


class Pane(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows of lines; a subclass says which, and what of the whole they are. It scrolls at once, and by itself."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    Pane { overflow: hidden hidden; background: $background; }
    """

    divider: reactive[bool] = reactive(False)
    """The last column divides this pane from the next, and its whole length is drawn; else the thumb alone."""
    ascii_only: reactive[bool] = reactive(False)
    """Paint with the ASCII glyphs."""
    faded: reactive[bool] = reactive(False)
    """Everything is dim, because it is about to be replaced."""

    @property
    def glyphs(self) -> Glyphs:
        """The set of marks to paint with."""
        return ASCII if self.ascii_only else UNICODE

    def row_line(self, y: int, width: int) -> tuple[Line, Ground]:
        """What is on a row of the screen, at most `width` cells of it, and what it lies on."""
        raise NotImplementedError

    def thumb(self, height: int) -> tuple[int, int]:
        """First row and number of rows of the thumb in a track of `height` rows; (0, 0) where everything is shown."""
        raise NotImplementedError

    def roll(self, rows: int) -> None:
        """Show what is so many rows further down, or up if negative."""
        raise NotImplementedError

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.roll(WHEEL)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.roll(-WHEEL)

    def render_line(self, y: int) -> Strip:
        """One row of the screen, and its cell of the scroll track."""
        palette, width, height = palette_of(self.app), self.size.width - 1, self.size.height
        line, ground = self.row_line(y, width)
        row = strip_of(line, width, palette, Ground.FADED if self.faded else ground)
        cell = track_cell(y, self.thumb(height), self.glyphs, divider=self.divider)
        return Strip.join((row, strip_of((cell,), 1, palette)))
