"""Thread that writes, and the store it writes into: one run of jobs at a time, stopped between two transactions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from hermes_tui.feed.answers import RepairsEnded, ReplayEnded
from hermes_tui.feed.manage_answers import ManageEnded
from hermes_tui.feed.store_worker import OpenRepairs, StoreWorker
from store.base.cancel import Cancel
from store.browse.protocol import Writes
from store.errors import ReadOnly

Ended: TypeAlias = RepairsEnded | ReplayEnded | ManageEnded
"""What is posted at the end of a run."""
NOT_WRITTEN = (
    "nothing is written: hermes-tui was started with --read-only (start it without), "
    "shows all profiles as one (ctrl+p switches to one of them), or reads a server or another machine"
)


class StoreWriter:
    """Runs what writes; repairs and the replay of waiting messages share it.

    Args:
        worker: Gives the thread, and posts the end.
        open_to_write: Opens the store for writing, with the first write that is asked for; it is kept until `close`.
            None where nothing may be written.
    """

    def __init__(self, worker: StoreWorker, open_to_write: OpenRepairs | None) -> None:
        self._worker = worker
        self._open_to_write = open_to_write
        self.may_write = open_to_write is not None
        self._thread = worker.thread("writes")
        self._store: Writes | None = None
        self._cancel: Cancel | None = None

    @property
    def writing(self) -> bool:
        """A run has not ended."""
        return self._cancel is not None

    def run(self, job: Callable[[Cancel], None], ended: type[Ended]) -> None:
        """Have a job done and its end posted; called while none runs."""
        self._cancel = cancel = Cancel()
        self._thread.put("writes", partial(self._run, job, cancel, ended))

    def look(self, job: Callable[[], None]) -> None:
        """Have something read in the thread that writes; it takes the place of such a job that waits."""
        self._thread.put("look", job)

    def stop(self) -> None:
        """Have the run end after its current step."""
        if (cancel := self._cancel) is not None:
            cancel.cancel()

    def store(self) -> Writes:
        """The store to write into; called in the thread that writes.

        Raises:
            ReadOnly: Nothing may be written.
            StoreError: It cannot be opened.
        """
        if self._open_to_write is None:
            raise ReadOnly(NOT_WRITTEN)
        if self._store is None:
            self._store = self._open_to_write()
        return self._store

    def close(self) -> None:
        """Close the store, unless the run outlasts the end of the threads."""
        if self._store is not None and not self.writing:
            self._store.close()

    def _run(self, job: Callable[[Cancel], None], cancel: Cancel, ended: type[Ended]) -> None:
        try:
            job(cancel)
        finally:
            self._cancel = None
        self._worker.post(ended(0))
