"""What the panes that paint their own rows share: a row with its cell of the scroll track, and the wheel."""

from __future__ import annotations

from textual import events
from textual.app import App
from textual.strip import Strip

from hermes_tui.render.line import Line
from hermes_tui.widgets.scroll_thumb import track_cell
from hermes_tui.widgets.theme import Ground, T, glyphs_of, palette_of, strip_of

WHEEL_ROWS = 3
"""Rows that a notch of the wheel moves."""

Wheel = events.MouseScrollDown | events.MouseScrollUp


def row_with_track(
    line: Line, ground: Ground, y: int, *, width: int, thumb: tuple[int, int], app: App[T], divider: bool = False
) -> Strip:
    """Draw a row of a pane and the cell of the track in its last column.

    Args:
        ground: What the line lies on; the track lies on the plain ground.
        y: Row of the pane.
        width: Cells of the pane, the track included.
        thumb: See `scroll_thumb.thumb`.
        divider: The whole length of the track is drawn, because it divides the pane from the next.
    """
    palette = palette_of(app)
    cell = track_cell(y, thumb, glyphs_of(app), divider=divider)
    return Strip.join((strip_of(line, width - 1, palette, ground), strip_of((cell,), 1, palette)))


def wheel_rows(event: Wheel) -> int:
    """The rows that a notch of the wheel moves, down if positive; nothing else reacts to the event."""
    event.stop()
    event.prevent_default()
    return WHEEL_ROWS if isinstance(event, events.MouseScrollDown) else -WHEEL_ROWS
