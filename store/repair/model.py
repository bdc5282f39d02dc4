"""What a repair would do, what it did, and why it does not: the values that are shown and asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ..base.models import Check, Message


class Why(StrEnum):
    """Why something is refused."""

    ORDER = "order"
    """Both sides have messages of their own in one place, and no time tells which side came first."""
    CROSSING = "crossing"
    """SQLite has messages that say the same in another place."""
    UNDONE = "undone"
    """The session was rewound: what SQLite lacks may be what the user took back."""
    COMPACTED = "compacted"
    """A summary stands for older messages: what SQLite lacks may be what it stands for."""
    REWRITTEN = "rewritten"
    """SQLite was written anew after the file's last change: what it lacks may have been taken out."""
    NO_ROW = "no_row"
    """Hermes does not know the session, and nobody asked for it by name."""
    BUSY = "busy"
    """A live lock or lease of Hermes."""
    REFERRED = "referred"
    """Other tables refer to the messages that would get other ids."""
    UNREADABLE = "unreadable"
    """The JSONL file cannot be read."""
    UNSTORABLE = "unstorable"
    """Messages that would not read the same from SQLite."""
    READ_ONLY = "read_only"
    """The store is a newer Hermes' or may not be written."""
    UNDOING = "undoing"
    """An undo of this session was stopped: it is finished first."""
    CHANGED = "changed"
    """A repair of this session was stopped, and its file or its rows are others by now: it is undone first."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that is not done."""

    why: Why
    messages: int
    """How many are not inserted for it."""
    detail: str = ""
    """The holder of a lock, an operation, the number of undone messages, tables, or a problem of the file."""
    merge_helps: bool = False
    """Asked to merge this one session, it is done all the same."""


@dataclass(frozen=True, slots=True)
class Run:
    """Messages that are inserted one after the other."""

    number: int
    after: int
    """Message of SQLite before it, from 1 (session_meta does not count); 0 for the beginning."""
    first: int
    """Message of JSONL that it begins with, from 1."""
    last: int
    at_end: bool = False
    """Nothing of SQLite comes after it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A place of the union, side by side; None where a side lacks it."""

    sqlite: Message | None
    jsonl: Message | None
    sqlite_number: int | None = None
    """Which message of SQLite, from 1."""
    jsonl_number: int | None = None
    inserted: bool = False
    """The repair would insert it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a repair of one session would do; made of values alone, nothing is held open for it."""

    check: Check
    runs: tuple[Run, ...] = ()
    """What is inserted where, in order."""
    moved: int = 0
    """Messages that get another id, so that the inserted ones come before them."""
    common: int = 0
    """Messages of SQLite that both have, undone and compacted ones included."""
    meta_lines: int = 0
    damaged: tuple[int, ...] = ()
    """Line numbers of the first 100 damaged lines."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Field of JSONL that this file has no column for -> inserted messages that have it."""
    refusals: tuple[Refusal, ...] = ()
    creates_session: bool = False
    """Hermes has no row of this session: it was never imported, or it was deleted."""
    same_up_to: int = 0
    """Messages of the union before the first difference."""
    difference: tuple[Line, ...] = ()
    """The first difference with what stands round it: at most 2 lines before and 12 from it."""
    rows: int = 0
    """Rows of SQLite that are kept aside before the first write, session_meta included."""
    merge: bool = False
    """It was asked to merge."""
    operation: str | None = None
    """The stopped repair that this one goes on with."""
    fingerprint: bytes = b""
    """What was looked at: another one means that the plan is out of date."""

    @property
    def session_id(self) -> str:
        """The session."""
        return self.check.session_id

    @property
    def insert(self) -> int:
        """Messages that it inserts."""
        return sum(run.number for run in self.runs)

    @property
    def refused(self) -> int:
        """Messages that it does not insert."""
        return self.check.missing_in_sqlite - self.insert if self.refusals else 0

    @property
    def applies(self) -> bool:
        """True where there is something to do and nothing in the way of it."""
        return self.insert > 0 or self.operation is not None


class State(StrEnum):
    """How an operation stands."""

    RUNNING = "running"
    """It is at work, or was stopped or killed: it can be finished or undone."""
    DONE = "done"
    UNDOING = "undoing"
    """Its undo was stopped or killed: it can be finished."""
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Operation:
    """A repair as the store remembers it."""

    id: str
    session_id: str
    state: State
    started_at: float
    changed_at: float
    inserted: int
    """Messages that it inserted so far."""
    moved: int
    to_insert: int
    """Messages that its plan had in all."""
    backup: Path

    @property
    def unfinished(self) -> bool:
        """It can be finished; a running one can be undone too."""
        return self.state in (State.RUNNING, State.UNDOING)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a repair or an undo did."""

    session_id: str
    operation: str | None
    """None where there was nothing to do, and nothing was written."""
    state: State
    """RUNNING where it was stopped on the way."""
    inserted: int = 0
    """Of an undo: what it took out."""
    moved: int = 0
    """Messages that got another id; of an undo: that got their old one back."""
    rows: int = 0
    """Messages that SQLite has now, session_meta not counted."""
    steps: int = 0
    backup: Path | None = None
    full_backup: Path | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    index_damaged: bool = False
    """A full-text index refused the writes and lacks them."""
    seconds: float = 0.0
    longest_lock: float = 0.0
    """Seconds for which a step held the lock at most."""


class Phase(StrEnum):
    """Part of a repair or an undo that runs."""

    BACKUP = "backup"
    INSERT = "insert"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a repair or an undo is; counts only go up."""

    phase: Phase
    done: int
    total: int
