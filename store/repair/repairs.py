"""Repairs: what only JSONL has goes into SQLite, and out again (docs/decisions/0011)."""

from __future__ import annotations

from pathlib import Path

from ..base.cancel import Cancel
from ..base.errors import OperationMissing
from ..home_store import HomeStore
from .apply import Repair, Tell
from .model import Plan, Progress, Receipt, State
from .plans import Plans
from .undo import Undo


def _silent(_: Progress) -> None:
    """No notification."""


class HomeRepairs:
    """JSONL files are only ever read; rows are inserted and moved, never changed otherwise and never lost."""

    def __init__(self, store: HomeStore) -> None:
        self.store = store
        self._full_backup: Path | None = None

    def repair(
        self,
        plan: Plan,
        *,
        progress: Tell | None = None,
        cancel: Cancel | None = None,
        full_backup: bool = False,
    ) -> Receipt:
        """Do what was planned, or go on with what was stopped; with nothing to do, nothing at all is written.

        What it may change is kept aside in `backups/hermes-tui/<operation>/` of the home first.
        It takes the lock for a moment at a time; stopped or killed between two steps, the session reads in order.

        Args:
            plan: What was shown and agreed to.
            progress: Told how far it is, in this thread.
            cancel: Stops it after the step that is being done; the receipt then says `RUNNING`.
            full_backup: Copy the whole store too, once for this SessionDB.

        Raises:
            PlanChanged: The file or the rows are others than planned; where something was done, its id is in the words.
            Refused: Hermes is at work on the session.
            StoreError: No backup could be made (DiskFull, NoPermission, BackupFailed), or the store not written
                (ReadOnly, Locked); what was done so far stands, and can be finished or undone.
        """
        self.store.refuse_to_write_if_read_only()
        self.store.require_repairs()
        copy = self._copied_to if full_backup else None
        return Repair(self.store, plan, tell=progress or _silent, cancel=cancel or Cancel(), copy=copy).apply()

    def finish(self, operation: str, *, progress: Tell | None = None, cancel: Cancel | None = None) -> Receipt:
        """Go on with a repair, or with an undo, that was stopped or killed; one that is complete is left alone.

        Raises:
            OperationMissing: There is none of that id.
            StoreError: See `repair` and `undo`.
        """
        found = next((one for one in Plans(self.store).operations() if one.id == operation), None)
        if found is None:
            raise OperationMissing(f"no repair {operation} here; repair prints the id of each")
        if found.state is State.UNDOING:
            return self.undo(operation, progress=progress, cancel=cancel)
        if found.state is not State.RUNNING:
            return Receipt(found.session_id, operation, found.state, backup=found.backup)
        return self.repair(Plans(self.store).plan(found.session_id), progress=progress, cancel=cancel)

    def undo(self, operation: str, *, progress: Tell | None = None, cancel: Cancel | None = None) -> Receipt:
        """Take back what a repair inserted and give its moved messages their old ids; what came since stays.

        Raises:
            OperationMissing: There is none of that id.
            Refused: A later repair of the session has to be undone first, or Hermes is at work on it.
            StoreError: The store cannot be written; what was undone so far stands, and undo goes on with it.
        """
        self.store.refuse_to_write_if_read_only()
        self.store.require_repairs()
        return Undo(self.store, operation, tell=progress or _silent, cancel=cancel or Cancel()).apply()

    def _copied_to(self, target: Path) -> Path:
        """The whole store, copied once."""
        if self._full_backup is None or not self._full_backup.exists():
            self._full_backup = self.store.engine.repairs.copy(target)
        return self._full_backup
