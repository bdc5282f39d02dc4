"""Steps of a repair and of an undo: short transactions that check, write and journal (docs/decisions/0011)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import apsw

from ...base.errors import PlanChanged, Refused
from ...base.late_dataclass import replace
from ...engine.operations import (
    RUNNING,
    UNFINISHED,
    OperationHeader,
    RepairStep,
    RowWrite,
    StepRecord,
    StepResult,
    UndoStep,
    step_record,
)
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..journal import repair_journal
from ..rows import message_writes, session_version, session_writes
from . import row_moves


def apply_step(connection: apsw.Connection, layout: Layout, step: RepairStep) -> StepResult:
    """Check, write and journal a step.

    Raises:
        PlanChanged: The file, the rows or the operation changed since the plan was made.
        Refused: Hermes has a lock on the session.
    """
    header = step.header
    _check(connection, layout, step)
    if step.block:
        header = replace(header, base=session_version.highest_ever(connection), size=step.block)
    if step.session is not None:
        _create(connection, layout, header.session_id, step.session)
    done = _write_rows(connection, layout, header, step.writes)
    inserted, moved = len(done.inserted_ids), len(done.moves)
    session_writes.count(connection, header.session_id, messages=inserted, calls=done.calls)
    if step.intent:
        repair_journal.record_begin(connection, header, step.intent)
    else:
        repair_journal.update(connection, header)
    if step.writes:
        repair_journal.record_step(connection, header, done)
    up_to = header.base + header.size if header.size else step.version.highest or 0
    after = (
        session_version.version_of(connection, layout, header.session_id, up_to=up_to)
        if moved or step.up_to != up_to
        else session_version.after_inserts(step.version, done.inserted_ids)
    )
    return StepResult(header, after, up_to, inserted, moved)


def _check(connection: apsw.Connection, layout: Layout, step: RepairStep) -> None:
    session_id = step.header.session_id
    headers = repair_journal.headers(connection, layout, session_id=session_id)
    unfinished = [(header.operation, header.state) for header in headers if header.state in UNFINISHED]
    if unfinished != ([] if step.intent else [(step.header.operation, RUNNING)]):
        raise PlanChanged(f"another repair of {session_id} was begun, finished or undone; look again")
    refuse_if_busy(connection, layout, step)
    if not step.unchanged():
        raise PlanChanged(f"the JSONL file of {session_id} changed; look again")
    if session_version.version_of(connection, layout, session_id, up_to=step.up_to) != step.version:
        raise PlanChanged(f"others wrote to {session_id}; look again")
    fixed = [write.at for write in step.writes if not write.in_block]
    if fixed and row_moves.has_rows(connection, fixed):
        raise PlanChanged(f"ids that {session_id} was to get were taken by others; look again")


def refuse_if_busy(connection: apsw.Connection, layout: Layout, step: RepairStep | UndoStep) -> None:
    """Refuse to change a session that Hermes has locked.

    Raises:
        Refused: There is an unexpired lock.
    """
    holder = session_version.lock_holder(connection, layout, step.conversation, step.header.changed_at)
    if holder is not None:
        raise Refused(f"Hermes is at work on {step.header.session_id} ({holder}); try again when it is done")


def _create(connection: apsw.Connection, layout: Layout, session_id: str, values: Mapping[str, Value]) -> None:
    row = {name: value for name, value in values.items() if layout.has("sessions", name)}
    title = row.get("title")
    if title and list(connection.execute("SELECT 1 FROM sessions WHERE title = ?", (title,))):
        del row["title"]  # titles are unique in the whole file (docs/format.md §4.2)
    session_writes.create(connection, layout, session_id, row)


def _write_rows(
    connection: apsw.Connection, layout: Layout, header: OperationHeader, writes: Sequence[RowWrite]
) -> StepRecord:
    ids: list[int] = []
    moves: list[tuple[int, int]] = []
    calls = 0
    for write in writes:
        at = write.at + header.base if write.in_block else write.at
        if write.row is not None:
            message_writes.insert(connection, layout, header.session_id, write.row, at=at)
            ids.append(at)
            calls += write.row.calls
        elif row_moves.move(connection, layout, write.old, at):
            moves.append((write.old, at))
    return step_record(ids, moves, calls)


def undo_step(connection: apsw.Connection, layout: Layout, step: UndoStep) -> tuple[int, int]:
    """Undo a step; messages appended, changed or deleted since stay so.

    Returns:
        The number of messages deleted, and of those that got their old id back.

    Raises:
        PlanChanged: The operation changed meanwhile.
        Refused: Hermes has a lock on the session, or an old id is used by another message.
    """
    header, done = step.header, step.done
    refuse_if_busy(connection, layout, step)
    if repair_journal.last_step(connection, layout, header.operation) != done:
        raise PlanChanged(f"{header.operation} went on, or was undone, meanwhile; look again")
    repair_journal.update(connection, header)
    if done is None:
        if step.counted is not None:
            row_moves.set_counts(connection, layout, header.session_id, step.counted)
        if header.created:
            row_moves.drop_session(connection, header.session_id)
        return 0, 0
    if row_moves.has_rows(connection, [old for old, _ in done.moves]):
        raise Refused(f"an id that {header.operation} has to give back was given to another message since")
    deleted = row_moves.delete_messages(connection, header.session_id, done.inserted_ids)
    if not step.touched:
        row_moves.subtract_counts(connection, header.session_id, messages=deleted, calls=done.calls if deleted else 0)
    restored = sum(
        row_moves.move(connection, layout, new, old, original=step.originals.get(old)) for old, new in done.moves
    )
    repair_journal.mark_undone(connection, header.operation, done.step, header.changed_at)
    return deleted, restored
