"""Repairs of one home: messages that only JSONL has are inserted into SQLite, and undone (docs/decisions/0011)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..base.cancel import Cancel
from ..base.errors import OperationMissing
from ..home_store import HomeStore
from .model import Plan, Progress, Receipt, State
from .plans import Plans

if TYPE_CHECKING:
    from .apply import ProgressCallback


def _silent(_: Progress) -> None:
    """No notification."""


class HomeRepairs:
    """Repairs of one home: JSONL files are only read; rows are inserted and moved, never changed otherwise."""

    def __init__(self, store: HomeStore) -> None:
        self.store = store
        self._full_backup: Path | None = None

    def repair(
        self,
        plan: Plan,
        *,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
        full_backup: bool = False,
    ) -> Receipt:
        """Apply a plan, or continue a stopped repair; without anything to do, nothing is written.

        The rows that it may change are first backed up in `backups/hermes-tui/<operation>/` of the home.
        It holds the lock briefly for each step; stopped or killed between two steps, the session reads in order.

        Args:
            plan: The plan that was shown and confirmed.
            progress: Called with the progress, in this thread.
            cancel: Stops it after the current step; the receipt then says `RUNNING`.
            full_backup: Copy the whole store too, once for this SessionDB.

        Raises:
            PlanChanged: The file or the rows are not those of the plan; after a first step the message has the id.
            Refused: Hermes is using the session.
            StoreError: No backup could be made (DiskFull, NoPermission, BackupFailed), or the store not written
                (ReadOnly, Locked); the steps done so far stand, and can be finished or undone.
        """
        self.store.refuse_to_write_if_read_only()
        self.store.require_repairs()
        from .apply import Repair

        copy = self._copied_to if full_backup else None
        return Repair(self.store, plan, on_progress=progress or _silent, cancel=cancel or Cancel(), copy=copy).apply()

    def finish(
        self, operation: str, *, progress: ProgressCallback | None = None, cancel: Cancel | None = None
    ) -> Receipt:
        """Continue a repair or an undo that was stopped or killed; a complete one stays as it is.

        Raises:
            OperationMissing: There is none of that id.
            StoreError: See `repair` and `undo`.
        """
        found = next((known for known in Plans(self.store).operations() if known.id == operation), None)
        if found is None:
            raise OperationMissing(f"no repair {operation} here; repair prints the id of each")
        if found.state is State.UNDOING:
            return self.undo(operation, progress=progress, cancel=cancel)
        if found.state is not State.RUNNING:
            return Receipt(found.session_id, operation, found.state, backup=found.backup)
        return self.repair(Plans(self.store).plan(found.session_id), progress=progress, cancel=cancel)

    def undo(
        self, operation: str, *, progress: ProgressCallback | None = None, cancel: Cancel | None = None
    ) -> Receipt:
        """Delete the messages that a repair inserted and give moved ones their old ids; later messages stay.

        Raises:
            OperationMissing: There is none of that id.
            Refused: A later repair of the session has to be undone first, or Hermes is using it.
            StoreError: The store cannot be written; the steps undone so far stand, and another undo continues.
        """
        self.store.refuse_to_write_if_read_only()
        self.store.require_repairs()
        from .undo import Undo

        return Undo(self.store, operation, on_progress=progress or _silent, cancel=cancel or Cancel()).apply()

    def _copied_to(self, target: Path) -> Path:
        """The whole store, copied once."""
        if self._full_backup is None or not self._full_backup.exists():
            self._full_backup = self.store.engine.repairs.copy(target)
        return self._full_backup
