"""Requests of the list, and the watch on the files: what changes is read again and reported."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hermes_tui.feed import questions
from hermes_tui.feed.answers import (
    Answer,
    DriftsArrived,
    FileSessionsArrived,
    OutlinesArrived,
    PartsUnread,
    SessionsArrived,
    StoreChanged,
    StoreFailed,
    StoreHealed,
    WhereaboutsArrived,
)
from hermes_tui.feed.latest_first import AT_ONCE, LatestFirst
from hermes_tui.feed.serial_thread import SerialThread
from hermes_tui.feed.store_worker import CALM, StoreWorker
from store.base.cancel import Cancel
from store.errors import Locked, StoreError
from store.models import Change, Session

if TYPE_CHECKING:
    from store import SessionDB
    from store.browse.watch import Watch

VERIFYING = 4.0
"""Times as long as it took to compare what changed, until that is done again: a large session may always change."""


class SessionRequests:
    """Sessions of the list, families, look-ups; the files are looked at every `pause` seconds."""

    def __init__(self, worker: StoreWorker, *, pause: float) -> None:
        self._worker = worker
        self._pause = pause
        self._list_thread = worker.thread("sessions")
        self._watch_thread = worker.thread("watch")
        self._row_thread = worker.thread("rows")
        self._word_thread = worker.thread("first words")
        self._verify_thread = worker.thread("verdicts")
        self._noting = threading.Lock()
        self._comparison = Cancel()
        self._closing = Cancel()
        self._verified_ids: set[str] = set()
        self._unverified = LatestFirst[str]()
        self._verifying_took = 0.0
        self._rows: dict[str, Session] = {}
        self._change = Change()
        self._refreshed = -CALM
        self._unlined = LatestFirst[str]()
        self.newest = 0
        """Highest message id that is known."""
        worker.subscribe(self._note, SessionsArrived)
        worker.subscribe(self._note, FileSessionsArrived)
        worker.subscribe(self._note_verdicts, DriftsArrived)

    def load(self) -> int:
        """Ask for everything the list shows, newest first, and go on watching; also to try again after an error."""
        generation = self._worker.begin("sessions")
        self._comparison.cancel()
        self._comparison = comparison = Cancel()
        self._rows = {}
        self._verified_ids = set()
        # One after the other in one thread: the flags need the rows of the two requests before them.
        put = partial(self._put, self._list_thread)
        put("sessions", lambda db: questions.listed(db, generation))
        put("files", lambda db: [FileSessionsArrived(generation, db.file_sessions())])
        put("parts", lambda db: [PartsUnread(generation, db.problems())])
        put("flags", lambda db: questions.flagged(db, generation, comparison, self._worker.clock), about="files")
        self._watch_thread.put("watch", partial(self._look, None, failing=False), delay=self._pause)
        return generation

    def outlines(self, session_ids: Sequence[str]) -> None:
        """Ask for the status and first words of the rows on the screen."""
        generation = self._worker.generation("sessions")
        self._unlined.add(session_ids)
        self._put(self._row_thread, "outlines", lambda db: self._outlines(generation, db), about="details")

    def first_words(self, session_ids: Sequence[str]) -> None:
        """Ask for the same of sessions that are not on the screen, so that they are found by their first words."""
        generation = self._worker.generation("sessions")
        steps = [session_ids[start : start + AT_ONCE] for start in range(0, len(session_ids), AT_ONCE)]
        self._put(
            self._word_thread,
            "first words",
            lambda db: (OutlinesArrived(generation, db.outlines(ids)) for ids in steps),
            about="details",
        )

    def family(self, session_id: str) -> int:
        """Ask for the family of a session."""
        generation = self._worker.begin("family")
        self._worker.put(
            self._row_thread, "family", lambda db: questions.family(db, generation, session_id), about="details"
        )
        return generation

    def look_up(self, words: str, *, delay: float = 0.0) -> int:
        """Ask for the counts, and for where the sessions are that `words` may mean."""
        generation = self._worker.begin("whereabouts")
        self._worker.put(
            self._row_thread,
            "whereabouts",
            lambda db: [WhereaboutsArrived(generation, words, db.census(), db.where(words))],
            about="details",
            delay=delay,
        )
        return generation

    @property
    def comparing(self) -> bool:
        """Nobody stopped the comparison of all sessions."""
        return not self._comparison.cancelled

    def stop_comparing(self) -> None:
        """Leave the sessions that were not compared yet with their quick flags."""
        self._comparison.cancel()

    def refresh(self) -> None:
        """Read the newest rows again, because time has passed."""
        self._take(Change(store=True))

    def reread(self, session_id: str) -> None:
        """Read a session's row and flag again: its verdict does not hold any more."""
        with self._noting:
            self._verified_ids.discard(session_id)
        self._take(Change(sessions=frozenset({session_id}), files=frozenset({session_id}), store=True))

    def close(self) -> None:
        """Interrupt the comparisons."""
        self._comparison.cancel()
        self._closing.cancel()

    def _put(
        self,
        thread: SerialThread,
        name: str,
        read: Callable[[SessionDB], Iterable[Answer]],
        *,
        about: str = "",
        delay: float = 0.0,
    ) -> None:
        self._worker.put(thread, "sessions", read, name=name, about=about, delay=delay)

    def _note(self, message: SessionsArrived | FileSessionsArrived) -> None:
        with self._noting:
            self._rows = {**self._rows, **{session.id: session for session in message.sessions}}
            self.newest = max([self.newest, *(session.last_id or 0 for session in message.sessions)])

    def _note_verdicts(self, message: DriftsArrived) -> None:
        if message.by_content:
            with self._noting:
                self._verified_ids |= message.drifts.keys()

    def _outlines(self, generation: int, db: SessionDB) -> Iterator[Answer]:
        for ids in self._unlined.steps():
            yield OutlinesArrived(generation, db.outlines(ids))

    def _look(self, watch: Watch | None, *, failing: bool) -> None:
        """Look at the files once, report what changed, and look again after the pause."""
        try:
            watch = watch or self._worker.store().watch()
            change = watch.poll()
        except Locked:
            change = None
        except StoreError as error:
            change = None
            if not failing:
                self._worker.post(StoreFailed(0, "watch", error))
            failing = True
        else:
            if failing:
                self._worker.post(StoreHealed(0))
            failing = False
        if change is not None:
            self._take(change)
        self._watch_thread.put("watch", partial(self._look, watch, failing=failing), delay=self._pause)

    def _take(self, change: Change) -> None:
        """Report a change, and read again what it touches."""
        with self._noting:
            self.newest = change.newest_id if change.replaced else max(self.newest, change.newest_id)
            self._change = replace(
                change,
                sessions=self._change.sessions | change.sessions,
                files=self._change.files | change.files,
                store=self._change.store or change.store,
            )
        generation = self._worker.generation("sessions")
        delay = max(0.0, self._refreshed + CALM - self._worker.clock())
        self._put(self._row_thread, "changed", lambda db: self._changed(generation, db), about="details", delay=delay)
        self._worker.post(StoreChanged(0, change))

    def _changed(self, generation: int, db: SessionDB) -> Iterator[Answer]:
        with self._noting:
            change, self._change = self._change, Change()
            verified = frozenset(self._verified_ids)
        self._refreshed = self._worker.clock()
        yield from questions.changed(db, generation, change, self._rows, verified)
        if touched := [*(change.files | change.sessions)]:
            self._unverified.add(touched)
            delay = max(CALM, VERIFYING * self._verifying_took)
            self._put(self._verify_thread, "verdicts", lambda db: self._verified(generation, db), delay=delay)

    def _verified(self, generation: int, db: SessionDB) -> Iterator[Answer]:
        began = self._worker.clock()
        for ids in self._unverified.steps():
            yield from questions.verified(db, generation, ids, self._closing)
        self._verifying_took = self._worker.clock() - began
