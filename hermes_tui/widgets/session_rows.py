"""Rows of the list of sessions: the sessions, and the months over them. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterator, Sequence
from typing import overload

from hermes_tui.render.line import Line
from hermes_tui.state.ordered_ids import Rows
from store.base.late_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class MonthKey:
    """The rule over the sessions of a month."""

    text: str
    first: str
    """The id of the session below it."""


class KeysWithMonths(Sequence[Hashable]):
    """Ids, and the months over some of them.

    Args:
        ids: Of the sessions.
        months: Place of an id, and the month over it; ascending.
    """

    def __init__(self, ids: Sequence[str], months: Sequence[tuple[int, str]]) -> None:
        self._ids = ids
        self._months = [MonthKey(text, ids[at]) for at, text in months]
        self._firsts = [at for at, _ in months]
        self._places = [at + before for before, at in enumerate(self._firsts)]

    def __len__(self) -> int:
        return len(self._ids) + len(self._months)

    @overload
    def __getitem__(self, at: int) -> Hashable: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Hashable]: ...
    def __getitem__(self, at: int | slice) -> Hashable | Sequence[Hashable]:
        if isinstance(at, slice):
            return [self[place] for place in range(len(self))[at]]
        place = range(len(self))[at]
        before = bisect_right(self._places, place)
        if before and self._places[before - 1] == place:
            return self._months[before - 1]
        return self._ids[place - before]

    def __iter__(self) -> Iterator[Hashable]:
        return (self[place] for place in range(len(self)))

    def __contains__(self, key: object) -> bool:
        return key in (self._months if isinstance(key, MonthKey) else self._ids)

    def index(self, key: Hashable, start: int = 0, stop: int | None = None) -> int:
        """The place of a key; ValueError where there is none from `start` on and before `stop`."""
        if isinstance(key, MonthKey):
            place = self._places[self._months.index(key)]
        else:
            at = self._ids.index(str(key))
            place = at + bisect_right(self._firsts, at)
        return range(len(self))[start:stop].index(place) + start


@dataclass(frozen=True, slots=True)
class SessionsView:
    """The list of sessions: lines above the rows, and the rows."""

    head: Sequence[Line]
    rows: Rows
    only: str = ""
    """What the sessions have in common, "" where nothing is asked of them."""
    months: Sequence[tuple[int, str]] | None = None
    """Place of a session and the month over it; None where the list is not by time."""
    marked: Collection[str] = ()
    """Ids of those with a bookmark."""
    profiles: bool = False
    """There are several profiles, and each row names its own."""
