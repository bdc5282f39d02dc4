"""Requests on what a home holds: statistics, and the deletions in its journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from hermes_tui.feed.answers import Answer
from hermes_tui.feed.count_answers import CountFailed, DeletionsListed, StatisticsArrived, ToolsCounted
from hermes_tui.feed.store_worker import StoreWorker
from store import Browser
from store.engine.statistics import By
from store.errors import Interrupted, Locked, StoreError

if TYPE_CHECKING:
    from store import SessionDB

OpenCounts: TypeAlias = "Callable[[], SessionDB]"
"""Opens the home to read it; it may raise a StoreError."""


class CountRequests:
    """Read in a thread of their own by a handle of their own, which a search never waits for.

    Args:
        open_to_count: Opens that handle; None where sessions are not counted and nothing was deleted by us.
    """

    def __init__(self, worker: StoreWorker, open_to_count: OpenCounts | None) -> None:
        self._worker = worker
        self._open = open_to_count
        self._thread = worker.thread("counts")
        self._db: SessionDB | None = None

    @property
    def can_count(self) -> bool:
        """There is something that can be counted."""
        return self._open is not None

    def statistics(self, query: str) -> None:
        """Ask for the statistics of the sessions that a query chooses, then for those of their tools."""
        self._worker.ask(self._thread, "statistics", partial(self._counted, query))

    def drop(self) -> None:
        """Count no more."""
        self._worker.begin("statistics")

    def deletions(self) -> None:
        """Ask for the deletions in the journal; without such a journal there is no answer."""
        if self._open is not None:
            self._worker.ask(self._thread, "deletions", self._listed, about="details")

    def close(self) -> None:
        """Close the handle; called when the thread has ended."""
        if self._db is not None:
            self._db.close()

    def _counted(self, query: str, _: Browser, generation: int) -> Iterator[Answer]:
        try:
            counts = self._store().statistics
            ids = counts.chosen(query)
            numbers = counts.statistics(ids, by=None, zone=None)
            sources, models = (counts.groups(ids, by=by, zone=None) for by in (By.SOURCE, By.MODEL))
            yield StatisticsArrived(generation, numbers, sources, models)
            for step in counts.tools(ids):
                yield ToolsCounted(generation, step)
        except (Interrupted, Locked):
            raise
        except StoreError as error:
            yield CountFailed(generation, error)

    def _listed(self, _: Browser, generation: int) -> Iterator[Answer]:
        yield DeletionsListed(generation, self._store().trash())

    def _store(self) -> SessionDB:
        if self._db is None:
            assert self._open is not None
            self._db = self._open()
        return self._db
