"""Last row of the screen: the keys that do something here, most needed first (docs/look.md §9)."""

from __future__ import annotations

from collections.abc import Sequence

from textual.reactive import reactive

from hermes_tui.render.line import Line, Role, Span, blank, cells, crop, fill, line_cells, span
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.theme import Ground

GAP = 3
LEAST_GAP = 2
"""Before the pinned item."""

Item = tuple[str, str]
"""Keys as people read them, and a word."""
NO_ITEM: Item = ("", "")


class Footer(Bar):
    """Keys in accent with a word each; what does not fit is dropped whole, the help stays at the right.

    A notice takes the place of the keys, on a screen that has no other place for it.
    """

    _shown: reactive[tuple[str, tuple[Item, ...], Item]] = reactive(("", (), NO_ITEM))
    """The question, the items or answers, and the pinned item."""

    def show(self, items: Sequence[Item], pinned: Item) -> None:
        """Put up other keys; `pinned` stands at the right end."""
        self._show("", tuple(items), pinned)

    def ask(self, question: str, answers: Sequence[Item] = ()) -> None:
        """Put a question up, on the warning band, with its answers; "" takes it away, and `show` says what is next."""
        self._show(question, tuple(answers), NO_ITEM)

    def _show(self, question: str, items: tuple[Item, ...], pinned: Item) -> None:
        self.ground = Ground.BAND if question else Ground.PLAIN
        self._shown = question, items, pinned

    def line(self, width: int) -> Line:
        """As many items as fit whole."""
        question, items, last = self._shown
        pinned = self._item(last)
        if self._notice:
            said = (span(self.glyphs.words(self._notice), Role.ACCENT, bold=True),)
            room = width - 2 - line_cells(pinned) - LEAST_GAP
            return (blank(1), *fill(crop(said, room, self.glyphs.truncated), room + LEAST_GAP), *pinned)
        asked: Line = (span(f"{question}  "),) if question else ()
        room = width - 2 - line_cells(asked) - line_cells(pinned)
        kept: list[Span] = []
        for item in items:
            shown = self._item(item)
            gap = (blank(GAP),) if kept else ()
            if line_cells(kept) + line_cells(gap) + line_cells(shown) > room - LEAST_GAP * bool(pinned):
                continue
            kept += (*gap, *shown)
        return (blank(1), *asked, *fill(tuple(kept), room), *pinned)

    def _item(self, item: Item) -> Line:
        keys, word = (self.glyphs.words(text) for text in item)
        if not cells(span(word).text):
            return (span(keys, Role.ACCENT, bold=True),) if keys else ()
        return span(keys, Role.ACCENT, bold=True), span(f" {word}", Role.DIM)
