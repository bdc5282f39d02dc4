"""Catalog of the sessions that have arrived, newest first, and of those that the default list leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from hermes_tui.state.ordered_ids import OrderedIds, Place, Rows
from hermes_tui.state.rows import SessionRow
from store.base.late_dataclass import replace
from store.models import Drift, JsonlFacts, Origin, Outline, Scope, Session

MOST_LIVE = 64
"""Newest sessions that may be live."""
LIVE_SECONDS = 300.0
BEYOND = 1e11
"""Later than any timestamp."""


class Catalog:
    """The sessions of a home, as far as they have been read."""

    def __init__(self) -> None:
        self._rows: dict[str, SessionRow] = {}
        self._facts: dict[str, JsonlFacts] = {}
        self._all = OrderedIds()
        self._plain = OrderedIds()
        self._reasons: Counter[str | None] = Counter()
        self._flagged: set[str] = set()
        self._nameless: set[str] = set()
        """Sessions with neither a title nor an outline."""
        self._uncompared: set[str] = set()
        self._files: frozenset[str] = frozenset()
        self._parents: set[str] = set()
        self._outdated: set[str] = set()
        """Sessions that have changed since their outline was read."""
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

    def shown(self, *, everything: bool) -> Rows:
        """The rows of the list, newest first: all, or those that the default list has; the order stays as it is."""
        return Rows(self._all if everything else self._plain, self._rows.get)

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
        return [row.session.id for row in self.in_order(self._nameless)[:most]]

    def in_order(self, session_ids: Iterable[str]) -> list[SessionRow]:
        """The rows of some sessions, those that are known, newest first."""
        rows = (self._rows[session_id] for session_id in session_ids if session_id in self._rows)
        return sorted(rows, key=lambda row: _key(row.session))

    def put(self, sessions: Sequence[Session]) -> list[str]:
        """Add sessions or replace them; returns the ids of those that changed."""
        changed: dict[str, Session] = {}
        before: list[Session] = []
        for session in sessions:
            old = self._rows.get(session.id)
            if old is not None and old.session == session:
                continue
            if old is not None and session.id not in changed:
                before.append(old.session)
            changed[session.id] = session
            self.profiles.add(session.profile)
            if session.parent_id is not None:
                self._parents.add(session.parent_id)
            drift = Drift.JSONL_ONLY if session.origin is Origin.JSONL else None
            drift = Drift.DAMAGED if session.problem else drift
            self._keep(replace(old, session=session) if old else SessionRow(session, None, drift))
        if changed:
            self._outdated.update(key for key in changed if self._rows[key].outline is not None)
            self._place(before, changed.values())
        return [*changed]

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
        self._outdated.difference_update(outlines)
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
        self._outdated.update(key for key in refreshed if (row := self._rows.get(key)) is not None and row.outline)
        self._facts.update(facts)
        self._uncompared.difference_update(drifts)
        self._uncompared.update(uncompared)
        known = ((row, drift) for key, drift in drifts.items() if (row := self._rows.get(key)) is not None)
        return [
            self._keep(replace(row, drift=drift))
            for row, drift in known
            if row.drift != drift or row.session.id in refreshed
        ]

    def clear(self) -> None:
        """Forget everything: another file may lie at the path."""
        for known in (self._rows, self._facts, self._reasons, self._flagged, self._nameless, self._uncompared):
            known.clear()
        self._all = self._plain = OrderedIds()
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
        return [row.session.id for row in self.in_order(self._flagged) if is_comparable(row)]

    def live(self, now: float) -> int:
        """Sessions that are being written."""
        newest = (self._rows[key].session for key in self._all[:MOST_LIVE])
        return sum(1 for session in newest if session.live and now - timestamp_of(session) < LIVE_SECONDS)

    def _keep(self, row: SessionRow) -> SessionRow:
        session_id = row.session.id
        self._rows[session_id] = row
        (self._flagged.discard if row.drift is None else self._flagged.add)(session_id)
        is_named = row.session.title or row.outline is not None
        (self._nameless.discard if is_named else self._nameless.add)(session_id)
        return row

    def _place(self, gone: Iterable[Session], come: Iterable[Session]) -> None:
        """Take sessions out of both orders, and put others in."""
        old, new = ([(reason_of(session), _key(session)) for session in sessions] for sessions in (gone, come))
        self._reasons.subtract(reason for reason, _ in old)
        self._reasons.update(reason for reason, _ in new)
        self._all = self._all.changed([key for _, key in old], [key for _, key in new])
        self._plain = self._plain.changed(
            [key for reason, key in old if reason is None], [key for reason, key in new if reason is None]
        )

    def _forget(self, row: SessionRow) -> None:
        session_id = row.session.id
        self._rows.pop(session_id)
        self._facts.pop(session_id, None)
        for ids in (self._flagged, self._nameless, self._uncompared):
            ids.discard(session_id)
        self._place([row.session], [])


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


def _key(session: Session) -> Place:
    return -place_of(session), session.id


def reason_of(session: Session) -> str | None:
    """The reason why the default list leaves a session out, None where it does not."""
    if session.archived:
        return "archived"
    if session.is_child:
        return "children"
    return "hidden" if session.hidden else None
