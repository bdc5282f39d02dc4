"""First row of a screen that is about one thing: what it does, with what, and its id (docs/look.md §8)."""

from __future__ import annotations

from textual.reactive import reactive

from hermes_tui.render.line import Line, Role, blank, cells, fill, fit, span
from hermes_tui.render.safe import one_line
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.theme import Ground

SHORT = 16
"""Cells of the right end on a screen below 100 columns."""
WIDE = 100


class TitleRow(Bar):
    """Name of the screen, title of its subject, and at the right end an id or a count."""

    ground = Ground.TINT
    _shown: reactive[tuple[str, str]] = reactive(("", ""))

    def __init__(self, what: str, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._what = what

    def show(self, title: str, end: str) -> None:
        """Put up another title and another right end."""
        self._shown = title, end

    def line(self, width: int) -> Line:
        """The right end is shortened on a narrow screen, the title cut before it."""
        title, end = map(one_line, self._shown)
        end = fit(end, SHORT if width < WIDE else width // 3, self.glyphs.truncated)
        room = width - 2 - len(self._what) - 2 - 2 - cells(end)
        left = (blank(1), span(self._what, bold=True), blank(2), span(fit(title, room, self.glyphs.truncated)))
        return (*fill(left, width - 1 - cells(end)), span(end, Role.DIM))
