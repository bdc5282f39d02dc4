"""Sessions of all profiles in one list: the newest of them, and all of them page by page."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from ..base.models import FirstListing, Page
from ..browse.protocol import Browser
from ..formats.session_state import is_live
from .members import asking, last_active
from .newest import NewestSessions, newest

if TYPE_CHECKING:
    from ..base.models import Drift, JsonlFacts, Session
    from .members import Members

JOINED = 20
"""Pages of small profiles that are sorted together."""
JOINING = 0.25
"""Seconds in which they are read."""


@dataclass(frozen=True, slots=True)
class _Cursor:
    """The profile that is read next, where a page ended there, and what was read and not given yet."""

    place: int
    inner: object = None
    read: tuple[Session, ...] = ()


class ProfileLists:
    """Merged lists of sessions."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._recent: tuple[object, tuple[Session, ...]] = None, ()
        """The last answer of `recent`, after what was committed and for how many it was."""

    def sessions(self, *, limit: int = 200, cursor: object = None) -> Page[Session]:
        """A page of one profile after the other, each newest start first.

        Small ones are sorted together by their last activity, so that a page of very many profiles is not scattered
        all over a list.
        """
        at = cursor if isinstance(cursor, _Cursor) else _Cursor(0)
        at = at if at.read else self._read(at, limit)
        following = replace(at, read=at.read[limit:])
        more = bool(following.read) or following.place in self._members.places
        return Page(at.read[:limit], more, following if more else None)

    def _read(self, at: _Cursor, limit: int) -> _Cursor:
        read: list[Session] = []
        joined = 0
        ends = time.monotonic() + JOINING
        while at.place in self._members.places and len(read) < JOINED * limit and (not read or time.monotonic() < ends):
            found = self._members.answer(at.place, asking(Browser.sessions, limit=limit, cursor=at.inner), Page(()))
            read += self._members.names.renamed(at.place, found.items)
            joined += bool(found.items)
            at = _Cursor(at.place, found.cursor) if found.more else _Cursor(at.place + 1)
            if found.more:
                break
        return replace(at, read=tuple(sorted(read, key=last_active, reverse=True) if joined > 1 else read))

    def recent(self, *, limit: int = 200) -> tuple[Session, ...]:
        """The newest sessions of all profiles, last active first; those of before where nothing was committed since."""
        key = (self._members.stamp, limit)
        if key[0] is not None and self._recent[0] == key:
            return tuple(replace(row, live=_is_live(row)) for row in self._recent[1])
        found = newest(self._members, partial(asking, Browser.recent), lambda rows: rows, limit)
        rows = tuple(sorted(chain.from_iterable(found), key=last_active, reverse=True)[:limit])
        self._recent = key if not self._members.problems() else None, rows
        return rows

    def glance(self, *, limit: int = 200) -> FirstListing:
        """The first listings of all profiles as one."""
        return _joined(newest(self._members, partial(asking, Browser.glance), lambda glance: glance.sessions, limit))

    def glances(self, *, limit: int = 200) -> Iterator[FirstListing]:
        """The same in parts, as profiles answer."""
        ask = partial(asking, Browser.glance)
        for part in NewestSessions(self._members, ask, lambda glance: glance.sessions, limit).steps():
            yield _joined(part.values())


def _is_live(row: Session) -> bool:
    return is_live(ended_at=row.ended_at, last_active=row.last_active, now=time.time())


def _joined(glances: Iterable[FirstListing]) -> FirstListing:
    drifts: dict[str, Drift | None] = {}
    facts: dict[str, JsonlFacts] = {}
    rows: list[Session] = []
    for glance in glances:
        drifts |= glance.drifts
        facts |= glance.facts
        rows += glance.sessions
    return FirstListing(tuple(sorted(rows, key=last_active, reverse=True)), drifts, facts)
