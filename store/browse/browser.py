"""Browser of one home: every verb that reads, for screen and command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.cancel import Cancel
from ..base.delegation import delegate
from ..files import outbox
from ..repair.plans import Plans
from ..search.searches import Searches
from .comparisons import Comparisons
from .locate import Locator
from .messages import StoredMessages
from .outlines import Outlines
from .reading import SessionReader
from .records import SessionRecords
from .sessions import StoredSessions
from .watch import Watch

if TYPE_CHECKING:
    from ..base.models import Finding
    from ..home_store import HomeStore
    from .listed import Listing


def _sessions(browser: HomeBrowser) -> StoredSessions:
    return browser._sessions


def _outlines(browser: HomeBrowser) -> Outlines:
    return browser._outlines


def _messages(browser: HomeBrowser) -> StoredMessages:
    return browser._messages


def _reader(browser: HomeBrowser) -> SessionReader:
    return browser._reader


def _records(browser: HomeBrowser) -> SessionRecords:
    return browser._records


def _searches(browser: HomeBrowser) -> Searches:
    return browser._searches


def _comparisons(browser: HomeBrowser) -> Comparisons:
    return browser._comparisons


def _plans(browser: HomeBrowser) -> Plans:
    return browser._plans


def _locator(browser: HomeBrowser) -> Locator:
    return browser._locator


class HomeBrowser:
    """Implements `Browser`; a missing session is empty or None, one that cannot be read a StoreError.

    Args:
        store: The home; closed with this browser.
    """

    def __init__(self, store: HomeStore) -> None:
        self._store = store
        self._sessions = StoredSessions(store)
        self._outlines = Outlines(store)
        self._messages = StoredMessages(store)
        self._reader = SessionReader(store)
        self._records = SessionRecords(store)
        self._searches = Searches(store)
        self._comparisons = Comparisons(store)
        self._plans = Plans(store)
        self._locator = Locator(store)

    sessions = delegate(_sessions, StoredSessions.sessions)
    recent = delegate(_sessions, StoredSessions.recent)
    session = delegate(_sessions, StoredSessions.session)
    file_sessions = delegate(_sessions, StoredSessions.file_sessions)
    outlines = delegate(_outlines, Outlines.outlines)
    scope = delegate(_sessions, StoredSessions.scope)
    chain = delegate(_sessions, StoredSessions.chain)
    family = delegate(_sessions, StoredSessions.family)
    named = delegate(_sessions, StoredSessions.named)
    resolve = delegate(_sessions, StoredSessions.resolve)

    versions = delegate(_messages, StoredMessages.versions)
    carried = delegate(_messages, StoredMessages.carried)
    heads = delegate(_messages, StoredMessages.heads)
    messages = delegate(_messages, StoredMessages.messages)
    containing = delegate(_messages, StoredMessages.containing)
    stored_texts = delegate(_messages, StoredMessages.stored_texts)
    context = delegate(_messages, StoredMessages.context)
    file_messages = delegate(_messages, StoredMessages.file_messages)
    snapshot_messages = delegate(_messages, StoredMessages.snapshot_messages)
    spooled = delegate(_messages, StoredMessages.spooled)
    waiting = delegate(_messages, StoredMessages.waiting)
    reading = delegate(_reader, SessionReader.reading)
    pieces = delegate(_reader, SessionReader.pieces)
    beginning = delegate(_reader, SessionReader.beginning)
    session_record = delegate(_records, SessionRecords.session_record)
    records = delegate(_records, SessionRecords.records)

    search = delegate(_searches, Searches.search)
    rank = delegate(_searches, Searches.rank)
    oldest = delegate(_searches, Searches.oldest)
    count = delegate(_searches, Searches.count)
    meant = delegate(_searches, Searches.meant)

    glance = delegate(_comparisons, Comparisons.glance)
    glances = delegate(_comparisons, Comparisons.glances)
    survey = delegate(_comparisons, Comparisons.survey)
    verify = delegate(_comparisons, Comparisons.verify)
    facts = delegate(_comparisons, Comparisons.facts)
    all_facts = delegate(_comparisons, Comparisons.all_facts)
    drift = delegate(_comparisons, Comparisons.drift)
    check = delegate(_comparisons, Comparisons.check)
    checks = delegate(_comparisons, Comparisons.checks)

    plan = delegate(_plans, Plans.plan)
    plans = delegate(_plans, Plans.plans)
    objection = delegate(_plans, Plans.objection)
    difference = delegate(_plans, Plans.difference)
    operations = delegate(_plans, Plans.operations)

    census = delegate(_locator, Locator.census)
    own_census = delegate(_locator, Locator.own)
    where = delegate(_locator, Locator.where)

    def listing(self, *, by_start: bool = False) -> Listing:
        """Every session in the order of a list, page by page: by last message or by start, the newest first."""
        from .listing import Listings, listing_of

        return Listings(self._store).listing(by_start=by_start) or listing_of(self, by_start=by_start)

    def problems(self) -> tuple[str, ...]:
        """A sentence for each part that could not be read, where the others could; a single home has none."""
        return ()

    def watch(self) -> Watch:
        """A watch on this store and its JSONL files, for one thread."""
        return Watch(self._store.engine.changes, self._store.sessions_dir)

    def health(self, *, cancel: Cancel | None = None) -> Iterator[Finding]:
        """Permissions, journal, lock, indexes, integrity and more, check by check; nothing is changed.

        Raises:
            Interrupted: The request was cancelled; a copy that was being checked is removed.
        """
        from ..health import doctor

        store = self._store
        return doctor.findings(store.engine.health, store.path, gateway=store.gateway, cancel=cancel or Cancel())

    def refused(self) -> tuple[Path, ...]:
        """The files that keep messages that this store refused; `replay` writes them."""
        return outbox.pending_files(outbox.folder_of(self._store.path))

    def replayable(self) -> tuple[Path, ...]:
        """The same, where there is a store to write them into.

        Raises:
            StoreMissing: There is none.
        """
        if self._store.engine.capabilities.files:
            outbox.require_store(self._store.path)
        return self.refused()

    def close(self) -> None:
        """Close every connection; later calls fail. May be called twice."""
        self._store.close()
