"""How a question is asked and answered: generations, lanes, patience, errors as messages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from textual.message import Message

from hermes_tui.feed.answers import Answer, FeedCrashed, StoreBusy, StoreFailed
from hermes_tui.feed.serial_thread import Lane
from store.errors import Interrupted, Locked, StoreError

if TYPE_CHECKING:
    from store import Browser, Repairs

OpenStore: TypeAlias = "Callable[[], Browser]"
OpenRepairs: TypeAlias = "Callable[[], Repairs]"
"""Opens the store; it may raise a StoreError, and is asked again then."""

PATIENCE = 30.0
"""Seconds that a question waits for another program's lock."""
ENDING = 2.0
"""Seconds that the threads get to end; a reading that hangs longer is left to the end of the process."""
CALM = 0.25
"""Seconds between two tries."""


class Desk:
    """Answers questions in threads; an answer to an older question of the same kind is not posted.

    Args:
        open_db: Opens the store; called in a thread, and again after it failed.
        post: Takes messages from any thread.
        clock: Seconds that only go forward.
    """

    def __init__(self, open_db: OpenStore, post: Callable[[Message], object], clock: Callable[[], float]) -> None:
        self._open_db = open_db
        self._post = post
        self._clock = clock
        self._db: Browser | None = None
        self._opening = threading.Lock()
        self._counting = threading.Lock()
        self._generations: dict[str, int] = {}
        self._lanes: dict[str, Lane] = {}
        self._closed = threading.Event()

    def ask(self, question: str) -> int:
        """A new generation of `question`; answers to the one before are dropped from here on."""
        with self._counting:
            self._generations[question] = self._generations.get(question, 0) + 1
            return self._generations[question]

    def generation(self, question: str) -> int:
        """The generation that is current, 0 before the first."""
        return self._generations.get(question, 0)

    def lane(self, name: str) -> Lane:
        """The thread of that name, which does nothing once all is closed; any thread may ask."""
        with self._counting:
            if name not in self._lanes:
                self._lanes[name] = Lane(name, clock=self._clock, crashed=lambda error: self.post(FeedCrashed(error)))
                if self._closed.is_set():
                    self._lanes[name].close()
            return self._lanes[name]

    def put(
        self,
        lane: str,
        question: str,
        read: Callable[[Browser], Iterable[Answer]],
        *,
        name: str = "",
        told: str = "",
        delay: float = 0.0,
    ) -> None:
        """Have `read` answer the current generation of `question`, `delay` seconds from now.

        Args:
            lane: The thread that does it.
            question: What is asked.
            read: Yields the answers; it is asked for the next only while the question is current.
            name: A job of this name that still waits is dropped; the question's own name by default.
            told: What an error is said to be about; the job's name by default.
        """
        name = name or question
        job = partial(self._answer, question, self.generation(question), read, told or name)
        self.lane(lane).put(name, job, delay=delay)

    def store(self) -> Browser:
        """The store, opened by the first thread that needs it."""
        with self._opening:
            if self._db is None:
                self._db = self._open_db()
            return self._db

    def post(self, message: Message) -> None:
        """Hand a message over, unless everything is closed."""
        if not self._closed.is_set():
            self._post(message)

    def noticed(self, message: Answer) -> None:
        """Called in the lane's thread with each answer before it is posted."""

    def close(self) -> None:
        """End the threads, close the store."""
        with self._counting:
            self._closed.set()
            lanes = list(self._lanes.values())
        for lane in lanes:
            lane.close()
        end = self._clock() + ENDING
        for lane in lanes:
            lane.join(max(0.0, end - self._clock()))
        if self._db is not None:
            self._db.close()

    def _stale(self, question: str, generation: int) -> bool:
        return self._closed.is_set() or self.generation(question) != generation

    def _answer(self, question: str, generation: int, read: Callable[[Browser], Iterable[Answer]], told: str) -> None:
        """Post what `read` yields; an error of the store becomes a message, and a lock is waited for."""
        began = self._clock()
        while not self._stale(question, generation):
            try:
                self._tell(question, generation, read(self.store()))
            except Interrupted:
                pass
            except Locked as error:
                if (waited := self._clock() - began) < PATIENCE:
                    self.post(StoreBusy(generation, waited))
                    self._closed.wait(CALM)
                    continue
                self.post(StoreFailed(generation, told, error))
            except StoreError as error:
                if not self._stale(question, generation):
                    self.post(StoreFailed(generation, told, error))
            return

    def _tell(self, question: str, generation: int, answers: Iterable[Answer]) -> None:
        for message in answers:
            if self._stale(question, generation):
                return
            self.noticed(message)
            self.post(message)
