"""Families of sessions: compression chains, branches, delegates, resets (docs/format.md §4.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from operator import itemgetter

from ..base.models import Relation

MAX_WALK = 1_000
"""Steps in one direction; the longest chains seen have a dozen."""


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
    """Relations of all sessions; cycles and missing parents are tolerated."""

    def __init__(self, links: Iterable[Link]) -> None:
        self._links = {link.id: link for link in links}
        self._below: dict[str, list[Link]] | None = None
        self._next: dict[str, Link] = {}
        self._chains: dict[str, tuple[str, ...]] = {}
        for link in self._links.values():
            if link.parent_id is not None and self.relation(link.id) is Relation.CONTINUATION:
                rival = self._next.get(link.parent_id)
                if rival is None or _claim(link) > _claim(rival):
                    self._next[link.parent_id] = link

    def relation(self, session_id: str) -> Relation | None:
        """The relation of a session to its parent; None for no parent or an unknown session."""
        link = self._links.get(session_id)
        if link is None or link.parent_id is None or link.parent_id == link.id:
            return None
        for marker, relation in _MARKED.items():
            if marker in link.markers:
                return relation
        if link.source == "subagent":
            return Relation.DELEGATE
        parent = self._links.get(link.parent_id)
        return None if parent is None else _unmarked(link, parent)

    def chain(self, session_id: str) -> tuple[str, ...]:
        """The compression chain through a session, from root to tip; the session alone where it has none.

        Of several continuations of one session the chain follows the one that Hermes would resume; the others
        end chains of their own. It has at most `MAX_WALK` sessions on each side of the one that was asked for first.
        """
        if (known := self._chains.get(session_id)) is not None:
            return known
        chain = self._walked(session_id)
        for member, following in zip(chain[-2::-1], chain[:0:-1], strict=True):
            if self._is_followed_by(member, following):
                self._chains[member] = chain
            else:
                break
        return self._chains.setdefault(session_id, chain)

    def _is_followed_by(self, session_id: str, other: str) -> bool:
        following = self._next.get(session_id)
        return following is not None and following.id == other

    def _walked(self, session_id: str) -> tuple[str, ...]:
        older, seen = [session_id], {session_id}
        for _ in range(MAX_WALK):
            link = self._links.get(older[-1])
            if link is None or link.parent_id in seen or self.relation(link.id) is not Relation.CONTINUATION:
                break
            older.append(str(link.parent_id))
            seen.add(older[-1])
        chain = older[::-1]
        for _ in range(MAX_WALK):
            following = self._next.get(chain[-1])
            if following is None or following.id in seen:
                break
            chain.append(following.id)
            seen.add(following.id)
        return tuple(chain)

    def tree(self, session_id: str) -> tuple[tuple[str, int], ...]:
        """The whole family of a session as (id, depth), parents before children.

        A continuation has the depth of what it continues; branches, delegates and resets are one deeper.
        The root is the oldest known ancestor; a missing parent or a cycle ends the way up.
        """
        root = session_id
        seen = {root}
        while (link := self._links.get(root)) and link.parent_id in self._links and link.parent_id not in seen:
            root = str(link.parent_id)
            seen.add(root)
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
        waiting = list(session_ids)
        while waiting:
            for child, _ in self._children(waiting.pop(0)):
                if child not in found and child not in session_ids:
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
