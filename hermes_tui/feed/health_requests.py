"""What the doctor asks for: how the store is, what waits beside it, and to write that, where it was agreed to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hermes_tui.feed.answers import Answer, ChecksEnded, FindingArrived, Replayed, ReplayEnded, SpoolArrived
from hermes_tui.feed.repair_requests import Mending
from store import replay
from store.base.cancel import Cancel
from store.errors import StoreError
from store.files import outbox

if TYPE_CHECKING:
    from store import SessionDB


class Doctoring(Mending):
    """Looks in a lane of its own, for a check can take long; writes in the lane of writes."""

    _looking = Cancel()

    def health(self) -> int:
        """Ask what waits, then for every check."""
        self.leave_health()
        generation = self.ask("health")
        self._looking = cancel = Cancel()
        self.put("health", "health", lambda db: self._looked(db, generation, cancel), told="details")
        return generation

    def leave_health(self) -> None:
        """Want no more of it; the check that runs is interrupted."""
        self.ask("health")
        self._looking.cancel()

    def close(self) -> None:
        """Leave a check that runs, too."""
        self.leave_health()
        super().close()

    def replay(self) -> None:
        """Write every file that waits; one that fails is told and kept."""
        self._writing = cancel = Cancel()
        self.lane("writes").put("replay", lambda: self._replay(cancel))

    def _looked(self, db: SessionDB, generation: int, cancel: Cancel) -> Iterator[Answer]:
        yield from self._waiting(db, generation)
        for finding in db.health(cancel=cancel):
            yield FindingArrived(generation, finding)
        yield ChecksEnded(generation)

    def _waiting(self, db: SessionDB, generation: int) -> Iterator[Answer]:
        found, problems = [], []
        try:
            paths = db.refused()
        except StoreError as error:
            paths, problems = (), [str(error)]
        for path in paths:
            try:
                found.append(outbox.read_pending(path))
            except StoreError as error:
                problems.append(str(error))
        yield SpoolArrived(generation, tuple(found), tuple(problems))

    def _replay(self, cancel: Cancel) -> None:
        try:
            outbox.require_store(self.store().path)
            for path in self._to_write().refused():
                if cancel.cancelled:
                    break
                self._replayed(path)
        except StoreError as error:
            self.post(Replayed(0, "", 0, error))
        finally:
            self._writing = None
        self.post(ReplayEnded(0))

    def _replayed(self, path: Path) -> None:
        try:
            written = replay(self._to_write(), path)
        except StoreError as error:
            self.post(Replayed(0, path.name, 0, error))
        else:
            self.post(Replayed(0, path.name, written))
