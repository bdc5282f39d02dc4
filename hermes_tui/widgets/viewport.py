"""Window on a transcript: anchored to one line of one message, so that nothing jumps when heights change."""

from __future__ import annotations

from collections.abc import Iterator

from hermes_tui.render.line import Line
from hermes_tui.widgets.scroll_thumb import thumb
from hermes_tui.widgets.transcript_layout import TranscriptLayout
from store.base.late_dataclass import dataclass

AHEAD = 24
"""Messages on each side of the screen whose bodies are wanted too."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A line of a message, and the row of the screen that it is on."""

    index: int = 0
    line: int = 0
    row: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the screen."""

    index: int
    """The message it belongs to."""
    line: int
    """Which of its lines."""
    text: Line
    seam: bool
    """It stands above the message."""


class Viewport:
    """A window of `height` rows on a layout."""

    def __init__(self, layout: TranscriptLayout) -> None:
        self._layout = layout
        self._anchor = Anchor()
        self._rows: tuple[Row, ...] | None = None
        self._thumb: tuple[tuple[Row, ...], int, tuple[int, int]] | None = None
        """The rows and the height of all for which it was placed, and where it lies."""
        self.height = 0
        self.following = False
        """The end stays at the bottom, whatever comes."""
        self.waits = False
        """The end is not here yet; what is followed is shown as soon as it is."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows on the screen, from the top; fewer than `height` only where everything is on it."""
        if self._rows is None:
            self._rows = self._visible()
        return self._rows

    @property
    def anchor(self) -> Anchor:
        """The line that the window is anchored to: its first row where it follows."""
        return Anchor(self.rows[0].index, self.rows[0].line) if self.is_at_end and self.rows else self._anchor

    @property
    def is_at_end(self) -> bool:
        """Whether the end is followed, and is here."""
        return self.following and not self.waits

    @property
    def at_end(self) -> bool:
        """Whether the last line is on the screen."""
        if not self.rows:
            return True
        last = self.rows[-1]
        return self._forward(last.index, last.line, 1) is None

    def invalidate(self) -> None:
        """Compute the rows again when they are needed: heights, bodies or the size have changed."""
        self._rows = None

    def place(self, index: int, line: int = 0, row: int = 0) -> None:
        """Have a line of a message on a row of the screen, as far as start and end allow."""
        self._anchor = Anchor(index, line, row)
        self.following = False
        self._rows = None

    def scroll(self, lines: int) -> None:
        """Move by so many lines, down if positive; at the end the window follows."""
        if not self.rows:
            return
        top = self.rows[0].index, self.rows[0].line
        target = self._forward(*top, lines) if lines > 0 else self._back(*top, -lines)
        if target is not None:
            self.place(*target)
        if self.waits and target is None:
            self.place(*self._back(len(self._layout), 0, self.height))
        elif not self.waits and (target is None or (lines > 0 and self.at_end)):
            self.to_end()

    def to_end(self) -> None:
        """Go to the end and follow."""
        self.following = True
        self._rows = None

    def stay(self) -> None:
        """Follow no more; what is on the screen stays on it."""
        self._anchor, self.following = self.anchor, False

    def begins(self, index: int) -> bool:
        """Whether the first of a message's own lines is on the screen."""
        first = self._layout.begun(index, 1).seams
        return any(row.index == index and row.line == first for row in self.rows)

    def place_of(self, index: int) -> Anchor | None:
        """The first of a message's own lines that is on the screen, None where none is."""
        own = ((row, shown) for row, shown in enumerate(self.rows) if shown.index == index and not shown.seam)
        return next((Anchor(index, shown.line, row) for row, shown in own), None)

    @property
    def thumb(self) -> tuple[int, int]:
        """See `scroll_thumb.thumb`; by estimate where messages were not drawn yet."""
        rows, total = self.rows, self._layout.heights.total
        if self._thumb is None or self._thumb[0] is not rows or self._thumb[1] != total:
            self._thumb = rows, total, self._place_thumb()
        return self._thumb[2]

    def _place_thumb(self) -> tuple[int, int]:
        rows, heights = self.rows, self._layout.heights
        if not rows:
            return 0, 0
        top = heights.above(rows[0].index) + rows[0].line
        if top == 0 and self.at_end:
            return 0, 0
        total = max(heights.total, top + len(rows))
        if self.at_end:
            top = total - len(rows)
        return thumb(self.height, top, len(rows), total)

    def wanted(self) -> list[int]:
        """Ids of the bodies that the screen needs; once it has them, those of its surroundings too."""
        layout, ids = self._layout, dict[int, None]()
        if not self.rows:
            return []
        first, last = self.rows[0].index, self.rows[-1].index
        place = first
        while place <= last:
            ids.update(dict.fromkeys(layout.needed(place)))
            place = layout.index.after(place)
        if any(layout.bodies.get(message_id) is None for message_id in ids):
            return list(ids)
        ids.update(dict.fromkeys(self._surroundings(first, place)))
        return list(ids)

    def _surroundings(self, first: int, end: int) -> Iterator[int]:
        """Ids of the bodies around the screen, nearest first; what is drawn with the outermost ones is among them."""
        index, places = self._layout.index, [first]
        for _ in range(AHEAD):
            if end < len(index):
                yield index.heads.ids[end]
                places.append(end)
                end = index.after(end)
            if (first := index.before(first)) >= 0:
                yield index.heads.ids[first]
                places.append(first)
        for place in {min(places), max(places)}:
            yield from self._layout.needed(place)

    def _visible(self) -> tuple[Row, ...]:
        if not len(self._layout) or self.height < 1:
            return ()
        if not self.is_at_end:
            index = min(self._anchor.index, len(self._layout) - 1)
            drawn = self._layout.begun(index, self._anchor.line + 1)
            line = max(0, min(self._anchor.line, len(drawn.lines) - 1))
            rows = self._from(*self._back(index, line, min(self._anchor.row, self.height - 1)))
            if len(rows) == self.height:
                return rows
        return self._from(*self._back(len(self._layout), 0, self.height))

    def _from(self, index: int, line: int) -> tuple[Row, ...]:
        rows: list[Row] = []
        while index < len(self._layout) and len(rows) < self.height:
            drawn = self._layout.begun(index, line + self.height - len(rows))
            shown = drawn.lines[line : line + self.height - len(rows)]
            rows += [Row(index, at, text, at < drawn.seams) for at, text in enumerate(shown, line)]
            index, line = self._layout.index.after(index), 0
        return tuple(rows)

    def _back(self, index: int, line: int, lines: int) -> tuple[int, int]:
        """The place so many lines before another, or the start."""
        while lines > line:
            lines -= line
            if (before := self._layout.index.before(index)) < 0:
                return 0, 0
            index, line = before, len(self._layout.lines(before))
        return index, line - lines

    def _forward(self, index: int, line: int, lines: int) -> tuple[int, int] | None:
        """The place so many lines behind another, None past the end."""
        while index < len(self._layout):
            height = len(self._layout.begun(index, line + lines + 1).lines)
            if line + lines < height:
                return index, line + lines
            lines -= height - line
            index, line = self._layout.index.after(index), 0
        return None
