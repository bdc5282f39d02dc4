"""Every session of a home in the order of a list; no page of it is read before it is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from heapq import merge
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from ..base.errors import Locked, StoreError
from ..base.models import Outline, Session, Status
from ..formats.session_state import first_words, status_of
from .listed import ListedSession, Listing, in_pages, place_of
from .messages import StoredMessages
from .outlines import Outlines
from .sessions import StoredSessions

if TYPE_CHECKING:
    from ..engine.rows import SessionEnds
    from ..home_store import HomeStore
    from .protocol import Browser

T = TypeVar("T")


class Listings:
    """Lists of one home whose engine knows the order of its sessions."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store
        self._sessions = StoredSessions(store)
        self._outlines = Outlines(store)
        self._messages = StoredMessages(store)

    def listing(self, *, by_start: bool = False) -> Listing | None:
        """The list; None where it has to be made of what can be read."""
        try:
            order = self._store.engine.sessions.order(by_start=by_start)
            if order is None:
                return None
            ids = [key for _, key in order]
            files = self._store.files.stamps().keys()
            alone = {session.id: session for session in self._store.leftovers.sessions(frozenset(ids))}
        except Locked:
            raise
        except StoreError:
            return None
        others = sorted(((place_of(session, by_start=by_start), key) for key, session in alone.items()), reverse=True)
        keys = (key for _, key in merge(order, others, reverse=True)) if others else iter(ids)
        last = self._store.engine.sessions.orphans if by_start else tuple[str]
        return Listing([*ids, *alone], self._pages(chain(keys, _late(last)), alone, files))

    def _pages(
        self, keys: Iterator[str], alone: dict[str, Session], files: Collection[str]
    ) -> Iterator[Sequence[ListedSession]]:
        spooled = self._messages.spooled()
        for page in in_pages(keys):
            yield self._page(page, alone, files, spooled)

    def _page(
        self, page: Sequence[str], alone: dict[str, Session], files: Collection[str], spooled: Collection[str]
    ) -> list[ListedSession]:
        """The sessions of a page; those that are more than plain rows have their outlines as a screen has them."""
        ids = [key for key in page if key not in alone]
        found = self._store.engine.sessions.listed(ids, now=time.time(), profile=self._store.profile)
        plain = {
            key: (session, _outline(session, ends), None)
            for key, (session, ends) in found.items()
            if session.chain == 1 and key not in files and key not in spooled
        }
        rest = {key: found[key][0] for key in ids if key in found and key not in plain}
        rest |= {key: alone[key] for key in page if key in alone}
        if unread := [key for key in ids if key not in found]:
            rest |= {session.id: session for session in self._sessions.rows(unread)}
        facts = {key: self._store.files.facts(key) for key in rest if key in files}
        outlines = self._outlines.outlines(list(rest.values())) if rest else {}  # by the files that were read
        others = {key: (session, outlines.get(key), facts.get(key)) for key, session in rest.items()}
        return [row for key in page if (row := plain.get(key) or others.get(key)) is not None]


def _late(make: Callable[[], Iterable[T]]) -> Iterator[T]:
    """Values that are made when the first is asked for."""
    yield from make()


def _outline(session: Session, ends: SessionEnds | None) -> Outline:
    """The outline of a session of which every row is a message of its own."""
    if ends is None:
        return Outline(Status.EMPTY, shown=session.messages)
    words = first_words(ends.first_user_text) if ends.first_user_text else ""
    return Outline(status_of(ends.last, has_turns=ends.has_turns, live=session.live), words, session.messages)


def listing_of(browser: Browser, *, by_start: bool = False) -> Listing:
    """The list of a browser, made of all of its sessions, as far as they can be read.

    Raises:
        Locked: Every further read would wait as long.
    """
    problems: list[StoreError] = []
    stored = {session.id: session for session in _read(partial(_all, browser), problems)}
    sessions = [*stored.values()]
    sessions += [session for session in _read(browser.file_sessions, problems) if session.id not in stored]
    sessions.sort(key=lambda session: (place_of(session, by_start=by_start), session.id), reverse=True)
    facts = {found.session_id: found for found in _read(browser.all_facts, problems)}

    def _pages() -> Iterator[Sequence[ListedSession]]:
        for page in in_pages(sessions):
            outlines = dict(_read(lambda page=page: browser.outlines(page).items(), problems))  # type: ignore[misc]
            yield [(session, outlines.get(session.id), facts.get(session.id)) for session in page]
        if problems:
            raise problems[0]

    return Listing([session.id for session in sessions], _pages())


def _read(part: Callable[[], Iterable[T]], problems: list[StoreError]) -> list[T]:
    """A part as far as it can be read."""
    found: list[T] = []
    try:
        for item in part():
            found.append(item)  # noqa: PERF402  what came before an error is kept
    except Locked:
        raise
    except StoreError as error:
        problems.append(error)
    return found


def _all(browser: Browser) -> Iterator[Session]:
    page = browser.sessions()
    yield from page.items
    while page.more:
        page = browser.sessions(cursor=page.cursor)
        yield from page.items
