"""Families of sessions: compression chains, branches, delegates, resets (docs/format.md §4.3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from operator import itemgetter

from ..base.late_dataclass import dataclass
from ..base.models import Relation


@dataclass(frozen=True, slots=True)
class Link:
    """The columns of a session's row that decide its relations."""

    id: str
    parent_id: str | None = None
    source: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    end_reason: str | None = None
    markers: frozenset[str] = frozenset()
    """Those of “branched”, “delegate” and “reset” that name the parent in `model_config` (`_branched_from` and so on).

    A marker that names another session was inherited with the configuration and is ignored.
    “reset” is also given where both have one `session_key` and the parent ended at a boundary.
    """


class Lineage:
    """Relations of all sessions; missing parents are tolerated, and of a ring of parents the oldest one is the root.

    Made, and asked for the relation and the place of every session, in linear time, however long the chains are.
    """

    def __init__(self, links: Iterable[Link]) -> None:
        self._links = {link.id: link for link in links}
        self._ring_roots = frozenset(_oldest_of_rings(self._links))
        self._below: dict[str, list[Link]] | None = None
        self._next: dict[str, str] = {}
        self._chains: dict[str, tuple[str, ...]] = {}
        self._sections_before: dict[str, int] = {}
        self._sections_after: dict[str, int] = {}
        claims: dict[str, tuple[int, float, float, str]] = {}
        for link in self._links.values():
            if link.parent_id is not None and self.relation(link.id) is Relation.CONTINUATION:
                claim = _claim(link)
                if link.parent_id not in claims or claim > claims[link.parent_id]:
                    claims[link.parent_id], self._next[link.parent_id] = claim, link.id

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._links

    def relation(self, session_id: str) -> Relation | None:
        """The relation of a session to its parent; None for no parent, an unknown session or the root of a ring."""
        link = self._links.get(session_id)
        if link is None or link.parent_id is None or session_id in self._ring_roots:
            return None
        for marker, relation in _MARKED.items():
            if marker in link.markers:
                return relation
        if link.source == "subagent":
            return Relation.DELEGATE
        parent = self._links.get(link.parent_id)
        return None if parent is None else _unmarked(link, parent)

    def place(self, session_id: str) -> tuple[int, int]:
        """The session's place in its compression chain, from 1, and the number of sections of that."""
        before = _steps(session_id, self._continued, self._sections_before)
        return before + 1, before + 1 + _steps(session_id, self._next.get, self._sections_after)

    def chain(self, session_id: str) -> tuple[str, ...]:
        """The compression chain through a session, from root to tip; the session alone where it has none.

        Of several continuations of one session the chain follows the one that Hermes would resume; the others
        end chains of their own.
        """
        if (known := self._chains.get(session_id)) is not None:
            return known
        chain = (*list(_walk(session_id, self._continued))[::-1], *list(_walk(session_id, self._next.get))[1:])
        if all(self._next.get(member) == following for member, following in pairwise(chain)):
            self._chains |= dict.fromkeys(chain, chain)
        return chain

    def _continued(self, session_id: str) -> str | None:
        """The session that this one continues."""
        return self._links[session_id].parent_id if self.relation(session_id) is Relation.CONTINUATION else None

    def tree(self, session_id: str) -> tuple[tuple[str, int], ...]:
        """The whole family of a session as (id, depth), parents before children.

        A continuation has the depth of what it continues; branches, delegates and resets are one deeper.
        The root is the oldest known ancestor; a missing parent ends the way up, and a ring at its oldest session.
        """
        root = session_id
        while (link := self._links.get(root)) and link.parent_id in self._links and root not in self._ring_roots:
            root = str(link.parent_id)
        depths: dict[str, int] = {}
        waiting = [(root, 0)]
        while waiting:
            member, depth = waiting.pop()
            if member in depths:
                continue
            depths[member] = depth
            waiting += [(child, depth + deeper) for child, deeper in self._children(member)]
        return tuple(depths.items())

    def below(self, session_ids: Collection[str]) -> tuple[str, ...]:
        """Every descendant of some sessions, without these, parents before children."""
        found: dict[str, None] = {}
        waiting, given = deque(session_ids), frozenset(session_ids)
        while waiting:
            for child, _ in self._children(waiting.popleft()):
                if child not in found and child not in given:
                    found[child] = None
                    waiting.append(child)
        return tuple(found)

    def _children(self, session_id: str) -> list[tuple[str, int]]:
        """Children and their relative depth, in the order in which a stack returns continuations last."""
        if self._below is None:
            self._below = {}
            for link in self._links.values():
                self._below.setdefault(link.parent_id or "", []).append(link)
        latest = sorted(
            self._below.get(session_id, ()), key=lambda link: (link.started_at or 0.0, link.id), reverse=True
        )
        children = [(link.id, int(self.relation(link.id) is not Relation.CONTINUATION)) for link in latest]
        return sorted(children, key=itemgetter(1))


def _walk(session_id: str, following: Callable[[str], str | None]) -> Iterator[str]:
    """A session and those that follow one another from it, which has an end."""
    member: str | None = session_id
    while member is not None:
        yield member
        member = following(member)


def _steps(session_id: str, following: Callable[[str], str | None], known: dict[str, int]) -> int:
    """Number of steps from a session to the end; that of each on the way is kept in `known`."""
    path = list(_walk(session_id, lambda member: None if member in known else following(member)))
    number = known.get(path[-1], 0)
    for place, member in enumerate(reversed(path)):
        known[member] = number + place
    return known[session_id]


def _oldest_of_rings(links: Mapping[str, Link]) -> Iterator[str]:
    """The session of each ring of parents that started first."""
    seen: dict[str, str] = {}
    for start in links:
        path: list[str] = []
        member: str | None = start
        while member is not None and member in links and member not in seen:
            seen[member] = start
            path.append(member)
            member = links[member].parent_id
        if member is not None and seen.get(member) == start:
            yield min(path[path.index(member) :], key=lambda name: (links[name].started_at or 0.0, name))


_MARKED = {"branched": Relation.BRANCH, "delegate": Relation.DELEGATE, "reset": Relation.RESET}


def _unmarked(link: Link, parent: Link) -> Relation:
    """The relation of a child without markers, by the end reason of its parent."""
    if parent.end_reason == "compression" and link.source != "tool":
        return Relation.CONTINUATION
    if parent.end_reason == "branched" and (link.started_at or 0) >= (parent.ended_at or 0):
        return Relation.BRANCH
    return Relation.DELEGATE


def _claim(link: Link) -> tuple[int, float, float, str]:
    """Sort key of rival continuations: ended by compression, then open, then others; of equal ones the latest."""
    state = 2 if link.end_reason == "compression" else 1 if link.ended_at is None else 0
    started = link.started_at or 0.0
    return state, max(started, link.ended_at or 0.0), started, link.id
