"""Application of a plan: a backup first, then steps, each checked inside its own transaction.

Between two steps the session reads in order without duplicates, and an agent can acquire the lock.
A step that finds other rows than planned is not done: the rest is planned again from the current rows, and the repair
continues where that yields the same messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ..base.cancel import Cancel
from ..base.errors import PlanChanged
from ..base.step_sizing import StepSizer
from ..drift.sources import stamp_of
from ..engine.operations import DONE, RUNNING, OperationHeader, RawRow, RepairStep, RowWrite, StepResult, operation_id
from ..engine.ports import Transaction
from ..files import gateway_index
from ..files.gateway import present
from ..files.home import FileStamp
from ..formats import row_conversion
from ..home_store import HomeStore
from . import backup
from .backup import Backup
from .model import Phase, Plan, PlanRefused, Progress, Receipt, State
from .planner import Item, RepairWork, make_plan

ATTEMPTS = 30
"""Maximum consecutive attempts that fail because others wrote to the session in between."""

ProgressCallback = Callable[[Progress], None]
Copy = Callable[[Path], Path]


@dataclass(slots=True)
class _Course:
    """Progress of an operation."""

    header: OperationHeader
    begun: bool
    """It is in the journal."""
    agreed: frozenset[int]
    """Places in JSONL of the messages that it may insert."""
    stamp: FileStamp | None
    """Of the JSONL file."""
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
        plan: The plan that was confirmed.
        on_progress: Called with the progress, in the thread that repairs.
        cancel: Stops it after the current step.
        copy: Copies the whole store to a path before the first write, and returns the path of the copy.
    """

    def __init__(
        self, store: HomeStore, plan: Plan, *, on_progress: ProgressCallback, cancel: Cancel, copy: Copy | None = None
    ) -> None:
        self._store, self._plan = store, plan
        self._on_progress, self._cancel, self._copy = on_progress, cancel, copy
        self._home = store.path.parent
        self._copied: Path | None = None
        self._pace = StepSizer()

    def apply(self) -> Receipt:
        """Apply the plan; a repair that is refused before its first write leaves nothing behind.

        Raises:
            PlanChanged: The plan is out of date.
            Refused: A step was refused; the steps before it stand, and can be finished or undone.
            StoreError: The backup cannot be made, or the store not written.
        """
        started = time.time()
        work = self._planned_again()
        if work.plan.fingerprint != self._plan.fingerprint:
            raise PlanChanged(f"what {work.plan.session_id} has is not what the plan was made for; look again")
        if not work.plan.applies:
            if work.plan.refusals:
                raise PlanRefused(work.plan.session_id, work.plan.refusals[0])
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

    def _planned_again(self) -> RepairWork:
        store, plan = self._store, self._plan
        return make_plan(store.engine, store.files, plan.session_id, merge=plan.merge)

    def _back_up(self, work: RepairWork, course: _Course) -> None:
        """Write the backup, of the rows as they are now."""
        engine, plan = self._store.engine, work.plan
        ids = [row.id for row in work.sources.rows]
        row = engine.repairs.session_row(plan.session_id) if work.sources.known else None
        kept = Backup(self._home, course.header.operation)
        number = kept.write(_about(work), row, self._counted(engine.repairs.message_rows(ids), len(ids)))
        if number != len(ids):
            raise PlanChanged(f"messages of {plan.session_id} were deleted while they were backed up; look again")
        if self._copy is not None:
            self._copied = self._copy(kept.folder / backup.STORE)

    def _counted(self, rows: Iterable[RawRow], total: int) -> Iterator[RawRow]:
        for number, row in enumerate(rows, 1):
            yield row
            if number % 256 == 0 or number == total:
                self._on_progress(Progress(Phase.BACKUP, number, total))

    def _run(self, work: RepairWork, course: _Course) -> None:
        """Do the steps; where others wrote to the session first, plan again and continue."""
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

    def _agreed_again(self, course: _Course) -> RepairWork:
        """The rest of the work by the current rows.

        Raises:
            PlanChanged: It differs from the confirmed plan.
        """
        work = self._planned_again()
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

    def _steps(self, work: RepairWork, course: _Course) -> None:
        """Do the steps of one plan, until they are done, stopped, or find other rows than planned."""
        last = StepResult(course.header, work.version, work.up_to, 0, 0)
        n_bytes = [item.n_bytes for item in work.items]
        at, total = 0, len(n_bytes)
        while not self._cancel.cancelled:
            end = at + self._pace.rows_in_next_step(n_bytes, at)
            state = DONE if end == total else RUNNING
            last = replace(last, header=replace(course.header, state=state, changed_at=time.time()))
            step = self._step(work, course, work.items[at:end], last, block=0 if at else work.block)
            last = self._store.write(partial(_applied, step))
            course.take(last)
            self._on_progress(Progress(Phase.INSERT, course.inserted, course.total))
            if end == total:
                self._pace.record(self._store.engine.lock_seconds)
                return
            self._pace.pause(self._store.engine.lock_seconds)
            at = end

    def _step(
        self, work: RepairWork, course: _Course, items: tuple[Item, ...], last: StepResult, *, block: int
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
            conversation=work.conversation,
            session=self._session_values(work) if creates else None,
        )

    def _writes(self, work: RepairWork, items: tuple[Item, ...]) -> tuple[RowWrite, ...]:
        """The rows of a step, read and encoded before any lock is acquired."""
        columns = self._store.engine.messages.columns()
        wanted = [item for item in items if item.place.source is not None]
        values = list(work.sources.written.values(item.offset for item in wanted))
        if len(values) != len(wanted):
            raise PlanChanged(f"the JSONL file of {work.plan.session_id} changed; look again")
        drafts = iter(
            row_conversion.convert(value, timestamp=item.timestamp, has=columns.__contains__).row
            for value, item in zip(values, wanted, strict=True)
        )
        return tuple(
            RowWrite(place.at, place.in_block, None if place.source is None else next(drafts), place.old or 0)
            for place in (item.place for item in items)
        )

    def _session_values(self, work: RepairWork) -> dict[str, str | int | float | None]:
        """The row of a session that Hermes does not know, from its file and the gateway's index."""
        facts = self._store.files.session(work.plan.session_id)
        index = gateway_index.session_columns(self._store.sessions_dir, work.plan.session_id)
        return {
            "source": (facts.source if facts else "") or index.get("source") or "unknown",
            "model": facts.model if facts else None,
            "title": facts.title if facts else None,
            "started_at": work.started_at,
            **{name: value for name, value in index.items() if name != "source"},
        }

    def _receipt(self, work: RepairWork, course: _Course, started: float) -> Receipt:
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
            gateway=present(store.gateway()),
            longest_lock=self._pace.longest_lock,
            seconds=time.time() - started,
        )


def _course(work: RepairWork, now: float) -> _Course:
    """A new operation, or the stopped one that is continued."""
    stopped = work.header
    header = stopped or OperationHeader(
        operation=operation_id(now),
        session_id=work.plan.session_id,
        state=RUNNING,
        started_at=now,
        changed_at=now,
        to_insert=work.plan.insert,
        merge=work.plan.merge,
    )
    return _Course(header, stopped is not None, work.places, work.stamp, work.plan.insert)


def _about(work: RepairWork) -> dict[str, object]:
    """Description of both sources in a backup."""
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
