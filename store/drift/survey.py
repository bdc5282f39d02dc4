"""Survey of a home: verdicts from the cache at once, the others by content, the newest sessions first.

Messages of one session at a time are in memory; of the other sessions only stamps and counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from typing import TYPE_CHECKING

from ..base.errors import CannotOpen, Damaged, Interrupted, SessionMissing
from ..base.long_sort import highest_first
from ..base.models import Check, Drift, FirstListing, JsonlFacts, Session, SurveyStep, Verdict
from ..files import home
from ..files.home import FileStat
from ..files.verdict_cache import NOT_STORED, CachedVerdict, VerdictCache, marks
from ..files.verdict_cache import mark as mark_of
from .sameness import same_sessions
from .verdict import Checker, flag, unread_check

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..engine.ports import Engine
    from ..files.home import FileStamp
    from ..files.jsonl_files import JsonlFiles

FIRST_BYTES = 1024 * 1024
"""Maximum bytes of files that are read for the first frame."""


class Survey:
    """Compares every session that has a JSONL file.

    Args:
        engine: The database of the home.
        files: The JSONL files of the home.
        cache: Verdicts of earlier starts; new ones are added.
        profile: Profile of sessions that only a file knows.
    """

    def __init__(self, engine: Engine, files: JsonlFiles, cache: VerdictCache, *, profile: str) -> None:
        self._engine, self._files, self._cache, self._profile = engine, files, cache, profile
        self._checker = Checker(engine, files)

    def run(self, *, cancel: Cancel) -> Iterator[SurveyStep]:
        """All verdicts: first the cached ones, in one step, then one session after the other.

        Verdicts are cached for the next start, also where this run is cancelled.

        Raises:
            Interrupted: The request was cancelled.
            StoreError: The folder or the store cannot be read now.
        """
        stamps = home.transcript_stamps(self._files.folder)
        stored = self._stored(stamps)
        flagged, unknown = self._cache.partition(marks(stamps, stored))
        done, total = len(stamps) - len(unknown), len(stamps)
        yield self._cached(stamps, flagged, (done, total))
        stamps = {key: stamps[key] for key in self._newest_first(stamps, unknown)}
        rows = {key: stored[key] for key in stamps if key in stored}
        del stored, flagged
        same = same_sessions(self._engine, self._files, stamps, rows)
        try:
            for place, (session_id, check) in enumerate(same, done + 1):
                if cancel.cancelled:
                    raise Interrupted("the request was cancelled")
                mark, progress = unknown[session_id], (place, total)
                if check is None:
                    yield self._verified(session_id, mark, cancel, progress)
                else:
                    yield self._same(check, mark, stamps[session_id], progress)
        finally:
            if stamps:
                self._cache.save()

    def glance(self, rows: Sequence[Session], *, most: int) -> FirstListing:
        """First listing: flags of some sessions, and the newest of those that only a file knows.

        A flag is the cached one, else that by counts, for at most a megabyte of files.

        Args:
            rows: Sessions in SQLite, those first that are shown first.
            most: Maximum sessions that only a file knows.
        """
        stamps = home.transcript_stamps(self._files.folder)
        listed = [*rows, *self._alone(stamps, most)]
        stored = self._stored({session.id: stamps[session.id] for session in rows if session.id in stamps})
        drifts: dict[str, Drift | None] = {}
        facts: dict[str, JsonlFacts] = {}
        read = 0
        for session in (session for session in listed if session.id in stamps):
            stamp = stamps[session.id]
            mark = mark_of(session.id, stamp, stored.get(session.id, NOT_STORED))
            if self._cache.is_known(mark):
                drifts[session.id], fact = self._cache.flag(mark), self._facts(session.id, stamp, mark)
            else:
                read += stamp[1]
                fact = self._files.facts(session.id) if read <= FIRST_BYTES else None
                drifts |= {session.id: flag(session, fact)} if fact else {}
            facts |= {session.id: fact} if fact else {}
        return FirstListing(tuple(listed), drifts, facts)

    def again(self, session_ids: Iterable[str], *, cancel: Cancel) -> Iterator[SurveyStep]:
        """The verdicts of some sessions, which may have changed; those without a file are skipped.

        A remembered verdict that was wrong is replaced, because rows can be edited without a trace.

        Raises:
            Interrupted: The request was cancelled.
        """
        for session_id in session_ids:
            file = self._files.find(session_id)
            stamps = {} if file is None else {session_id: file.stamp}
            mark = next(iter(marks(stamps, self._stored(stamps))), "")
            known, before = self._cache.is_known(mark), self._cache.flag(mark)
            step = self._verified(session_id, mark, cancel, (0, 0))
            if known and before is not step.drifts.get(session_id, before):
                self._cache.save()
            yield step

    def _stored(self, stamps: Mapping[str, FileStamp]) -> Mapping[str, Sequence[object]]:
        """Rows and highest id of the sessions that SQLite knows."""
        try:
            return self._engine.sessions.row_counts(stamps)
        except (CannotOpen, Damaged):  # then the files speak for all of them
            return {}

    def _cached(
        self, stamps: Mapping[str, FileStamp], flagged: Mapping[str, str], progress: tuple[int, int]
    ) -> SurveyStep:
        """Cached verdicts of flagged sessions; those of sessions in sync are not reported."""
        found = {session_id: self._facts(session_id, stamps[session_id], mark) for session_id, mark in flagged.items()}
        facts = {session_id: fact for session_id, fact in found.items() if fact is not None}
        drifts = {session_id: self._cache.flag(flagged[session_id]) for session_id in facts}
        return SurveyStep(*progress, drifts, facts)

    def _facts(self, session_id: str, stamp: FileStamp, mark: str) -> JsonlFacts | None:
        found = self._cache.get(mark, session_id, profile=self._profile)
        return found.facts(stamp) if found else None

    def _newest_first(self, stamps: Mapping[str, FileStamp], unknown: Collection[str]) -> list[str]:
        """Session ids by newest message, else by the last change of the file."""
        timestamps = {session_id: stamps[session_id][2] / 1e9 for session_id in unknown}
        try:
            timestamps |= {
                session_id: counted.last_active
                for session_id, counted in self._engine.sessions.counts(list(unknown)).items()
                if counted.last_active is not None
            }
        except (CannotOpen, Damaged):
            pass  # the files' times are left
        return highest_first(unknown, key=lambda session_id: (timestamps[session_id], session_id))

    def _same(self, check: Check, mark: str, stamp: FileStamp, progress: tuple[int, int]) -> SurveyStep:
        """The step of a session whose sides are the same."""
        found = CachedVerdict(check)
        self._cache.put(mark, None, found)
        return SurveyStep(*progress, {check.session_id: None}, {check.session_id: found.facts(stamp)}, (check,))

    def _verified(self, session_id: str, mark: str, cancel: Cancel, progress: tuple[int, int]) -> SurveyStep:
        """Compare one session; where its rows cannot be read, the verdict is `UNREAD`.

        Its flag says damaged then, and its facts why; both stay as they are where the whole store cannot be opened.

        Args:
            mark: Cache key of the session before the comparison; "" to cache nothing.
            cancel: Cancels the comparison.
            progress: Number of sessions done, and of all.
        """
        file = self._files.find(session_id)
        if file is None:
            return SurveyStep(*progress)
        try:
            verification = self._checker.verify(session_id, cancel=cancel)
        except SessionMissing:
            return SurveyStep(*progress)
        except CannotOpen as error:
            return SurveyStep(*progress, checks=(unread_check(session_id, error),))
        except Damaged as error:
            return _reported(progress, file, unread_check(session_id, error), Drift.DAMAGED)
        check, drift = verification.check, verification.flag
        found = CachedVerdict(check)
        if verification.problem:
            return _reported(progress, file, check, drift, verification.problem)
        if mark and not verification.unfinished:
            only = check.verdict is Verdict.JSONL_ONLY
            self._cache.put(mark, drift, CachedVerdict(check, self._files.session(session_id)) if only else found)
        facts = found.facts(file.stamp)
        return SurveyStep(*progress, {session_id: drift}, {session_id: facts}, (check,))

    def _alone(self, stamps: Mapping[str, FileStamp], most: int) -> list[Session]:
        """The newest sessions that SQLite does not know; at most a megabyte of files is read."""
        newest = nlargest(most * 2, stamps, key=lambda session_id: stamps[session_id][2])
        stored = self._stored({session_id: stamps[session_id] for session_id in newest})
        found: list[Session] = []
        read = 0
        for session_id in [session_id for session_id in newest if session_id not in stored][:most]:
            read += stamps[session_id][1]
            if read > FIRST_BYTES:
                break
            if (session := self._files.session(session_id)) is not None:
                found.append(session)
        return found


def _reported(
    progress: tuple[int, int], file: FileStat, check: Check, drift: Drift | None, problem: str = ""
) -> SurveyStep:
    """The step of a session of which one source cannot be read; it is not cached.

    Args:
        problem: Why the file cannot be read; "" where it is SQLite that cannot be.
    """
    facts = JsonlFacts(check.session_id, file.size, file.mtime_ns, file.inode, problem=problem or check.reason)
    return SurveyStep(*progress, {check.session_id: drift}, {check.session_id: facts}, (check,))
