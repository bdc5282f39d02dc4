"""Requests of repairs: plans and differences are read, and only what was agreed to is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeAlias

from hermes_tui.feed import answers
from hermes_tui.feed.answers import Answer
from hermes_tui.feed.store_worker import StoreWorker
from hermes_tui.feed.store_writer import StoreWriter
from store import Browser, Repairs
from store.base.cancel import Cancel
from store.base.late_dataclass import replace
from store.errors import Locked, Refused, StoreError
from store.repair.model import DifferenceRow, Plan, Progress, Receipt

Write: TypeAlias = "Callable[[Repairs, Callable[[Progress], None], Cancel], Receipt]"
"""A repair or an undo, done with a store that may be written."""

ROWS_AT_ONCE = 100
"""Places of a difference that are read at a time."""


class RepairRequests:
    """Plans and differences, read in a thread of their own; repairs and undos are handed to the writer."""

    def __init__(self, worker: StoreWorker, writer: StoreWriter) -> None:
        self._worker = worker
        self._writer = writer
        self._thread = worker.thread("plans")
        self._difference: Iterator[DifferenceRow] = iter(())

    def plan(self, session_id: str, *, merge: bool = False) -> None:
        """Ask for the plan of one session, and for a repair that was stopped there."""
        read = partial(_planned, session_id=session_id, merge=merge)
        self._worker.ask(self._thread, "plan", read, about=session_id)

    def plans(self, session_ids: Sequence[str]) -> None:
        """Ask for the plans of many, one after the other."""
        self._worker.ask(self._thread, "plans", partial(_listed, session_ids=session_ids))

    def difference(self, session_id: str, *, merge: bool = False) -> None:
        """Ask for all that differs, from its start."""
        self._difference = iter(())
        read = partial(self._compared, session_id=session_id, merge=merge)
        self._worker.ask(self._thread, "difference", read, about=session_id)

    def more_difference(self, session_id: str) -> None:
        """Ask for the next stretch of it."""
        read = partial(self._stretch, session_id=session_id)
        self._worker.put(self._thread, "difference", read, about=session_id)

    def operations(self) -> None:
        """Ask for the repairs in the journal."""
        self._worker.ask(self._thread, "operations", _operations, about="details")

    def apply(self, plans: Sequence[Plan]) -> None:
        """Repair one session after the other; a refusal is reported and leaves the others alone."""
        self._write([(plan.session_id, partial(_repaired, plan)) for plan in plans])

    def undo(self, session_id: str, operation: str) -> None:
        """Take a repair back."""
        self._write([(session_id, partial(_undone, operation))])

    def _compared(self, db: Browser, generation: int, session_id: str, merge: bool) -> Iterator[Answer]:
        self._difference = db.difference(session_id, merge=merge)
        yield from self._stretch(db, generation, session_id)

    def _stretch(self, _: Browser, generation: int, session_id: str) -> Iterator[Answer]:
        try:
            rows = tuple(islice(self._difference, ROWS_AT_ONCE))
        except StoreError as error:
            yield answers.RepairFailed(generation, session_id, error)
            return
        yield answers.DifferenceArrived(generation, session_id, rows, done=len(rows) < ROWS_AT_ONCE)

    def _write(self, writes: Sequence[tuple[str, Write]]) -> None:
        self._writer.run(partial(self._written, writes), answers.RepairsEnded)

    def _written(self, writes: Sequence[tuple[str, Write]], cancel: Cancel) -> None:
        """Write one after the other, and post each result; an error that is no refusal would meet the others too."""
        for session_id, write in writes:
            if cancel.cancelled:
                return
            try:
                receipt = write(self._writer.store(), partial(self._progressed, session_id), cancel)
            except StoreError as error:
                self._worker.post(answers.RepairFailed(0, session_id, error))
                if not isinstance(error, Refused):
                    return
            else:
                self._worker.post(answers.Repaired(0, session_id, receipt))

    def _progressed(self, session_id: str, progress: Progress) -> None:
        self._worker.post(answers.RepairProgressed(0, session_id, progress))


def _operations(db: Browser, generation: int) -> Iterator[Answer]:
    yield answers.OperationsListed(generation, db.operations())


def _planned(db: Browser, generation: int, session_id: str, merge: bool) -> Iterator[Answer]:
    try:
        plan = db.plan(session_id, merge=merge)
        operations = [operation for operation in db.operations() if operation.session_id == session_id]
    except Locked:
        raise
    except StoreError as error:
        yield answers.RepairFailed(generation, session_id, error)
        return
    stopped = next((operation for operation in operations if operation.unfinished), None)
    yield answers.PlanArrived(generation, session_id, plan, stopped)


def _listed(db: Browser, generation: int, session_ids: Sequence[str]) -> Iterator[Answer]:
    for session_id in session_ids:
        try:
            plan = db.plan(session_id)
        except Locked:
            raise
        except StoreError as error:
            yield answers.RepairFailed(generation, session_id, error)
        else:
            yield answers.PlanListed(generation, session_id, replace(plan, difference=()))


def _repaired(plan: Plan, db: Repairs, progress: Callable[[Progress], None], cancel: Cancel) -> Receipt:
    return db.repair(plan, progress=progress, cancel=cancel)


def _undone(operation: str, db: Repairs, progress: Callable[[Progress], None], cancel: Cancel) -> Receipt:
    return db.undo(operation, progress=progress, cancel=cancel)
