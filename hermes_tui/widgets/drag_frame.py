"""Frame of the transcript and the details: a drag over the transcript selects text and hands it over."""

from __future__ import annotations

from collections.abc import Callable

from textual import events, on
from textual.containers import Container
from textual.widget import Widget

from hermes_tui.widgets.scroll_pane import Wheel, wheel_rows
from hermes_tui.widgets.selection import Selected, Selection, Spot, selected, spot_at
from hermes_tui.widgets.transcript import Transcript

LEFT_BUTTON = 1


class DragFrame(Container):
    """Takes the mouse once it has moved with its button down; until then a click is a click."""

    def __init__(self, pane: Transcript, *others: Widget, id: str | None = None) -> None:  # noqa: A002
        super().__init__(pane, *others, id=id)
        self._pane = pane
        self._began: Spot | None = None
        self._drags = False
        self.take: Callable[[Selected], None] = lambda _: None
        """Takes what was selected when the button is released."""

    @on(events.MouseDown)
    def _on_button_pressed(self, event: events.MouseDown) -> None:
        on_text = self._pane.region.contains_point(event.screen_offset) and event.button == LEFT_BUTTON
        self._began = self._spot(event) if on_text else None
        self._pane.select(None)

    @on(events.MouseMove)
    def _on_mouse_moved(self, event: events.MouseMove) -> None:
        if self._began is None:
            return
        if not self._drags and self._spot(event) == self._began:
            return
        if not self._drags:
            self._drags = True
            self.capture_mouse()
        y = event.screen_offset.y - self._pane.region.y
        if not 0 <= y < self._pane.size.height:
            self._pane.action_move_by(-1 if y < 0 else 1)
        if (now := self._spot(event)) is not None:
            self._pane.select(Selection(self._began, now))

    @on(events.MouseUp)
    def _on_button_released(self, event: events.MouseUp) -> None:
        self._began = None
        if not self._drags:
            return
        event.stop()
        self._drags = False
        self.release_mouse()
        cursor = self._pane.cursor
        if cursor.selection is not None:
            self.take(selected(cursor.layout, cursor.selection))

    @on(events.MouseScrollDown)
    @on(events.MouseScrollUp)
    def _on_wheel_turned(self, event: Wheel) -> None:
        """Scroll on while text is selected: the mouse is the frame's then."""
        self._pane.action_move_by(wheel_rows(event))

    def _spot(self, event: events.MouseEvent) -> Spot | None:
        cursor = self._pane.cursor
        x, y = event.screen_offset - self._pane.region.offset
        return spot_at(cursor.viewport, x, y, cursor.left)
