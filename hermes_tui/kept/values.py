"""Values that are kept across runs, and their merge. Pure.

Everything is a mapping whose values have the time of their last change, so that two browsers lose nothing: of two
values with one key the later one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import nlargest
from itertools import chain
from typing import Protocol, TypeAlias, TypeVar

from store.base.late_dataclass import dataclass, field, replace

MOST_PLACES = 10_000
"""Sessions whose places are kept, those read last, over all homes."""
MOST_SEARCHES = 500
"""Searches that are kept for a home."""
MOST_BOOKMARKS = 10_000
"""Bookmarks of a home, those taken away included."""
MOST_SETTINGS = 50
"""Settings of a home, and of all homes."""
MOST_HOMES = 200
"""Homes, those used last."""


class Stamped(Protocol):
    """A value with the time of its last change, in seconds since 1970."""

    @property
    def at(self) -> float:
        """The time."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that was made on the screen: a theme, an order, a width."""

    at: float
    value: str | int


@dataclass(frozen=True, slots=True)
class Used:
    """The use of a search."""

    at: float


@dataclass(frozen=True, slots=True)
class ReadingPlace:
    """A reader's place in a session."""

    at: float
    """The time when it was last read."""
    seen_id: int | None = None
    """The id of its last message then."""
    seen_at: float | None = None
    """The timestamp of its newest message then; None where none has one."""
    message_id: int | None = None
    """The message with the bar, or the first on the screen; None where the end was shown."""
    line: int = 0
    """The first line of it that was on the screen."""
    row: int = 0
    """The row of the screen that this line was on."""
    folds: tuple[tuple[int, ...], ...] = ()
    """Folds of messages that were folded on their own: id, tools, reasoning, text, pairs of part and fold; the id 0
    stands for all others."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A bookmark, or that one was taken away."""

    at: float
    is_set: bool = True


BookmarkKey: TypeAlias = "tuple[str, int | None]"
"""The id of a session; and that of a message in it, None for the session itself."""


@dataclass(frozen=True, slots=True)
class HomeKept:
    """What is kept for one home."""

    settings: Mapping[str, Setting] = field(default_factory=dict)
    searches: Mapping[str, Used] = field(default_factory=dict)
    """By their text."""
    places: Mapping[str, ReadingPlace] = field(default_factory=dict)
    """By the id of the session."""
    bookmarks: Mapping[BookmarkKey, Bookmark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything that is kept."""

    settings: Mapping[str, Setting] = field(default_factory=dict)
    """Settings of all homes."""
    homes: Mapping[str, HomeKept] = field(default_factory=dict)
    """By the resolved path of the home, or by `host/db#schema`."""


Key = TypeVar("Key")
Value = TypeVar("Value", bound=Stamped)


def merged(first: Kept, other: Kept) -> Kept:
    """Both together; of two values with one key the later one, at equal times that of `other`."""
    homes = dict(first.homes)
    for key, home in other.homes.items():
        homes[key] = merged_home(homes[key], home) if key in homes else home
    return Kept(_later(first.settings, other.settings), homes)


def merged_home(first: HomeKept, other: HomeKept) -> HomeKept:
    """What is kept for a home; see `merged`."""
    return HomeKept(
        _later(first.settings, other.settings),
        _later(first.searches, other.searches),
        _later(first.places, other.places),
        _later(first.bookmarks, other.bookmarks),
    )


def bounded(kept: Kept) -> Kept:
    """As much of it as is kept: what was changed last."""
    homes = {key: _bounded_home(home) for key, home in kept.homes.items()}
    used = nlargest(MOST_HOMES, homes, key=lambda key: _last_change(homes[key]))
    places = ((place.at, key, session_id) for key in used for session_id, place in homes[key].places.items())
    newest: dict[str, set[str]] = {key: set() for key in used}
    for _, key, session_id in nlargest(MOST_PLACES, places):
        newest[key].add(session_id)
    return Kept(
        _newest(kept.settings, MOST_SETTINGS),
        {
            key: replace(home, places={id_: place for id_, place in home.places.items() if id_ in newest[key]})
            for key, home in homes.items()
            if key in newest
        },
    )


def _bounded_home(home: HomeKept) -> HomeKept:
    return HomeKept(
        _newest(home.settings, MOST_SETTINGS),
        _newest(home.searches, MOST_SEARCHES),
        home.places,
        _newest(home.bookmarks, MOST_BOOKMARKS),
    )


def _last_change(home: HomeKept) -> float:
    values: Iterable[Stamped] = chain(
        home.settings.values(), home.searches.values(), home.places.values(), home.bookmarks.values()
    )
    return max((value.at for value in values), default=0.0)


def _newest(values: Mapping[Key, Value], most: int) -> Mapping[Key, Value]:
    return values if len(values) <= most else dict(nlargest(most, values.items(), key=lambda item: item[1].at))


def _later(first: Mapping[Key, Value], other: Mapping[Key, Value]) -> Mapping[Key, Value]:
    return {**first, **{key: value for key, value in other.items() if key not in first or first[key].at <= value.at}}
