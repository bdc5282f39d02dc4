"""The verdicts of a whole home: what is remembered at once, the rest by content, the newest sessions first.

No more than one session's messages are held at a time; of the others what tells one state from another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ..base.cancel import Cancel
from ..base.errors import CannotOpen, Damaged, Interrupted, SessionMissing
from ..base.models import Drift, FirstListing, JsonlFacts, Origin, Session, SurveyStep, Verdict
from ..engine.ports import Engine
from ..files import home
from ..files.home import FileStamp
from ..files.jsonl_files import JsonlFiles
from ..files.verdict_cache import NOT_STORED, CachedVerdict, VerdictCache, marks
from ..files.verdict_cache import mark as mark_of
from .verdict import Checker, flag

FIRST_BYTES = 1024 * 1024
"""Bytes of files that are read for the first frame at most."""


class Survey:
    """Compares every session that has a JSONL file.

    Args:
        reader: Of the store.
        files: Of the same home.
        cache: What was found at an earlier start, and where it is kept for the next one.
        profile: Of sessions that only a file knows.
    """

    def __init__(self, engine: Engine, files: JsonlFiles, cache: VerdictCache, *, profile: str) -> None:
        self._engine, self._files, self._cache, self._profile = engine, files, cache, profile
        self._checker = Checker(engine, files)

    def run(self, *, cancel: Cancel) -> Iterator[SurveyStep]:
        """All verdicts: first those that are remembered, in one step, then one session after the other.

        What was found is kept for the next start, also where this one is stopped.

        Raises:
            Interrupted: `cancel` was withdrawn.
            StoreError: The folder or the store cannot be read now.
        """
        stamps = home.transcript_stamps(self._files.folder)
        flagged, unknown = self._cache.partition(marks(stamps, self._stored(stamps)))
        done, total = len(stamps) - len(unknown), len(stamps)
        yield self._remembered(stamps, flagged, (done, total))
        order = self._newest_first(stamps, unknown)
        del stamps, flagged
        try:
            for place, session_id in enumerate(order, done + 1):
                if cancel.cancelled:
                    raise Interrupted("the question was withdrawn")
                yield self._verified(session_id, unknown[session_id], cancel, (place, total))
        finally:
            if order:
                self._cache.save()

    def glance(self, rows: Sequence[Session], *, most: int) -> FirstListing:
        """What a first frame can show: flags of some sessions, and the newest of those that only a file knows.

        A flag is what is remembered, else by counts, as far as a megabyte of files tells them.

        Args:
            rows: Sessions in SQLite, those first that are shown first.
            most: Sessions that only a file knows at most.
        """
        stamps = home.transcript_stamps(self._files.folder)
        listed = [*rows, *self._alone(stamps, most)]
        drifts: dict[str, Drift | None] = {}
        facts: dict[str, JsonlFacts] = {}
        read = 0
        for session in (one for one in listed if one.id in stamps):
            stamp = stamps[session.id]
            mark = mark_of(session.id, stamp, _rows_of(session))
            if self._cache.is_known(mark):
                drifts[session.id], fact = self._cache.flag(mark), self._facts(session.id, stamp, mark)
            else:
                read += stamp[1]
                fact = self._files.facts(session.id) if read <= FIRST_BYTES else None
                drifts |= {session.id: flag(session, fact)} if fact else {}
            facts |= {session.id: fact} if fact else {}
        return FirstListing(tuple(listed), drifts, facts)

    def again(self, session_ids: Iterable[str], *, cancel: Cancel) -> Iterator[SurveyStep]:
        """The verdicts of some sessions, which may have changed; those without a file are passed over.

        Raises:
            Interrupted: `cancel` was withdrawn.
        """
        for session_id in session_ids:
            yield self._verified(session_id, "", cancel, (0, 0))

    def _stored(self, stamps: Mapping[str, FileStamp]) -> Mapping[str, Sequence[object]]:
        """Rows and highest id of the sessions that SQLite knows."""
        try:
            return self._engine.sessions.row_counts(stamps)
        except (CannotOpen, Damaged):  # then the files speak for all of them
            return {}

    def _remembered(
        self, stamps: Mapping[str, FileStamp], flagged: Mapping[str, str], far: tuple[int, int]
    ) -> SurveyStep:
        """What an earlier start found; of the sessions that are well there is nothing to tell."""
        facts = ((one, self._facts(one, stamps[one], mark)) for one, mark in flagged.items())
        told = {one: fact for one, fact in facts if fact is not None}
        return SurveyStep(*far, {one: self._cache.flag(flagged[one]) for one in told}, told)

    def _facts(self, session_id: str, stamp: FileStamp, mark: str) -> JsonlFacts | None:
        found = self._cache.get(mark, session_id, profile=self._profile)
        return found.facts(stamp) if found else None

    def _newest_first(self, stamps: Mapping[str, FileStamp], unknown: Collection[str]) -> list[str]:
        """By their newest message, else by their file's last change."""
        timestamps = {one: stamps[one][2] / 1e9 for one in unknown}
        try:
            timestamps |= {
                one: counted.last_active
                for one, counted in self._engine.sessions.counts(list(unknown)).items()
                if counted.last_active is not None
            }
        except (CannotOpen, Damaged):
            pass  # the files' times are left
        return sorted(unknown, key=lambda one: (timestamps[one], one), reverse=True)

    def _verified(self, session_id: str, mark: str, cancel: Cancel, far: tuple[int, int]) -> SurveyStep:
        """Compare one session; where a source went, or cannot be read, nothing is told and the quick flag stands.

        Args:
            mark: What it looked like before; "" to remember nothing.
            cancel: Stops it.
            far: How many are done, and of how many.
        """
        file = self._files.find(session_id)
        if file is None:
            return SurveyStep(*far)
        try:
            verification = self._checker.verify(session_id, cancel=cancel)
        except (CannotOpen, Damaged, SessionMissing):
            return SurveyStep(*far)
        check, drift = verification.check, verification.flag
        found = CachedVerdict(check)
        if verification.problem:
            facts = JsonlFacts(session_id, file.size, file.mtime_ns, file.inode, problem=verification.problem)
            return SurveyStep(*far, {session_id: drift}, {session_id: facts}, (check,))
        if mark:
            only = check.verdict is Verdict.JSONL_ONLY
            self._cache.put(mark, drift, CachedVerdict(check, self._files.session(session_id)) if only else found)
        facts = found.facts((file.inode, file.size, file.mtime_ns))
        return SurveyStep(*far, {session_id: drift}, {session_id: facts}, (check,))

    def _alone(self, stamps: Mapping[str, FileStamp], most: int) -> list[Session]:
        """The newest sessions that SQLite does not know, as far as a megabyte of files tells of them."""
        newest = sorted(stamps, key=lambda one: stamps[one][2], reverse=True)
        stored = self._stored({one: stamps[one] for one in newest[: most * 2]})
        found: list[Session] = []
        read = 0
        for session_id in [one for one in newest[: most * 2] if one not in stored][:most]:
            read += stamps[session_id][1]
            if read > FIRST_BYTES:
                break
            if (session := self._files.session(session_id)) is not None:
                found.append(session)
        return found


def _rows_of(session: Session) -> tuple[int, int]:
    if session.origin is not Origin.SQLITE:
        return NOT_STORED
    return session.messages, session.last_id or 0
