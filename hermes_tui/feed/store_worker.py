"""Requests to a store, answered in threads: generations, waiting for locks, errors as messages, subscriptions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias, TypeVar

from hermes_tui.feed.answers import Answer, FeedCrashed, StoreBusy, StoreFailed
from hermes_tui.feed.serial_thread import SerialThread
from store import Browser
from store.browse.protocol import Writes
from store.errors import Interrupted, Locked, StoreError

OpenStore: TypeAlias = "Callable[[], Browser]"
"""Opens the store; it may raise a StoreError, and is called again then."""
OpenRepairs: TypeAlias = "Callable[[], Writes]"
"""Opens the store to write."""
Read: TypeAlias = "Callable[[Browser, int], Iterable[Answer]]"
"""Yields the answers to a request; the int is the generation that they carry."""
Posted = TypeVar("Posted", bound=Answer)

PATIENCE = 30.0
"""Seconds that a request waits for another program's lock."""
ENDING = 2.0
"""Seconds that the threads get to end; a read that hangs longer is left to the end of the process."""
CALM = 0.25
"""Seconds between two tries."""


class StoreWorker:
    """Answers requests in threads; an answer to an older request of the same kind is not posted.

    Args:
        open_db: Opens the store; called in a thread, and again after it failed.
        clock: Seconds that only go forward.
    """

    def __init__(self, open_db: OpenStore, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._open_db = open_db
        self._db: Browser | None = None
        self._opening = threading.Lock()
        self._changing = threading.Lock()
        self._generations: dict[str, int] = {}
        self._subscriptions: tuple[tuple[Callable[[Any], object], tuple[type[Answer], ...]], ...] = ()
        self._threads: list[SerialThread] = []
        self._closed = threading.Event()

    def subscribe(self, post: Callable[[Posted], object], *kinds: type[Posted]) -> Callable[[], None]:
        """Have messages of some classes and their subclasses posted; returns what ends the subscription.

        Args:
            post: Called in the threads of the requests, in the order of the subscriptions.
            kinds: Classes of messages.
        """
        subscription = (post, kinds)
        with self._changing:
            self._subscriptions = (*self._subscriptions, subscription)

        def end() -> None:
            with self._changing:
                self._subscriptions = tuple(other for other in self._subscriptions if other is not subscription)

        return end

    def post(self, message: Answer) -> None:
        """Hand a message to every subscriber of its class, unless everything is closed."""
        for post, kinds in self._subscriptions:
            if isinstance(message, kinds) and not self._closed.is_set():
                post(message)

    def begin(self, question: str) -> int:
        """A new generation of `question`; answers to the one before are dropped from here on."""
        with self._changing:
            self._generations[question] = self._generations.get(question, 0) + 1
            return self._generations[question]

    def generation(self, question: str) -> int:
        """The generation that is current, 0 before the first."""
        return self._generations.get(question, 0)

    def thread(self, name: str) -> SerialThread:
        """A new thread, which `close` ends; called while the feed is made."""
        thread = SerialThread(name, clock=self.clock, crashed=lambda error: self.post(FeedCrashed(0, error)))
        self._threads.append(thread)
        return thread

    def ask(self, thread: SerialThread, question: str, read: Read, *, about: str = "", delay: float = 0.0) -> None:
        """Begin a new generation of `question` and have it answered."""
        self.begin(question)
        self.put(thread, question, read, about=about, delay=delay)

    def put(
        self, thread: SerialThread, question: str, read: Read, *, name: str = "", about: str = "", delay: float = 0.0
    ) -> None:
        """Have the current generation of `question` answered, `delay` seconds from now.

        Args:
            thread: The thread that does it.
            question: The kind of request.
            read: The next answer is taken only while the request is current.
            name: A job of this name that still waits is dropped; the question's own name by default.
            about: The question that an error names; the job's name by default.
        """
        name, generation = name or question, self.generation(question)
        thread.put(name, partial(self._answer, question, generation, read, about or name), delay=delay)

    def store(self) -> Browser:
        """The store, opened by the first thread that needs it."""
        with self._opening:
            if self._db is None:
                self._db = self._open_db()
            return self._db

    def close(self) -> None:
        """End the threads, close the store."""
        self._closed.set()
        for thread in self._threads:
            thread.close()
        end = self.clock() + ENDING
        for thread in self._threads:
            thread.join(max(0.0, end - self.clock()))
        if self._db is not None:
            self._db.close()

    def _stale(self, question: str, generation: int) -> bool:
        return self._closed.is_set() or self.generation(question) != generation

    def _answer(self, question: str, generation: int, read: Read, about: str) -> None:
        """Post what `read` yields; an error of the store becomes a message, and a lock is waited for."""
        began = self.clock()
        while not self._stale(question, generation):
            try:
                for message in read(self.store(), generation):
                    if self._stale(question, generation):
                        return
                    self.post(message)
            except Interrupted:
                pass
            except Locked as error:
                if (waited := self.clock() - began) < PATIENCE:
                    self.post(StoreBusy(generation, waited))
                    self._closed.wait(CALM)
                    continue
                self.post(StoreFailed(generation, about, error))
            except StoreError as error:
                if not self._stale(question, generation):
                    self.post(StoreFailed(generation, about, error))
            return
