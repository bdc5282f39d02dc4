"""The bridge: asks the store in threads and posts what comes back; it knows no widget.

Every kind of question has a generation, and an answer to an older one is never posted.
There is one thread for each lane, started when it is first needed: at most one search runs at a time, and a long
reading of files keeps no row of the list waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.message import Message

from hermes_tui.messages import (
    BodiesArrived,
    ContextArrived,
    DriftsArrived,
    FeedCrashed,
    FileSessionsArrived,
    FileTranscriptArrived,
    GrowthArrived,
    HitsArrived,
    OutlinesArrived,
    ScopeCounted,
    SectionArrived,
    SessionsArrived,
    StoreBusy,
    StoreChanged,
    StoreFailed,
    StoreHealed,
    TitlesRanked,
)
from store.cancel import Cancel
from store.errors import Interrupted, Locked, StoreError
from store.models import Change, Drift, JsonlFacts, Origin, Session

if TYPE_CHECKING:
    from store import SessionDB
    from store.query import Query

FIRST_ROWS = 200
PAGE_ROWS = 500
PAGE_HEADS = 4096
PAGE_BODIES = 256
HIT_LIMIT = 2000
FLAG_ROWS = 200
"""Flags are told in groups of so many, and at the latest after `FLAG_SECONDS`."""
FLAG_SECONDS = 0.1
PATIENCE = 30.0
"""Seconds that a question waits for another program's lock."""
CALM = 0.25
"""Seconds between two looks at changed rows: a number on the screen may change four times a second."""
NEAR_TITLES = 20
NEAR_SCORE = 75.0

Job = Callable[[], None]


class Lane:
    """One thread that does jobs in turn; a job takes the place of a waiting one of the same name."""

    def __init__(self, name: str, *, clock: Callable[[], float], crashed: Callable[[Exception], None]) -> None:
        self._name = name
        self._clock = clock
        self._crashed = crashed
        self._waiting: dict[str, tuple[float, Job]] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def put(self, name: str, job: Job, *, delay: float = 0.0) -> None:
        """Have `job` done `delay` seconds from now; the thread is started with the first one."""
        with self._changed:
            if self._closed:
                return
            self._waiting[name] = (self._clock() + delay, job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"hermes-tui {self._name}", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Drop what waits; what runs is left to end by itself."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify()

    def join(self, seconds: float) -> None:
        """Wait for the running job, at most so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception as error:
                self._crashed(error)
                raise

    def _next(self) -> Job | None:
        with self._changed:
            while not self._closed:
                name, (due, job) = min(self._waiting.items(), key=lambda item: item[1][0], default=("", (0.0, None)))
                if job is None:
                    self._changed.wait()
                elif (left := due - self._clock()) > 0:
                    self._changed.wait(left)
                else:
                    del self._waiting[name]
                    return job
        return None


@dataclass(slots=True)
class _Search:
    """The search on the screen: it stands until the next one, so that new messages are found too."""

    query: Query
    generation: int
    cancel: Cancel
    seen: int | None = None
    """Highest message id that it has covered, None before it began."""


@dataclass(slots=True)
class _Reading:
    """The transcript on the screen, as far as its growth needs it."""

    session: Session
    generation: int
    tip: str
    last_id: int = 0


class Feed:
    """Asks one store for one screen.

    Args:
        open_db: Opens the store; called in a thread, again after it failed.
        post: Takes messages from any thread, as `Screen.post_message` does.
        clock: Seconds that only go forward.
        debounce: Seconds of quiet before a search starts.
        pause: Seconds between two looks at the files.
    """

    def __init__(
        self,
        open_db: Callable[[], SessionDB],
        post: Callable[[Message], object],
        *,
        clock: Callable[[], float] = time.monotonic,
        debounce: float = 0.05,
        pause: float = 0.1,
    ) -> None:
        self._open_db = open_db
        self._post_message = post
        self._clock = clock
        self._debounce = debounce
        self._pause = pause
        self._db: SessionDB | None = None
        self._opening = threading.Lock()
        self._state = threading.Lock()
        self._generations: dict[str, int] = {}
        self._lanes: dict[str, Lane] = {}
        self._closed = threading.Event()
        self._search: _Search | None = None
        self._reading: _Reading | None = None
        self._rows: dict[str, Session] = {}
        self._newest = 0
        self._changed = Change()
        self._wanted: dict[int, None] = {}

    def sessions(self) -> int:
        """Ask for everything the list shows, newest first, and go on watching; also again after an error."""
        generation = self._ask("sessions")
        self._do("sessions", "sessions", generation, partial(self._read_sessions, generation))
        self._lane("watch").put("watch", partial(self._look, None, False), delay=self._pause)
        return generation

    def outlines(self, session_ids: Sequence[str]) -> None:
        """Ask for what the rows on the screen show beyond their counters."""
        generation = self._generations.get("sessions", 0)
        self._do("rows", "outlines", generation, partial(self._read_outlines, tuple(session_ids), generation))

    def refresh(self) -> None:
        """Read the newest rows again, because time has passed."""
        self._take_change(Change(store=True))

    def search(self, query: Query) -> int:
        """Ask for the hits of `query`; a search that still runs is interrupted before this returns."""
        self.withdraw()
        generation = self._ask("search")
        self._search = search = _Search(query, generation, Cancel())
        self._do("search", "search", generation, partial(self._run_search, search), delay=self._debounce)
        return generation

    def withdraw(self) -> None:
        """Stop the search that runs, and let none stand."""
        search, self._search = self._search, None
        if search is not None:
            self._ask("search")
            search.cancel.cancel()

    def titles(self, words: str, titles: Sequence[tuple[str, str]]) -> int:
        """Ask which of `titles` (id, title) come close to `words`."""
        generation = self._ask("titles")
        self._do("rows", "titles", generation, partial(self._rank_titles, words, titles, generation))
        return generation

    def open(self, session: Session, *, delay: float = 0.0) -> int:
        """Ask for a session's transcript, the whole chain it belongs to, after `delay` seconds without another."""
        generation = self._ask("transcript")
        self._reading = reading = _Reading(session, generation, session.id)
        self._wanted.clear()
        self._do("transcript", "transcript", generation, partial(self._read_transcript, reading), delay=delay)
        return generation

    def bodies(self, message_ids: Sequence[int]) -> None:
        """Ask for the messages that the transcript shows; the latest wish is answered first."""
        generation = self._generations.get("transcript", 0)
        with self._state:
            self._wanted = {**dict.fromkeys(message_ids), **self._wanted}
        self._do("details", "transcript", generation, partial(self._read_bodies, generation))

    def context(self, session_id: str, message_id: int, *, width: int) -> None:
        """Ask for `width` messages on either side of a hit."""
        generation = self._generations.get("search", 0)
        work = partial(self._read_context, session_id, message_id, width, generation)
        self._do("details", "search", generation, work, name=f"context {session_id} {message_id}")

    def close(self) -> None:
        """Interrupt what runs, end the threads, close the store."""
        self._closed.set()
        self.withdraw()
        for lane in self._lanes.values():
            lane.close()
        for lane in self._lanes.values():
            lane.join(2.0)
        if self._db is not None:
            self._db.close()

    # How questions are asked.

    def _ask(self, question: str) -> int:
        with self._state:
            self._generations[question] = self._generations.get(question, 0) + 1
            return self._generations[question]

    def _stale(self, question: str, generation: int) -> bool:
        return self._closed.is_set() or self._generations.get(question, 0) != generation

    def _lane(self, name: str) -> Lane:
        if name not in self._lanes:
            self._lanes[name] = Lane(name, clock=self._clock, crashed=lambda error: self._post(FeedCrashed(error)))
        return self._lanes[name]

    def _do(self, lane: str, question: str, generation: int, work: Job, *, delay: float = 0.0, name: str = "") -> None:
        job = partial(self._answer, lane if lane == "details" else question, question, generation, work)
        self._lane(lane).put(name or question, job, delay=delay)

    def _answer(self, told: str, question: str, generation: int, work: Job) -> None:
        """Do `work`; an error of the store becomes a message, and a lock is waited for with patience."""
        began = self._clock()
        while not self._stale(question, generation):
            try:
                work()
            except Interrupted:
                pass
            except Locked as error:
                waited = self._clock() - began
                if waited < PATIENCE:
                    self._post(StoreBusy(generation, waited))
                    self._closed.wait(CALM)
                    continue
                self._post(StoreFailed(generation, told, error))
            except StoreError as error:
                if not self._stale(question, generation):
                    self._post(StoreFailed(generation, told, error))
            return

    def _post(self, message: Message) -> None:
        if not self._closed.is_set():
            self._post_message(message)

    def _store(self) -> SessionDB:
        with self._opening:
            if self._db is None:
                self._db = self._open_db()
            return self._db
