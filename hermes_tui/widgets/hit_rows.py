"""Rows of what a search found: titles, then messages under their sessions; some are shown on request only."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.heading import section_rule
from hermes_tui.render.line import Line
from hermes_tui.render.row import PLAIN, RowExtras, group_row, session_row
from hermes_tui.render.search_hit import context_row, hit_row, meant_row, more_row, without_row
from hermes_tui.render.time import many
from hermes_tui.state.rows import HitGroup, HitKey, SessionRow, hit_key, in_reading_order
from hermes_tui.state.search_results import Without
from store.base.late_dataclass import dataclass
from store.models import ContextLine, Hit

FIRST_HITS = 3
"""Hits of a session that are shown at first."""
FIRST_TITLES = 5
"""Titles that are shown at first, where there are hits below them."""


@dataclasses.dataclass(frozen=True)
class SessionKey:
    """A row of one session."""

    session_id: str


class TitleKey(SessionKey):
    """A session whose title was found."""


class GroupKey(SessionKey):
    """The row above a session's hits."""


class MoreKey(SessionKey):
    """The row that stands for the hits of a session that are not shown."""


@dataclass(frozen=True, slots=True)
class ContextKey:
    """A message beside a hit."""

    hit: HitKey
    place: int


@dataclass(frozen=True, slots=True)
class MeantKey:
    """A query that might be meant."""

    text: str


@dataclass(frozen=True, slots=True)
class WithoutKey:
    """A query of one word less, which has hits."""

    text: str
    word: str
    hits: int
    capped: bool


@dataclass(frozen=True, slots=True)
class LineKey:
    """A line of the sentence that no message matches, below the titles that do."""

    index: int


@dataclass(frozen=True, slots=True)
class MoreTitlesKey:
    """The row that stands for the titles that are not shown."""

    number: int


@dataclass(frozen=True, slots=True)
class RuleKey:
    """The rule over a section."""

    text: str


Place = Callable[[Hit], int | None]
MoreRow = MoreKey | MoreTitlesKey
ProposedRow = MeantKey | WithoutKey
PassedRow = RuleKey | ContextKey | LineKey


@dataclass(frozen=True, slots=True)
class HitsView:
    """Results of a search, as their list shows them."""

    titles: Sequence[SessionRow]
    """Sessions whose titles match."""
    groups: Sequence[HitGroup]
    """At most one for each session."""
    dim: bool = False
    """This is the answer to an older query."""
    close: bool = False
    """The titles are only similar to the query."""
    more_titles: bool = False
    """There are others that match: `50+ titles`."""
    profiles: bool = False
    """There are several, and each row names its own."""
    meant: str = ""
    """A query that might be meant; "" for none."""
    without: Without | None = None
    """A query of one word less that has hits, where this one has none."""
    nothing: Sequence[Line] = ()
    """The sentence that no message matches; titles that match stand above it."""

    @property
    def head(self) -> Sequence[Line]:
        """Lines above the rows."""
        return () if self.titles and not self.close else self.nothing


class HitRows:
    """The rows by key, and which of them are shown; pure."""

    def __init__(self) -> None:
        self.titles: dict[str, SessionRow] = {}
        self.groups: dict[str, HitGroup] = {}
        self.hits: dict[HitKey, Hit] = {}
        self.context: dict[HitKey, tuple[ContextLine, ...]] = {}
        self.all_titles = False
        self._title_rule = ""
        self._meant: tuple[ProposedRow, ...] = ()
        self._nothing: Sequence[Line] = ()
        self._close = False
        self._expanded: set[str] = set()

    def replace(self, view: HitsView) -> None:
        """Take other results."""
        meant: list[ProposedRow] = [MeantKey(view.meant)] if view.meant else []
        if (fewer := view.without) is not None:
            meant.append(WithoutKey(fewer.text, fewer.word, fewer.hits, fewer.capped))
        self._meant, self._close = tuple(meant), view.close
        self._nothing = () if view.head else view.nothing
        self.titles = {row.session.id: row for row in view.titles}
        self._title_rule = f"{len(self.titles)}+ titles" if view.more_titles else many(len(self.titles), "title")
        if view.close:
            self._title_rule += " is close" if len(self.titles) == 1 else " are close"
        self.groups = {group.row.session.id: group for group in view.groups}
        self.hits = {hit_key(hit): hit for group in view.groups for hit in group.hits}
        self.context = {key: lines for key, lines in self.context.items() if key in self.hits}
        self._expanded &= self.groups.keys()

    def update_row(self, row: SessionRow) -> None:
        """Take a session's row as it is now, where it is listed."""
        session_id = row.session.id
        if session_id in self.titles:
            self.titles[session_id] = row
        if (group := self.groups.get(session_id)) is not None:
            self.groups[session_id] = HitGroup(row, group.hits, group.total)

    def row_of(self, key: Hashable) -> SessionRow | None:
        """The session that a row belongs to, None for a row of none."""
        if not isinstance(key, SessionKey | HitKey):
            return None
        group = self.groups.get(key.session_id)
        return group.row if group else self.titles.get(key.session_id)

    def hit(self, key: Hashable) -> Hit | None:
        """The hit of a key, the first of its session for a group and its last row; None for a key of another kind."""
        if isinstance(key, GroupKey | MoreKey):
            return self.groups[key.session_id].hits[0]
        return self.hits.get(key) if isinstance(key, HitKey) else None

    def _hidden(self, key: MoreRow) -> int:
        """The number of rows that one row stands for."""
        return key.number if isinstance(key, MoreTitlesKey) else self.groups[key.session_id].total - FIRST_HITS

    def neighbour(self, key: Hashable, step: int, place: Place | None = None) -> HitKey | None:
        """The next hit (1) or the previous one (-1) through all sessions, shown from now on; None at the end.

        Args:
            key: The row to start from.
            step: 1 or -1.
            place: The place of a hit in the transcript that is read: hits go in reading order inside each session.
        """
        if isinstance(key, MoreKey):
            key = hit_key(self.groups[key.session_id].hits[FIRST_HITS - 1])
        if place is not None and (hit_there := self.hit(key)) is not None:
            key = hit_key(hit_there)
        every = list(self.keys(whole=True) if place is None else map(hit_key, self._read(place)))
        here = every.index(key) if key in every else -1
        way = every[here + 1 :] if step > 0 else reversed(every[: max(here, 0)])
        hit = next((key for key in way if isinstance(key, HitKey)), None)
        if hit is not None and hit not in map(hit_key, self.groups[hit.session_id].hits[:FIRST_HITS]):
            self._expanded.add(hit.session_id)
        return hit

    def _read(self, place: Place) -> Iterator[Hit]:
        """All hits, session by session in the order of the list, those of one session in reading order."""
        placed = ((place(hit), hit) for hit in self.hits.values())
        here = {at: hit for at, hit in placed if at is not None}
        shown = [here[at] for at in sorted(here)]
        for group in self.groups.values():
            others = [hit for hit in group.hits if place(hit) is None]
            if len(others) < len(group.hits):
                yield from shown
                shown = []
            yield from in_reading_order(others)

    def show_more(self, key: Hashable) -> Hashable | None:
        """Show all hits of the session of a row, or all titles; gives the first row that is new."""
        if isinstance(key, MoreTitlesKey):
            self.all_titles = True
            return TitleKey(list(self.titles)[FIRST_TITLES])
        if not isinstance(key, GroupKey | HitKey | MoreKey) or key.session_id in self._expanded:
            return None
        self._expanded.add(key.session_id)
        hits = self.groups[key.session_id].hits
        return hit_key(hits[FIRST_HITS]) if len(hits) > FIRST_HITS else None

    def show_fewer(self, key: Hashable) -> Hashable | None:
        """Show three hits of the session of a row, or five titles; gives the row that stands for the hits."""
        if isinstance(key, TitleKey):
            self.all_titles = False
        elif isinstance(key, GroupKey | HitKey | MoreKey):
            self._expanded.discard(key.session_id)
            return MoreKey(key.session_id)
        return None

    def keys(self, *, whole: bool = False) -> Iterator[Hashable]:
        """All rows in order; with `whole` all hits of all sessions."""
        if self._close:
            yield from self._meant
        if self.titles:
            yield from self._title_keys(few=not self.all_titles and not whole and bool(self.groups))
        if not self._close:
            yield from map(LineKey, range(len(self._nothing)))
            yield from self._meant
        if self.groups:
            yield RuleKey("messages")
        for session_id, group in self.groups.items():
            yield GroupKey(session_id)
            expanded = whole or session_id in self._expanded
            for hit in group.hits if expanded else group.hits[:FIRST_HITS]:
                yield from self._with_context(hit_key(hit))
            if not expanded and len(group.hits) > FIRST_HITS:
                yield MoreKey(session_id)

    def _title_keys(self, *, few: bool) -> Iterator[Hashable]:
        yield RuleKey(self._title_rule)
        yield from map(TitleKey, islice(self.titles, FIRST_TITLES if few else None))
        if few and len(self.titles) > FIRST_TITLES:
            yield MoreTitlesKey(len(self.titles) - FIRST_TITLES)

    def paint(
        self,
        key: Hashable,
        *,
        width: int,
        now: datetime,
        glyphs: Glyphs,
        cursor: bool,
        named: bool = True,
        extras: RowExtras = PLAIN,
    ) -> Line:
        """A row as docs/look.md §6 draws it; `named` where the keys that it names work."""
        match key:
            case RuleKey(text=text):
                line = section_rule(text, width=width, glyphs=glyphs)
            case LineKey(index=index):
                line = self._nothing[index]
            case WithoutKey(word=word, hits=hits, capped=capped):
                line = without_row(word, hits, capped=capped, width=width, glyphs=glyphs, cursor=cursor)
            case MeantKey(text=text):
                line = meant_row(text, width=width, glyphs=glyphs, cursor=cursor)
            case TitleKey(session_id=session_id):
                row = self.titles[session_id]
                line = session_row(row, width=width, now=now, glyphs=glyphs, cursor=cursor, extras=extras)
            case GroupKey(session_id=session_id):
                group = self.groups[session_id]
                shown = group.row, group.total
                line = group_row(*shown, width=width, now=now, glyphs=glyphs, cursor=cursor, extras=extras)
            case MoreKey() | MoreTitlesKey():
                line = more_row(self._hidden(key), named=named, width=width, glyphs=glyphs, cursor=cursor)
            case ContextKey(hit=hit, place=place):
                line = context_row(self.context[hit][place], width=width, now=now, glyphs=glyphs)
            case HitKey():
                line = hit_row(self.hits[key], width=width, now=now, glyphs=glyphs, cursor=cursor)
            case _:
                raise ValueError(f"not a key of this list: {key!r}")
        return line

    def _with_context(self, key: HitKey) -> Iterator[Hashable]:
        lines = self.context.get(key, ())
        here = next((place for place, line in enumerate(lines) if line.hit), 0)
        yield from (ContextKey(key, place) for place in range(here))
        yield key
        yield from (ContextKey(key, place) for place in range(here + 1, len(lines)))
