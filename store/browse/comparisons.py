"""Comparison of the two sources of sessions: quick flags, verdicts by content, the survey of a home."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..base.errors import StoreMissing
from ..drift import verdict
from .sessions import StoredSessions

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..base.models import Check, Drift, FirstListing, JsonlFacts, Session, SurveyStep
    from ..drift.survey import Survey
    from ..home_store import HomeStore


class Comparisons:
    """Comparisons of SQLite and JSONL in one home."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store

    def glance(self, *, limit: int = 200) -> FirstListing:
        """The sessions of `recent` and the newest of those that only JSONL files know, with their quick flags.

        Where there is no state.db yet, the files alone.
        """
        try:
            rows = StoredSessions(self._store).recent(limit=limit)
        except StoreMissing:
            rows = ()
        return self._survey.glance(rows, most=limit)

    def glances(self, *, limit: int = 200) -> Iterator[FirstListing]:
        """The same in one part."""
        yield self.glance(limit=limit)

    def survey(self, *, cancel: Cancel) -> Iterator[SurveyStep]:
        """The verdicts by content of all sessions that have a JSONL file, as flags.

        First the cached ones of an earlier start, in one step, then one session after the other, the newest first;
        verdicts are cached where this store has a `cache_dir`.

        Raises:
            Interrupted: The request was cancelled.
        """
        return self._survey.run(cancel=cancel)

    def verify(self, session_ids: Iterable[str], *, cancel: Cancel) -> Iterator[SurveyStep]:
        """The same of some sessions, which changed; those without a JSONL file are skipped.

        Raises:
            Interrupted: The request was cancelled.
        """
        return self._survey.again(session_ids, cancel=cancel)

    @property
    def _survey(self) -> Survey:
        from ..drift.survey import Survey

        return Survey(self._store.engine, self._store.files, self._store.cache, profile=self._store.profile)

    def facts(self, session_id: str) -> JsonlFacts | None:
        """Facts about the session's JSONL file, None without one."""
        return self._store.files.facts(session_id)

    def all_facts(self, *, cancel: Cancel | None = None) -> Iterator[JsonlFacts]:
        """Every JSONL file, the one changed last first; an unchanged one is not read again."""
        return self._store.files.all_facts(cancel=cancel)

    def drift(self, session: Session, facts: JsonlFacts | None) -> Drift | None:
        """The quick flag, by counts and stat; None without a sign of a difference."""
        return verdict.flag(session, facts)

    def check(self, session_id: str) -> Check:
        """Compare both sources of a session by content.

        Raises:
            SessionMissing: Neither knows it.
        """
        return verdict.Checker(self._store.engine, self._store.files).check(session_id)

    def checks(self, ids: Iterable[str] | None = None, *, cancel: Cancel | None = None) -> Iterator[Check]:
        """Compare one session after the other: those requested, or all, newest first."""
        return verdict.Checker(self._store.engine, self._store.files).checks(ids, cancel=cancel)
