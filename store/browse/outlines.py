"""Outlines of the sessions on the screen: status, first words, and how many messages reading them shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

from ..agent.source_choice import is_longer
from ..base.errors import CannotOpen, Damaged
from ..base.late_dataclass import dataclass, replace
from ..base.models import Origin, Outline, Session, Status
from ..engine.rows import NO_COUNTS
from ..formats.compaction_overlap import EDGE_ROWS
from ..formats.session_state import first_words, status_of
from .messages import StoredMessages
from .sessions import StoredSessions

if TYPE_CHECKING:
    from ..base.models import JsonlFacts
    from ..engine.rows import Counts, SessionEnds
    from ..home_store import HomeStore

Ends = Mapping[str, "SessionEnds | None"]

_REMEMBERED = 65_536
"""Seams of chains whose repeated rows are remembered, each by its hash."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read of all sessions at once."""

    ends: Ends
    spooled: frozenset[str]
    """Sessions that have messages in the spool."""
    facts: Mapping[str, JsonlFacts]
    """Of the JSONL files that were read or compared."""
    of_chain: Callable[[tuple[str, ...]], int]
    """Messages of a whole chain, which many listed sessions may be sections of."""


class Outlines:
    """Outlines of one home. Bodies are read at the ends of a session and at the seams of its chain, nowhere else.

    Args:
        store: The home.
        totals: Messages of whole chains by the ids of their ends, once they were counted: for a list that asks for the
            sections of a long chain page by page. None to count them again with each request.
    """

    def __init__(self, store: HomeStore, totals: dict[tuple[str, str], int] | None = None) -> None:
        self._store, self._totals = store, totals
        self._sessions = StoredSessions(store)
        self._messages = StoredMessages(store)
        self._repeats: dict[int, int] = {}

    def outlines(self, session_ids: Iterable[str | Session]) -> dict[str, Outline]:
        """Status, first words and shown messages of the sessions that exist.

        Where SQLite cannot be read, of those that have a file.

        Args:
            session_ids: Ids, or sessions that were read just now: their rows are not read again.
        """
        wanted = list(session_ids)
        rows = [row for row in wanted if isinstance(row, Session) and row.origin is Origin.SQLITE]
        if ids := [name for name in wanted if isinstance(name, str)]:
            with suppress(CannotOpen, Damaged):
                rows += self._sessions.rows(ids)
        found = self._of_rows(rows) if rows else {}
        names = [session.id if isinstance(session, Session) else session for session in wanted]
        alone = {missing: self._of_files(missing) for missing in names if missing not in found}
        return found | {session_id: outline for session_id, outline in alone.items() if outline is not None}

    def _of_files(self, session_id: str) -> Outline | None:
        outline, session = self._store.leftovers.outline(session_id), self._store.leftovers.session(session_id)
        if outline is None or session is None:
            return outline
        waiting = self._waiting(session_id, self._messages.spooled()) if self._store.files.find(session_id) else 0
        return replace(outline, shown=session.messages + waiting)

    def _of_rows(self, rows: Sequence[Session]) -> dict[str, Outline]:
        chains = self._chains(rows)
        totals = {} if self._totals is None else self._totals
        counted = {key: chain for chain in chains.values() if (key := (chain[0], chain[-1])) not in totals}
        sections = list(dict.fromkeys([row.id for row in rows] + [key for chain in counted.values() for key in chain]))
        ends = self._store.engine.messages.ends_of(sections)
        counts = self._store.engine.sessions.counts(sections) if counted else {}
        facts = self._store.files.facts_at_hand([row.id for row in rows], self._store.engine.sessions.row_counts)
        spooled = self._messages.spooled()

        def _total(chain: tuple[str, ...]) -> int:
            if (key := (chain[0], chain[-1])) not in totals:
                totals[key] = self._of_chain(counts, ends, spooled, chain)
            return totals[key]

        found = _Found(ends, spooled, facts, _total)
        return {row.id: _outline(row, ends, self._shown(row, chains.get(row.id, ()), found)) for row in rows}

    def _chains(self, rows: Sequence[Session]) -> dict[str, tuple[str, ...]]:
        """The chains of those sessions that have one."""
        ids = [row.id for row in rows if row.chain > 1]
        lineage = self._store.engine.sessions.lineage(ids) if ids else None
        return {key: tuple(lineage.chain(key)) for key in ids} if lineage else {}

    def _shown(self, row: Session, chain: tuple[str, ...], found: _Found) -> int | None:
        """Messages that reading a session shows with everything unfolded; None where its rows cannot be read."""
        if row.problem:
            return None
        facts = found.facts.get(row.id)
        own = self._stored(row.id, row.messages, found.ends)
        if facts is not None and is_longer(facts, lambda: own):
            return facts.messages + self._waiting(row.id, found.spooled)
        try:
            return found.of_chain(chain) if chain else own + self._waiting(row.id, found.spooled)
        except (CannotOpen, Damaged):
            return None

    def _waiting(self, session_id: str, spooled: frozenset[str]) -> int:
        """Messages of a session in the spool, which is looked into only where it has some."""
        return len(self._messages.waiting(session_id)) if session_id in spooled else 0

    def _of_chain(
        self, counts: Mapping[str, Counts], ends: Ends, spooled: frozenset[str], chain: tuple[str, ...]
    ) -> int:
        """Messages of a whole chain, each once."""
        own = (self._stored(key, counts.get(key, NO_COUNTS).messages, ends) for key in chain)
        repeated = (self._repeated(before, key, counts) for before, key in pairwise(chain))
        return sum(own) - sum(repeated) + sum(self._waiting(key, spooled) for key in chain)

    def _stored(self, session_id: str, messages: int, ends: Ends) -> int:
        """Messages of a section in SQLite; what describes the session is none and comes first (docs/format.md §3.1)."""
        described = (found := ends.get(session_id)) is not None and found.described
        return self._store.engine.messages.count(session_id) if described else messages

    def _repeated(self, before: str, section: str, counts: Mapping[str, Counts]) -> int:
        """Rows of a section that a compaction carried over and no copy inside the section stands for."""
        old, new = counts.get(before, NO_COUNTS), counts.get(section, NO_COUNTS)
        edges = old.rows, old.last_id, new.first_id, min(new.rows, EDGE_ROWS), new.rows - new.messages
        seam = hash((before, section, *edges))
        if seam not in self._repeats:
            if len(self._repeats) >= _REMEMBERED:
                self._repeats.clear()
            copies = self._messages.copies(section).originals.keys()
            self._repeats[seam] = len(self._messages.carried(section, before) - copies)
        return self._repeats[seam]


def _outline(row: Session, ends: Ends, shown: int | None) -> Outline:
    """The outline of a session; nothing is known of one on a damaged page."""
    if row.id not in ends:
        return Outline(Status.EMPTY, shown=shown)
    if (found := ends[row.id]) is None:
        return Outline(None, shown=shown)
    status = status_of(found.last, has_turns=found.has_turns, live=row.live)
    return Outline(status, first_words(found.first_user_text), shown)
