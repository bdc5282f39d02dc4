"""List of flagged sessions on the screen of repairs."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from hermes_tui.render.drift_row import Case, flagged_head, flagged_row
from hermes_tui.render.line import Line
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import VirtualList

NARROWEST = 40
"""The least width that rows are drawn for; what does not fit is cut."""


class FlaggedList(VirtualList):
    """Flagged sessions by their id, under the names of the columns."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._cases: dict[str, Case] = {}

    def show(self, cases: Sequence[Case]) -> None:
        """Put sessions up; the cursor stays on its own."""
        self._cases = {case.session_id: case for case in cases}
        self.set_head([flagged_head(width=max(self.size.width, NARROWEST))])
        if list(self._cases) != list(self.cursor.keys):
            self.set_keys(list(self._cases))
        self.refresh()

    @property
    def cursor_case(self) -> Case | None:
        """The session under the cursor."""
        return self._cases.get(str(self.cursor.key))

    def paint(self, key: Hashable, width: int, *, cursor: bool) -> Line:
        """A session as docs/look.md §8 draws it."""
        case = self._cases[str(key)]
        return flagged_row(case, width=max(width + 1, NARROWEST), glyphs=glyphs_of(self.app), cursor=cursor)
