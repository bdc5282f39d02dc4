"""What the list asks for, and the watch on the files: what changes is read again, and told on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from textual.message import Message

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
)
from hermes_tui.feed.store_worker import CALM, Desk, OpenStore
from store.base.cancel import Cancel
from store.errors import Locked, StoreError
from store.models import Change, Session

if TYPE_CHECKING:
    from store import Browser
    from store.browse.protocol import Watcher

VERIFYING = 4.0
"""Times as long as it took to compare what changed, until that is done again: a large session may always change."""
SOME = 64
"""Messages or rows that are read in one step, so that what is on the screen comes before what was."""

Wish = TypeVar("Wish")


class Listing(Desk):
    """Asks for sessions, and looks for changes every `pause` seconds."""

    def __init__(
        self, open_db: OpenStore, post: Callable[[Message], object], clock: Callable[[], float], *, pause: float
    ) -> None:
        super().__init__(open_db, post, clock)
        self._pause = pause
        self._noting = threading.Lock()
        self._flags = Cancel()
        self._closing = Cancel()
        self._sure: set[str] = set()
        self._unverified: dict[str, None] = {}
        self._verifying_took = 0.0
        self._rows: dict[str, Session] = {}
        self._change = Change()
        self._refreshed = -CALM
        self._unlined: dict[str, None] = {}
        self.newest = 0
        """Highest message id that anything told of."""

    def sessions(self) -> int:
        """Ask for everything the list shows, newest first, and go on watching; also to try again after an error."""
        generation = self.ask("sessions")
        self._flags.cancel()
        self._flags = flags = Cancel()
        self._rows = {}
        self._sure = set()
        # One after the other in one lane: the flags need the rows that the two before them told of.
        self.put("sessions", "sessions", lambda db: questions.listed(db, generation))
        self.put("sessions", "sessions", lambda db: [FileSessionsArrived(generation, db.file_sessions())], name="files")
        self.put("sessions", "sessions", lambda db: [PartsUnread(generation, db.problems())], name="parts")
        self.put(
            "sessions",
            "sessions",
            lambda db: questions.flagged(db, generation, flags, self._clock),
            name="flags",
            told="files",
        )
        self.lane("watch").put("watch", partial(self._look, None, failing=False), delay=self._pause)
        return generation

    def outlines(self, session_ids: Sequence[str]) -> None:
        """Ask for what the rows on the screen show beyond their counters."""
        generation = self.generation("sessions")
        self.wish(self._unlined, session_ids)
        self.put("rows", "sessions", lambda db: self._outlines(generation, db), name="outlines", told="details")

    @property
    def comparing(self) -> bool:
        """Nobody stopped the comparison of all sessions."""
        return not self._flags.cancelled

    def stop_comparing(self) -> None:
        """Leave the sessions that were not compared yet with their quick flags."""
        self._flags.cancel()

    def first_words(self, session_ids: Sequence[str]) -> None:
        """Ask for the same of sessions that are not on the screen, so that they are found by their first words."""
        generation = self.generation("sessions")
        ids = list(session_ids)
        self.put(
            "first words",
            "sessions",
            lambda db: (
                OutlinesArrived(generation, db.outlines(ids[start : start + SOME]))
                for start in range(0, len(ids), SOME)
            ),
            name="first words",
            told="details",
        )

    def refresh(self) -> None:
        """Read the newest rows again, because time has passed."""
        self._take(Change(store=True))

    def changed(self, change: Change) -> None:
        """Called in the thread of the watch with every change."""

    def noticed(self, message: Answer) -> None:
        """Keep what later questions need: the rows, and the newest message."""
        if isinstance(message, DriftsArrived) and message.by_content:
            with self._noting:
                self._sure |= message.drifts.keys()
        if isinstance(message, SessionsArrived | FileSessionsArrived):
            with self._noting:
                self._rows = {**self._rows, **{session.id: session for session in message.sessions}}
                self.newest = max([self.newest, *(session.last_id or 0 for session in message.sessions)])

    def close(self) -> None:
        """Interrupt what runs, end the threads, close the store."""
        self._flags.cancel()
        self._closing.cancel()
        super().close()

    def wish(self, wishes: dict[Wish, None], fresh: Sequence[Wish]) -> None:
        """Put wishes before those that wait."""
        with self._noting:
            every = [*fresh, *wishes]
            wishes.clear()
            wishes.update((wish, None) for wish in every)

    def some(self, wishes: dict[Wish, None]) -> list[Wish]:
        """Take some wishes off, the latest first."""
        with self._noting:
            some = list(islice(wishes, SOME))
            for wish in some:
                del wishes[wish]
        return some

    def _outlines(self, generation: int, db: Browser) -> Iterator[Answer]:
        while ids := self.some(self._unlined):
            yield OutlinesArrived(generation, db.outlines(ids))

    def _look(self, watch: Watcher | None, *, failing: bool) -> None:
        """Look at the files once, tell what changed, and look again after the pause."""
        try:
            watch = watch or self.store().watch()
            change = watch.poll()
        except Locked:
            change = None
        except StoreError as error:
            change = None
            if not failing:
                self.post(StoreFailed(0, "watch", error))
            failing = True
        else:
            if failing:
                self.post(StoreHealed(0))
            failing = False
        if change is not None:
            self._take(change)
        self.lane("watch").put("watch", partial(self._look, watch, failing=failing), delay=self._pause)

    def _take(self, change: Change) -> None:
        """Pass a change on, and read again what it touches."""
        with self._noting:
            self.newest = change.newest_id if change.replaced else max(self.newest, change.newest_id)
            self._change = replace(
                change,
                sessions=self._change.sessions | change.sessions,
                files=self._change.files | change.files,
                store=self._change.store or change.store,
            )
        self.post(StoreChanged(0, change))
        generation = self.generation("sessions")
        delay = max(0.0, self._refreshed + CALM - self._clock())
        self.put(
            "rows", "sessions", lambda db: self._changed(generation, db), name="changed", told="details", delay=delay
        )
        self.changed(change)

    def _changed(self, generation: int, db: Browser) -> Iterator[Answer]:
        with self._noting:
            change, self._change = self._change, Change()
            sure = frozenset(self._sure)
        self._refreshed = self._clock()
        yield from questions.changed(db, generation, change, self._rows, sure)
        if touched := [*(change.files | change.sessions)]:
            self.wish(self._unverified, touched)
            delay = max(CALM, VERIFYING * self._verifying_took)
            self.put("files", "sessions", lambda db: self._verified(generation, db), name="verdicts", delay=delay)

    def _verified(self, generation: int, db: Browser) -> Iterator[Answer]:
        began = self._clock()
        while ids := self.some(self._unverified):
            yield from questions.verified(db, generation, ids, self._closing)
        self._verifying_took = self._clock() - began
