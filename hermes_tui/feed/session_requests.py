"""Requests of the list, and the watch on the files: what changes is read again and reported."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial

from hermes_tui.feed import answers, questions
from hermes_tui.feed.answers import Answer
from hermes_tui.feed.latest_first import AT_ONCE, LatestFirst
from hermes_tui.feed.store_worker import CALM, StoreWorker
from store import Browser
from store.base.cancel import Cancel
from store.base.late_dataclass import replace
from store.browse.protocol import Watcher
from store.errors import Locked, StoreError
from store.models import Change

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
        self._known: set[str] = set()
        self._change = Change()
        self._refreshed = -CALM
        self._unlined = LatestFirst[str]()
        self.newest = 0
        """Highest message id that is known."""
        self.is_behind: Callable[[], bool] = lambda: False
        """Whether the screen has not taken yet what was reported; until then nothing more is looked for."""
        worker.subscribe(self._note, answers.SessionsArrived)
        worker.subscribe(self._note, answers.FileSessionsArrived)
        worker.subscribe(self._note_verdicts, answers.DriftsArrived)

    def load(self) -> None:
        """Ask for everything the list shows, newest first, and go on watching; also to try again after an error."""
        generation = self._worker.begin("sessions")
        self._comparison.cancel()
        self._comparison = comparison = Cancel()
        self._known = set()
        self._verified_ids = set()
        watches: list[Watcher] = []
        # Made before the first rows are read: another file that takes the place of theirs is noticed.
        self._list_thread.put("begin", partial(self._begin_to_watch, watches))
        # One after the other in one thread: the flags need the rows of the two requests before them.
        put = partial(self._worker.put, self._list_thread, "sessions")
        put(partial(questions.listed, is_behind=self._is_behind))
        put(questions.file_sessions, name="files")
        put(questions.problems, name="parts")
        # Behind them, because what the watch finds is read in another thread, and would come before the first page.
        self._list_thread.put("watch", lambda: self._watch(next(iter(watches), None), generation, failing=False))
        put(partial(questions.flagged, cancel=comparison, clock=self._worker.clock), name="flags", about="files")

    def outlines(self, session_ids: Sequence[str]) -> None:
        """Ask for the status and first words of the rows on the screen."""
        self._unlined.add(session_ids)
        read = partial(questions.outlines, steps=self._unlined.steps())
        self._worker.put(self._row_thread, "sessions", read, name="outlines", about="details")

    def first_words(self, session_ids: Sequence[str]) -> None:
        """Ask for the same of sessions that are not on the screen, so that they are found by their first words."""
        steps = [session_ids[start : start + AT_ONCE] for start in range(0, len(session_ids), AT_ONCE)]
        read = partial(questions.outlines, steps=steps)
        self._worker.put(self._word_thread, "sessions", read, name="first words", about="details")

    def family(self, session_id: str) -> None:
        """Ask for the family of a session."""
        read = partial(questions.family, session_id=session_id)
        self._worker.ask(self._row_thread, "family", read, about="details")

    def beginning(self, session_id: str, first_id: int) -> None:
        """Ask for the first messages of a session."""
        read = partial(questions.beginning, session_id=session_id, first_id=first_id)
        self._worker.ask(self._row_thread, "beginning", read, about="details")

    def look_up(self, words: str, *, delay: float = 0.0) -> None:
        """Ask for the counts, and for where the sessions are that `words` may mean."""
        read = partial(questions.looked_up, words=words)
        self._worker.ask(self._row_thread, "whereabouts", read, about="details", delay=delay)

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

    def compare(self, session_id: str) -> None:
        """Compare a session again that the reader looks at: rows can be edited without a trace."""
        self._verify([session_id])

    def close(self) -> None:
        """Interrupt the comparisons."""
        self._comparison.cancel()
        self._closing.cancel()

    def _is_behind(self) -> bool:
        return self.is_behind()

    def _note(self, message: answers.SessionsArrived | answers.FileSessionsArrived) -> None:
        with self._noting:
            if isinstance(message, answers.FileSessionsArrived):
                self._known.update(session.id for session in message.sessions)
            self.newest = max([self.newest, *(session.last_id or 0 for session in message.sessions)])

    def _note_verdicts(self, message: answers.DriftsArrived) -> None:
        if message.by_content:
            with self._noting:
                self._verified_ids.update(message.drifts)

    def _begin_to_watch(self, watches: list[Watcher]) -> None:
        with suppress(StoreError):  # the first rows say it
            watches.append(self._worker.store().watch())

    def _watch(self, watch: Watcher | None, generation: int, *, failing: bool) -> None:
        """Look at the files after the pause."""
        look = partial(self._look, watch, generation, failing=failing)
        self._watch_thread.put("watch", look, delay=self._pause)

    def _look(self, watch: Watcher | None, generation: int, *, failing: bool) -> None:
        """Look at the files once, report what changed, and look again after the pause, until the next listing."""
        if generation != self._worker.generation("sessions"):
            return
        if self.is_behind():
            self._watch(watch, generation, failing=failing)
            return
        try:
            watch = watch or self._worker.store().watch()
            change = watch.poll()
        except Locked:
            change = None
        except StoreError as error:
            change = None
            if not failing:
                self._worker.post(answers.StoreFailed(0, "watch", error))
            failing = True
        else:
            if failing:
                self._worker.post(answers.StoreHealed(0))
            failing = False
        if change is not None:
            self._take(change)
        self._watch(watch, generation, failing=failing)

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
        delay = max(0.0, self._refreshed + CALM - self._worker.clock())
        self._worker.put(self._row_thread, "sessions", self._changed, name="changed", about="details", delay=delay)
        self._worker.post(answers.StoreChanged(0, change))

    def _changed(self, db: Browser, generation: int) -> Iterator[Answer]:
        with self._noting:
            change, self._change = self._change, Change()
        self._refreshed = self._worker.clock()
        yield from questions.changed(db, generation, change, self._known, self._verified_ids)
        if touched := [*(change.files | change.sessions)]:
            self._verify(touched)

    def _verify(self, session_ids: Sequence[str]) -> None:
        self._unverified.add(session_ids)
        delay = max(CALM, VERIFYING * self._verifying_took)
        self._worker.put(self._verify_thread, "sessions", self._verified, name="verdicts", delay=delay)

    def _verified(self, db: Browser, generation: int) -> Iterator[Answer]:
        began = self._worker.clock()
        for ids in self._unverified.steps():
            yield from questions.verified(db, generation, ids, self._closing)
        self._verifying_took = self._worker.clock() - began
