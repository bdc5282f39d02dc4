"""List of sessions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from datetime import datetime

from hermes_tui.render.heading import section_rule
from hermes_tui.render.line import Line
from hermes_tui.render.row import RowExtras, session_row
from hermes_tui.state.ordered_ids import Rows
from hermes_tui.state.rows import SessionRow
from hermes_tui.widgets.list_cursor import CursorPlace
from hermes_tui.widgets.session_rows import KeysWithMonths, MonthKey, SessionsView
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import VirtualList
from store.base.late_dataclass import replace
from store.models import Session


class SessionList(VirtualList):
    """Sessions by their id, in the order that they are given in."""

    def __init__(self, *, now: Callable[[], datetime], id: str | None = None) -> None:  # noqa: A002  Textual's own name
        """Args:
        now: The time, aware; its zone is the reader's.
        """
        super().__init__(id=id)
        self._now = now
        self._rows = Rows((), lambda _: None)
        self._marked: Collection[str] = ()
        self._by_time = self._profiles = False
        self._only = ""
        self._place_before: CursorPlace | None = None
        self.has_news: Callable[[Session], bool] = lambda _: False
        """Whether a session has messages since the reader was there."""
        self.is_picked: Callable[[str], bool] = lambda _: False
        """Whether a session is marked for the next act."""

    def show(self, view: SessionsView) -> None:
        """Replace the sessions; the cursor stays as `set_keys` says.

        With another filter it goes to the first row, and without one back to where it was before.
        """
        before, self._only = self._only, view.only
        if view.only and not before:
            self._place_before = self.cursor.where
        self._rows = view.rows
        self._marked, self._by_time, self._profiles = view.marked, view.months is not None, view.profiles
        self.set_head(view.head)
        self.set_keys(KeysWithMonths(self._rows.ids, view.months) if view.months else self._rows.ids)
        if view.only not in ("", before):
            self.forget_cursor()
        elif before and not view.only and self._place_before is not None:
            self.return_to(self._place_before)

    def can_stand_on(self, key: Hashable) -> bool:
        """The cursor passes by the months."""
        return super().can_stand_on(key) and not isinstance(key, MonthKey)

    @property
    def n_rows(self) -> int:
        """The number of sessions."""
        return len(self._rows)

    def update_row(self, row: SessionRow) -> None:
        """Paint a session again in its place; one that is not listed is left out."""
        self.refresh_key(row.session.id)

    @property
    def cursor_row(self) -> SessionRow | None:
        """The row under the cursor."""
        return self._rows.row(str(self.cursor.key))

    def has_flag(self, key: Hashable) -> bool:
        """Whether its sources disagree."""
        return (row := self._rows.row(str(key))) is not None and row.drift is not None

    def drawn_from(self, key: Hashable) -> Hashable:
        """See `KnowsRows`; ages are drawn again with the whole list."""
        name = str(key)
        if isinstance(key, MonthKey) or (row := self._rows.row(name)) is None:
            return None
        is_marked = name in self._marked, self.is_picked(name), self.has_news(row.session)
        return row, is_marked, self._by_time, self._profiles

    def paint(self, key: Hashable, width: int, *, cursor: bool) -> Line:
        """A session as docs/look.md §5 draws it."""
        glyphs = glyphs_of(self.app)
        if isinstance(key, MonthKey):
            return section_rule(key.text, width=width, glyphs=glyphs)
        extras = RowExtras(self._by_time, str(key) in self._marked, self._profiles, self.is_picked(str(key)))
        if (row := self._rows.row(str(key))) is None:
            return ()
        row = replace(row, has_news=self.has_news(row.session))
        return session_row(row, width=width, now=self._now(), glyphs=glyphs, cursor=cursor, extras=extras)
