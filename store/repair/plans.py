"""Plans of repairs, and the list of repairs in the journal; nothing here writes.

What makes a plan is imported for the first one: a browser has these verbs from its start, and seldom uses them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..base.cancel import Cancel, raise_if_cancelled
from ..base.errors import CannotOpen, Damaged, StoreMissing
from ..base.late_dataclass import replace

if TYPE_CHECKING:
    from ..base.models import Check
    from ..home_store import HomeStore
    from .model import DifferenceRow, Operation, Plan, Why


class Plans:
    """Plans of repairs of one home."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store

    def plan(self, session_id: str, *, merge: bool = False) -> Plan:
        """The plan of a repair of one session; writes nothing.

        A session without a row in Hermes is adopted, because it is requested by its id.

        Args:
            merge: Insert also messages that may have been undone, compacted or rewritten, or whose position is
                uncertain: JSONL's messages then come first.

        Raises:
            SessionMissing: Neither source knows it.
        """
        from .planner import make_plan

        self._store.require_repairs()
        return self._owned(make_plan(self._store.engine, self._store.files, session_id, merge=merge).plan)

    def objection(self, session_id: str) -> tuple[Check, Why | None]:
        """The verdict, and why a repair would do nothing; None where it would do something.

        Raises:
            SessionMissing: Neither source knows it.
        """
        from .planner import objected

        self._store.require_repairs()
        return objected(self._store.engine, self._store.files, session_id)

    def plans(
        self, ids: Iterable[str] | None = None, *, adopt: bool = False, cancel: Cancel | None = None
    ) -> Iterator[Plan]:
        """The plan of one session after the other; of all, those where SQLite lacks something or a repair was stopped.

        Args:
            ids: Sessions; None for all that have a JSONL file, the file changed last first.
            adopt: Of all, also those without a row in Hermes; requested by id they are adopted anyway.

        Raises:
            SessionMissing: A requested id is not known.
            Interrupted: The request was cancelled.
        """

        self._store.require_repairs()
        every = ids is None
        for session_id in self._repairable() if ids is None else ids:
            raise_if_cancelled(cancel)
            plan = self._planned(session_id, by_name=adopt or not every)
            if not every or plan.check.missing_in_sqlite or plan.applies or plan.refusals:
                yield self._owned(plan)

    def _planned(self, session_id: str, *, by_name: bool) -> Plan:
        """The plan of a session; that of one that cannot be read is refused, so that the others follow."""
        from ..drift.verdict import unread_check
        from .model import Plan, Refusal, Why
        from .planner import make_plan

        try:
            return make_plan(self._store.engine, self._store.files, session_id, by_name=by_name).plan
        except StoreMissing:
            raise
        except (CannotOpen, Damaged) as error:
            return Plan(unread_check(session_id, error), refusals=(Refusal(Why.UNREAD, 0, str(error)),))

    def difference(self, session_id: str, *, merge: bool = False) -> Iterator[DifferenceRow]:
        """Both sources side by side wherever one lacks a message, with two equal messages on either side.

        Both are compared for the first row; messages are read a hundred at a time, as rows are consumed.

        Raises:
            SessionMissing: Neither source knows it.
        """
        from .planner import make_plan
        from .side_by_side import whole

        self._store.require_repairs()
        work = make_plan(self._store.engine, self._store.files, session_id, merge=merge)
        yield from whole(self._store.engine, work.sources, work.sources.compared(self._store.engine).union, work.places)

    def _owned(self, plan: Plan) -> Plan:
        """The plan, with the gateway that may hold its session in memory."""
        from ..files.gateway import present

        return replace(plan, gateway=present(self._store.gateway())) if plan.applies else plan

    def _repairable(self) -> Iterator[str]:
        """Sessions that have a file, or a repair that was stopped."""
        written = self._store.files.ids_without(())
        stopped = [operation.session_id for operation in self.operations() if operation.unfinished]
        yield from dict.fromkeys((*stopped, *written))

    def operations(self) -> tuple[Operation, ...]:
        """Every repair in the journal, the last started first; stopped ones are `unfinished`."""
        from . import undo

        return undo.operations(self._store) if self._store.engine.capabilities.repairs else ()
