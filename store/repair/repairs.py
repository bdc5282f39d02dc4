"""The verbs that mend: plan, repair, undo, and what was mended (docs/decisions/0011)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..base.cancel import Cancel
from ..base.errors import Interrupted, OperationMissing
from ..base.models import Check
from ..browse.browser import BrowserVerbs
from ..sqlite.connect import online_backup
from . import undo as operations
from .apply import Repair, Tell
from .model import Line, Operation, Plan, Progress, Receipt, State, Why
from .planner import objected, work_out
from .side_by_side import whole


def _silent(_: Progress) -> None:
    """Tell nobody."""


class RepairVerbs(BrowserVerbs):
    """JSONL files are only ever read; rows are inserted and moved, never changed otherwise and never lost."""

    _full_backup: Path | None = None

    def plan(self, session_id: str, *, merge: bool = False) -> Plan:
        """What a repair of one session would do; writes nothing.

        A session that Hermes has no row for is adopted: it is asked for by its id.

        Args:
            merge: Insert also what is refused because it may have been undone, compacted or rewritten, or because
                nothing tells where it belongs: JSONL's messages then come first.

        Raises:
            SessionMissing: Neither source knows it.
        """
        return work_out(self._reader, self._files, session_id, merge=merge).plan

    def objection(self, session_id: str) -> tuple[Check, Why | None]:
        """What `check` says, and why a repair would do nothing; None where it would do something.

        Raises:
            SessionMissing: Neither source knows it.
        """
        return objected(self._reader, self._files, session_id)

    def plans(
        self, ids: Iterable[str] | None = None, *, adopt: bool = False, cancel: Cancel | None = None
    ) -> Iterator[Plan]:
        """The plan of one session after the other; of all, those where SQLite lacks something or a repair was stopped.

        Args:
            ids: Sessions; None for all that have a JSONL file, the file changed last first.
            adopt: Of all, also those that Hermes has no row for; asked for by id they are adopted anyway.

        Raises:
            SessionMissing: An id that was asked for is not known.
            Interrupted: `cancel` was withdrawn.
        """
        every = ids is None
        for session_id in self._repairable() if ids is None else ids:
            if cancel is not None and cancel.cancelled:
                raise Interrupted("the question was withdrawn")
            plan = work_out(self._reader, self._files, session_id, by_name=adopt or not every).plan
            if not every or plan.check.missing_in_sqlite or plan.applies or plan.refusals:
                yield plan

    def difference(self, session_id: str, *, merge: bool = False) -> Iterator[Line]:
        """Both sources side by side wherever one lacks something, with two equal messages round it.

        Both are compared at the first line; messages are read a hundred at a time, as far as lines are asked for.

        Raises:
            SessionMissing: Neither source knows it.
        """
        work = work_out(self._reader, self._files, session_id, merge=merge)
        yield from whole(self._reader, work.sources, work.sources.compared().union, work.places)

    def _repairable(self) -> Iterator[str]:
        """Sessions that have a file, or a repair that was stopped."""
        written = [session_id for session_id, _ in self._files.newest_first()]
        stopped = [one.session_id for one in self.operations() if one.unfinished]
        yield from dict.fromkeys((*stopped, *written))

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
        self._refuse_to_write_if_read_only()
        copy = self._copied_to if full_backup else None
        return Repair(self, plan, tell=progress or _silent, cancel=cancel or Cancel(), copy=copy).apply()

    def finish(self, operation: str, *, progress: Tell | None = None, cancel: Cancel | None = None) -> Receipt:
        """Go on with a repair, or with an undo, that was stopped or killed; one that is complete is left alone.

        Raises:
            OperationMissing: There is none of that id.
            StoreError: See `repair` and `undo`.
        """
        found = next((one for one in self.operations() if one.id == operation), None)
        if found is None:
            raise OperationMissing(f"no repair {operation} here; repair prints the id of each")
        if found.state is State.UNDOING:
            return self.undo(operation, progress=progress, cancel=cancel)
        if found.state is not State.RUNNING:
            return Receipt(found.session_id, operation, found.state, backup=found.backup)
        return self.repair(self.plan(found.session_id), progress=progress, cancel=cancel)

    def undo(self, operation: str, *, progress: Tell | None = None, cancel: Cancel | None = None) -> Receipt:
        """Take back what a repair inserted and give its moved messages their old ids; what came since stays.

        Raises:
            OperationMissing: There is none of that id.
            Refused: A later repair of the session has to be undone first, or Hermes is at work on it.
            StoreError: The store cannot be written; what was undone so far stands, and undo goes on with it.
        """
        self._refuse_to_write_if_read_only()
        return operations.Undo(self, operation, tell=progress or _silent, cancel=cancel or Cancel()).apply()

    def operations(self) -> tuple[Operation, ...]:
        """Every repair that the store remembers, the one begun last first; `unfinished` tells what was stopped."""
        return operations.every(self)

    def _copied_to(self, target: Path) -> Path:
        """The whole store, copied once."""
        if self._full_backup is None or not self._full_backup.exists():
            self._full_backup = online_backup.copy(self._reader, target)
        return self._full_backup
