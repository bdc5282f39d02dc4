"""Feed: asks one store for one screen; it knows no widget.

There is one thread for each lane: at most one search runs at a time, and a long reading of files keeps no row of the
list waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.message import Message

from hermes_tui.feed import questions, search_requests
from hermes_tui.feed.answers import Answer, BodiesArrived, ContextArrived, GrowthArrived, SectionArrived, TitlesRanked
from hermes_tui.feed.health_requests import Doctoring
from hermes_tui.feed.store_worker import OpenRepairs, OpenStore
from store.base.cancel import Cancel
from store.errors import CannotOpen, Damaged
from store.models import Change, Hit, Origin, Session

if TYPE_CHECKING:
    from store import Browser
    from store.query.parse import Query

FILES_AFTER = 0.6
"""Seconds after a file has grown until it is searched again: less than two listings of the files are apart, so that a
file that goes on growing does not put it off for ever."""


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
    wanted: dict[int, None] = field(default_factory=dict)
    """Messages that are asked for, the latest wish first."""


class Feed(Doctoring):
    """Asks one store for one screen.

    Args:
        open_db: Opens the store; called in a thread, and again after it failed.
        post: Takes messages from any thread, as `Screen.post_message` does.
        clock: Seconds that only go forward.
        debounce: Seconds of quiet before a search starts.
        pause: Seconds between two looks at the files.
        open_to_write: Opens the store for repairs; None where nothing may be written.
    """

    def __init__(
        self,
        open_db: OpenStore,
        post: Callable[[Message], object],
        *,
        clock: Callable[[], float] = time.monotonic,
        debounce: float = 0.008,
        pause: float = 0.1,
        open_to_write: OpenRepairs | None = None,
    ) -> None:
        super().__init__(open_db, post, clock, pause=pause, open_to_write=open_to_write)
        self._debounce = debounce
        self._search: _Search | None = None
        self._reading: _Reading | None = None

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
        self.put("rows", "titles", lambda _: [TitlesRanked(generation, search_requests.near_titles(words, titles))])
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
        self.put("transcript", "transcript", lambda db: self._transcript(reading, db), delay=delay)
        return generation

    def bodies(self, message_ids: Sequence[int]) -> None:
        """Ask for messages that the transcript shows; the latest wish is answered first."""
        if (reading := self._reading) is not None:
            self.wish(reading.wanted, message_ids)
            self.put("details", "transcript", lambda db: self._bodies(reading, db), name="bodies", told="details")

    def check(self, session_id: str) -> None:
        """Ask what the two sources of the session on the screen lack, and whether a repair would be refused."""
        generation = self.ask("check")
        self.put("files", "check", lambda db: questions.checked(db, generation, session_id), told="details")

    def context(self, hit: search_requests.HitPlace, *, width: int) -> None:
        """Ask for `width` messages on either side of a hit."""
        generation = self.generation("search")
        self.put(
            "details",
            "search",
            lambda db: [ContextArrived(generation, *hit, search_requests.around(db, hit, width=width))],
            name=f"context {hit}",
            told="details",
        )

    def changed(self, change: Change) -> None:
        """Look for new hits of the search that stands, and for what was added to the transcript."""
        if (search := self._search) is not None and search.seen is not None:
            self.put("search", "search", lambda db: self._new_hits(search, db), name="new hits", told="search")
            if change.files:
                # Later: what an agent writes into both is in SQLite then, and not a hit of the file.
                asked = search.generation, search.query, search.cancel, self._clock
                name, delay = "hits of files", FILES_AFTER
                self.put(
                    "search",
                    "search",
                    lambda db: search_requests.again(db, *asked),
                    name=name,
                    told="search",
                    delay=delay,
                )
        if (reading := self._reading) is not None:
            self._grow(reading, change)

    def noticed(self, message: Answer) -> None:
        """Keep how far the transcript has been read, too."""
        super().noticed(message)
        reading = self._reading
        if not isinstance(message, SectionArrived | GrowthArrived) or reading is None:
            return
        if reading.generation != message.generation:
            return
        reading.tip = message.session_id
        if message.heads:
            reading.last_id = message.heads[-1].id
        elif isinstance(message, SectionArrived) and message.first:
            reading.last_id = 0
        reading.whole |= isinstance(message, SectionArrived) and message.done

    def close(self) -> None:
        """Interrupt what runs, end the threads, close the store."""
        self.withdraw()
        super().close()

    # What is read in the lanes.

    def _hits(self, search: _Search, db: Browser) -> Iterator[Answer]:
        """The search; between two batches, and after it, what was added meanwhile."""
        if search.seen is None:
            search.seen = self.newest or _newest_in(db)
        found: list[Hit] = []
        capped = False
        for message in search_requests.hits(db, search.generation, search.query, search.cancel, self._clock):
            found += message.batch.hits
            capped |= message.batch.capped
            yield message
            yield from self._new_hits(search, db)
        yield from search_requests.beyond(
            db, search.generation, search.query, search.cancel, self._clock, found=found, capped=capped
        )
        yield from self._new_hits(search, db)

    def _new_hits(self, search: _Search, db: Browser) -> Iterator[Answer]:
        newest = self.newest
        if search.seen is None or newest <= search.seen:
            return
        found = search_requests.hits(
            db, search.generation, search.query, search.cancel, self._clock, after_id=search.seen
        )
        yield from (message for message in found if message.batch.hits)
        search.seen = newest

    def _bodies(self, reading: _Reading, db: Browser) -> Iterator[Answer]:
        while ids := self.some(reading.wanted):
            yield BodiesArrived(reading.generation, db.messages(ids))

    def _transcript(self, reading: _Reading, db: Browser) -> Iterator[Answer]:
        read = questions.from_file if reading.from_file else questions.transcript
        return read(db, reading.generation, reading.session)

    def _grow(self, reading: _Reading, change: Change) -> None:
        """Read what was added to the transcript on the screen; a file is read again as a whole."""
        if reading.from_file:
            if reading.session.id in change.files:
                self.put("transcript", "transcript", lambda db: self._transcript(reading, db))
        elif reading.whole and change.store and (not change.sessions or reading.tip in change.sessions):
            self.put(
                "transcript",
                "transcript",
                lambda db: questions.growth(db, reading.generation, reading.tip, reading.last_id),
                name="growth",
            )


def _newest_in(db: Browser) -> int:
    """The highest message id, 0 where SQLite cannot be read: then the files alone are searched."""
    try:
        return max([row.last_id or 0 for row in db.recent(limit=1)], default=0)
    except (CannotOpen, Damaged):
        return 0
