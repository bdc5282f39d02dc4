"""Last row of the screen: the keys that do something here, most needed first (docs/look.md §9)."""

from __future__ import annotations

from collections.abc import Sequence

from hermes_tui.render.line import Line, Role, Span, blank, cells, fill, line_cells, span
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.theme import Ground

GAP = 3
LEAST_GAP = 2
"""Before the pinned item."""

Item = tuple[str, str]
"""Keys as people read them, and a word."""


class Footer(Bar):
    """Keys in accent with a word each; what does not fit is dropped whole, the help stays at the right."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._items: tuple[Item, ...] = ()
        self._pinned: Item = ("", "")
        self._question = ""

    def show(self, items: Sequence[Item], pinned: Item) -> None:
        """Put up other keys; `pinned` stands at the right end."""
        if (tuple(items), pinned, "") != (self._items, self._pinned, self._question):
            self._items, self._pinned, self._question = tuple(items), pinned, ""
            self.refresh()

    def ask(self, question: str, answers: Sequence[Item] = ()) -> None:
        """Put a question up, on the warning band, with its answers; "" takes it away, and `show` says what is next."""
        self._question, self._items, self._pinned = question, tuple(answers), ("", "")
        self.refresh()

    @property
    def ground(self) -> Ground:
        """The band for a question."""
        return Ground.BAND if self._question else self.GROUND

    def line(self, width: int) -> Line:
        """As many items as fit whole."""
        pinned = self._item(self._pinned)
        asked: Line = (span(f"{self._question}  "),) if self._question else ()
        room = width - 2 - line_cells(asked) - line_cells(pinned)
        kept: list[Span] = []
        for item in self._items:
            shown = self._item(item)
            gap = (blank(GAP),) if kept else ()
            if line_cells(kept) + line_cells(gap) + line_cells(shown) > room - LEAST_GAP * bool(pinned):
                break
            kept += (*gap, *shown)
        return (blank(1), *asked, *fill(tuple(kept), room), *pinned)

    def _item(self, item: Item) -> Line:
        keys, word = (self.glyphs.words(text) for text in item)
        if not cells(span(word).text):
            return (span(keys, Role.ACCENT, bold=True),) if keys else ()
        return span(keys, Role.ACCENT, bold=True), span(f" {word}", Role.DIM)
