"""The newest sessions of all profiles: each is asked for a few, in the order of its newest time, until no other one can
have one of them.
"""

from __future__ import annotations

import heapq
import math
import sys
import time
from bisect import insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from .members import last_active

if TYPE_CHECKING:
    from ..base.models import Session
    from .members import Member, Members

T = TypeVar("T")

MOST_WHOLE = 8
"""Profiles of which each is asked for all of the newest sessions."""
FIRST_STEP = 0.1
"""Seconds after which the first of many profiles are handed over; each step after that takes twice as long."""
FEWEST = 4
"""Sessions that each of more is asked for first."""

_Key = tuple[float, str]
"""By which the newest come first."""


class NewestSessions(Generic[T]):
    """One request for the newest sessions.

    Args:
        asked: From a `limit` to a request for so many of the newest sessions of one profile.
        sessions_of: The sessions of an answer.
        limit: Sessions that are wanted in all.
    """

    def __init__(
        self,
        members: Members,
        asked: Callable[..., Callable[[Member], T]],
        sessions_of: Callable[[T], Sequence[Session]],
        limit: int,
    ) -> None:
        self._members, self._asked, self._sessions_of, self._limit = members, asked, sessions_of, limit
        number = len(members.browsers)
        self._few = limit if number <= MOST_WHOLE else max(FEWEST, 2 * limit // number)
        self._waiting: list[tuple[_Key, int]] = []
        """Keys that no session of a profile can have or exceed, and its place, negative; the newest last."""
        self._unread: list[int] = []
        """Places of profiles that could not be read just now."""
        self._best: list[_Key] = []
        """Heap of the newest keys of all answers, `limit` at most."""
        self._known: set[_Key] = set()
        self._last: dict[int, _Key] = {}
        """The oldest key that a profile answered, where it may have more."""
        self._step: dict[int, T] = {}
        self._seconds = FIRST_STEP
        self._ends = time.monotonic() + FIRST_STEP

    def steps(self) -> Iterator[dict[int, T]]:
        """Answers by the places of their profiles, in steps that grow longer; one may be answered for again."""
        for times in self._members.newest_times():
            self._add(times)
            while self._waiting and self._waiting[-1][0][0] == math.inf:
                self._ask_next()
                if self._is_due:
                    yield self._handed_over()
            if self._is_due and self._waiting and not self._best:  # a screen shows these meanwhile
                while self._waiting and len(self._best) < self._limit:
                    self._ask_next()
                yield self._handed_over()
        while self._waiting and self._is_wanted(self._waiting[-1][0]):
            self._ask_next()
        if self._unread:  # each may take long, and hides no other
            yield self._handed_over()
        for place in self._unread:
            self._ask(place, self._few)
        for place, key in sorted(self._last.items(), key=lambda item: item[1], reverse=True):
            if self._is_wanted(key):
                self._ask(place, self._limit)
        yield self._step

    def _add(self, times: Mapping[int, float | None]) -> None:
        for place, newest in times.items():
            if newest is None:
                self._unread.append(place)
            else:
                insort(self._waiting, (self._above(place, newest), -place))

    def _ask_next(self) -> None:
        self._ask(-self._waiting.pop()[1], self._few)

    @property
    def _is_due(self) -> bool:
        return self._few < self._limit and time.monotonic() >= self._ends

    def _handed_over(self) -> dict[int, T]:
        self._seconds *= 2
        self._ends = time.monotonic() + self._seconds
        step, self._step = self._step, {}
        return step

    def _above(self, place: int, newest: float) -> _Key:
        """A key above all of a profile with that newest time: names of its sessions begin with its own and a slash."""
        return newest, f"{self._members.names.profiles[place]}0" if place else chr(sys.maxunicode)

    def _is_wanted(self, key: _Key) -> bool:
        return len(self._best) < self._limit or key >= self._best[0]

    def _ask(self, place: int, limit: int) -> None:
        answer = self._members.named_answer(place, self._asked(limit=limit))
        if answer is None:
            return
        self._step[place] = answer
        keys = sorted(map(last_active, self._sessions_of(answer)), reverse=True)
        for key in keys:
            if key not in self._known:
                self._known.add(key)
                add = heapq.heappush if len(self._best) < self._limit else heapq.heappushpop
                add(self._best, key)
        if limit < self._limit and len(keys) >= limit:
            self._last[place] = keys[limit - 1]


def newest(
    members: Members,
    asked: Callable[..., Callable[[Member], T]],
    sessions_of: Callable[[T], Sequence[Session]],
    limit: int,
) -> list[T]:
    """The answers that have the newest sessions; see `NewestSessions`."""
    found: dict[int, T] = {}
    for step in NewestSessions(members, asked, sessions_of, limit).steps():
        found |= step
    return list(found.values())
