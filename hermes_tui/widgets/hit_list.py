"""List of what a search found; `hit_rows` says which rows it has."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType

from hermes_tui.render.line import Line
from hermes_tui.render.row import RowExtras
from hermes_tui.state.rows import HitKey, SessionRow
from hermes_tui.widgets.hit_rows import (
    GroupKey,
    HitRows,
    HitsView,
    MoreRow,
    PassedRow,
    Place,
    ProposedRow,
    TitleKey,
)
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import VirtualList
from store.models import ContextLine, Hit


class HitList(VirtualList):
    """Titles and hits by key; the cursor passes by the rules and the context rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "show_more", "More", show=False),
        Binding("left", "show_fewer", "Fewer", show=False),
    ]

    def __init__(self, *, now: Callable[[], datetime], id: str | None = None) -> None:  # noqa: A002  Textual's own name
        """`now` is the time, aware; its zone is the reader's."""
        super().__init__(id=id)
        self._now, self._rows, self._profiles = now, HitRows(), False
        self.is_picked: Callable[[str], bool] = lambda _: False  # whether a session is marked for the next act

    def show(self, view: HitsView) -> None:
        """Replace what was found; the cursor stays as `set_keys` says, what was expanded or has context stays so."""
        self.faded, self._profiles = view.dim, view.profiles
        self.set_head(view.head)
        self._rows.replace(view)
        self._list_rows()

    def update_row(self, row: SessionRow) -> None:
        """Paint a session's title row and group row again."""
        self._rows.update_row(row)
        for kind in (TitleKey, GroupKey):
            self.refresh_key(kind(row.session.id))

    def set_context(self, key: Hashable, lines: Sequence[ContextLine]) -> None:
        """Show the messages around a hit, in order; the hit's own line in `lines` stands for the hit."""
        if isinstance(key, HitKey) and key in self._rows.hits:
            self._rows.context[key] = tuple(lines)
            self._list_rows()

    def clear_context(self) -> None:
        """Show the hits alone."""
        self._rows.context.clear()
        self._list_rows()

    def forget_cursor(self) -> None:
        """Put the cursor on the first row for another search, and show few titles again."""
        self._rows.all_titles = False
        super().forget_cursor()

    def has_flag(self, key: Hashable) -> bool:
        """Whether it is a session's own row, and its sources disagree."""
        row = self._rows.row_of(key) if isinstance(key, TitleKey | GroupKey) else None
        return row is not None and row.drift is not None

    @property
    def cursor_row(self) -> SessionRow | None:
        """The session that the cursor's row belongs to."""
        return self._rows.row_of(self.cursor.key)

    @property
    def cursor_hit(self) -> Hit | None:
        """The hit under the cursor; for a group and its last row the first hit of that session."""
        return self._rows.hit(self.cursor.key)

    def move_hit(self, step: int, place: Place | None = None) -> Hit | None:
        """Put the cursor on the next hit (1) or the previous one (-1), through all sessions; None where there is none.

        Hits of a session that are not shown yet are shown when the cursor comes to them.

        Args:
            place: See `HitRows.neighbour`.
        """
        if (key := self._rows.neighbour(self.cursor.key, step, place)) is None:
            return None
        if key not in self.cursor.keys:
            self._list_rows()
        self.move_to(key)
        return self._rows.hits[key]

    def action_show_more(self) -> None:
        """Show all hits of the session under the cursor, or all titles."""
        self._list_rows(instead=self._rows.show_more(self.cursor.key))

    def action_show_fewer(self) -> None:
        """Show three hits of the session under the cursor, or five titles."""
        self._list_rows(instead=self._rows.show_fewer(self.cursor.key))

    def action_choose(self) -> None:
        """Ask for the row under the cursor; the row that stands for more hits shows them."""
        choose = self.action_show_more if isinstance(self.cursor.key, MoreRow) else super().action_choose
        choose()

    def can_stand_on(self, key: Hashable) -> bool:
        """The cursor passes by rules and context rows."""
        return super().can_stand_on(key) and not isinstance(key, PassedRow)

    def opens_at_once(self, key: Hashable) -> bool:
        """More hits, and what was meant."""
        return isinstance(key, MoreRow | ProposedRow)

    def paint(self, key: Hashable, width: int, *, cursor: bool) -> Line:
        """See `HitRows.paint`."""
        now, glyphs, named = self._now(), glyphs_of(self.app), self.has_focus
        picked = isinstance(key, TitleKey | GroupKey) and self.is_picked(key.session_id)
        extras = RowExtras(profile=self._profiles, picked=picked)
        return self._rows.paint(key, width=width, now=now, glyphs=glyphs, cursor=cursor, named=named, extras=extras)

    def _list_rows(self, *, instead: Hashable | None = None) -> None:
        self.set_keys(list(self._rows.keys()), instead=instead)
