"""Repairs that were done: what the journal tells of them, and the way back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..base.cancel import Cancel
from ..base.errors import OperationMissing, Refused, StoreMissing
from ..base.step_sizing import StepSizer
from ..formats.lineage import Lineage
from ..home_store import Handle
from ..sqlite.journal import repair_journal
from ..sqlite.journal.repair_journal import OperationHeader, StepRecord
from ..sqlite.repair import steps
from ..sqlite.repair.raw_rows import RawRow
from ..sqlite.repair.steps import UndoStep
from ..sqlite.rows import comparison_rows, sessions
from .apply import Tell
from .backup import FOLDER, Backup
from .model import Operation, Progress, Receipt, State


def every(handle: Handle) -> tuple[Operation, ...]:
    """All repairs that the store remembers, the one begun last first."""
    try:
        found = handle._reader.read(
            lambda connection, layout: [
                (header, repair_journal.steps(connection, layout, header.operation))
                for header in repair_journal.headers(connection, layout)
            ]
        )
    except StoreMissing:
        return ()
    return tuple(_operation(handle, header, done) for header, done in found)


def _operation(handle: Handle, header: OperationHeader, done: list[StepRecord]) -> Operation:
    return Operation(
        id=header.operation,
        session_id=header.session_id,
        state=State(header.state),
        started_at=header.started_at,
        changed_at=header.changed_at,
        inserted=sum(len(one.inserted_ids) for one in done),
        moved=sum(len(one.moves) for one in done),
        to_insert=header.to_insert,
        backup=handle.path.parent / FOLDER / header.operation,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """What is known before a step back."""

    header: OperationHeader
    steps: list[StepRecord]


class Undo:
    """One repair undone, its last step first; what came after the repair stays.

    Args:
        handle: The store.
        operation: The repair's id.
        tell: Told how far it is.
        cancel: Stops it after the step that is being undone.
    """

    def __init__(self, handle: Handle, operation: str, *, tell: Tell, cancel: Cancel) -> None:
        self._handle, self._operation = handle, operation
        self._tell, self._cancel = tell, cancel

    def apply(self) -> Receipt:
        """Do it; one that was undone already is left alone.

        Raises:
            OperationMissing: There is none of that id.
            Refused: A later repair of the session has to be undone first, or Hermes is at work on it.
            StoreError: The store cannot be written.
        """
        started = time.time()
        look = self._look()
        header, total, taken, back = look.header, len(look.steps), 0, 0
        stopped = header.state == repair_journal.UNDONE
        pace = StepSizer()
        originals = self._originals(look.steps)
        conversation = self._conversation(header.session_id)
        for number, done in enumerate([*look.steps[::-1], None] if not stopped else []):
            if self._cancel.cancelled:
                break
            state = repair_journal.UNDOING if done else repair_journal.UNDONE
            header = replace(header, state=state, changed_at=time.time())
            out, moved = self._handle._write(steps.undo_work(UndoStep(header, done, originals, conversation)))
            taken, back = taken + out, back + moved
            self._tell(Progress("undo", min(number + 1, total), total))
            if done:
                pace.pause(self._handle._writer.lock_seconds)
        return Receipt(
            session_id=header.session_id,
            operation=header.operation,
            state=State(header.state),
            inserted=taken,
            moved=back,
            rows=comparison_rows.count_messages(self._handle._reader, header.session_id),
            steps=0 if stopped else total,
            backup=Backup(self._handle.path.parent, header.operation).folder,
            index_damaged=self._handle._writer.index_damaged,
            longest_lock=pace.longest_lock,
            seconds=time.time() - started,
        )

    def _look(self) -> _Look:
        try:
            found = self._handle._reader.read(
                lambda connection, layout: (
                    repair_journal.headers(connection, layout),
                    repair_journal.steps(connection, layout, self._operation),
                )
            )
        except StoreMissing:
            found = ([], [])
        headers, done = found
        header = next((one for one in headers if one.operation == self._operation), None)
        if header is None:
            raise OperationMissing(f"no repair {self._operation} here; repair prints the id of each")
        for later in headers[: headers.index(header)]:
            if later.session_id == header.session_id and later.state != repair_journal.UNDONE:
                raise Refused(f"{later.operation} mended {header.session_id} after it: undo that one first")
        return _Look(header, done)

    def _originals(self, done: list[StepRecord]) -> Mapping[int, RawRow]:
        """The moved messages as they were, where that is more than the id (`display_order`)."""
        moved = [old for one in done for old, _ in one.moves]
        if not moved or not self._handle._reader.layout.has("messages", "display_order"):
            return {}
        return Backup(self._handle.path.parent, self._operation).originals(moved)

    def _conversation(self, session_id: str) -> tuple[str, ...]:
        chain = Lineage(sessions.links(self._handle._reader, [session_id])).chain(session_id)
        return tuple({session_id: None, **dict.fromkeys(chain)})
