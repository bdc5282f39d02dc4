"""What a search found: titles, then messages under their sessions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType

from hermes_tui.render.line import Line
from hermes_tui.render.row import group_row, session_row
from hermes_tui.render.search_hit import context_row, hit_row, meant_row, more_row, section_rule
from hermes_tui.render.time import many
from hermes_tui.state.rows import HitGroup, HitKey, SessionRow, hit_key
from hermes_tui.widgets.virtual_list import RowState, VirtualList
from store.models import ContextLine, Hit

FIRST_HITS = 3
"""Hits of a session that are shown before they are asked for,"""
FIRST_TITLES = 5
"""and titles, where there are hits below them."""


class TitleKey(NamedTuple):
    """A session whose title was found."""

    session_id: str
    kind: str = "title"


class GroupKey(NamedTuple):
    """The row above a session's hits."""

    session_id: str
    kind: str = "group"


class MoreKey(NamedTuple):
    """The row that stands for the hits of a session that are not shown."""

    session_id: str
    kind: str = "more"


class ContextKey(NamedTuple):
    """A message beside a hit."""

    hit: HitKey
    place: int
    kind: str = "context"


class MeantKey(NamedTuple):
    """What might be typed instead."""

    text: str
    kind: str = "meant"


class MoreTitlesKey(NamedTuple):
    """The row that stands for the titles that are not shown."""

    number: int
    kind: str = "more titles"


class RuleKey(NamedTuple):
    """The rule over a section."""

    text: str
    kind: str = "rule"


class HitList(VirtualList):
    """Titles and hits by key; the rules and the context rows are passed by."""

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
        self._titles: dict[str, SessionRow] = {}
        self._title_rule = ""
        self._meant = ""
        self._groups: dict[str, HitGroup] = {}
        self._hits: dict[HitKey, Hit] = {}
        self._around: dict[HitKey, tuple[ContextLine, ...]] = {}
        self._expanded: set[str] = set()
        self._all_titles = False

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
            dim: This is the answer to an older question.
            close: The titles only come close to what was asked.
            more_titles: There are others that match: `50+ titles`.
            meant: What might be typed instead; "" for nothing.
        """
        self.faded = dim
        self._meant = meant
        self._titles = {row.session.id: row for row in titles}
        self._title_rule = f"{len(self._titles)}+ titles" if more_titles else many(len(self._titles), "title")
        if close:
            self._title_rule += " is close" if len(self._titles) == 1 else " are close"
        self._groups = {group.row.session.id: group for group in groups}
        self._hits = {hit_key(hit): hit for group in groups for hit in group.hits}
        self._around = {key: lines for key, lines in self._around.items() if key in self._hits}
        self._expanded &= self._groups.keys()
        self.set_keys(list(self._flat()))

    def update_row(self, row: SessionRow) -> None:
        """Paint a session's title row and group row anew."""
        session_id = row.session.id
        if session_id in self._titles:
            self._titles[session_id] = row
            self.refresh_key(TitleKey(session_id))
        if (group := self._groups.get(session_id)) is not None:
            self._groups[session_id] = HitGroup(row, group.hits, group.total)
            self.refresh_key(GroupKey(session_id))

    def set_context(self, key: Hashable, lines: Sequence[ContextLine]) -> None:
        """Show the messages around a hit, in order; the hit's own line in `lines` stands for the hit."""
        if isinstance(key, HitKey) and key in self._hits:
            self._around[key] = tuple(lines)
            self.set_keys(list(self._flat()))

    def forget_cursor(self) -> None:
        """Another search begins: few titles again, and the cursor on the first row."""
        self._all_titles = False
        super().forget_cursor()

    def clear_context(self) -> None:
        """Show the hits alone."""
        self._around.clear()
        self.set_keys(list(self._flat()))

    def hit(self, key: Hashable) -> Hit | None:
        """The hit of a key, None for a key of another kind."""
        return self._hits.get(key) if isinstance(key, HitKey) else None

    def row(self, session_id: str) -> SessionRow | None:
        """The row of a session, None where it is not listed."""
        group = self._groups.get(session_id)
        return group.row if group else self._titles.get(session_id)

    def has_flag(self, key: Hashable) -> bool:
        """Whether it is a session's own row, and its sources disagree."""
        if not isinstance(key, TitleKey | GroupKey):
            return False
        return (row := self.row(key.session_id)) is not None and row.drift is not None

    @property
    def cursor_session(self) -> str | None:
        """The session that the cursor's row belongs to."""
        return _session_of(self.cursor_key)

    @property
    def cursor_hit(self) -> Hit | None:
        """The hit under the cursor; for a group and its last row the first hit of that session."""
        key = self.cursor_key
        if isinstance(key, GroupKey | MoreKey):
            return self._groups[key.session_id].hits[0]
        return self.hit(key)

    @property
    def has_hits(self) -> bool:
        """There is a message to go to, and not titles alone."""
        return bool(self._hits)

    def move_hit(self, step: int) -> Hit | None:
        """Put the cursor on the next hit (1) or the previous one (-1), through all sessions; None where there is none.

        A session whose further hits are not shown shows them when their turn comes.
        """
        every = list(self._flat(whole=True))
        here = every.index(key) if (key := self._last_shown(self.cursor_key)) in every else -1
        way = every[here + 1 :] if step > 0 else reversed(every[: max(here, 0)])
        found = next((key for key in way if isinstance(key, HitKey)), None)
        if found is None:
            return None
        if found not in self.keys:
            self._expanded.add(found.session_id)
            self.set_keys(list(self._flat()))
        self.move_to(found)
        return self._hits[found]

    def _last_shown(self, key: Hashable) -> Hashable:
        """The hit above the row that stands for more of them; any other key as it is."""
        if not isinstance(key, MoreKey):
            return key
        return hit_key(self._groups[key.session_id].hits[FIRST_HITS - 1])

    def show_more(self) -> None:
        """Show all hits of the session under the cursor, or all titles."""
        if isinstance(self.cursor_key, MoreTitlesKey):
            self._all_titles = True
            self.set_keys(list(self._flat()), instead=TitleKey(list(self._titles)[FIRST_TITLES]))
        elif (session_id := self._grouped()) and session_id not in self._expanded:
            self._expanded.add(session_id)
            hits = self._groups[session_id].hits
            first_new = hit_key(hits[FIRST_HITS]) if len(hits) > FIRST_HITS else None
            self.set_keys(list(self._flat()), instead=first_new)

    def show_fewer(self) -> None:
        """Show three hits of the session under the cursor, or five titles."""
        if isinstance(self.cursor_key, TitleKey) and self._all_titles:
            self._all_titles = False
            self.set_keys(list(self._flat()))
        elif (session_id := self._grouped()) and session_id in self._expanded:
            self._expanded.discard(session_id)
            self.set_keys(list(self._flat()), instead=MoreKey(session_id))

    def choose(self) -> None:
        """Ask for the row under the cursor; the row that stands for more hits shows them."""
        if isinstance(self.cursor_key, MoreKey | MoreTitlesKey):
            self.show_more()
        else:
            super().choose()

    action_show_more = show_more
    action_show_fewer = show_fewer
    action_choose = choose

    def can_stand_on(self, key: Hashable) -> bool:
        """Rules and context rows are passed by."""
        return super().can_stand_on(key) and not isinstance(key, RuleKey | ContextKey)

    def paint(self, key: Hashable, width: int, state: RowState) -> Line:
        """A row as docs/look.md §6 draws it."""
        now, glyphs, cursor = self._now(), self.glyphs, state.cursor
        match key:
            case RuleKey(text=text):
                return section_rule(text, width=width, glyphs=glyphs)
            case MeantKey(text=text):
                return meant_row(text, width=width, glyphs=glyphs, cursor=cursor)
            case TitleKey() | GroupKey():
                return self._session(key, width, cursor=cursor)
            case MoreKey() | MoreTitlesKey():
                return more_row(self._hidden(key), width=width, glyphs=glyphs, cursor=cursor)
            case ContextKey(hit=hit, place=place):
                return context_row(self._around[hit][place], width=width, now=now, glyphs=glyphs)
            case HitKey():
                return hit_row(self._hits[key], width=width, now=now, glyphs=glyphs, cursor=cursor)
        msg = f"not a key of this list: {key!r}"
        raise ValueError(msg)

    def _session(self, key: TitleKey | GroupKey, width: int, *, cursor: bool) -> Line:
        """A session's own row: as it was found by its title, or above its hits."""
        now, glyphs = self._now(), self.glyphs
        if isinstance(key, TitleKey):
            row = self._titles[key.session_id]
            found = row.session, row.outline, row.drift
            return session_row(*found, width=width, now=now, glyphs=glyphs, cursor=cursor, matches=row.matches)
        group = self._groups[key.session_id]
        found = group.row.session, group.row.outline, group.row.drift
        return group_row(*found, group.total, width=width, now=now, glyphs=glyphs, cursor=cursor)

    def _hidden(self, key: MoreKey | MoreTitlesKey) -> int:
        """How many rows one row stands for."""
        return key.number if isinstance(key, MoreTitlesKey) else len(self._groups[key.session_id].hits) - FIRST_HITS

    def _grouped(self) -> str | None:
        """The session under the cursor, if it has hits here and the cursor is among them."""
        key = self.cursor_key
        return key.session_id if isinstance(key, GroupKey | HitKey | MoreKey) else None

    def _flat(self, *, whole: bool = False) -> Iterator[Hashable]:
        """All rows in order; with `whole` all hits of all sessions."""
        if self._meant:
            yield MeantKey(self._meant)
        if self._titles:
            yield RuleKey(self._title_rule)
            few = not self._all_titles and not whole and bool(self._groups)
            yield from map(TitleKey, islice(self._titles, FIRST_TITLES if few else None))
            if few and len(self._titles) > FIRST_TITLES:
                yield MoreTitlesKey(len(self._titles) - FIRST_TITLES)
        if self._groups:
            yield RuleKey("messages")
        for session_id, group in self._groups.items():
            yield GroupKey(session_id)
            opened = whole or session_id in self._expanded
            for hit in group.hits if opened else group.hits[:FIRST_HITS]:
                yield from self._with_context(hit_key(hit))
            if not opened and len(group.hits) > FIRST_HITS:
                yield MoreKey(session_id)

    def _with_context(self, key: HitKey) -> Iterator[Hashable]:
        lines = self._around.get(key, ())
        here = next((place for place, line in enumerate(lines) if line.hit), 0)
        yield from (ContextKey(key, place) for place in range(here))
        yield key
        yield from (ContextKey(key, place) for place in range(here + 1, len(lines)))


def _session_of(key: Hashable) -> str | None:
    return key.session_id if isinstance(key, TitleKey | GroupKey | HitKey | MoreKey) else None
