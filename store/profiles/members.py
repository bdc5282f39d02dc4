"""Profiles of a root, one browser each, and those that could not be read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, cast

from ..base.errors import CannotOpen, Damaged, Locked, StoreError, StoreMissing
from ..browse.browser import HomeBrowser
from ..open import open_to_read
from ..remote.browser import RemoteBrowser
from .naming import ProfileNames

if TYPE_CHECKING:
    from ..base.models import Session
    from ..browse.protocol import Browser
    from ..files.home import Home

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
U = TypeVar("U")

MOST_WHOLE = 8
"""Profiles of which each is asked for all of the newest sessions."""
FIRST_STEP = 0.1
"""Seconds after which the first of many profiles are handed over; each step after that takes twice as long."""
FEWEST = 4
"""Sessions that each of more is asked for first."""

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
    """

    def __init__(self, homes: Sequence[Home], *, cache_dir: Path | None = None) -> None:
        self.names = ProfileNames([home.name for home in homes])
        self.browsers = [_opened(home, cache_dir) for home in homes]
        self._unread: dict[int, str] = {}
        self._on_server = {place for place, home in enumerate(homes) if home.server is not None}
        """Places of schemas, which were there: one that is missing is gone."""

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

        A schema that takes too long is left out, so that the others are shown.
        """
        if isinstance(error, Locked) and place not in self._on_server:
            raise error
        self.note(place, error)

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

    def newest(
        self, asked: Callable[..., Callable[[Member], T]], sessions_of: Callable[[T], Sequence[Session]], limit: int
    ) -> list[T]:
        """The answers of all profiles; of many each is asked for a few sessions, then for all where these are all new.

        Args:
            asked: From a `limit` to a request for so many of the newest sessions.
            sessions_of: The sessions of an answer.
            limit: Sessions that are wanted in all.
        """
        found: dict[int, T] = {}
        for step in self.newest_in_steps(asked, sessions_of, limit):
            found |= step
        return list(found.values())

    def newest_in_steps(
        self, asked: Callable[..., Callable[[Member], T]], sessions_of: Callable[[T], Sequence[Session]], limit: int
    ) -> Iterator[dict[int, T]]:
        """The same by their places as profiles answer, in steps that grow longer; one may be answered for again."""
        few = limit if len(self.browsers) <= MOST_WHOLE else max(FEWEST, 2 * limit // len(self.browsers))
        times: dict[int, list[tuple[float, str]]] = {}
        step: dict[int, T] = {}
        ends, seconds = time.monotonic() + FIRST_STEP, FIRST_STEP
        for place in self.places:
            if (answer := self._named(place, asked(limit=few))) is not None:
                step[place] = answer
                times[place] = sorted(map(last_active, sessions_of(answer)), reverse=True)
            if few < limit and time.monotonic() >= ends:
                yield step
                step, seconds = {}, 2 * seconds
                ends = time.monotonic() + seconds
        every = sorted(chain.from_iterable(times.values()), reverse=True)
        oldest = every[limit - 1] if len(every) >= limit else (0.0, "")
        for place, newest in times.items() if few < limit else ():
            if len(newest) >= few and newest[few - 1] >= oldest:
                more = self._named(place, asked(limit=limit))
                step |= {place: more} if more is not None else {}
        yield step

    def _named(self, place: int, request: Callable[[Member], T]) -> T | None:
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


def _opened(home: Home, cache_dir: Path | None) -> Member:
    if home.remote is not None:
        return RemoteBrowser(home.remote, home.name)
    return HomeBrowser(open_to_read(home, cache_dir=cache_dir))
