"""List of sessions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime

from hermes_tui.render.line import Line
from hermes_tui.render.row import session_row
from hermes_tui.state.rows import SessionRow
from hermes_tui.widgets.list_cursor import CursorPlace
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import VirtualList


class SessionList(VirtualList):
    """Sessions by their id, in the order that they are given in."""

    def __init__(self, *, now: Callable[[], datetime], id: str | None = None) -> None:  # noqa: A002  Textual's own name
        """Args:
        now: The time, aware; its zone is the reader's.
        """
        super().__init__(id=id)
        self._now = now
        self._rows: dict[str, SessionRow] = {}
        self._only = ""
        self._place_before: CursorPlace | None = None

    def show(self, rows: Sequence[SessionRow], *, only: str = "") -> None:
        """Replace the sessions; the cursor stays as `set_keys` says.

        Args:
            rows: The sessions.
            only: What they have in common, "" where nothing is asked of them: with another filter the cursor goes to
                the first row, and without one back to where it was before.
        """
        before, self._only = self._only, only
        if only and not before:
            self._place_before = self.cursor.where
        self._rows = {row.session.id: row for row in rows}
        self.set_keys(list(self._rows))
        if only not in ("", before):
            self.forget_cursor()
        elif before and not only and self._place_before is not None:
            self.return_to(self._place_before)

    @property
    def n_rows(self) -> int:
        """The number of sessions."""
        return len(self._rows)

    def update_row(self, row: SessionRow) -> None:
        """Paint a session again in its place; one that is not listed is left out."""
        if row.session.id in self._rows:
            self._rows[row.session.id] = row
            self.refresh_key(row.session.id)

    @property
    def cursor_row(self) -> SessionRow | None:
        """The row under the cursor."""
        return self._rows.get(str(self.cursor.key))

    def has_flag(self, key: Hashable) -> bool:
        """Whether its sources disagree."""
        return (row := self._rows.get(str(key))) is not None and row.drift is not None

    def paint(self, key: Hashable, width: int, *, cursor: bool) -> Line:
        """A session as docs/look.md §5 draws it."""
        row, glyphs = self._rows[str(key)], glyphs_of(self.app)
        return session_row(row, width=width, now=self._now(), glyphs=glyphs, cursor=cursor)
