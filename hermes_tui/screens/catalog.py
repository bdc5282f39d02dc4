"""Every session that has arrived, newest first, and what the default list leaves out."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hermes_tui.widgets.session_list import SessionRow
from store.models import Drift, JsonlFacts, Origin, Outline, Scope, Session, Status

FEW = 64
"""Up to so many rows are put in their places one by one; more are sorted in."""
LIVE_SECONDS = 300.0


class Order:
    """Ids, newest first; those with one moment by id."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[float, str]] = {}
        self._sorted: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._sorted)

    def ids(self) -> list[str]:
        """All of them in order."""
        return [session_id for _, session_id in self._sorted]

    def put(self, moments: Mapping[str, float]) -> None:
        """Put ids where their moments belong; those that are known move."""
        fresh = {key: place for key, moment in moments.items() if (place := (-moment, key)) != self._places.get(key)}
        if len(fresh) > FEW:
            self._places.update(fresh)
            self._sorted = sorted(self._places.values())
            return
        for key, place in fresh.items():
            self.drop(key)
            self._places[key] = place
            insort(self._sorted, place)

    def drop(self, session_id: str) -> None:
        """Forget an id, known or not."""
        if (place := self._places.pop(session_id, None)) is not None:
            del self._sorted[bisect_left(self._sorted, place)]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many sessions the default list leaves out, and why."""

    archived: int = 0
    children: int = 0
    hidden: int = 0

    @property
    def total(self) -> int:
        """All of them; a session counts once, for its first reason."""
        return self.archived + self.children + self.hidden


class Catalog:
    """The sessions of a home, as far as they have been read."""

    def __init__(self) -> None:
        self._rows: dict[str, SessionRow] = {}
        self._facts: dict[str, JsonlFacts] = {}
        self._all = Order()
        self._plain = Order()
        self._files: frozenset[str] = frozenset()
        self._scope: Scope | None = None
        self.complete = False
        """Every session of state.db has arrived."""

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._rows

    def row(self, session_id: str) -> SessionRow | None:
        """What is known of a session, None before it has arrived."""
        return self._rows.get(session_id)

    def facts(self, session_id: str) -> JsonlFacts | None:
        """What a look at its JSONL file told."""
        return self._facts.get(session_id)

    def shown(self, *, everything: bool) -> list[SessionRow]:
        """The rows of the list, newest first: all, or those that the default list has."""
        return [self._rows[session_id] for session_id in (self._all if everything else self._plain).ids()]

    def put(self, sessions: Iterable[Session]) -> None:
        """Take sessions in, or take them as they are now."""
        sessions = list(sessions)
        for session in sessions:
            old = self._rows.get(session.id)
            drift = Drift.JSONL_ONLY if session.origin is Origin.JSONL else None
            self._rows[session.id] = replace(old, session=session) if old else SessionRow(session, None, drift)
        moments = {session.id: moment_of(session) for session in sessions}
        self._all.put(moments)
        self._plain.put({session.id: moments[session.id] for session in sessions if reason_of(session) is None})
        for session in sessions:
            if reason_of(session) is not None:
                self._plain.drop(session.id)

    def put_files(self, sessions: Sequence[Session]) -> None:
        """Take in the sessions that live in JSONL files alone; those that do no more, and have no row, go."""
        now = frozenset(session.id for session in sessions)
        for session_id in self._files - now:
            if (row := self._rows.get(session_id)) is not None and row.session.origin is not Origin.SQLITE:
                self._forget(session_id)
        self._files = now
        self.put(sessions)

    def put_scope(self, scope: Scope) -> None:
        """Take in the counts, which stand until every row is here."""
        self._scope = scope

    def put_outlines(self, outlines: Mapping[str, Outline]) -> list[SessionRow]:
        """Take in outlines; the rows that they change."""
        return self._change({key: {"outline": outline} for key, outline in outlines.items()})

    def put_drifts(self, drifts: Mapping[str, Drift | None], facts: Mapping[str, JsonlFacts]) -> list[SessionRow]:
        """Take in flags; the rows that they change."""
        self._facts.update(facts)
        return self._change({key: {"drift": drift} for key, drift in drifts.items()})

    def restart(self) -> None:
        """Another reading begins: what is here stays until it arrives again."""
        self.complete = False

    def clear(self) -> None:
        """Another file lies at the path: nothing that is here holds."""
        self.__init__()  # type: ignore[misc]

    @property
    def total(self) -> int:
        """All sessions: counted by the store until every row is here."""
        counted = self._scope.total + len(self._files) if self._scope and not self.complete else 0
        return max(len(self._all), counted)

    @property
    def left_out(self) -> LeftOut:
        """What the default list leaves out."""
        if self._scope is not None and not self.complete:
            return LeftOut(self._scope.archived, self._scope.children, self._scope.hidden)
        plain = set(self._plain.ids())
        reasons = [reason_of(self._rows[key].session) for key in self._all.ids() if key not in plain]
        return LeftOut(reasons.count("archived"), reasons.count("children"), reasons.count("hidden"))

    def flagged(self) -> int:
        """Sessions whose two sources disagree."""
        return sum(1 for row in self._rows.values() if row.drift is not None)

    def live(self, now: float) -> int:
        """Sessions that are being written."""
        newest = (self._rows[key].session for key in self._all.ids()[:FEW])
        return sum(1 for session in newest if session.live and now - moment_of(session) < LIVE_SECONDS)

    def _change(self, changes: Mapping[str, Mapping[str, object]]) -> list[SessionRow]:
        changed = []
        for key, fields in changes.items():
            if (row := self._rows.get(key)) is None:
                continue
            new = replace(row, **fields)  # type: ignore[arg-type]
            if new != row:
                self._rows[key] = new
                changed.append(new)
        return changed

    def _forget(self, session_id: str) -> None:
        self._rows.pop(session_id, None)
        self._facts.pop(session_id, None)
        self._all.drop(session_id)
        self._plain.drop(session_id)


def moment_of(session: Session) -> float:
    """When a session was last active, as far as anything tells."""
    moment = session.started_at if session.last_active is None else session.last_active
    return moment or 0.0


def reason_of(session: Session) -> str | None:
    """Why the default list leaves a session out, None where it does not."""
    if session.archived:
        return "archived"
    if session.is_child:
        return "children"
    return "hidden" if session.hidden else None
