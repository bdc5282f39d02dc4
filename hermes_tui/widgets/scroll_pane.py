"""Common parts of the panes that paint their own rows: keys, the wheel, a row with its cell of the scroll track."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from hermes_tui.render.line import Line, Role, blank, span
from hermes_tui.widgets.theme import Ground, glyphs_of, palette_of, strip_of

KEYS: list[BindingType] = [
    Binding("up,k", "move_by(-1)", "Up", show=False),
    Binding("down,j", "move_by(1)", "Down", show=False),
    Binding("pageup,ctrl+b", "move_page(-1)", "Page up", show=False),
    Binding("pagedown,ctrl+f", "move_page(1)", "Page down", show=False),
    Binding("ctrl+u", "move_half(-1)", "Half a page up", show=False),
    Binding("ctrl+d", "move_half(1)", "Half a page down", show=False),
    Binding("home,g", "move_to_top", "Top", show=False),
    Binding("end,G", "move_to_end", "End", show=False),
]
WHEEL_ROWS = 3
"""Rows that a notch of the wheel moves."""

Wheel = events.MouseScrollDown | events.MouseScrollUp


class ScrollPane(ScrollView, can_focus=True, inherit_bindings=False):
    """A pane without a cursor of rows: keys and wheel move what is on the screen."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = KEYS
    DEFAULT_CSS = "ScrollPane { overflow: hidden hidden; background: $background; }"

    def action_move_by(self, rows: int) -> None:
        """Show what is so many rows further down, or up if negative."""
        raise NotImplementedError

    def action_move_page(self, pages: int) -> None:
        """Move by the height of the pane less one row."""
        self.action_move_by(pages * max(1, self.size.height - 1))

    def action_move_half(self, halves: int) -> None:
        """Move by half the height of the pane."""
        self.action_move_by(halves * max(1, self.size.height // 2))

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        """Take a size, and post a Resize.

        Textual 8 posts none to a widget whose region was asked for between its showing and the next layout:
        `Compositor.full_map` then takes it in, and `reflow` finds nothing new.
        """
        if size != self.outer_size:
            self.post_message(events.Resize(size, virtual_size, container_size))
        return super()._size_updated(size, virtual_size, container_size, layout)

    @on(events.MouseScrollDown)
    @on(events.MouseScrollUp)
    def _on_wheel_turned(self, event: Wheel) -> None:
        self.action_move_by(wheel_rows(event))


def row_with_track(
    pane: Widget, y: int, line: Line, ground: Ground, thumb: tuple[int, int], *, divider: bool = False
) -> Strip:
    """Draw a row of a pane and the cell of the track in its last column.

    Args:
        y: The row.
        ground: What the line lies on; the track lies on the plain ground.
        thumb: See `scroll_thumb.thumb`.
        divider: The whole length of the track is drawn, because it divides the pane from the next.
    """
    (start, size), palette, glyphs = thumb, palette_of(pane.app), glyphs_of(pane.app)
    cell = span(glyphs.divider, Role.HAIR) if divider else blank(1)
    if start <= y < start + size:
        cell = span(glyphs.thumb, Role.DIM)
    return Strip.join((strip_of(line, pane.size.width - 1, palette, ground), strip_of((cell,), 1, palette)))


def wheel_rows(event: Wheel) -> int:
    """The rows that a notch of the wheel moves, down if positive; nothing else reacts to the event."""
    event.stop()
    event.prevent_default()
    return WHEEL_ROWS if isinstance(event, events.MouseScrollDown) else -WHEEL_ROWS
