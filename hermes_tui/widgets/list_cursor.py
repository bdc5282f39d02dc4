"""Rows of a list by key: where the cursor is, and which rows are on the screen."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import islice

from hermes_tui.widgets.scroll_thumb import thumb
from store.base.late_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class HeadRow:
    """The key of a line above the rows: it scrolls with them, and the cursor passes it by."""

    index: int


@dataclass(frozen=True, slots=True)
class CursorPlace:
    """A place in a list to which the cursor can return."""

    key: Hashable | None
    screen_row: int
    touched: bool


class ListCursor:
    """Keys in order under head rows, a window of `height` rows on them, and a cursor.

    Args:
        can_stand_on: Whether the cursor may stand on the row of a key.
    """

    def __init__(self, can_stand_on: Callable[[Hashable], bool]) -> None:
        self._can_stand_on = can_stand_on
        self._head = 0
        self.rows: Sequence[Hashable] = ()
        """All keys, those of the head first."""
        self._shown_of: tuple[object, int, int] = None, 0, 0
        self._shown: tuple[Hashable, ...] = ()
        self.place = 0
        """Index in `rows` of the cursor."""
        self.top = 0
        """Index in `rows` of the first row on the screen."""
        self.height = 0
        self.first: Hashable | None = None
        """The key on which a cursor that was not moved stands, where there is such a row; else it is the first row."""
        self.touched = False
        """The user has moved the cursor or chosen a row."""

    @property
    def keys(self) -> Sequence[Hashable]:
        """All keys without the head."""
        return self.rows[self._head :]

    @property
    def key(self) -> Hashable | None:
        """The key under the cursor, None where there is no row for it."""
        return self.rows[self.place] if self.can_stand(self.place) else None

    @property
    def shown(self) -> tuple[Hashable, ...]:
        """The keys on the screen without the head, from the top; asked for at each answer, so they are kept."""
        rows, start, end = self.rows, self.top, self.top + self.height
        known, *place = self._shown_of
        if known is not rows or place != [start, end]:
            self._shown_of = rows, start, end
            self._shown = tuple(key for key in rows[start:end] if not isinstance(key, HeadRow))
        return self._shown

    @property
    def thumb(self) -> tuple[int, int]:
        """See `scroll_thumb.thumb`."""
        return thumb(self.height, self.top, self.height, len(self.rows))

    def set_keys(self, keys: Sequence[Hashable], *, head: int, instead: Hashable | None = None) -> None:
        """Replace the rows: a cursor that was moved stays on its key at the same screen row, another on `first`.

        Args:
            keys: All keys in order, each once.
            head: Number of rows above them.
            instead: Where the cursor goes if its key is gone; else it goes to the row that followed it.
        """
        screen_row, before, place = self.place - self.top, self.rows, self.place
        self._head = head
        self.rows = [*map(HeadRow, range(head)), *keys] if head else keys
        if not self.touched:
            self._to_start()
            return
        self.place = self._heir(before, place, instead)
        self.scroll_to(self.place - screen_row)

    def reset(self) -> None:
        """Put the cursor on the first row, where it stays until the user moves it."""
        self.touched = False
        self._to_start()

    @property
    def where(self) -> CursorPlace:
        """The cursor's place, to return to."""
        return CursorPlace(self.key, self.place - self.top, self.touched)

    def return_to(self, where: CursorPlace) -> None:
        """Put the cursor where it was, on the same row of the screen; one that nobody had moved on the first row."""
        self.touched = where.touched
        row = next((row for row, key in enumerate(self.rows) if key == where.key), self.place)
        self.place = row if where.touched else self.nearest(0)
        self.scroll_to(self.place - where.screen_row if where.touched else 0)

    def resize(self, height: int) -> None:
        """Show so many rows; a cursor that was on the screen stays on it."""
        self.height = height
        if not self.touched and self.first is not None:
            self._to_start()
        elif self.touched or self.place < height:
            self._bring_into_view()
        self.scroll_to(self.top)

    def scroll_to(self, top: int) -> None:
        """Show the rows from `top` on, as far as the last row allows; the cursor stays where it is."""
        self.top = max(0, min(top, len(self.rows) - self.height))

    def go(self, place: int) -> None:
        """Put the cursor at a place and bring it into view."""
        self.touched = True
        self.place = place
        self._bring_into_view()

    def can_stand(self, place: int) -> bool:
        """Whether there is a row at that place for the cursor."""
        return 0 <= place < len(self.rows) and self._can_stand_on(self.rows[place])

    def nearest(self, place: int) -> int:
        """The nearest row that the cursor can stand on, looking down first; `place` itself where there is none."""
        place = max(place, 0)
        ways = (range(place, len(self.rows)), range(min(place, len(self.rows)) - 1, -1, -1))
        return next((row for way in ways for row in way if self.can_stand(row)), place)

    def by(self, rows: int) -> int:
        """The place so many rows that the cursor can stand on further down, as far as there are any."""
        way = range(self.place + 1, len(self.rows)) if rows > 0 else range(self.place - 1, -1, -1)
        passed = [*islice(filter(self.can_stand, way), abs(rows))]
        return passed[-1] if passed else self.place

    def by_pages(self, pages: int) -> int:
        """The place further down by the height of the list less one row."""
        target = self.place + pages * max(1, self.height - 1)
        return self.nearest(max(0, min(target, len(self.rows) - 1)))

    def _to_start(self) -> None:
        """Go to `first`, half way down the screen, or to the first row."""
        found = self.first is not None and self.first in self.rows
        self.place = self.nearest(self.rows.index(self.first) if found else 0)
        self.scroll_to(self.place - self.height // 2 if found else 0)

    def _heir(self, before: Sequence[Hashable], place: int, instead: Hashable | None) -> int:
        """The place of the cursor's key; if it is gone, of the next one that is left, or of the last before it."""
        key = before[place] if place < len(before) else None
        if place < len(self.rows) and self.rows[place] == key and self._can_stand_on(key):
            return place
        if key is not None and key in self.rows and self._can_stand_on(key):
            return self.rows.index(key)
        places = {key: row for row, key in enumerate(self.rows)}
        heirs = (*before[place : place + 1], instead, *before[place + 1 :], *reversed(before[:place]))
        return self.nearest(next((places[key] for key in heirs if key in places and self._can_stand_on(key)), 0))

    def _bring_into_view(self) -> None:
        """Scroll no further than needed; at the first row as far as the head."""
        height = max(1, self.height)
        if self.place < height and self.place == self.nearest(0):
            self.top = 0
        self.top = max(self.place - height + 1, min(self.top, self.place))
