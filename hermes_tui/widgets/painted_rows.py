"""Rows of a pane as they were painted last, so that only those that are different are painted again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from hermes_tui.widgets.theme import palette_of

KEPT = 256
"""Pictures of rows that are kept: those of the screen and of some that were on it."""

Inputs = Callable[[Sequence[int]], Iterable[Hashable]]
"""From rows to what each is painted from, without what Textual paints a whole pane again for (colours, focus)."""


class PaintedRows:
    """Remembers what each row of a pane was painted from.

    Args:
        pane: The pane, which paints its rows in `render_line`.
        inputs: What its rows would be painted from now.
    """

    def __init__(self, pane: Widget, inputs: Inputs) -> None:
        self._pane, self._inputs = pane, inputs
        self._size = Size(0, 0)
        self._painted: dict[int, Hashable] = {}
        self._strips: dict[Hashable, Strip] = {}
        self._look: object = None
        """The width and the colours of these."""

    def noted(self, y: int, strip: Strip) -> Strip:
        """The picture of a row, which is painted."""
        [self._painted[y]] = self._inputs((y,))
        return strip

    def paint(self, y: int, draw: Callable[[int], Strip]) -> Strip:
        """The picture of a row: that of a row that was alike, which has scrolled, else what `draw` makes.

        To be used where the inputs of a row are all that it is drawn from, besides its width and the colours.
        """
        [row] = self._inputs((y,))
        self._painted[y] = row
        look = self._pane.size.width, palette_of(self._pane.app)
        if look != self._look or len(self._strips) > KEPT:
            self._look = look
            self._strips.clear()
        if (strip := self._strips.get(row)) is None:
            self._strips[row] = strip = draw(y)
        return strip

    def refresh(self) -> None:
        """Have the rows painted that are different; all of them where the pane has another size."""
        size, painted = self._pane.size, self._painted
        if self._size != size:
            self._size = size
            painted.clear()
            self._pane.refresh()
            return
        missing = object()
        now = enumerate(self._inputs(range(size.height)))
        if different := [Region(0, y, size.width, 1) for y, row in now if painted.get(y, missing) != row]:
            self._pane.refresh(*different)
