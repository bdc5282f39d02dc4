"""Plans of repairs, and the repairs that a store remembers; nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..base.cancel import Cancel
from ..base.errors import Interrupted
from ..base.models import Check
from ..home_store import HomeStore
from . import undo
from .model import Line, Operation, Plan, Why
from .planner import objected, work_out
from .side_by_side import whole


class Plans:
    """What repairs of one home would do."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store

    def plan(self, session_id: str, *, merge: bool = False) -> Plan:
        """What a repair of one session would do; writes nothing.

        A session that Hermes has no row for is adopted: it is asked for by its id.

        Args:
            merge: Insert also what is refused because it may have been undone, compacted or rewritten, or because
                nothing tells where it belongs: JSONL's messages then come first.

        Raises:
            SessionMissing: Neither source knows it.
        """
        self._store.require_repairs()
        return work_out(self._store.engine, self._store.files, session_id, merge=merge).plan

    def objection(self, session_id: str) -> tuple[Check, Why | None]:
        """What `check` says, and why a repair would do nothing; None where it would do something.

        Raises:
            SessionMissing: Neither source knows it.
        """
        self._store.require_repairs()
        return objected(self._store.engine, self._store.files, session_id)

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
        self._store.require_repairs()
        every = ids is None
        for session_id in self._repairable() if ids is None else ids:
            if cancel is not None and cancel.cancelled:
                raise Interrupted("the question was withdrawn")
            plan = work_out(self._store.engine, self._store.files, session_id, by_name=adopt or not every).plan
            if not every or plan.check.missing_in_sqlite or plan.applies or plan.refusals:
                yield plan

    def difference(self, session_id: str, *, merge: bool = False) -> Iterator[Line]:
        """Both sources side by side wherever one lacks something, with two equal messages round it.

        Both are compared at the first line; messages are read a hundred at a time, as far as lines are asked for.

        Raises:
            SessionMissing: Neither source knows it.
        """
        self._store.require_repairs()
        work = work_out(self._store.engine, self._store.files, session_id, merge=merge)
        yield from whole(self._store.engine, work.sources, work.sources.compared().union, work.places)

    def _repairable(self) -> Iterator[str]:
        """Sessions that have a file, or a repair that was stopped."""
        written = [session_id for session_id, _ in self._store.files.newest_first()]
        stopped = [one.session_id for one in self.operations() if one.unfinished]
        yield from dict.fromkeys((*stopped, *written))

    def operations(self) -> tuple[Operation, ...]:
        """Every repair that the store remembers, the one begun last first; `unfinished` tells what was stopped."""
        return undo.every(self._store) if self._store.engine.capabilities.repairs else ()
