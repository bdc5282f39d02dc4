"""Requests of the doctor's screen: the health of the store, the messages that wait beside it, and their replay."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from hermes_tui.feed.answers import Answer, ChecksEnded, FindingArrived, Replayed, ReplayEnded, SpoolArrived
from hermes_tui.feed.store_worker import StoreWorker
from hermes_tui.feed.store_writer import StoreWriter
from store import Browser
from store.base.cancel import Cancel
from store.errors import StoreError
from store.files import outbox


class HealthRequests:
    """Checks in a thread of their own, for one can take long; a replay is handed to the writer."""

    def __init__(self, worker: StoreWorker, writer: StoreWriter) -> None:
        self._worker = worker
        self._writer = writer
        self._thread = worker.thread("health")
        self._cancel = Cancel()

    def check(self) -> None:
        """Ask for the waiting messages, then for every check."""
        self.cancel()
        self._cancel = cancel = Cancel()
        self._worker.ask(self._thread, "health", partial(_checked, cancel=cancel), about="details")

    def cancel(self) -> None:
        """Interrupt the check that runs, and drop the others."""
        self._worker.begin("health")
        self._cancel.cancel()

    def replay(self) -> None:
        """Write every file that waits; one that fails is reported and kept."""
        self._writer.run(self._replay, ReplayEnded)

    def _replay(self, cancel: Cancel) -> None:
        try:
            paths = self._worker.store().replayable()
            db = self._writer.store()
            for path in paths:
                if cancel.cancelled:
                    return
                try:
                    self._worker.post(Replayed(0, path.name, db.replay(path)))
                except StoreError as error:
                    self._worker.post(Replayed(0, path.name, 0, error))
        except StoreError as error:
            self._worker.post(Replayed(0, "", 0, error))


def _checked(db: Browser, generation: int, *, cancel: Cancel) -> Iterator[Answer]:
    yield _spool(db, generation)
    for finding in db.health(cancel=cancel):
        yield FindingArrived(generation, finding)
    yield ChecksEnded(generation)


def _spool(db: Browser, generation: int) -> SpoolArrived:
    waiting, problems = [], []
    try:
        paths = db.refused()
    except StoreError as error:
        paths, problems = (), [str(error)]
    for path in paths:
        try:
            waiting.append(outbox.read_pending(path))
        except StoreError as error:
            problems.append(str(error))
    return SpoolArrived(generation, tuple(waiting), tuple(problems))
