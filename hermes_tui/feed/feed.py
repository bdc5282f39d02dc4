"""Feed: asks one store for one screen; it knows no widget.

There is one thread for each lane: at most one search runs at a time, and a long reading of files keeps no row of the
list waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from textual.message import Message

from hermes_tui.feed import answers
from hermes_tui.feed.desk import CALM, Desk, OpenStore
from hermes_tui.messages import (
    Answer,
    BodiesArrived,
    CheckArrived,
    ContextArrived,
    FileSessionsArrived,
    GrowthArrived,
    OutlinesArrived,
    SectionArrived,
    SessionsArrived,
    StoreChanged,
    StoreFailed,
    StoreHealed,
    TitlesRanked,
)
from store.cancel import Cancel
from store.errors import Locked, StoreError
from store.models import Change, Origin, Session

if TYPE_CHECKING:
    from store import SessionDB
    from store.query import Query
    from store.watch import Watch

SOME = 64
"""Messages or rows that are read in one step, so that what is on the screen comes before what was."""

Wish = TypeVar("Wish")


@dataclass(slots=True)
class _Search:
    """The search on the screen; it stands until the next one, so that new messages are found too."""

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
    from_file: bool
    tip: str
    last_id: int = 0
    whole: bool = False


class Feed(Desk):
    """Asks one store for one screen.

    Args:
        open_db: Opens the store; called in a thread, and again after it failed.
        post: Takes messages from any thread, as `Screen.post_message` does.
        clock: Seconds that only go forward.
        debounce: Seconds of quiet before a search starts.
        pause: Seconds between two looks at the files.
    """

    def __init__(
        self,
        open_db: OpenStore,
        post: Callable[[Message], object],
        *,
        clock: Callable[[], float] = time.monotonic,
        debounce: float = 0.05,
        pause: float = 0.1,
    ) -> None:
        super().__init__(open_db, post, clock)
        self._debounce = debounce
        self._pause = pause
        self._noting = threading.Lock()
        self._flags = Cancel()
        self._search: _Search | None = None
        self._reading: _Reading | None = None
        self._rows: dict[str, Session] = {}
        self._newest = 0
        self._change = Change()
        self._refreshed = -CALM
        self._wanted: dict[int, None] = {}
        self._unlined: dict[str, None] = {}

    def sessions(self) -> int:
        """Ask for everything the list shows, newest first, and go on watching; also to try again after an error."""
        generation = self.ask("sessions")
        self._flags.cancel()
        self._flags = flags = Cancel()
        self._rows = {}
        self.put("sessions", "sessions", lambda db: answers.listed(db, generation))
        self.put("files", "sessions", lambda db: [FileSessionsArrived(generation, db.file_sessions())], name="files")
        self.put(
            "sessions",
            "sessions",
            lambda db: answers.flagged(db, generation, self._rows, flags, self._clock),
            name="flags",
            told="files",
        )
        self.lane("watch").put("watch", partial(self._look, None, failing=False), delay=self._pause)
        return generation

    def outlines(self, session_ids: Sequence[str]) -> None:
        """Ask for what the rows on the screen show beyond their counters."""
        generation = self.generation("sessions")
        with self._noting:
            _wish(self._unlined, session_ids)
        self.put("rows", "sessions", lambda db: self._outlines(generation, db), name="outlines", told="details")

    def refresh(self) -> None:
        """Read the newest rows again, because time has passed."""
        self._take(Change(store=True))

    def search(self, query: Query) -> int:
        """Ask for the hits of `query`; a search that still runs is interrupted before this returns."""
        self.withdraw()
        generation = self.ask("search")
        self._search = search = _Search(query, generation, Cancel())
        self.put("search", "search", lambda db: self._hits(search, db), delay=self._debounce)
        return generation

    def withdraw(self) -> None:
        """Stop the search that runs, and let none stand."""
        search, self._search = self._search, None
        if search is not None:
            self.ask("search")
            search.cancel.cancel()

    def titles(self, words: str, titles: Sequence[tuple[str, str]]) -> int:
        """Ask which of `titles` (id, title) come close to `words`."""
        generation = self.ask("titles")
        self.put("rows", "titles", lambda _: [TitlesRanked(generation, answers.near_titles(words, titles))])
        return generation

    def open(self, session: Session, *, from_file: bool = False, delay: float = 0.0) -> int:
        """Ask for a session's transcript, the whole chain it belongs to, after `delay` seconds without another.

        Args:
            session: Its row.
            from_file: What its JSONL file has, instead of SQLite; so it is for one that lives there alone.
            delay: Seconds.
        """
        generation = self.ask("transcript")
        self._reading = reading = _Reading(
            session, generation, from_file or session.origin is not Origin.SQLITE, session.id
        )
        with self._noting:
            self._wanted.clear()
        self.put("transcript", "transcript", lambda db: self._transcript(generation, reading, db), delay=delay)
        return generation

    def bodies(self, message_ids: Sequence[int]) -> None:
        """Ask for messages that the transcript shows; the latest wish is answered first."""
        generation = self.generation("transcript")
        with self._noting:
            _wish(self._wanted, message_ids)
        self.put("details", "transcript", lambda db: self._bodies(generation, db), name="bodies", told="details")

    def check(self, session_id: str) -> None:
        """Ask what the two sources of the session on the screen lack, by content."""
        generation = self.generation("transcript")
        self.put(
            "files",
            "transcript",
            lambda db: [CheckArrived(generation, db.check(session_id))],
            name="check",
            told="details",
        )

    def context(self, session_id: str, message_id: int, *, width: int) -> None:
        """Ask for `width` messages on either side of a hit."""
        generation = self.generation("search")
        self.put(
            "details",
            "search",
            lambda db: [
                ContextArrived(
                    generation, session_id, message_id, tuple(db.context(session_id, message_id, width=width))
                )
            ],
            name=f"context {session_id} {message_id}",
            told="details",
        )

    def close(self) -> None:
        """Interrupt what runs, end the threads, close the store."""
        self.withdraw()
        self._flags.cancel()
        super().close()

    def noticed(self, message: Answer) -> None:
        """Keep what later questions need: the rows, the newest message, how far the transcript has been read."""
        if isinstance(message, SessionsArrived | FileSessionsArrived):
            with self._noting:
                self._rows = {**self._rows, **{session.id: session for session in message.sessions}}
                self._newest = max([self._newest, *(session.last_id or 0 for session in message.sessions)])
        elif isinstance(message, SectionArrived | GrowthArrived):
            self._read_on(message)

    def _read_on(self, message: SectionArrived | GrowthArrived) -> None:
        reading = self._reading
        if reading is None or reading.generation != message.generation:
            return
        reading.tip = message.session_id
        if message.heads:
            reading.last_id = message.heads[-1].id
        elif isinstance(message, SectionArrived) and message.first:
            reading.last_id = 0
        reading.whole |= isinstance(message, SectionArrived) and message.done

    # What is read in the lanes.

    def _hits(self, search: _Search, db: SessionDB) -> Iterator[Answer]:
        """The search; between two batches, and after it, what was added meanwhile."""
        if search.seen is None:
            search.seen = self._newest or max([row.last_id or 0 for row in db.recent(limit=1)], default=0)
        for message in answers.hits(db, search.generation, search.query, search.cancel, self._clock):
            yield message
            yield from self._new_hits(search, db)

    def _new_hits(self, search: _Search, db: SessionDB) -> Iterator[Answer]:
        newest = self._newest
        if search.seen is None or newest <= search.seen:
            return
        found = answers.hits(db, search.generation, search.query, search.cancel, self._clock, after_id=search.seen)
        yield from (message for message in found if message.batch.hits)
        search.seen = newest

    def _bodies(self, generation: int, db: SessionDB) -> Iterator[Answer]:
        while ids := self._some(self._wanted):
            yield BodiesArrived(generation, answers.bodies(db, ids))

    def _outlines(self, generation: int, db: SessionDB) -> Iterator[Answer]:
        while ids := self._some(self._unlined):
            yield OutlinesArrived(generation, db.outlines(ids))

    def _some(self, wishes: dict[Wish, None]) -> list[Wish]:
        """Take some wishes off, the latest first."""
        with self._noting:
            some = list(islice(wishes, SOME))
            for wish in some:
                del wishes[wish]
        return some

    def _look(self, watch: Watch | None, *, failing: bool) -> None:
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
            newest = change.newest_id if change.replaced else max(self._newest, change.newest_id)
            self._newest = newest
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
        if (search := self._search) is not None and search.seen is not None:
            self.put("search", "search", lambda db: self._new_hits(search, db), name="new hits", told="search")
        self._grow(change)

    def _transcript(self, generation: int, reading: _Reading, db: SessionDB) -> Iterator[Answer]:
        read = answers.from_file if reading.from_file else answers.transcript
        return read(db, generation, reading.session)

    def _changed(self, generation: int, db: SessionDB) -> Iterator[Answer]:
        with self._noting:
            change, self._change = self._change, Change()
        self._refreshed = self._clock()
        yield from answers.changed(db, generation, change, self._rows)

    def _grow(self, change: Change) -> None:
        """Read what was added to the transcript on the screen."""
        reading, generation = self._reading, self.generation("transcript")
        if reading is None or (not reading.whole and reading.session.origin is Origin.SQLITE):
            return
        if reading.session.origin is not Origin.SQLITE:
            if reading.session.id in change.files:
                self.put("transcript", "transcript", lambda db: answers.transcript(db, generation, reading.session))
        elif change.store and (not change.sessions or reading.tip in change.sessions):
            self.put(
                "transcript",
                "transcript",
                lambda db: answers.growth(db, generation, reading.tip, reading.last_id),
                name="growth",
            )


def _wish(wishes: dict[Wish, None], fresh: Sequence[Wish]) -> None:
    """Put wishes before those that wait."""
    every = [*fresh, *wishes]
    wishes.clear()
    for wish in every:
        wishes[wish] = None
