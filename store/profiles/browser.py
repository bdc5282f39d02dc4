"""All profiles of a root as one store to browse: one list, one search, every session named `<profile>/<id>`.

The root's own sessions keep their ids, as upstream's links `@session:<profile>/<id>` have them (docs/format.md §1.1).
Row ids of messages are unique in one file only; here the profile's place is their last digit, to the base of the
number of profiles, so that they stay in order within a session.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from ..base.cancel import Cancel
from ..base.errors import CannotOpen, Damaged, Locked, StoreError, StoreMissing
from ..base.models import (
    Batch,
    Census,
    Change,
    ContextLine,
    Count,
    FamilyMember,
    Finding,
    Head,
    Hit,
    Message,
    Origin,
    Outline,
    Page,
    Scope,
    Session,
    SessionLocation,
)
from ..browse import locate
from ..browse.watch import Watch
from ..files.home import Home
from ..query.parse import Query
from ..search.ranking import relevance
from ..session_db import SessionDB
from .repairs import ProfileDrift

T = TypeVar("T")
_NO_SESSIONS: Page[Session] = Page(())
_NO_HEADS: Page[Head] = Page(())
FIRST, LATER = 20, 100
"""Hits of the first batch of a search and of the others, as one store gives them."""


def open_home(home: Home, *, cache_dir: Path | None = None) -> SessionDB:
    """The store of a home, to read; of every profile where the home stands for all.

    Args:
        cache_dir: Where verdicts are remembered; None for nowhere.
    """
    if home.is_every:
        return ProfilesDB(Home(home.root).profiles(), cache_dir=cache_dir)
    return SessionDB(home.state_db, read_only=True, sessions_dir=home.sessions_dir, cache_dir=cache_dir)


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Which profile a page belongs to, and where it ended there."""

    place: int
    inner: object


class ProfilesDB(ProfileDrift):
    """Reads every profile as one; what agents write and ask goes to the root alone, which is opened to read.

    A profile whose state.db is missing or cannot be read has what its files have, and `problems` says why.

    Args:
        homes: The root first, as `Home.profiles` gives them.
        cache_dir: Where verdicts are remembered; None for nowhere.
    """

    def sessions(self, *, limit: int = 200, cursor: object = None) -> Page[Session]:
        """A page of one profile after the other, each newest start first."""
        at = cursor if isinstance(cursor, _Cursor) else _Cursor(0, None)
        found = self._stored(at.place, lambda db: db.sessions(limit=limit, cursor=at.inner), _NO_SESSIONS)
        following = _Cursor(at.place, found.cursor) if found.more else _Cursor(at.place + 1, None)
        more = following.place < len(self._parts)
        return Page(tuple(self._named(at.place, one) for one in found.items), more, following if more else None)

    def recent(self, *, limit: int = 200) -> tuple[Session, ...]:
        """The newest sessions of all profiles, last active first."""
        rows = [row for place in self._places for row in self._rows_of(place, lambda db: db.recent(limit=limit))]
        return tuple(sorted(rows, key=lambda row: (row.last_active or 0.0, row.id), reverse=True)[:limit])

    def file_sessions(self) -> tuple[Session, ...]:
        """The sessions that only files know, profile after profile."""
        return tuple(row for place in self._places for row in self._rows_of(place, SessionDB.file_sessions))

    def session(self, session_id: str) -> Session | None:
        """One session."""
        place, own = self._split(session_id)
        row = self._stored(place, lambda db: db.session(own), None)
        return self._named(place, row) if row else None

    def health(self, *, cancel: Cancel | None = None) -> Iterator[Finding]:
        """How every profile's store is, one after the other."""
        for name, part in zip(self._names, self._parts, strict=True):
            yield from (replace(found, detail=f"{name}: {found.detail}") for found in part.health(cancel=cancel))

    def outlines(self, session_ids: Iterable[str]) -> dict[str, Outline]:
        """Status and first words."""
        found: dict[str, Outline] = {}
        for place, ids in self._by_place(session_ids).items():
            told = self._stored(place, partial(SessionDB.outlines, session_ids=ids), dict[str, Outline]())
            found |= {self._name(place, own): outline for own, outline in told.items()}
        return found

    def scope(self) -> Scope:
        """The sum of all profiles; which of them cannot be read is found out anew."""
        self._broken.clear()
        counts = [self._stored(place, SessionDB.scope, Scope(0)) for place in self._places]
        return Scope(
            sum(one.total for one in counts),
            sum(one.archived for one in counts),
            sum(one.children for one in counts),
            sum(one.hidden for one in counts),
        )

    def chain(self, session_id: str) -> tuple[str, ...]:
        """Ids of the compression chain, root first."""
        place, own = self._split(session_id)
        alone: tuple[str, ...] = (own,)
        return tuple(self._name(place, one) for one in self._stored(place, lambda db: db.chain(own), alone))

    def family(self, session_id: str) -> tuple[FamilyMember, ...]:
        """The whole family as a tree."""
        place, own = self._split(session_id)
        family = self._stored(place, lambda db: db.family(own), tuple[FamilyMember, ...]())
        return tuple(replace(kin, session=self._named(place, kin.session)) for kin in family)

    def census(self) -> Census:
        """How many sessions all profiles have by their source, and each of them."""
        every = [locate.own(part) for part in self._parts]
        return Census(
            stored=sum(one.stored or 0 for one in every),
            jsonl=sum(one.jsonl for one in every),
            spool=sum(one.spool for one in every),
            snapshots=sum(one.snapshots for one in every),
            waiting=sum(one.waiting for one in every),
            problems=(*self.problems(), *chain.from_iterable(one.problems for one in every)),
            profiles=tuple(zip(self._names, (one.stored for one in every), strict=True)),
        )

    def where(self, text: str) -> tuple[SessionLocation, ...]:
        """Where the sessions are, in any profile."""
        return tuple(self._found(one) for one in self._parts[0].where(text))

    def carried(self, session_id: str, before: str) -> frozenset[int]:
        """Rows that only repeat the section before."""
        place, own = self._split(session_id)
        found = self._stored(place, lambda db: db.carried(own, self._split(before)[1]), frozenset[int]())
        return frozenset(self._outer(place, one) for one in found)

    def heads(self, session_id: str, *, after: int = 0, limit: int = 4096) -> Page[Head]:
        """Heads in id order."""
        place, own = self._split(session_id)
        below = after // len(self._parts)
        page = self._stored(place, lambda db: db.heads(own, after=below, limit=limit), _NO_HEADS)
        items = tuple(replace(head, id=self._outer(place, head.id)) for head in page.items)
        return Page(items, page.more, items[-1].id if page.more and items else None)

    def messages(self, ids: Sequence[int]) -> tuple[Message, ...]:
        """Messages by row id, in the order asked for."""
        found: dict[int, Message] = {}
        for place in self._places:
            inner = [one // len(self._parts) for one in ids if one % len(self._parts) == place]
            rows = self._stored(place, partial(SessionDB.messages, ids=inner), tuple[Message, ...]())
            for row in rows:
                found[self._outer(place, row.id or 0)] = self._message(place, row)
        return tuple(found[one] for one in ids if one in found)

    def file_messages(self, session_id: str, *, asides: bool = False) -> tuple[Message, ...]:
        """The messages beside SQLite."""
        place, own = self._split(session_id)
        found = self._parts[place].file_messages(own, asides=asides)
        return tuple(replace(one, session_id=session_id) for one in found)

    def waiting(self, session_id: str) -> tuple[Message, ...]:
        """What waits in the spool."""
        place, own = self._split(session_id)
        return tuple(replace(one, session_id=session_id) for one in self._parts[place].waiting(own))

    def context(self, session_id: str, message_id: int, *, width: int = 1) -> tuple[ContextLine, ...]:
        """The messages round one."""
        place, own = self._split(session_id)
        lines = self._parts[place].context(own, message_id // len(self._parts), width=width)
        return tuple(replace(line, id=self._outer(place, line.id)) for line in lines)

    def search(
        self, query: Query | str, *, limit: int = 200, cancel: Cancel | None = None, after_id: int = 0
    ) -> Iterator[Batch]:
        """Hits of all profiles, newest first by their times."""
        below = after_id // len(self._parts)
        told: dict[int, Batch] = {}
        streams = [
            self._hits(place, part.search(query, limit=limit, cancel=cancel, after_id=below), told)
            for place, part in enumerate(self._parts)
        ]
        waiting: list[Hit] = []
        given = 0
        for hit in heapq.merge(*streams, key=lambda hit: -(hit.timestamp or 0.0)):
            if given + len(waiting) == limit:
                yield _batch(waiting, told, capped=True, done=True)
                return
            waiting.append(hit)
            if len(waiting) == (LATER if given else FIRST):
                yield _batch(waiting, told)
                given, waiting = given + len(waiting), []
        yield _batch(waiting, told, done=True)

    def rank(
        self,
        query: Query | str,
        *,
        limit: int = 20,
        found: Sequence[Hit] | None = None,  # noqa: ARG002  each profile seeks its own
        cancel: Cancel | None = None,
    ) -> Batch:
        """The best hits of all profiles: each keeps its order, the better head goes first."""
        best = partial(SessionDB.rank, query=query, limit=limit, cancel=cancel)
        return self._one_list(best, limit, lambda hit: -relevance(hit))

    def oldest(self, query: Query | str, *, limit: int = 200, cancel: Cancel | None = None) -> Batch:
        """The oldest hits of all profiles, oldest first."""
        found = partial(SessionDB.oldest, query=query, limit=limit, cancel=cancel)
        return self._one_list(found, limit, lambda hit: hit.timestamp or 0.0)

    def count(self, query: Query | str, *, cap: int | None = None, cancel: Cancel | None = None) -> Count:
        """The sum of all profiles."""
        asked = partial(SessionDB.count, query=query, cap=cap, cancel=cancel)
        counts = [self._stored(place, asked, Count(0, 0)) for place in self._places]
        hits = sum(one.hits for one in counts)
        capped = any(one.capped for one in counts) or (cap is not None and hits > cap)
        return Count(hits if cap is None else min(hits, cap), sum(one.sessions for one in counts), capped)

    def meant(self, query: Query | str, *, cancel: Cancel | None = None) -> dict[str, str]:
        """What was meant, for words that no profile's index has."""
        asked = partial(SessionDB.meant, query=query, cancel=cancel)
        every = [self._stored(place, asked, dict[str, str]()) for place in self._places]
        return {word: right for word, right in every[0].items() if all(word in one for one in every)}

    def _found(self, found: SessionLocation) -> SessionLocation:
        """A finding with the ids of the merged list."""
        place = self._names.index(found.session.profile)
        family = tuple(replace(kin, session=self._named(place, kin.session)) for kin in found.family)
        return replace(found, session=self._named(place, found.session), family=family)

    def _one_list(self, question: Callable[[SessionDB], Batch], limit: int, key: Callable[[Hit], float]) -> Batch:
        told: dict[int, Batch] = {}
        lists = [
            self._hits(place, iter([self._stored(place, question, Batch((), done=True))]), told)
            for place in self._places
        ]
        hits = list(heapq.merge(*lists, key=key))
        capped = len(hits) > limit or any(batch.capped for batch in told.values())
        return _batch(hits[:limit], told, capped=capped, done=True)

    def watch(self) -> Watch:
        """A watch on every profile."""
        return ProfilesWatch([part.watch() for part in self._parts], self._name, self._outer)

    def _hits(self, place: int, batches: Iterator[Batch], told: dict[int, Batch]) -> Iterator[Hit]:
        try:
            for batch in batches:
                told[place] = replace(batch, hits=(), fallback=self._whose(place, batch))
                for hit in batch.hits:
                    stored = hit.origin is Origin.SQLITE
                    row = self._outer(place, hit.message_id) if stored else hit.message_id
                    yield replace(hit, session_id=self._name(place, hit.session_id), message_id=row)
        except StoreMissing:
            return
        except (CannotOpen, Damaged) as error:
            told[place] = Batch((), done=True, fallback=self._note(place, error), partial=True)


class ProfilesWatch(Watch):
    """Remembers what it saw of every profile."""

    def __init__(
        self, watches: Sequence[Watch], name: Callable[[int, str], str], outer: Callable[[int, int], int]
    ) -> None:
        self._watches, self._name, self._outer = watches, name, outer

    def poll(self) -> Change | None:
        """What changed in any of them since the last poll; one that cannot be read has said so when it was asked."""
        changes = [(place, change) for place in range(len(self._watches)) if (change := self._poll(place))]
        if not changes:
            return None
        return Change(
            frozenset(self._name(place, one) for place, change in changes for one in change.sessions),
            frozenset(self._name(place, one) for place, change in changes for one in change.files),
            any(change.store for _, change in changes),
            any(change.replaced for _, change in changes),
            max(self._outer(place, change.newest_id) for place, change in changes),
        )

    def _poll(self, place: int) -> Change | None:
        try:
            return self._watches[place].poll()
        except Locked:
            raise
        except StoreError:
            return None


def _batch(hits: Sequence[Hit], told: dict[int, Batch], *, capped: bool = False, done: bool = False) -> Batch:
    """A step of the search, and what any profile says of it."""
    said = dict.fromkeys(batch.fallback for batch in told.values() if batch.fallback)
    return Batch(
        tuple(hits),
        done,
        capped or any(batch.capped for batch in told.values()),
        "; ".join(said) or None,
        sum(batch.rows_scanned for batch in told.values()),
        any(batch.partial for batch in told.values()),
    )
