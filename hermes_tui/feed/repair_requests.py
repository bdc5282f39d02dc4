"""What a repair asks for: plans and differences are read, and only what was agreed to is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from textual.message import Message

from hermes_tui.feed.answers import (
    Answer,
    DifferenceArrived,
    PlanArrived,
    PlanListed,
    Repaired,
    RepairFailed,
    RepairProgressed,
    RepairsEnded,
)
from hermes_tui.feed.session_requests import Listing
from hermes_tui.feed.store_worker import OpenRepairs, OpenStore
from store.base.cancel import Cancel
from store.errors import Locked, ReadOnly, Refused, StoreError
from store.models import Change
from store.repair.model import Line, Plan, Progress, Receipt

if TYPE_CHECKING:
    from store import Browser, Repairs

Work: TypeAlias = "Callable[[Repairs, Callable[[Progress], None], Cancel], Receipt]"
"""What is done with a store that may be written."""

SOME_LINES = 100
"""Places of a difference that are read at a time."""
NOT_WRITTEN = (
    "nothing is written: hermes-tui was started with --read-only (start it without), "
    "or shows all profiles as one (ctrl+p switches to one of them)"
)


class Mending(Listing):
    """Plans in one lane, writes in another, which nothing interrupts inside a transaction.

    Args:
        open_db: See `Desk`.
        post: See `Desk`.
        clock: See `Desk`.
        pause: See `Listing`.
        open_to_write: Opens the store for writing, with the first write that is asked for; it is kept until `close`.
            None where nothing may be written.
    """

    def __init__(
        self,
        open_db: OpenStore,
        post: Callable[[Message], object],
        clock: Callable[[], float],
        *,
        pause: float,
        open_to_write: OpenRepairs | None,
    ) -> None:
        super().__init__(open_db, post, clock, pause=pause)
        self._open_to_write = open_to_write
        self._writable: Repairs | None = None
        self._writing: Cancel | None = None
        self._lines: Iterator[Line] = iter(())

    @property
    def may_write(self) -> bool:
        """Whether a repair can be applied."""
        return self._open_to_write is not None

    @property
    def writing(self) -> bool:
        """A repair or an undo runs."""
        return self._writing is not None

    def plan(self, session_id: str, *, merge: bool = False) -> int:
        """Ask what a repair of one session would do, and what was stopped there."""
        generation = self.ask("plan")
        self.put("plans", "plan", lambda db: self._planned(db, generation, session_id, merge), told=session_id)
        return generation

    def plans(self, session_ids: Sequence[str]) -> int:
        """Ask the same for many, one after the other."""
        generation = self.ask("plans")
        self.put("plans", "plans", lambda db: self._listed(db, generation, session_ids))
        return generation

    def difference(self, session_id: str, *, merge: bool = False) -> int:
        """Ask for all that differs, from its start."""
        generation = self.ask("difference")
        self._lines = iter(())
        self.put("plans", "difference", lambda db: self._compared(db, generation, session_id, merge), told=session_id)
        return generation

    def more_difference(self, session_id: str) -> None:
        """Ask for the next stretch of it."""
        generation = self.generation("difference")
        self.put("plans", "difference", lambda _: self._stretch(generation, session_id), told=session_id)

    def repair(self, plans: Sequence[Plan]) -> None:
        """Do what was agreed to, one session after the other; a refusal is told and leaves the others alone."""
        self._write([(plan.session_id, partial(_repaired, plan)) for plan in plans])

    def undo(self, session_id: str, operation: str) -> None:
        """Take a repair back."""
        self._write([(session_id, partial(_undone, operation))])

    def stop(self) -> None:
        """Have what is written end after the step that is being done."""
        if (writing := self._writing) is not None:
            writing.cancel()

    def mended(self, session_id: str) -> None:
        """Read a session's row and flag again: its verdict does not stand any more."""
        with self._noting:
            self._sure.discard(session_id)
        self._take(Change(sessions=frozenset({session_id}), files=frozenset({session_id}), store=True))

    def close(self) -> None:
        """Stop between two steps, end the threads, close both stores."""
        self.stop()
        super().close()
        if self._writable is not None and not self.writing:
            self._writable.close()

    def _planned(self, db: Browser, generation: int, session_id: str, merge: bool) -> Iterator[Answer]:
        try:
            plan = db.plan(session_id, merge=merge)
            stopped = [one for one in db.operations() if one.session_id == session_id and one.unfinished]
        except Locked:
            raise
        except StoreError as error:
            yield RepairFailed(generation, session_id, error)
            return
        yield PlanArrived(generation, session_id, plan, stopped[0] if stopped else None)

    def _listed(self, db: Browser, generation: int, session_ids: Sequence[str]) -> Iterator[Answer]:
        for session_id in session_ids:
            try:
                plan = db.plan(session_id)
            except Locked:
                raise
            except StoreError as error:
                yield RepairFailed(generation, session_id, error)
            else:
                yield PlanListed(generation, session_id, replace(plan, difference=()))

    def _compared(self, db: Browser, generation: int, session_id: str, merge: bool) -> Iterator[Answer]:
        self._lines = db.difference(session_id, merge=merge)
        yield from self._stretch(generation, session_id)

    def _stretch(self, generation: int, session_id: str) -> Iterator[Answer]:
        try:
            lines = tuple(islice(self._lines, SOME_LINES))
        except StoreError as error:
            yield RepairFailed(generation, session_id, error)
            return
        yield DifferenceArrived(generation, session_id, lines, done=len(lines) < SOME_LINES)

    # Writing

    def _write(self, works: Sequence[tuple[str, Work]]) -> None:
        """Have works done in the lane of writes; called while none runs."""
        self._writing = cancel = Cancel()
        self.lane("writes").put("writes", lambda: self._works(works, cancel))

    def _works(self, works: Sequence[tuple[str, Work]], cancel: Cancel) -> None:
        try:
            for session_id, work in works:
                if cancel.cancelled or not self._done(session_id, work, cancel):
                    break
        finally:
            self._writing = None
        self.post(RepairsEnded(0))

    def _done(self, session_id: str, work: Work, cancel: Cancel) -> bool:
        """Do one work and tell what came of it; False where the others would fail alike."""
        try:
            receipt = work(
                self._to_write(), lambda progress: self.post(RepairProgressed(0, session_id, progress)), cancel
            )
        except Refused as error:
            self.post(RepairFailed(0, session_id, error))
        except StoreError as error:
            self.post(RepairFailed(0, session_id, error))
            return False
        else:
            self.post(Repaired(0, session_id, receipt))
        return True

    def _to_write(self) -> Repairs:
        if self._open_to_write is None:
            raise ReadOnly(NOT_WRITTEN)
        if self._writable is None:
            self._writable = self._open_to_write()
        return self._writable


def _repaired(plan: Plan, db: Repairs, tell: Callable[[Progress], None], cancel: Cancel) -> Receipt:
    return db.repair(plan, progress=tell, cancel=cancel)


def _undone(operation: str, db: Repairs, tell: Callable[[Progress], None], cancel: Cancel) -> Receipt:
    return db.undo(operation, progress=tell, cancel=cancel)
