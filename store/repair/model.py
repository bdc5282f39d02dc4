"""Values of a repair: plan, refusals, operation, receipt, progress."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from ..base.errors import Refused
from ..base.late_dataclass import dataclass, field
from ..base.models import Check, Message
from ..files.gateway import Gateway


class Why(StrEnum):
    """Why something is refused."""

    ORDER = "order"
    """Nothing decides which side came first, though both have messages of their own in one place."""
    EDITED_OR_LOST = "edited_or_lost"
    """SQLite has another message of the same role in their place: it is an edit of them, or each side lost one."""
    ORPHAN = "orphan"
    """Results of calls that no side has before them, or calls whose results are refused."""
    UNDONE = "undone"
    """The session was rewound: the messages that SQLite lacks may be those that the user undid."""
    COMPACTED = "compacted"
    """A summary replaces older messages: those that SQLite lacks may be among them."""
    REWRITTEN = "rewritten"
    """SQLite was rewritten after the file's last change: the messages that it lacks may have been deleted."""
    NO_ROW = "no_row"
    """Hermes does not know the session, and it was not requested by its id."""
    BUSY = "busy"
    """A live lock or lease of Hermes."""
    REFERRED = "referred"
    """Other tables refer to messages that would get new ids."""
    UNREADABLE = "unreadable"
    """The JSONL file cannot be read."""
    UNREAD = "unread"
    """SQLite's part cannot be read."""
    UNSTORABLE = "unstorable"
    """Messages that would not read the same from SQLite."""
    READ_ONLY = "read_only"
    """The store has a structure that is not known: it is only read."""
    UNDOING = "undoing"
    """An undo of this session was stopped: it must be finished first."""
    CHANGED = "changed"
    """A repair of this session was stopped, and its file or its rows have changed since: it must be undone first."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason why messages are not inserted."""

    why: Why
    messages: int
    """Number of messages that are not inserted for this reason."""
    detail: str = ""
    """The holder of a lock, an operation, the number of undone messages, tables, or a problem of the file or store."""
    merge_helps: bool = False
    """A request to merge overrides it."""


class PlanRefused(Refused):
    """A repair was refused for a reason that its plan has."""

    def __init__(self, session_id: str, refusal: Refusal) -> None:
        super().__init__(f"{session_id} is left alone: {refusal.why} {refusal.detail}".rstrip())
        self.session_id, self.refusal = session_id, refusal


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive messages that are inserted in one place."""

    number: int
    after: int
    """Message of SQLite before it, from 1 (session_meta does not count); 0 for the beginning."""
    first: int
    """First message of JSONL in it, from 1."""
    last: int
    at_end: bool = False
    """Nothing of SQLite comes after it."""


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A place of the union, side by side; None where a side lacks the message."""

    sqlite: Message | None
    jsonl: Message | None
    sqlite_number: int | None = None
    """Number of the message in SQLite, from 1."""
    jsonl_number: int | None = None
    inserted: bool = False
    """The repair would insert it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Effects of a repair of one session, as plain values; nothing is held open for it."""

    check: Check
    runs: tuple[Run, ...] = ()
    """Inserted messages by place, in order."""
    moved: int = 0
    """Messages that get a new id, so that the inserted ones come before them."""
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
    difference: tuple[DifferenceRow, ...] = ()
    """The first difference with its context: at most 2 rows before it and 12 from it on."""
    rows: int = 0
    """Rows of SQLite that are backed up before the first write, session_meta included."""
    merge: bool = False
    """A merge was requested."""
    elsewhere: int = 0
    """Messages that SQLite has in another place than JSONL, where they stay."""
    alike: int = 0
    """Repeated messages that were taken for the same ones: neither a time nor a neighbour distinguishes them."""
    gateway: Gateway | None = None
    """The gateway that may hold the session in memory, or may be there unseen; None for none."""
    operation: str | None = None
    """The stopped repair that this one continues."""
    fingerprint: bytes = b""
    """Fingerprint of the compared sources: a different one means that the plan is out of date."""

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
        return max(0, self.check.missing_in_sqlite - self.insert) if self.refusals else 0

    @property
    def applies(self) -> bool:
        """True where there is something to do and nothing prevents it."""
        return self.insert > 0 or self.operation is not None


class State(StrEnum):
    """State of an operation."""

    RUNNING = "running"
    """It runs, or was stopped or killed: it can be finished or undone."""
    DONE = "done"
    UNDOING = "undoing"
    """Its undo was stopped or killed: it can be finished."""
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Operation:
    """A repair as its journal has it."""

    id: str
    session_id: str
    state: State
    started_at: float
    changed_at: float
    inserted: int
    """Messages inserted so far."""
    moved: int
    to_insert: int
    """Messages in its plan."""
    backup: Path

    @property
    def unfinished(self) -> bool:
        """It can be finished; a running one can be undone too."""
        return self.state in (State.RUNNING, State.UNDOING)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Result of a repair or an undo."""

    session_id: str
    operation: str | None
    """None where nothing had to be written."""
    state: State
    """RUNNING where it was stopped before its end."""
    inserted: int = 0
    """Of an undo: the number of messages deleted."""
    moved: int = 0
    """Messages that got a new id; of an undo: that got their old id back."""
    rows: int = 0
    """Messages in SQLite afterwards, session_meta not counted."""
    steps: int = 0
    backup: Path | None = None
    full_backup: Path | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    index_damaged: bool = False
    """A full-text index refused the writes and lacks them."""
    seconds: float = 0.0
    longest_lock: float = 0.0
    """Seconds of the longest lock of a step."""
    gateway: Gateway | None = None
    """The gateway that may hold the session in memory; see `Plan.gateway`."""


class Phase(StrEnum):
    """Part of a repair or an undo that runs."""

    BACKUP = "backup"
    INSERT = "insert"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a repair or an undo; counts only go up."""

    phase: Phase
    done: int
    total: int
