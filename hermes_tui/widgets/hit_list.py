"""List of what a search found; `hit_rows` says which rows it has."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType

from hermes_tui.render.line import Line
from hermes_tui.render.row import group_row, session_row
from hermes_tui.render.search_hit import context_row, hit_row, meant_row, more_row, section_rule
from hermes_tui.widgets.hit_rows import (
    ContextKey,
    GroupKey,
    HitGroup,
    HitKey,
    HitRows,
    MeantKey,
    MoreKey,
    MoreTitlesKey,
    RuleKey,
    TitleKey,
)
from hermes_tui.widgets.session_list import SessionRow
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import RowState, VirtualList
from store.models import ContextLine, Hit


class HitList(VirtualList):
    """Titles and hits by key; the cursor passes by the rules and the context rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "show_more", "More", show=False),
        Binding("left", "show_fewer", "Fewer", show=False),
    ]

    def __init__(self, *, now: Callable[[], datetime], id: str | None = None) -> None:  # noqa: A002  Textual's own name
        """Args:
        now: The time, aware; its zone is the reader's.
        """
        super().__init__(id=id)
        self._now = now
        self._rows = HitRows()

    def show(
        self,
        titles: Sequence[SessionRow],
        groups: Sequence[HitGroup],
        *,
        dim: bool = False,
        close: bool = False,
        more_titles: bool = False,
        meant: str = "",
    ) -> None:
        """Replace what was found; the cursor stays as `set_keys` says, what was expanded or has context stays so.

        Args:
            titles: Sessions whose titles match.
            groups: At most one for each session.
            dim: This is the answer to an older query.
            close: The titles are only similar to the query.
            more_titles: There are others that match: `50+ titles`.
            meant: A query that might be meant; "" for none.
        """
        self.faded = dim
        self._rows.replace(titles, groups, close=close, more_titles=more_titles, meant=meant)
        self._list_rows()

    def update_row(self, row: SessionRow) -> None:
        """Paint a session's title row and group row again."""
        self._rows.update_row(row)
        self.refresh_key(TitleKey(row.session.id))
        self.refresh_key(GroupKey(row.session.id))

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

    def row(self, session_id: str) -> SessionRow | None:
        """The row of a session, None where it is not listed."""
        return self._rows.row(session_id)

    def has_flag(self, key: Hashable) -> bool:
        """Whether it is a session's own row, and its sources disagree."""
        if not isinstance(key, TitleKey | GroupKey):
            return False
        return (row := self.row(key.session_id)) is not None and row.drift is not None

    @property
    def cursor_session(self) -> str | None:
        """The session that the cursor's row belongs to."""
        key = self.cursor_key
        return key.session_id if isinstance(key, TitleKey | GroupKey | HitKey | MoreKey) else None

    @property
    def cursor_hit(self) -> Hit | None:
        """The hit under the cursor; for a group and its last row the first hit of that session."""
        return self._rows.hit(self.cursor_key)

    @property
    def has_hits(self) -> bool:
        """There is a message to go to, and not titles alone."""
        return bool(self._rows.hits)

    def move_hit(self, step: int) -> Hit | None:
        """Put the cursor on the next hit (1) or the previous one (-1), through all sessions; None where there is none.

        Hits of a session that are not shown yet are shown when the cursor comes to them.
        """
        key = self._rows.neighbour(self.cursor_key, step)
        if key is None:
            return None
        if key not in self.keys:
            self._list_rows()
        self.move_to(key)
        return self._rows.hits[key]

    def action_show_more(self) -> None:
        """Show all hits of the session under the cursor, or all titles."""
        self._list_rows(instead=self._rows.show_more(self.cursor_key))

    def action_show_fewer(self) -> None:
        """Show three hits of the session under the cursor, or five titles."""
        self._list_rows(instead=self._rows.show_fewer(self.cursor_key))

    def action_choose(self) -> None:
        """Ask for the row under the cursor; the row that stands for more hits shows them."""
        if isinstance(self.cursor_key, MoreKey | MoreTitlesKey):
            self.action_show_more()
        else:
            super().action_choose()

    def can_stand_on(self, key: Hashable) -> bool:
        """The cursor passes by rules and context rows."""
        return super().can_stand_on(key) and not isinstance(key, RuleKey | ContextKey)

    def paint(self, key: Hashable, width: int, state: RowState) -> Line:
        """A row as docs/look.md §6 draws it."""
        now, glyphs, cursor, rows = self._now(), glyphs_of(self.app), state.cursor, self._rows
        match key:
            case RuleKey(text=text):
                return section_rule(text, width=width, glyphs=glyphs)
            case MeantKey(text=text):
                return meant_row(text, width=width, glyphs=glyphs, cursor=cursor)
            case TitleKey() | GroupKey():
                return self._session(key, width, cursor=cursor)
            case MoreKey() | MoreTitlesKey():
                return more_row(rows.hidden(key), width=width, glyphs=glyphs, cursor=cursor)
            case ContextKey(hit=hit, place=place):
                return context_row(rows.context[hit][place], width=width, now=now, glyphs=glyphs)
            case HitKey():
                return hit_row(rows.hits[key], width=width, now=now, glyphs=glyphs, cursor=cursor)
        msg = f"not a key of this list: {key!r}"
        raise ValueError(msg)

    def _session(self, key: TitleKey | GroupKey, width: int, *, cursor: bool) -> Line:
        """A session's own row: as its title matches, or above its hits."""
        now, glyphs = self._now(), glyphs_of(self.app)
        if isinstance(key, TitleKey):
            row = self._rows.titles[key.session_id]
            session = row.session, row.outline, row.drift
            return session_row(*session, width=width, now=now, glyphs=glyphs, cursor=cursor, matches=row.matches)
        group = self._rows.groups[key.session_id]
        session = group.row.session, group.row.outline, group.row.drift
        return group_row(*session, group.total, width=width, now=now, glyphs=glyphs, cursor=cursor)

    def _list_rows(self, *, instead: Hashable | None = None) -> None:
        self.set_keys(list(self._rows.keys()), instead=instead)
