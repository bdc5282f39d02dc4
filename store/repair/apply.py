"""A plan applied: kept aside first, then written step by step, each checked inside its own transaction.

Between two steps the session reads in order with nothing doubled, and an agent gets its turn at the lock.
A step that finds other rows than planned is not done: what is left is worked out again from what is there now, and it
goes on where that comes to the same messages.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..base.cancel import Cancel
from ..base.errors import PlanChanged, Refused
from ..base.step_sizing import StepSizer
from ..engine.operations import DONE, RUNNING, OperationHeader, RepairStep, RowWrite, StepResult
from ..engine.ports import Transaction
from ..files import gateway_index
from ..files.home import FileStamp
from ..formats import row_conversion
from ..formats.row_encoding import MessageRow
from ..home_store import HomeStore
from . import backup
from .backup import Backup
from .inputs import stamp_of
from .model import Phase, Plan, Progress, Receipt, State
from .planner import Item, Work, work_out

T = TypeVar("T")

ATTEMPTS = 30
"""Times in a row that others may write to the session between our look and our write."""

Tell = Callable[[Progress], None]
Copy = Callable[[Path], Path]


@dataclass(slots=True)
class _Course:
    """How far an operation is."""

    header: OperationHeader
    begun: bool
    """It stands in the journal."""
    agreed: frozenset[int]
    """Places in JSONL of what it may insert,"""
    stamp: FileStamp | None
    """of this file."""
    total: int
    inserted: int = 0
    moved: int = 0
    steps: int = 0

    def take(self, last: StepResult) -> None:
        """Count a step that was done."""
        self.header, self.begun = last.header, True
        self.inserted += last.inserted
        self.moved += last.moved
        self.steps += bool(last.inserted or last.moved)


class Repair:
    """One session's repair while it runs.

    Args:
        store: The home.
        plan: What was agreed to.
        tell: Told how far it is, in the thread that repairs.
        cancel: Stops it after the step that is being done.
        copy: Copies the whole store to a path before the first write, and says where the copy is.
    """

    def __init__(self, store: HomeStore, plan: Plan, *, tell: Tell, cancel: Cancel, copy: Copy | None = None) -> None:
        self._store, self._plan = store, plan
        self._tell, self._cancel, self._copy = tell, cancel, copy
        self._home = store.path.parent
        self._copied: Path | None = None
        self._pace = StepSizer()

    def apply(self) -> Receipt:
        """Do it, and tell what was done; one that was refused before its first write leaves nothing behind.

        Raises:
            PlanChanged: What would be done now is not what was agreed to.
            Refused: Something came in the way; what was done so far stands, and can be finished or undone.
            StoreError: The backup cannot be made, or the store not written.
        """
        started = time.time()
        work = self._worked_out()
        if work.plan.fingerprint != self._plan.fingerprint:
            raise PlanChanged(f"what {work.plan.session_id} has is not what the plan was made for; look again")
        if not work.plan.applies:
            if work.plan.refusals:
                raise Refused(f"{work.plan.session_id} is left alone: {work.plan.refusals[0].why}")
            return Receipt(work.plan.session_id, None, State.DONE, rows=work.plan.check.sqlite_messages)
        course = _course(work, started)
        try:
            if not course.begun:
                self._back_up(work, course)
            self._run(work, course)
        finally:
            if not course.begun:
                Backup(self._home, course.header.operation).discard()
        return self._receipt(work, course, started)

    def _worked_out(self) -> Work:
        store, plan = self._store, self._plan
        return work_out(store.engine, store.files, plan.session_id, merge=plan.merge)

    def _back_up(self, work: Work, course: _Course) -> None:
        """Write the backup, of the rows as they are now."""
        engine, plan = self._store.engine, work.plan
        ids = [row.id for row in work.sources.rows]
        row = engine.repairs.session_row(plan.session_id) if work.sources.known else None
        kept = Backup(self._home, course.header.operation)
        number = kept.write(_about(work), row, self._counted(engine.repairs.message_rows(ids), len(ids)))
        if number != len(ids):
            raise PlanChanged(f"messages of {plan.session_id} went while they were kept aside; look again")
        if self._copy is not None:
            self._copied = self._copy(kept.folder / backup.STORE)

    def _counted(self, rows: Iterable[T], total: int) -> Iterator[T]:
        for number, row in enumerate(rows, 1):
            yield row
            if number % 256 == 0 or number == total:
                self._tell(Progress(Phase.BACKUP, number, total))

    def _run(self, work: Work, course: _Course) -> None:
        """Do the steps; where others were quicker, look again and go on."""
        refusals = 0
        while True:
            before = course.steps
            try:
                self._steps(work, course)
            except PlanChanged:
                refusals = refusals + 1 if course.steps == before else 1
                if refusals > ATTEMPTS:
                    raise
                work = self._agreed_again(course)
            else:
                return

    def _agreed_again(self, course: _Course) -> Work:
        """What is left to do now.

        Raises:
            PlanChanged: It is not what was agreed to.
        """
        work = self._worked_out()
        agreed = work.places <= course.agreed and work.stamp == course.stamp
        stands = work.header is not None and work.header.operation == course.header.operation
        if not agreed or stands is not course.begun or (not work.plan.applies and not course.begun):
            raise PlanChanged(
                f"{self._plan.session_id} changed while it was repaired"
                + (f"; finish or undo {course.header.operation}" if course.begun else "; look again")
            )
        if not course.begun:
            Backup(self._home, course.header.operation).discard()
            self._back_up(work, course)
        return work

    def _steps(self, work: Work, course: _Course) -> None:
        """Do the steps of one look, until they are done, stopped, or find something else than they were made for."""
        last = StepResult(course.header, work.standing, work.up_to, 0, 0)
        n_bytes = [item.n_bytes for item in work.items]
        at, total = 0, len(n_bytes)
        while not self._cancel.cancelled:
            end = at + self._pace.rows_in_next_step(n_bytes, at)
            state = DONE if end == total else RUNNING
            last = replace(last, header=replace(course.header, state=state, changed_at=time.time()))
            step = self._step(work, course, work.items[at:end], last, block=0 if at else work.block)
            last = self._store.write(partial(_applied, step))
            course.take(last)
            self._tell(Progress(Phase.INSERT, course.inserted, course.total))
            if end == total:
                self._pace.record(self._store.engine.lock_seconds)
                return
            self._pace.pause(self._store.engine.lock_seconds)
            at = end

    def _step(
        self, work: Work, course: _Course, items: tuple[Item, ...], last: StepResult, *, block: int
    ) -> RepairStep:
        creates = work.plan.creates_session and not course.begun
        header = last.header
        return RepairStep(
            header=replace(header, created=header.created or creates),
            writes=self._writes(work, items),
            intent=None if course.begun else work.intent,
            block=block,
            version=last.version,
            up_to=last.up_to,
            unchanged=lambda: stamp_of(self._store.files.find(header.session_id)) == work.stamp,
            conversation=work.sources.conversation,
            session=self._session_values(work) if creates else None,
        )

    def _writes(self, work: Work, items: tuple[Item, ...]) -> tuple[RowWrite, ...]:
        """The rows of a step, read and made before any lock is taken."""
        columns = self._store.engine.messages.columns()
        wanted = [item for item in items if item.place.source is not None]
        values = list(work.sources.written.values(item.offset for item in wanted))
        if len(values) != len(wanted):
            raise PlanChanged(f"the JSONL file of {work.plan.session_id} changed; look again")
        drafts = iter(
            row_conversion.convert(value, timestamp=item.timestamp, has=columns.__contains__).row
            for value, item in zip(values, wanted, strict=True)
        )
        return tuple(_write(item, None if item.place.source is None else next(drafts)) for item in items)

    def _session_values(self, work: Work) -> dict[str, str | int | float | None]:
        """The row of a session that Hermes does not know, as far as file and gateway do."""
        told = self._store.files.session(work.plan.session_id)
        index = gateway_index.session_columns(self._store.sessions_dir, work.plan.session_id)
        return {
            "source": (told.source if told else "") or index.get("source") or "unknown",
            "model": told.model if told else None,
            "title": told.title if told else None,
            "started_at": work.started_at,
            **{name: value for name, value in index.items() if name != "source"},
        }

    def _receipt(self, work: Work, course: _Course, started: float) -> Receipt:
        store, session_id = self._store, work.plan.session_id
        return Receipt(
            session_id=session_id,
            operation=course.header.operation if course.begun else None,
            state=State(course.header.state),
            inserted=course.inserted,
            moved=course.moved,
            rows=store.engine.messages.count(session_id),
            steps=course.steps,
            backup=Backup(self._home, course.header.operation).folder if course.begun else None,
            full_backup=self._copied,
            left_out=work.plan.left_out,
            index_damaged=store.engine.index_damaged,
            longest_lock=self._pace.longest_lock,
            seconds=time.time() - started,
        )


def _course(work: Work, now: float) -> _Course:
    """An operation that begins, or one that is gone on with."""
    stopped = work.header
    header = stopped or OperationHeader(
        operation=f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(3)}",
        session_id=work.plan.session_id,
        state=RUNNING,
        started_at=now,
        changed_at=now,
        to_insert=work.plan.insert,
        merge=work.plan.merge,
    )
    return _Course(header, stopped is not None, work.places, work.stamp, work.plan.insert)


def _write(item: Item, draft: MessageRow | None) -> RowWrite:
    return RowWrite(item.place.at, item.place.in_block, draft, item.place.old or 0)


def _about(work: Work) -> dict[str, object]:
    """What a backup says of both sources."""
    file, plan = work.sources.written.file, work.plan
    return {
        "session_id": plan.session_id,
        "verdict": plan.check.verdict,
        "to_insert": plan.insert,
        "jsonl": None
        if file is None
        else {
            "path": str(file.path),
            "size": file.size,
            "mtime_ns": file.mtime_ns,
            "sha256": backup.digest(file.path),
        },
    }


def _applied(step: RepairStep, tx: Transaction) -> StepResult:
    return tx.apply_step(step)
