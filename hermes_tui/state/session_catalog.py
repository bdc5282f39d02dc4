"""Catalog of the sessions that have arrived, newest first, and of those that the default list leaves out."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import islice

from hermes_tui.state.rows import SessionRow
from store.models import Drift, JsonlFacts, Origin, Outline, Scope, Session

FEW = 64
"""Up to so many rows are inserted one by one; more are sorted together."""
LIVE_SECONDS = 300.0
BEYOND = 1e11
"""Later than any timestamp."""


class Order:
    """Ids, newest first; those with one timestamp by id."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[float, str]] = {}
        self._sorted: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._sorted)

    def __iter__(self) -> Iterator[str]:
        return (session_id for _, session_id in self._sorted)

    def ids(self, most: int | None = None) -> list[str]:
        """All of them in order, or the first `most`."""
        return [session_id for _, session_id in self._sorted[:most]]

    def put(self, timestamps: Mapping[str, float]) -> None:
        """Insert ids by their timestamps; those that are known move."""
        fresh = {
            key: place for key, timestamp in timestamps.items() if (place := (-timestamp, key)) != self._places.get(key)
        }
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


class Catalog:
    """The sessions of a home, as far as they have been read."""

    def __init__(self) -> None:
        self._rows: dict[str, SessionRow] = {}
        self._facts: dict[str, JsonlFacts] = {}
        self._all = Order()
        self._plain = Order()
        self._reasons: Counter[str | None] = Counter()
        self._flagged: set[str] = set()
        self._uncompared: set[str] = set()
        self._files: frozenset[str] = frozenset()
        self._parents: set[str] = set()
        self._outdated: set[str] = set()
        self.profiles: set[str] = set()
        """The profiles that sessions are of."""
        self.counted: Scope | None = None
        """The store's counts, which hold until every row is here."""
        self.complete = False
        """Every session of state.db has arrived."""

    def __len__(self) -> int:
        return len(self._all)

    @property
    def plain(self) -> int:
        """How many sessions the default list has."""
        return len(self._plain)

    def row(self, session_id: str) -> SessionRow | None:
        """The row of a session, None before it has arrived."""
        return self._rows.get(session_id)

    def drift(self, session_id: str) -> Drift | None:
        """The flag of a session, None where it has none or has not arrived."""
        return row.drift if (row := self._rows.get(session_id)) is not None else None

    def has_family(self, session: Session) -> bool:
        """Whether a session goes on another, came from one, or has any that did."""
        return session.chain > 1 or session.parent_id is not None or session.id in self._parents

    def facts(self, session_id: str) -> JsonlFacts | None:
        """The facts of its JSONL file, as far as they were read."""
        return self._facts.get(session_id)

    def shown(self, *, everything: bool) -> list[SessionRow]:
        """The rows of the list, newest first: all, or those that the default list has."""
        return [self._rows[session_id] for session_id in (self._all if everything else self._plain).ids()]

    def every(self) -> Iterator[SessionRow]:
        """The rows of all sessions, newest first, as they are asked for; nothing may be added meanwhile."""
        return (self._rows[session_id] for session_id in self._all)

    def without_outline(self, session_ids: Iterable[str]) -> list[str]:
        """Those sessions whose outline is to be read: for the first time, or because they have changed since."""
        known = (row for session_id in session_ids if (row := self._rows.get(session_id)) is not None)
        return [row.session.id for row in known if row.outline is None or row.session.id in self._outdated]

    def of_uncertain_length(self) -> list[str]:
        """Ids of the sessions of which more may be shown than their row has, as long as their outline is not read."""
        rows = (row for row in self._rows.values() if row.session.chain > 1 or row.drift is not None)
        return self.without_outline(row.session.id for row in rows)

    def untitled(self, most: int) -> list[str]:
        """Ids of the newest sessions that have neither a title nor an outline."""
        bare = (row.session.id for row in self.every() if row.outline is None and not row.session.title)
        return list(islice(bare, most))

    def in_order(self, session_ids: Iterable[str]) -> list[SessionRow]:
        """The rows of some sessions, those that are known, newest first."""
        rows = (self._rows[session_id] for session_id in session_ids if session_id in self._rows)
        return sorted(rows, key=lambda row: (-place_of(row.session), row.session.id))

    def put(self, sessions: Sequence[Session]) -> list[str]:
        """Add sessions or replace them; returns the ids of those that changed."""
        changed: dict[str, Session] = {}
        for session in sessions:
            old = self._rows.get(session.id)
            if old is not None and old.session == session:
                continue
            changed[session.id] = session
            self.profiles.add(session.profile)
            if session.parent_id is not None:
                self._parents.add(session.parent_id)
            if old is not None:
                self._reasons[reason_of(old.session)] -= 1
            self._reasons[reason_of(session)] += 1
            drift = Drift.JSONL_ONLY if session.origin is Origin.JSONL else None
            drift = Drift.DAMAGED if session.problem else drift
            self._keep(replace(old, session=session) if old else SessionRow(session, None, drift))
        self._outdated |= changed.keys()
        self._all.put({session.id: place_of(session) for session in changed.values()})
        plain = {key: place_of(session) for key, session in changed.items() if reason_of(session) is None}
        self._plain.put(plain)
        for session_id in changed.keys() - plain.keys():
            self._plain.drop(session_id)
        return list(changed)

    def put_files(self, sessions: Sequence[Session]) -> list[str]:
        """Replace the sessions that live in JSONL files alone; returns the ids of those that changed."""
        now = frozenset(session.id for session in sessions)
        for session_id in self._files - now:
            if (row := self._rows.get(session_id)) is not None and row.session.origin is not Origin.SQLITE:
                self._forget(row)
        self._files = now
        return self.put(sessions)

    def put_outlines(self, outlines: Mapping[str, Outline]) -> list[SessionRow]:
        """Set outlines; returns the rows that changed."""
        self._outdated -= outlines.keys()
        known = ((row, outline) for key, outline in outlines.items() if (row := self._rows.get(key)) is not None)
        return [self._keep(replace(row, outline=outline)) for row, outline in known if row.outline != outline]

    def put_drifts(
        self,
        drifts: Mapping[str, Drift | None],
        facts: Mapping[str, JsonlFacts],
        uncompared: AbstractSet[str] = frozenset(),
    ) -> list[SessionRow]:
        """Set flags and the facts that they rest on, and which could not be compared; returns the rows that changed."""
        refreshed = {key for key, fact in facts.items() if self._facts.get(key) != fact}
        self._outdated |= refreshed
        self._facts.update(facts)
        self._uncompared -= drifts.keys()
        self._uncompared |= uncompared
        known = ((row, drift) for key, drift in drifts.items() if (row := self._rows.get(key)) is not None)
        return [
            self._keep(replace(row, drift=drift))
            for row, drift in known
            if row.drift != drift or row.session.id in refreshed
        ]

    def clear(self) -> None:
        """Forget everything: another file may lie at the path."""
        for row in list(self._rows.values()):
            self._forget(row)
        self._outdated.clear()
        self._files, self.counted, self.complete = frozenset(), None, False

    @property
    def scope(self) -> Scope:
        """All sessions, and what the default list leaves out: counted by the store until every row is here."""
        if self.counted is not None and not self.complete:
            counted = self.counted.total + len(self._files)
            return replace(self.counted, total=max(len(self._all), counted))
        reasons = self._reasons
        return Scope(len(self._all), reasons["archived"], reasons["children"], reasons["hidden"])

    @property
    def flagged(self) -> int:
        """Sessions whose two sources disagree."""
        return len(self._flagged)

    @property
    def uncompared(self) -> int:
        """Sessions whose rows could not be read for the comparison."""
        return len(self._uncompared)

    @property
    def any_comparable(self) -> bool:
        """There is one that a repair could look at."""
        return any(is_comparable(self._rows[session_id]) for session_id in self._flagged)

    def flagged_ids(self) -> list[str]:
        """Ids of those that have two sources, or could have: in the order of the list."""
        flagged = (session_id for session_id in self._all if session_id in self._flagged)
        return [session_id for session_id in flagged if is_comparable(self._rows[session_id])]

    def live(self, now: float) -> int:
        """Sessions that are being written."""
        newest = (self._rows[key].session for key in self._all.ids(FEW))
        return sum(1 for session in newest if session.live and now - timestamp_of(session) < LIVE_SECONDS)

    def _keep(self, row: SessionRow) -> SessionRow:
        self._rows[row.session.id] = row
        (self._flagged.discard if row.drift is None else self._flagged.add)(row.session.id)
        return row

    def _forget(self, row: SessionRow) -> None:
        session_id = row.session.id
        self._reasons[reason_of(row.session)] -= 1
        self._rows.pop(session_id)
        self._facts.pop(session_id, None)
        self._flagged.discard(session_id)
        self._uncompared.discard(session_id)
        self._all.drop(session_id)
        self._plain.drop(session_id)


def is_comparable(row: SessionRow) -> bool:
    """Whether a repair can look at a flagged session: a snapshot or the spool alone is nothing to repair."""
    return row.drift is not None and row.session.origin in (Origin.SQLITE, Origin.JSONL)


def timestamp_of(session: Session) -> float:
    """The last activity of a session, as far as it is known; 0.0 where nothing is."""
    timestamp = session.started_at if session.last_active is None else session.last_active
    return timestamp or 0.0


def place_of(session: Session) -> float:
    """The sort key of a session, the greatest on top: live ones by their start, so that none overtakes another with
    each message.
    """
    return BEYOND + (session.started_at or 0.0) if session.live else timestamp_of(session)


def reason_of(session: Session) -> str | None:
    """The reason why the default list leaves a session out, None where it does not."""
    if session.archived:
        return "archived"
    if session.is_child:
        return "children"
    return "hidden" if session.hidden else None
