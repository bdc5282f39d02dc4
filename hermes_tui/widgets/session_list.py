"""List of sessions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from datetime import datetime

from hermes_tui.render.line import Line
from hermes_tui.render.row import session_row
from hermes_tui.state.rows import SessionRow
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import VirtualList
from store.models import Session


class SessionList(VirtualList):
    """Sessions by their id, in the order that they are given in."""

    def __init__(self, *, now: Callable[[], datetime], id: str | None = None) -> None:  # noqa: A002  Textual's own name
        """Args:
        now: The time, aware; its zone is the reader's.
        """
        super().__init__(id=id)
        self._now = now
        self._rows: dict[str, SessionRow] = {}
        self.has_news: Callable[[Session], bool] = lambda _: False
        """Whether a session has messages since the reader was there."""

    def show(self, rows: Sequence[SessionRow]) -> None:
        """Replace the sessions; the cursor stays as `set_keys` says."""
        self._rows = {row.session.id: row for row in rows}
        self.set_keys(list(self._rows))

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
        row = replace(row, has_news=self.has_news(row.session))
        return session_row(row, width=width, now=self._now(), glyphs=glyphs, cursor=cursor)
