"""List of a family: every member by its id, in the order of the tree."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime

from hermes_tui.render.family import kin_row, tree_lines
from hermes_tui.render.line import Line
from hermes_tui.state.rows import SessionRow
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import VirtualList
from store.models import Drift, FamilyMember, Outline


class FamilyList(VirtualList):
    """Members of a family; the cursor begins on the session whose family it is."""

    def __init__(self, *, now: Callable[[], datetime], drift: Callable[[str], Drift | None]) -> None:
        """Args:
        now: The time, aware; its zone is the reader's.
        drift: The flag of a session, None where its sources agree.
        """
        super().__init__(id="family")
        self._now = now
        self._drift = drift
        self._kin: dict[str, FamilyMember] = {}
        self._outlines: Mapping[str, Outline] = {}
        self._asked = ""
        self._lines: Mapping[str, str] = {}
        self._lines_for = 0

    def show(self, asked: str, family: Sequence[FamilyMember], outlines: Mapping[str, Outline]) -> None:
        """Put a family up."""
        self._asked, self._outlines = asked, outlines
        self._kin = {kin.session.id: kin for kin in family}
        self._lines_for = 0
        self.set_keys(list(self._kin))
        self.move_to(asked)

    @property
    def cursor_row(self) -> SessionRow | None:
        """The member under the cursor."""
        kin = self._kin.get(str(self.cursor.key))
        return None if kin is None else SessionRow(kin.session, self._outlines.get(kin.session.id))

    def paint(self, key: Hashable, width: int, *, cursor: bool) -> Line:
        """A member as a row."""
        session_id = str(key)
        kin, here, glyphs = self._kin[session_id], session_id == self._asked, glyphs_of(self.app)
        if width != self._lines_for:
            depths = [member.depth for member in self._kin.values()]
            self._lines = dict(zip(self._kin, tree_lines(depths, width=width, glyphs=glyphs), strict=True))
            self._lines_for = width
        row = SessionRow(kin.session, self._outlines.get(session_id), self._drift(session_id))
        return kin_row(
            row, self._lines[session_id], width=width, now=self._now(), glyphs=glyphs, cursor=cursor, here=here
        )
