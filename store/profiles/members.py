"""Profiles of a root, one browser each, and those that could not be read."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, cast

from ..base.errors import CannotOpen, Damaged, Locked, StoreError, StoreMissing
from ..browse.browser import HomeBrowser
from ..engine.fleet import AT_ONCE
from ..open import fleet_of, open_to_read
from ..remote.browser import RemoteBrowser
from .naming import ProfileNames

if TYPE_CHECKING:
    from ..base.models import Session
    from ..base.server_address import ServerAddress
    from ..browse.protocol import Browser
    from ..engine.fleet import Fleet
    from ..files.home import Home
    from ..home_store import HomeStore

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
U = TypeVar("U")

Member = HomeBrowser | RemoteBrowser
"""Browser of one of the homes."""


def asking(verb: Callable[Concatenate[Browser, P], R], /, *args: P.args, **kwargs: P.kwargs) -> Callable[[Browser], R]:
    """A request: that verb, asked of whichever browser it is handed to."""
    return lambda browser: cast("R", getattr(browser, verb.__name__)(*args, **kwargs))


class Members:
    """Browsers of the profiles, and the profiles that could not be read.

    Args:
        homes: The root first, as `Home.profiles` gives them.
        cache_dir: Folder of the verdict cache; None for none.
        waits: Requests wait for other machines.
    """

    def __init__(self, homes: Sequence[Home], *, cache_dir: Path | None = None, waits: bool = True) -> None:
        self.names = ProfileNames([home.name for home in homes])
        stores = [None if home.remote is not None else open_to_read(home, cache_dir=cache_dir) for home in homes]
        self.browsers = [_browser(home, store, waits=waits) for home, store in zip(homes, stores, strict=True)]
        self.fleets = tuple(_fleets(homes, stores))
        """Profiles that answer some questions at once: their places, and what asks them."""
        self._together = {place for places, _ in self.fleets for place in places}
        self._times: dict[int, tuple[Hashable, list[float | None]]] = {}
        """Of each fleet what `newest_times` found, and the stamp before it."""
        self._unread: dict[int, str] = {}
        self._on_server = {place for place, home in enumerate(homes) if home.server is not None}
        """Places of schemas, which were there: one that is missing is gone."""
        self._on_disk = {place for place, home in enumerate(homes) if not home.elsewhere}

    @property
    def places(self) -> range:
        """Places of the profiles."""
        return range(len(self.browsers))

    def problems(self) -> tuple[str, ...]:
        """A sentence for each profile that could not be read at its last request."""
        return tuple(self._unread[place] for place in sorted(self._unread))

    def forget_problems(self) -> None:
        """Forget which profiles could not be read."""
        self._unread.clear()

    def note(self, place: int, error: StoreError) -> str:
        """Remember that a profile cannot be read; the sentence that reports it."""
        self._unread[place] = f"profile {self.names.profiles[place]}: {error}"
        return self._unread[place]

    def note_missing(self, place: int, error: StoreMissing) -> None:
        """The same of a profile that has no store: of one on disk that is no problem."""
        if place in self._on_server:
            self.note(place, error)

    def note_unread(self, place: int, error: StoreError) -> None:
        """The same of one that cannot be read; raises `Locked` of one on disk, which is asked again.

        A schema or a machine that takes too long is left out, so that the others are shown.
        """
        if isinstance(error, Locked) and place in self._on_disk:
            raise error
        self.note(place, error)

    def newest_times(self) -> Iterator[dict[int, float | None]]:
        """Times that nothing in a profile is newer than, by its place, some at a time: first of those of which nothing
        is known, which is infinity. None for a schema that cannot be read now, or which takes long.
        """
        yield {place: math.inf for place in self.places if place not in self._together}
        for number, (places, fleet) in enumerate(self.fleets):
            stamp = self._stamp(fleet)
            known, times = self._times.get(number, (None, []))
            if known is not None and known == stamp:
                yield dict(zip(places, times, strict=True))
                continue
            times = []
            for start in range(0, len(places), AT_ONCE):
                some = range(start, min(start + AT_ONCE, len(places)))
                times += fleet.newest(some)
                yield {places[at]: times[at] for at in some}
            if None not in times:
                self._times[number] = stamp, times

    @property
    def stamp(self) -> Hashable:
        """What changes with any commit in any profile; None where it cannot be said."""
        stamps = tuple(self._stamp(fleet) for _, fleet in self.fleets)
        return stamps if len(self._together) == len(self.browsers) and None not in stamps else None

    @staticmethod
    def _stamp(fleet: Fleet) -> Hashable:
        try:
            return fleet.stamp()
        except StoreError:  # each profile says so itself
            return None

    # Requests

    def answer(self, place: int, request: Callable[[Member], T], otherwise: U) -> T | U:
        """The answer of one profile; `otherwise` where it has no state.db yet, or one that cannot be read."""
        try:
            return request(self.browsers[place])
        except StoreMissing as error:
            self.note_missing(place, error)
            return otherwise
        except (CannotOpen, Damaged, Locked) as error:
            self.note_unread(place, error)
            return otherwise

    def answers(self, request: Callable[[Member], T], otherwise: U) -> list[T | U]:
        """The answers of all profiles, in their order, named for the merged list."""
        return [self.names.renamed(place, self.answer(place, request, otherwise)) for place in self.places]

    def named_answer(self, place: int, request: Callable[[Member], T]) -> T | None:
        """The answer of one profile, named for the merged list; None where it cannot be read."""
        return self.names.renamed(place, self.answer(place, request, None))

    def joined(self, request: Callable[[Member], tuple[T, ...]]) -> tuple[T, ...]:
        """The answers of all profiles as one; those without one have nothing."""
        return tuple(chain.from_iterable(self.answers(request, ())))

    def readable(self, place: int, items: Iterable[T]) -> Iterator[T]:
        """Items of one profile until it cannot be read any further, named for the merged list."""
        try:
            for item in items:
                yield self.names.renamed(place, item)
        except StoreMissing as error:
            self.note_missing(place, error)
        except (CannotOpen, Damaged, Locked) as error:
            self.note_unread(place, error)


def last_active(row: Session) -> tuple[float, str]:
    """By which the newest come first."""
    return row.last_active or 0.0, row.id


def _browser(home: Home, store: HomeStore | None, *, waits: bool) -> Member:
    if home.remote is not None:
        browser = RemoteBrowser(home.remote, home.name, waits=waits)
        browser.connect()
        return browser
    return HomeBrowser(store or open_to_read(home))


def _fleets(homes: Sequence[Home], stores: Sequence[HomeStore | None]) -> Iterator[tuple[tuple[int, ...], Fleet]]:
    """The places of the schemas of each database, and what asks them at once."""
    of_database: dict[ServerAddress, list[int]] = {}
    for place, home in enumerate(homes):
        if home.server is not None and home.beside is None:  # files of this machine may be newer than the rows
            of_database.setdefault(home.server.of_schema(""), []).append(place)
    for places in of_database.values():
        yield tuple(places), fleet_of([store for place in places if (store := stores[place]) is not None])
