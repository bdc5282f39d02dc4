"""Repairs as an engine applies, remembers and undoes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..formats.row_encoding import MessageRow
from .rows import SessionVersion

RUNNING, DONE, UNDOING, UNDONE = "running", "done", "undoing", "undone"


UNFINISHED = (RUNNING, UNDOING)


Span = tuple[int, int]
"""First id and how many follow each other."""


Shift = tuple[int, int, int]
"""First new id, first old id, how many follow each other."""


@dataclass(frozen=True, slots=True)
class OperationHeader:
    """An operation as the journal tells it."""

    operation: str
    session_id: str
    state: str
    started_at: float
    changed_at: float
    to_insert: int = 0
    """Messages that its plan has left to insert when it last went on."""
    merge: bool = False
    created: bool = False
    """It made the session's row."""
    base: int = 0
    """The ids above it, as many as `size`, are reserved for it."""
    size: int = 0
    backup: str = ""
    """Its folder, by name."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one step did."""

    step: int = 0
    inserted: tuple[Span, ...] = ()
    moved: tuple[Shift, ...] = ()
    calls: int = 0
    """Calls of tools in what was inserted."""

    @property
    def inserted_ids(self) -> list[int]:
        """Ids of the messages that it inserted."""
        return [first + place for first, number in self.inserted for place in range(number)]

    @property
    def moves(self) -> list[tuple[int, int]]:
        """(old id, new id) of the messages that it moved, in order."""
        return sorted((old + place, new + place) for new, old, number in self.moved for place in range(number))


@dataclass(frozen=True, slots=True)
class RepairIntent:
    """What an operation was agreed to insert: the messages are written last ones first, so what is left is a start."""

    stamp: tuple[int, ...]
    """Of the JSONL file: inode, size, mtime_ns."""
    runs: tuple[tuple[int, int, int], ...]
    """First place in the file, how many follow each other, the id of the row before them (0 for none)."""


def step_record(ids: Sequence[int], moves: Sequence[tuple[int, int]], calls: int) -> StepRecord:
    """A step as the journal writes it: ids that follow each other as one.

    Args:
        ids: Of what was inserted.
        moves: (old id, new id) of what was moved.
        calls: Calls of tools in what was inserted.
    """
    spans: list[Span] = []
    for one in sorted(ids):
        first, number = spans[-1] if spans else (0, 0)
        if number and first + number == one:
            spans[-1] = (first, number + 1)
        else:
            spans.append((one, 1))
    shifts: list[Shift] = []
    for old, new in sorted(moves):
        to, start, number = shifts[-1] if shifts else (0, 0, 0)
        if number and (to + number, start + number) == (new, old):
            shifts[-1] = (to, start, number + 1)
        else:
            shifts.append((new, old, 1))
    return StepRecord(0, tuple(spans), tuple(shifts), calls)


@dataclass(frozen=True, slots=True)
class RawText:
    """A text cell whose bytes are no UTF-8."""

    raw: bytes


Cell = None | int | float | str | bytes | RawText


RawRow = dict[str, Cell]
"""Column -> cell; generated columns have none."""


@dataclass(frozen=True, slots=True)
class RowWrite:
    """A message that is written."""

    at: int
    """Its id; in a new block the place in it, from 1."""
    in_block: bool = False
    row: MessageRow | None = None
    """What is inserted; None for a move,"""
    old: int = 0
    """and then the id that the message has."""


@dataclass(frozen=True, slots=True)
class RepairStep:
    """What one transaction does, and what must be so that it does."""

    header: OperationHeader
    """The operation as it stands after the step."""
    writes: Sequence[RowWrite]
    """Last message first."""
    intent: RepairIntent | None
    """What the operation is agreed to insert, where it does not stand in the journal yet."""
    block: int
    """Ids that a new block takes, of which this step is the first; 0 for none."""
    version: SessionVersion
    """How the session must stand,"""
    up_to: int | None
    """as far as ids like this; all of it where it is None."""
    unchanged: Callable[[], bool]
    """Whether the JSONL file is the one that was read."""
    conversation: tuple[str, ...]
    session: Mapping[str, int | float | str | bytes | None] | None = None
    """The row of a session that is made, without what has no column."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """How things stand after a step."""

    header: OperationHeader
    version: SessionVersion
    up_to: int | None
    """Ids above are no business of the repair."""
    inserted: int
    moved: int


@dataclass(frozen=True, slots=True)
class UndoStep:
    """A step that is undone, the one done last."""

    header: OperationHeader
    """The operation as it stands after this."""
    done: StepRecord | None
    """None where only the journal is left to write."""
    originals: Mapping[int, RawRow]
    """Moved messages as they were, by old id."""
    conversation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepairFacts:
    """What a database knows of a session besides its messages."""

    holder: str | None = None
    """Who is at work on it."""
    referrers: tuple[str, ...] = ()
    """Tables that refer to message ids."""
    newer: bool = False
    """The database belongs to a later Hermes, and is only read."""
    undoing: OperationHeader | None = None
    """An undo of the session that was stopped,"""
    stopped: OperationHeader | None = None
    """or a repair,"""
    intent: RepairIntent | None = None
    """what it was agreed to insert,"""
    done: tuple[StepRecord, ...] = ()
    """and what it did."""
