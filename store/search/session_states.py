"""States of sessions that a query asks for and no statement has: `is:live`, `is:flagged`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ..base.errors import CannotOpen, Damaged
from ..base.models import Session
from ..drift import verdict
from ..engine.search import SessionFilter
from ..files.verdict_cache import NOT_STORED
from ..formats.session_state import LIVE_WINDOW

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..engine.ports import Engine
    from ..files.jsonl_files import JsonlFiles
    from ..query.parse import Query


class SessionStates:
    """The sessions of one search by their state, each evaluated once.

    Args:
        now: Seconds since 1970, to determine live sessions.
        profile: Profile that the sessions belong to.
        cancel: Cancels the search.
    """

    def __init__(
        self, engine: Engine, files: JsonlFiles, query: Query, *, now: float, profile: str, cancel: Cancel | None
    ) -> None:
        self._engine, self._files, self._query = engine, files, query
        self._now, self._profile, self._cancel = now, profile, cancel
        self._answers: dict[str, bool] = {}
        self.readable = True
        """False where SQLite could not be read."""

    @property
    def filter(self) -> SessionFilter | None:
        """Test of a session id by the filters that SQLite cannot evaluate; None without such a filter."""
        asked = any(rule.key == "is" and rule.value in ("live", "flagged") for rule in self._query.filters)
        return self._passes if asked else None

    def above(self, after_id: int) -> int | None:
        """The id above which all hits are, as far as the sessions that may pass say it; None where none may.

        `is:live` asks for the few sessions at the end of the table, not for all of it.
        """
        if not any(rule.key == "is" and rule.value == "live" and not rule.negated for rule in self._query.filters):
            return after_id
        live = [session for session in self.rows(sorted(self._open)) if self._passes(session.id)]
        firsts = [session.first_id for session in live if session.first_id is not None]
        return max(after_id, min(firsts) - 1) if firsts else None

    def rows(self, ids: Sequence[str]) -> tuple[Session, ...]:
        """The rows of some sessions in SQLite; none where it could not be read."""
        known = ids if self.readable else ()
        return self._engine.sessions.by_ids(known, now=self._now, profile=self._profile) if known else ()

    def passes(self, session: Session, *, but: Sequence[str] = ()) -> bool:
        """True for a session in the states that are asked for, `but` for some."""
        asked = [rule for rule in self._query.filters if rule.key == "is" and rule.value not in but]
        flagged = any(rule.value == "flagged" for rule in asked) and self._is_flagged(session)
        states = {"live": session.live, "archived": session.archived, "flagged": flagged}
        return all(states.get(rule.value, False) is not rule.negated for rule in asked)

    def _passes(self, session_id: str) -> bool:
        if session_id not in self._answers:
            found = self.rows([session_id]) if self._may_be_live_or_flagged(session_id) else ()
            session = found[0] if found else Session(session_id)
            self._answers[session_id] = self.passes(session, but=("archived",))
        return self._answers[session_id]

    def _may_be_live_or_flagged(self, session_id: str) -> bool:
        """True where a session may be live or flagged: only the rows of those are read."""
        return session_id in self._open or self._files.facts(session_id) is not None

    @cached_property
    def _open(self) -> frozenset[str]:
        """All sessions that can be live."""
        return self._engine.sessions.active_since(self._now - LIVE_WINDOW, cancel=self._cancel)

    def _is_flagged(self, session: Session) -> bool:
        rows = row_counts(self._engine, [session.id]).get(session.id, NOT_STORED)
        return verdict.known_flag(session, self._files, rows) is not None


def row_counts(engine: Engine, ids: Sequence[str]) -> Mapping[str, Sequence[object]]:
    """The row counts of sessions, for their marks; none where the database cannot be read."""
    try:
        return engine.sessions.row_counts(ids)
    except (CannotOpen, Damaged):
        return {}
