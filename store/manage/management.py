"""Sessions of one home kept in order: deletion with trash and undo, names, marks."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..base.cancel import Cancel
from ..base.errors import ColumnMissing, SessionMissing
from ..base.late_dataclass import dataclass
from ..engine.managed import Mark
from ..formats import titles
from ..home_store import HomeStore
from .model import DeletePlan, EmptyPlan, ProgressCallback, TrashEntry, TrashProgress, TrashReceipt


def _silent(_: TrashProgress) -> None:
    """No notification."""


@dataclass(frozen=True, slots=True)
class MarkPlan:
    """Sessions that a mark is set or cleared for, with the sections of their chains."""

    mark: Mark
    on: bool
    session_ids: tuple[str, ...]


class HomeManagement:
    """Implements `manage.management` for one home; reads and plans write nothing.

    Args:
        store: The home.
    """

    def __init__(self, store: HomeStore) -> None:
        self._store = store

    def plan_delete(self, session_id: str, *, with_children: bool = False) -> DeletePlan:
        """The plan of a deletion of a session with its whole chain; see `delete_plan.plan_deletion`."""
        from .delete_plan import plan_deletion

        return plan_deletion(self._store, session_id, with_children=with_children)

    def delete(
        self,
        plan: DeletePlan,
        *,
        force: bool = False,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> TrashReceipt:
        """Move a session into the trash, or continue a deletion that was stopped.

        Everything is first copied into `backups/hermes-tui/<operation>/` of the home and read back. It holds the lock
        briefly for each step; killed between two, it is finished by another call or undone by its id.

        Args:
            plan: The plan that was shown and confirmed.
            force: Go on where a recent message, a lock or a gateway speaks against it.
            progress: Called with the progress, in this thread.
            cancel: Stops it after the present step; the receipt then says `RUNNING`.

        Raises:
            PlanChanged: The family is not that of the plan.
            DeletionRefused: Something speaks against it that was not or cannot be overridden.
            StoreError: The trash or the database cannot be written.
        """
        self._store.refuse_to_write_if_read_only()
        from .delete import Deletion

        run = Deletion(self._store, plan, force=force, on_progress=progress or _silent, cancel=cancel or Cancel())
        return run.apply()

    def restore(
        self, operation: str, *, progress: ProgressCallback | None = None, cancel: Cancel | None = None
    ) -> TrashReceipt:
        """Bring back what a deletion took, with all ids; see `restore.Restore.apply`."""
        self._store.refuse_to_write_if_read_only()
        from .restore import Restore

        return Restore(self._store, operation, on_progress=progress or _silent, cancel=cancel or Cancel()).apply()

    def trash(self) -> tuple[TrashEntry, ...]:
        """Every deletion in the journal, the last started first."""
        from . import trash

        return trash.entries(self._store)

    def plan_emptying(self) -> EmptyPlan:
        """What emptying the trash removes for good."""
        from . import trash

        return trash.plan_emptying(self._store)

    def empty(self, plan: EmptyPlan) -> int:
        """Remove what a plan names; the number of its entries."""
        from . import trash

        return trash.empty(self._store, plan)

    def rename(self, session_id: str, title: str | None) -> str | None:
        """Give a session a title; the title as it is stored, None where nothing is left of it.

        Raises:
            ValueError: The title is too long, or another session's.
            SessionMissing: The session has no row.
        """
        cleaned = titles.sanitize(title)
        self._store.refuse_to_write_if_read_only()
        if not self._store.managed.rename(session_id, cleaned):
            raise SessionMissing(f"{session_id} has no row in {self._store.engine.name}; its file is not renamed")
        return cleaned

    def title_holder(self, session_id: str, title: str) -> str | None:
        """Id of the session because of which another one cannot have a title; None where it is free.

        An older section of its own chain hands its title on.
        """
        holder = (self._store.engine.records.by_title(title) or {}).get("id")
        chain = self._store.engine.sessions.chain(session_id)
        is_free = holder is None or holder in chain[: chain.index(session_id) + 1]
        return None if is_free else str(holder)

    def plan_mark(self, session_ids: Sequence[str], mark: Mark, *, on: bool | None) -> MarkPlan:
        """The sections that get a mark: of each session its whole chain.

        Args:
            on: Set or clear it; None for the opposite of what the first session has.

        Raises:
            ColumnMissing: The file has no column for it.
        """
        chains = [self._store.engine.sessions.chain(session_id) for session_id in session_ids]
        members = tuple(dict.fromkeys(member for chain in chains for member in chain))
        if mark not in self._store.managed.facts(members, now=time.time()).marks:
            raise ColumnMissing(mark)
        if on is None:
            on = not (self._store.engine.records.session(session_ids[0]) or {}).get(mark)
        return MarkPlan(mark, on, members)

    def mark(self, plan: MarkPlan) -> int:
        """Set or clear a mark; the number of sessions that changed."""
        self._store.refuse_to_write_if_read_only()
        return self._store.managed.mark(plan.session_ids, plan.mark, on=plan.on)
