"""Undo of repairs, and the list of repairs in the journal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from ..base.cancel import Cancel
from ..base.errors import BackupFailed, OperationMissing, PlanChanged, Refused, StoreMissing
from ..base.step_sizing import StepSizer
from ..engine.operations import UNDOING, UNDONE, OperationHeader, RawRow, StepRecord, UndoStep
from ..engine.ports import Transaction
from ..files.gateway import present
from ..home_store import HomeStore
from .apply import ProgressCallback
from .backup import FOLDER, Backup
from .model import Operation, Phase, Progress, Receipt, State

_Repair = tuple[OperationHeader, list[StepRecord]]
"""A repair and its steps."""


def operations(store: HomeStore) -> tuple[Operation, ...]:
    """All repairs in the journal, the last started first."""
    return tuple(_operation(store, header, done) for header, done in _journal(store))


def _journal(store: HomeStore) -> list[_Repair]:
    try:
        return store.engine.repairs.operations()
    except StoreMissing:
        return []


def _operation(store: HomeStore, header: OperationHeader, done: list[StepRecord]) -> Operation:
    return Operation(
        id=header.operation,
        session_id=header.session_id,
        state=State(header.state),
        started_at=header.started_at,
        changed_at=header.changed_at,
        inserted=sum(len(step.inserted_ids) for step in done),
        moved=sum(len(step.moves) for step in done),
        to_insert=header.to_insert,
        backup=store.path.parent / FOLDER / header.operation,
    )


class Undo:
    """Undo of one repair, its last step first; later messages stay.

    Args:
        store: The home.
        operation: The repair's id.
        on_progress: Called with the progress.
        cancel: Stops it after the current step.
    """

    def __init__(self, store: HomeStore, operation: str, *, on_progress: ProgressCallback, cancel: Cancel) -> None:
        self._store, self._operation = store, operation
        self._on_progress, self._cancel = on_progress, cancel
        self._pace = StepSizer()
        self._taken = self._back = self._steps = 0

    def apply(self) -> Receipt:
        """Undo the repair; one that is already undone stays as it is.

        Beside another undo of it each undoes what the other left, and its receipt has its own part.

        Raises:
            OperationMissing: There is none of that id.
            Refused: A later repair of the session has to be undone first, or Hermes is using it.
            StoreError: The store cannot be written.
        """
        started = time.time()
        header, steps = self._find()
        while header.state != UNDONE:
            left = len(steps)
            try:
                header = self._undo(header, steps)
                break
            except PlanChanged:  # another undo may have taken a step: the rest is left
                header, steps = self._find()
                if header.state != UNDONE and len(steps) >= left:
                    raise
        return Receipt(
            session_id=header.session_id,
            operation=header.operation,
            state=State(header.state),
            inserted=self._taken,
            moved=self._back,
            rows=self._store.engine.messages.count(header.session_id),
            steps=self._steps,
            backup=Backup(self._store.path.parent, header.operation).folder,
            index_damaged=self._store.engine.index_damaged,
            gateway=present(self._store.gateway()),
            longest_lock=self._pace.longest_lock,
            seconds=time.time() - started,
        )

    def _undo(self, header: OperationHeader, steps: list[StepRecord]) -> OperationHeader:
        """Undo steps, the last first; the header as it is then."""
        step = UndoStep(
            header,
            None,
            self._originals(steps),
            self._store.engine.sessions.chain(header.session_id),
            touched=self._is_touched(header, steps),
        )
        for done in [*steps[::-1], None]:
            if self._cancel.cancelled:
                break
            now = replace(header, state=UNDOING if done else UNDONE, changed_at=time.time())
            counts = self._store.engine.repairs.active_counts if step.touched and done is None else None
            counted = counts(now.session_id) if counts else None
            out, moved = self._store.write(partial(_undone, replace(step, header=now, done=done, counted=counted)))
            header = now
            self._taken, self._back, self._steps = self._taken + out, self._back + moved, self._steps + bool(done)
            self._on_progress(Progress(Phase.UNDO, self._steps, max(self._steps, len(steps))))
            if done:
                self._pace.pause(self._store.engine.lock_seconds)
        return header

    def _find(self) -> _Repair:
        """The repair as the journal has it before its undo."""
        journal = _journal(self._store)
        place = next((place for place, (header, _) in enumerate(journal) if header.operation == self._operation), None)
        if place is None:
            raise OperationMissing(f"no repair {self._operation} here; repair prints the id of each")
        header, steps = journal[place]
        for later, _ in journal[:place]:
            if later.session_id == header.session_id and later.state != UNDONE:
                raise Refused(f"{later.operation} repaired {header.session_id} after it: undo that one first")
        return header, steps

    def _originals(self, done: list[StepRecord]) -> Mapping[int, RawRow]:
        """Original rows of the moved messages, where more than the id changed (`display_order`)."""
        moved = [old for step in done for old, _ in step.moves]
        if not moved or "display_order" not in self._store.engine.messages.columns():
            return {}
        return Backup(self._store.path.parent, self._operation).originals(moved)

    def _is_touched(self, header: OperationHeader, steps: Sequence[StepRecord]) -> bool:
        """Whether Hermes changed the session since the repair, by the counters in its row; True where that is unknown.

        Where it did not, they get the values that they had, whatever these counted (docs/format.md §4.7).
        """
        try:
            before = Backup(self._store.path.parent, self._operation).session()
        except BackupFailed:
            return True
        now: Mapping[str, object] = self._store.engine.repairs.session_row(header.session_id) or {}
        added = {
            "message_count": sum(len(step.inserted_ids) for step in steps),
            "tool_call_count": sum(step.calls for step in steps),
            "rewind_count": 0,
        }
        return any((now.get(name) or 0) != _whole(before.get(name)) + number for name, number in added.items())


def _undone(step: UndoStep, tx: Transaction) -> tuple[int, int]:
    return tx.undo_step(step)


def _whole(cell: object) -> int:
    return cell if isinstance(cell, int) else 0
