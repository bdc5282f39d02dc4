"""A list whose cost follows the rows on the screen: rows are keys, and the cursor stays on its key."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from hermes_tui.render.line import Line
from hermes_tui.widgets.scroll_pane import Pane
from hermes_tui.widgets.scroll_thumb import thumb
from hermes_tui.widgets.theme import Ground

FLAG_COLUMNS = range(4, 6)
"""Where a session's row has its flag (docs/look.md §5)."""
NARROWEST = 24
"""The least width that a row is painted for; what does not fit is cut."""


@dataclass(frozen=True, slots=True)
class RowState:
    """How a row stands when it is painted."""

    cursor: bool = False
    focused: bool = False
    """The list has the focus."""

    @property
    def ground(self) -> Ground:
        """What the row lies on."""
        if not self.cursor:
            return Ground.PLAIN
        return Ground.CURSOR if self.focused else Ground.RESTING


@dataclass(frozen=True, slots=True)
class HeadRow:
    """The key of a line above the rows: it scrolls with them, and the cursor passes it by."""

    index: int


class VirtualList(Pane):
    """Rows by key; a subclass paints them, in all columns but the last (docs/look.md §1)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move_by(-1)", "Up", show=False),
        Binding("down,j", "move_by(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home,g", "move_to_top", "Top", show=False),
        Binding("end,G", "move_to_end", "End", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]

    @dataclass
    class RowHighlighted(Message):
        """The cursor is on another key than before."""

        list: VirtualList
        key: Hashable

        @property
        def control(self) -> VirtualList:
            """The list it happened in."""
            return self.list

    @dataclass
    class RowChosen(Message):
        """A row was asked for, by enter or by a double click."""

        list: VirtualList
        key: Hashable

        @property
        def control(self) -> VirtualList:
            """The list it happened in."""
            return self.list

    @dataclass
    class RowsShown(Message):
        """Other rows than before are on the screen."""

        list: VirtualList
        keys: tuple[Hashable, ...]

        @property
        def control(self) -> VirtualList:
            """The list it happened in."""
            return self.list

        def can_replace(self, message: Message) -> bool:
            """Only what is on the screen now matters."""
            return isinstance(message, VirtualList.RowsShown) and message.list is self.list

    @dataclass
    class FlagClicked(Message):
        """The flag of the row under the cursor was clicked."""

        list: VirtualList

        @property
        def control(self) -> VirtualList:
            """The list it happened in."""
            return self.list

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._head: tuple[Line, ...] = ()
        self._keys: list[Hashable] = []
        self._cursor = 0
        self._top = 0
        self._touched = False
        self._shown: tuple[Hashable, ...] = ()
        self._told: Hashable = None

    # What the screen asks and tells

    @property
    def keys(self) -> Sequence[Hashable]:
        """All keys in order, without the head."""
        return self._keys[len(self._head) :]

    @property
    def cursor_key(self) -> Hashable | None:
        """The key under the cursor, None where there is no row for it."""
        return self._keys[self._cursor] if self._cursor < len(self._keys) and self._can_stand(self._cursor) else None

    @property
    def touched(self) -> bool:
        """True once the user has moved the cursor or chosen a row."""
        return self._touched

    @property
    def shown(self) -> tuple[Hashable, ...]:
        """The keys on the screen, from the top."""
        rows = self._keys[self._top : self._top + self.size.height]
        return tuple(key for key in rows if not isinstance(key, HeadRow))

    def set_keys(self, keys: Sequence[Hashable], *, instead: Hashable | None = None) -> None:
        """Replace the rows: a cursor that was moved stays on its key at the same screen row, another on the first row.

        Args:
            keys: All keys in order, each once.
            instead: Where the cursor goes if its key is gone; else it goes to the row that followed it.
        """
        row, old, place = self._cursor - self._top, self._keys, self._cursor
        self._keys = [*map(HeadRow, range(len(self._head))), *keys]
        self._cursor = self._heir(old, place, instead) if self._touched else self._nearest(0)
        self._top = self._cursor - row if self._touched else 0
        self._settle()

    def set_head(self, lines: Sequence[Line]) -> None:
        """Put lines above the rows, or take them away; they scroll with the rows."""
        if (head := tuple(lines)) != self._head:
            keys = self.keys
            self._head = head
            self.set_keys(keys)

    def forget_cursor(self) -> None:
        """Another list begins: the cursor goes to the first row and stays there until the user moves it."""
        self._touched = False
        self._cursor, self._top = self._nearest(0), 0
        self._settle()

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on a key; False where there is no such row."""
        if key not in self._keys:
            return False
        self._go(self._keys.index(key))
        return True

    def refresh_key(self, key: Hashable) -> None:
        """Paint a row again, if it is on the screen."""
        rows = self._keys[self._top : self._top + self.size.height]
        if key in rows:
            self._refresh_row(self._top + rows.index(key))

    def thumb(self, height: int) -> tuple[int, int]:
        """First row and number of rows of the thumb in a track of `height` rows; (0, 0) where everything is shown."""
        return thumb(height, self._top, self.size.height, len(self._keys))

    # What a subclass gives

    def paint(self, key: Hashable, width: int, state: RowState) -> Line:
        """The line of a row, at most `width` cells."""
        raise NotImplementedError

    def can_stand_on(self, key: Hashable) -> bool:
        """Whether the cursor may stand on that row."""
        return not isinstance(key, HeadRow)

    def has_flag(self, key: Hashable) -> bool:  # noqa: ARG002  a list without flags
        """Whether that row shows a flag in FLAG_COLUMNS."""
        return False

    # Moving

    def move_by(self, rows: int) -> None:
        """Move the cursor by so many rows that it can stand on, as far as there are any."""
        step, place = (1 if rows > 0 else -1), self._cursor
        for _ in range(abs(rows)):
            after = place + step
            while 0 <= after < len(self._keys) and not self._can_stand(after):
                after += step
            if not 0 <= after < len(self._keys):
                break
            place = after
        self._go(place)

    def move_page(self, pages: int) -> None:
        """Move the cursor by the height of the list less one row."""
        target = self._cursor + pages * max(1, self.size.height - 1)
        self._go(self._nearest(max(0, min(target, len(self._keys) - 1))))

    def move_to_top(self) -> None:
        """Put the cursor on the first row."""
        self._go(self._nearest(0))

    def move_to_end(self) -> None:
        """Put the cursor on the last row."""
        self._go(self._nearest(len(self._keys) - 1))

    def choose(self) -> None:
        """Ask for the row under the cursor."""
        if (key := self.cursor_key) is not None:
            self._touched = True
            self.post_message(self.RowChosen(self, key))

    action_move_by = move_by
    action_move_page = move_page
    action_move_to_top = move_to_top
    action_move_to_end = move_to_end
    action_choose = choose

    def _can_stand(self, place: int) -> bool:
        return self.can_stand_on(self._keys[place])

    def _nearest(self, place: int) -> int:
        """The nearest row that the cursor can stand on, looking down first; `place` itself where there is none."""
        place = max(place, 0)
        ways = (range(place, len(self._keys)), range(min(place, len(self._keys)) - 1, -1, -1))
        return next((found for way in ways for found in way if self._can_stand(found)), place)

    def _heir(self, old: Sequence[Hashable], place: int, instead: Hashable | None) -> int:
        """Where the cursor's key is now; if it is gone, the first behind it that is still there, or the last before."""
        places = {key: found for found, key in enumerate(self._keys)}
        ways = (*old[place : place + 1], instead, *old[place + 1 :], *reversed(old[:place]))
        return self._nearest(next((places[key] for key in ways if key in places and self.can_stand_on(key)), 0))

    def _go(self, place: int) -> None:
        """Put the cursor at a place and bring it into view."""
        old, top = self._cursor, self._top
        self._touched = True
        self._cursor = place
        self._bring_into_view()
        if top == self._top:
            self._refresh_row(old)
            self._refresh_row(place)
        else:
            self.refresh()
        self._tell()

    def _bring_into_view(self) -> None:
        """Scroll no further than needed; at the first row as far as the head."""
        height = max(1, self.size.height)
        if self._cursor < height and self._cursor == self._nearest(0):
            self._top = 0
        self._top = max(self._cursor - height + 1, min(self._top, self._cursor))

    def _settle(self) -> None:
        """Keep the rows on the screen, paint all of them, and tell."""
        self._top = max(0, min(self._top, len(self._keys) - self.size.height))
        self.refresh()
        self._tell()

    def _tell(self) -> None:
        if (key := self.cursor_key) != self._told:
            self._told = key
            if key is not None:
                self.post_message(self.RowHighlighted(self, key))
        if (shown := self.shown) != self._shown:
            self._shown = shown
            self.post_message(self.RowsShown(self, shown))

    # What happens to it

    def _on_resize(self, event: events.Resize) -> None:
        event.stop()
        if self._touched or self._cursor < self.size.height:
            self._bring_into_view()
        self._settle()

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]  # need not be a coroutine
        place = self._top + event.y
        if event.x >= self.size.width - 1 or place >= len(self._keys) or not self._can_stand(place):
            return
        event.stop()
        self._go(place)
        if self.has_flag(self._keys[place]) and event.x in FLAG_COLUMNS:
            self.post_message(self.FlagClicked(self))
        elif event.chain > 1:
            self.choose()

    def roll(self, rows: int) -> None:
        """Move what is shown; the cursor stays where it is."""
        self._touched = True
        self._top += rows
        self._settle()

    # Painting

    def _refresh_row(self, place: int) -> None:
        self.refresh(Region(0, place - self._top, self.size.width, 1))

    def row_line(self, y: int, width: int) -> tuple[Line, Ground]:
        """A row of the list, on the ground of its state."""
        place = self._top + y
        if place >= len(self._keys):
            return (), Ground.PLAIN
        key = self._keys[place]
        if isinstance(key, HeadRow):
            return self._head[key.index], Ground.PLAIN
        state = RowState(place == self._cursor and self._can_stand(place), self.has_focus)
        return self.paint(key, max(width, NARROWEST), state), state.ground
