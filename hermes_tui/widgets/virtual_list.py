"""List whose cost follows the rows on the screen: rows are keys, and the cursor stays on its key."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol, runtime_checkable

from textual import events, on
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hermes_tui.render.line import Line
from hermes_tui.widgets.list_cursor import CursorPlace, HeadRow, ListCursor
from hermes_tui.widgets.painted_rows import PaintedRows
from hermes_tui.widgets.scroll_pane import KEYS, Wheel, row_with_track, wheel_rows
from hermes_tui.widgets.theme import Ground

FLAG_COLUMNS = range(4, 6)
"""The columns of the flag in a session's row (docs/look.md §5)."""
NARROWEST = 24
"""The least width that a row is painted for; what does not fit is cut."""


class VirtualList(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows by key; a subclass paints them, in all columns but the last (docs/look.md §1)."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS, Binding("enter", "choose", "Open", show=False)]
    DEFAULT_CSS = "VirtualList { overflow: hidden hidden; background: $background; }"

    divider: reactive[bool] = reactive(False)
    """The last column divides this list from the pane beside it, and its whole length is drawn."""
    faded: reactive[bool] = reactive(False)
    """Everything is dim, because it is about to be replaced."""

    @dataclass
    class RowHighlighted(Message):
        """The cursor is on another key than before."""

        list: VirtualList
        key: Hashable

    @dataclass
    class RowChosen(Message):
        """A row was asked for, by enter or by a double click."""

        key: Hashable

    @dataclass
    class RowsShown(Message):
        """Other rows than before are on the screen."""

        list: VirtualList
        keys: tuple[Hashable, ...]

        def can_replace(self, message: Message) -> bool:
            """Only what is on the screen now matters."""
            return isinstance(message, VirtualList.RowsShown) and message.list is self.list

    class FlagClicked(Message):
        """The flag of the row under the cursor was clicked."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._head: tuple[Line, ...] = ()
        self.move_divider: Callable[[int], object] = lambda _: None
        """Takes the column of the screen that the divider is dragged to."""
        self.cursor = ListCursor(self.can_stand_on)
        """The keys of the rows, the one under the cursor, and those on the screen."""
        self._painted = PaintedRows(self, partial(_inputs, self))
        self._posted: tuple[Hashable, tuple[Hashable, ...]] = None, ()
        """Cursor key and keys on the screen as they were posted last."""

    def set_keys(self, keys: Sequence[Hashable], *, instead: Hashable | None = None) -> None:
        """Replace the rows; see `ListCursor.set_keys`."""
        self.cursor.set_keys(keys, head=len(self._head), instead=instead)
        self._changed()

    def set_head(self, lines: Sequence[Line]) -> None:
        """Put lines above the rows, or take them away; they scroll with the rows."""
        if (head := tuple(lines)) != self._head:
            keys = self.cursor.keys
            self._head = head
            self.set_keys(keys)

    def forget_cursor(self) -> None:
        """Put the cursor on the first row for another list; see `ListCursor.reset`."""
        self.cursor.reset()
        self._changed()

    def return_to(self, place: CursorPlace) -> None:
        """Put the cursor where it was, as far as its row is there."""
        self.cursor.return_to(place)
        self._changed()

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on a key; False where there is no such row."""
        if found := key in self.cursor.rows:
            self._go(self.cursor.rows.index(key))
        return found

    def refresh_key(self, key: Hashable) -> None:
        """Paint a row again, if it is on the screen."""
        if key in (shown := self.cursor.rows[self.cursor.top : self.cursor.top + self.cursor.height]):
            self._refresh_row(self.cursor.top + shown.index(key))

    def paint(self, key: Hashable, width: int, *, cursor: bool) -> Line:
        """The line of a row, at most `width` cells; `cursor` where the cursor is on it."""
        raise NotImplementedError

    def can_stand_on(self, key: Hashable) -> bool:
        """Whether the cursor may stand on that row."""
        return not isinstance(key, HeadRow)

    def has_flag(self, key: Hashable) -> bool:  # noqa: ARG002  a list without flags
        """Whether that row shows a flag in FLAG_COLUMNS."""
        return False

    def opens_at_once(self, key: Hashable) -> bool:  # noqa: ARG002  a list of rows that are first looked at
        """Whether a click on that row asks for it; a row that is no more than its words."""
        return False

    def action_move_by(self, rows: int) -> None:
        """Move the cursor by so many rows that it can stand on, as far as there are any."""
        self._go(self.cursor.by(rows))

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by the height of the list less one row."""
        self._go(self.cursor.by_pages(pages))

    def action_move_half(self, halves: int) -> None:
        """Move the cursor by half the height of the list."""
        self._go(self.cursor.by(halves * max(1, self.cursor.height // 2)))

    def action_move_to_top(self) -> None:
        """Put the cursor on the first row."""
        self._go(self.cursor.nearest(0))

    def action_move_to_end(self) -> None:
        """Put the cursor on the last row."""
        self._go(self.cursor.nearest(len(self.cursor.rows) - 1))

    def action_choose(self) -> None:
        """Ask for the row under the cursor."""
        if (key := self.cursor.key) is not None:
            self.cursor.touched = True
            self.post_message(self.RowChosen(key))

    def _go(self, place: int) -> None:
        before, top = self.cursor.place, self.cursor.top
        self.cursor.go(place)
        if top == self.cursor.top:
            self._refresh_row(before)
            self._refresh_row(place)
            self._notify()
        else:
            self._changed()

    def _changed(self) -> None:
        (self._painted if isinstance(self, KnowsRows) else self).refresh()
        self._notify()

    def _notify(self) -> None:
        """Post what is different from what was posted last."""
        (key, shown), self._posted = self._posted, (self.cursor.key, self.cursor.shown)
        if self.cursor.key not in (key, None):
            self.post_message(self.RowHighlighted(self, self.cursor.key))
        if self.cursor.shown != shown:
            self.post_message(self.RowsShown(self, self.cursor.shown))

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        changed = super()._size_updated(size, virtual_size, container_size, layout)
        if size.height != self.cursor.height:  # Textual does not post every Resize, see `ScrollPane`
            self.cursor.resize(size.height)
            self._changed()
        return changed

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]  # need not be a coroutine
        place = self.cursor.top + event.y
        if event.x >= self.size.width - 1 or not self.cursor.can_stand(place):
            return
        event.stop()
        self._go(place)
        if self.has_flag(self.cursor.key) and event.x in FLAG_COLUMNS:
            self.post_message(self.FlagClicked())
        elif event.chain > 1 or self.opens_at_once(self.cursor.key):
            self.action_choose()

    @on(events.MouseDown)
    def _on_divider_pressed(self, event: events.MouseDown) -> None:
        if self.divider and event.x == self.size.width - 1:
            self.capture_mouse()

    @on(events.MouseMove)
    def _on_divider_dragged(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self:
            self.move_divider(event.screen_x)

    @on(events.MouseUp)
    def _on_divider_released(self) -> None:
        self.release_mouse()

    @on(events.MouseScrollDown)
    @on(events.MouseScrollUp)
    def _on_wheel_turned(self, event: Wheel) -> None:
        """Move what is shown; the cursor stays where it is."""
        self.cursor.touched = True
        self.cursor.scroll_to(self.cursor.top + wheel_rows(event))
        self._changed()

    def _refresh_row(self, place: int) -> None:
        self.refresh(Region(0, place - self.cursor.top, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """A row on the ground of its state, and its cell of the scroll track."""
        line, ground = self._row(self.cursor.top + y, self.size.width - 1)
        ground = Ground.FADED if self.faded else ground
        return self._painted.noted(y, row_with_track(self, y, line, ground, self.cursor.thumb, divider=self.divider))

    def _row(self, place: int, width: int) -> tuple[Line, Ground]:
        if place >= len(self.cursor.rows):
            return (), Ground.PLAIN
        key = self.cursor.rows[place]
        if isinstance(key, HeadRow):
            return self._head[key.index], Ground.PLAIN
        cursor = place == self.cursor.place and self.can_stand_on(key)
        ground = (Ground.CURSOR if self.has_focus else Ground.RESTING) if cursor else Ground.PLAIN
        return self.paint(key, max(width, NARROWEST), cursor=cursor), ground


@runtime_checkable
class KnowsRows(Protocol):
    """A list that knows what its rows are drawn from: those that are different are painted again, not all."""

    def drawn_from(self, key: Hashable) -> Hashable:
        """All that a row is drawn from, besides its key, the width, the cursor and the time."""


def _inputs(pane: VirtualList, rows: Sequence[int]) -> Iterator[Hashable]:
    """All that the rows of a list are painted from, of one that knows it."""
    (start, size), top = pane.cursor.thumb, pane.cursor.top
    drawn_from = pane.drawn_from if isinstance(pane, KnowsRows) else lambda _: None
    for y in rows:
        place = top + y
        key = pane.cursor.rows[place] if place < len(pane.cursor.rows) else None
        drawn = pane._head[key.index] if isinstance(key, HeadRow) else drawn_from(key)
        yield key, drawn, place == pane.cursor.place, start <= y < start + size
