"""Repairs as an engine applies, remembers and undoes them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..base.late_dataclass import dataclass
from ..base.late_pattern import late_pattern

if TYPE_CHECKING:
    from ..formats.row_encoding import MessageRow
    from .rows import SessionStamp, SessionVersion

RUNNING, DONE, UNDOING, UNDONE = "running", "done", "undoing", "undone"


UNFINISHED = (RUNNING, UNDOING)


_ID = late_pattern("[0-9][0-9A-Za-z-]{0,99}")


Span = tuple[int, int]
"""First id, number of consecutive ids."""


Shift = tuple[int, int, int]
"""First new id, first old id, number of consecutive ids."""


@dataclass(frozen=True, slots=True)
class OperationHeader:
    """State of an operation."""

    operation: str
    session_id: str
    state: str
    started_at: float
    changed_at: float
    to_insert: int = 0
    """Messages that were left to insert at its last start."""
    merge: bool = False
    created: bool = False
    """It inserted the session's row."""
    base: int = 0
    """`size` ids above it are reserved for the operation."""
    size: int = 0
    backup: str = ""
    """Name of its backup folder."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """Rows that one step inserted and moved."""

    step: int = 0
    inserted: tuple[Span, ...] = ()
    moved: tuple[Shift, ...] = ()
    calls: int = 0
    """Tool calls of the inserted messages."""

    @property
    def inserted_ids(self) -> list[int]:
        """Ids of the inserted messages."""
        return [first + place for first, number in self.inserted for place in range(number)]

    @property
    def moves(self) -> list[tuple[int, int]]:
        """(old id, new id) of the moved messages, in order."""
        return sorted((old + place, new + place) for new, old, number in self.moved for place in range(number))


@dataclass(frozen=True, slots=True)
class RepairIntent:
    """Messages that an operation will insert; they are written last first, so that the remainder is a prefix."""

    stamp: tuple[int, ...]
    """Of the JSONL file: inode, size, mtime_ns, ctime_ns; without the last in journals of older versions."""
    runs: tuple[tuple[int, int, int], ...]
    """First index in the file, number of consecutive messages, id of the row before them (0 for none)."""


def operation_id(now: float) -> str:
    """A new id of an operation: time and chance; it begins with a digit and is safe as a name."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{os.urandom(3).hex()}"


def is_operation(operation: str, state: str) -> bool:
    """True for an id that is safe as a name, and a known state: a row of the journal may be anybody's."""
    return _ID.fullmatch(operation) is not None and state in (RUNNING, DONE, UNDOING, UNDONE)


def step_record(ids: Sequence[int], moves: Sequence[tuple[int, int]], calls: int) -> StepRecord:
    """A step as the journal stores it, consecutive ids as ranges.

    Args:
        ids: Inserted messages.
        moves: (old id, new id) of moved messages.
        calls: Tool calls of the inserted messages.
    """
    spans: list[Span] = []
    for message_id in sorted(ids):
        first, number = spans[-1] if spans else (0, 0)
        if number and first + number == message_id:
            spans[-1] = (first, number + 1)
        else:
            spans.append((message_id, 1))
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
    """A text cell whose bytes are not UTF-8."""

    raw: bytes


Cell = None | int | float | str | bytes | RawText


RawRow = dict[str, Cell]
"""Column -> cell, without generated columns."""


@dataclass(frozen=True, slots=True)
class RowWrite:
    """A message to insert or to move."""

    at: int
    """Its id; in a new block its position, from 1."""
    in_block: bool = False
    row: MessageRow | None = None
    """The row to insert; None for a move."""
    old: int = 0
    """For a move, the present id of the message."""


@dataclass(frozen=True, slots=True)
class RepairStep:
    """Writes of one transaction and their preconditions."""

    header: OperationHeader
    """The operation after the step."""
    writes: Sequence[RowWrite]
    """Last message first."""
    intent: RepairIntent | None
    """The intent of an operation that is not in the journal yet."""
    block: int
    """Size of a new block of ids, at its first step; 0 for none."""
    version: SessionVersion
    """The version that the session must have."""
    up_to: int | None
    """Highest id that the version counts; None for all."""
    unchanged: Callable[[], bool]
    """True where the JSONL file is the one that was read."""
    conversation: tuple[str, ...]
    session: Mapping[str, int | float | str | bytes | None] | None = None
    """The row of a session to insert."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """Operation and session after a step."""

    header: OperationHeader
    version: SessionVersion
    up_to: int | None
    """Highest id that the version counts."""
    inserted: int
    moved: int


@dataclass(frozen=True, slots=True)
class ActiveCounts:
    """Active messages of a session and their tool calls: the counters of its row as Hermes means them."""

    messages: int
    """Without session_meta."""
    calls: int
    stamp: SessionStamp = ()
    """Version of the session that was counted."""


@dataclass(frozen=True, slots=True)
class UndoStep:
    """The last step of an operation, to be undone."""

    header: OperationHeader
    """The operation after this."""
    done: StepRecord | None
    """The step; None where only the journal has to be updated."""
    originals: Mapping[int, RawRow]
    """Moved messages as they were, by old id."""
    conversation: tuple[str, ...]
    touched: bool = False
    """Hermes changed the session since the repair: its counters are not what the repair left, and are counted again."""
    counted: ActiveCounts | None = None
    """Counts after the last step, where it is touched."""


@dataclass(frozen=True, slots=True)
class RepairFacts:
    """What a database knows of a session besides its messages."""

    holder: str | None = None
    """Who is at work on it."""
    referrers: tuple[str, ...] = ()
    """Tables that refer to message ids."""
    obstacle: str = ""
    """Why the database is only read, in words; "" where it is written."""
    undoing: OperationHeader | None = None
    """An undo of the session that was stopped,"""
    stopped: OperationHeader | None = None
    """or a repair,"""
    intent: RepairIntent | None = None
    """what it was agreed to insert,"""
    done: tuple[StepRecord, ...] = ()
    """and what it did."""
