"""Feed: the requests of one screen to one store, and the subscriptions to their answers; it knows no widget.

Each kind of request owns its threads and its state: at most one search runs at a time, and a long read of files keeps
no row of the list waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from hermes_tui.feed.count_requests import CountRequests, OpenCounts
from hermes_tui.feed.details_request import DetailsRequest
from hermes_tui.feed.export_requests import ExportRequests
from hermes_tui.feed.health_requests import HealthRequests
from hermes_tui.feed.kept_state import KeptHome, KeptState
from hermes_tui.feed.manage_requests import ManageRequests
from hermes_tui.feed.repair_requests import RepairRequests
from hermes_tui.feed.search_requests import SearchRequests
from hermes_tui.feed.session_requests import SessionRequests
from hermes_tui.feed.store_worker import OpenRepairs, OpenStore, StoreWorker
from hermes_tui.feed.store_writer import StoreWriter
from hermes_tui.feed.transcript_requests import TranscriptRequests
from store.base.late_dataclass import dataclass, field
from store.models import Session


@dataclass(frozen=True, slots=True)
class ProfileEntry:
    """One store that can be browsed."""

    name: str
    """The profile, `all` for every one."""
    open_store: OpenStore
    """Opens it; called in a thread."""
    owner: str = "default"
    """The text at the end of the search row."""
    where: str = "~/.hermes"
    """The home's folder as people write it."""
    open_to_write: OpenRepairs | None = None
    """Opens it for repairs; None where nothing may be written."""
    open_to_count: OpenCounts | None = None
    """Opens it to count its sessions and list its deletions; None where neither can be."""
    home: Path | str = "sessions of this home are not resumed from here"
    """The home's folder in full; a sentence where Hermes is not started for it from here."""
    store: str = "state.db"
    """The name of the database."""
    kept: KeptHome = field(default_factory=lambda: KeptState(None).home(""))
    """What is kept for it across runs, by its resolved path or `host/db#schema`."""
    sessions: tuple[Session, ...] = ()
    """Its newest sessions, where they were read before the screen stood."""


class Feed:
    """Asks one store for one screen.

    Args:
        open_db: Opens the store; called in a thread, and again after it failed.
        clock: Seconds that only go forward.
        debounce: Seconds of quiet before a search starts.
        pause: Seconds between two looks at the files.
        open_to_write: Opens the store for repairs; None where nothing may be written.
        open_to_count: See `ProfileEntry`.
    """

    def __init__(
        self,
        open_db: OpenStore,
        *,
        clock: Callable[[], float] = time.monotonic,
        debounce: float = 0.008,
        pause: float = 0.1,
        open_to_write: OpenRepairs | None = None,
        open_to_count: OpenCounts | None = None,
    ) -> None:
        self._worker = worker = StoreWorker(open_db, clock)
        self.subscribe = worker.subscribe
        self.generation = worker.generation
        self.writer = StoreWriter(worker, open_to_write)
        self.sessions = SessionRequests(worker, pause=pause)
        self.search = SearchRequests(worker, lambda: self.sessions.newest, debounce=debounce)
        self.transcript = TranscriptRequests(worker)
        self.details = DetailsRequest(worker)
        self.repairs = RepairRequests(worker, self.writer)
        self.health = HealthRequests(worker, self.writer)
        self.manage = ManageRequests(worker, self.writer)
        self.exports = ExportRequests(worker)
        self.counts = CountRequests(worker, open_to_count)

    def close(self) -> None:
        """Interrupt what runs, stop a repair between two steps, end the threads, close the stores."""
        self.search.cancel()
        self.health.cancel()
        self.exports.stop()
        self.writer.stop()
        self.sessions.close()
        self._worker.close()
        self.counts.close()
        self.writer.close()
