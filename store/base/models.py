"""What the store hands out: frozen values, no connections behind them.

Times are seconds since 1970 UTC, `None` where a file has none or an impossible one.
Text is as stored: nothing here is safe for a terminal until `hermes_tui.render.safe` has seen it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")

UNREADABLE = "error"
"""Role of a row on a damaged page, or of a line that holds no message: its text says what is known of it."""


class Status(StrEnum):
    """How a session stands (docs/format.md §4.9)."""

    LIVE = "live"
    DONE = "done"
    INTERRUPTED = "interrupted"
    ERROR = "error"
    EMPTY = "empty"


class Drift(StrEnum):
    """The quick flag, by counts and stat alone."""

    JSONL_AHEAD = "jsonl_ahead"
    DIVERGED = "diverged"
    JSONL_ONLY = "jsonl_only"
    DAMAGED = "damaged"


class Verdict(StrEnum):
    """What the two sources of a session say of each other, by content."""

    SAME = "same"
    JSONL_AHEAD = "jsonl_ahead"
    SQLITE_AHEAD = "sqlite_ahead"
    DIVERGED = "diverged"
    JSONL_ONLY = "jsonl_only"
    SQLITE_ONLY = "sqlite_only"


class Relation(StrEnum):
    """What a session is to its parent (docs/format.md §4.3)."""

    CONTINUATION = "continuation"
    BRANCH = "branch"
    DELEGATE = "delegate"
    RESET = "reset"


class Origin(StrEnum):
    """Which source a message was read from."""

    SQLITE = "sqlite"
    JSONL = "jsonl"
    SNAPSHOT = "snapshot"
    SPOOL = "spool"


@dataclass(frozen=True, slots=True)
class Session:
    """One session as a row of the list: no message body was read for it."""

    id: str
    source: str = ""
    title: str | None = None
    """As stored; None or empty where the session was never named."""
    model: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    end_reason: str | None = None
    last_active: float | None = None
    """Newest message, or the start where there is none."""
    messages: int = 0
    """All rows in SQLite, inactive ones too; for a JSONL-only session its good lines without session_meta."""
    parent_id: str | None = None
    relation: Relation | None = None
    chain: int = 1
    """Sections of the compression chain this session belongs to."""
    section: int = 1
    """Its place in that chain, 1 for the root."""
    archived: bool = False
    hidden: bool = False
    """Marked as internal by Hermes itself (column `hidden`)."""
    cwd: str | None = None
    profile: str = "default"
    origin: Origin = Origin.SQLITE
    """Which source speaks for it; a snapshot only where no other does, and it may have lost messages."""
    orphan: bool = False
    """Its messages are in SQLite, and no row of `sessions` is."""
    problem: str = ""
    """Why part of its file or of its messages cannot be read, "" where all can."""
    live: bool = False
    """Not ended, and its newest message is younger than five minutes."""
    first_id: int | None = None
    last_id: int | None = None
    """Lowest and highest message id, None without rows."""

    @property
    def is_older_section(self) -> bool:
        """True where a later section of the same chain stands for this one in the list."""
        return self.section < self.chain

    @property
    def is_child(self) -> bool:
        """True for what the list leaves to its parent: delegates and older sections."""
        return self.relation is Relation.DELEGATE or self.is_older_section


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """One session of a family, in the order in which a tree is drawn."""

    session: Session
    depth: int
    """0 for the oldest ancestor that is known; a continuation stands as deep as what it continues."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a listed row shows beyond its counters; asked for the rows on the screen only."""

    status: Status | None
    """None where its messages cannot be read as far as that needs."""
    first_words: str = ""
    """Start of the first user message, one line, at most 200 characters; "" where there is none."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool, as the assistant asked for it."""

    id: str | None
    name: str
    arguments: str
    """As sent, normally a JSON object; may be invalid JSON."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a session, decoded."""

    id: int | None
    """Row id in SQLite; for JSONL the line number from 1, with `origin` telling which."""
    session_id: str
    role: str
    text: str = ""
    """Readable text: parts joined, images as labelled placeholders; "" where the content is NULL."""
    timestamp: float | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    tool_name: str | None = None
    reasoning: str = ""
    finish_reason: str | None = None
    active: bool = True
    compacted: bool = False
    display_kind: str | None = None
    """Of a row that Hermes wrote for itself, what for (`model_switch`, `hidden`, …)."""
    observed: bool = False
    """Said in a group, not to the agent."""
    mirrored: str = ""
    """Where it was sent from, of a record that a gateway mirrored here; "" for any other."""
    summary: bool = False
    """A compaction wrote it in place of other messages."""
    aside: bool = False
    """A line of a file that is no message: it describes the session, or is damaged."""
    origin: Origin = Origin.SQLITE


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a message before its body is read: enough to estimate its height."""

    id: int
    role: str
    n_bytes: int = 0
    """Bytes of the stored content."""
    tool_name: str | None = None
    has_calls: bool = False
    has_reasoning: bool = False
    active: bool = True
    compacted: bool = False
    timestamp: float | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A bounded page; `more` is known because one row too many was asked for."""

    items: tuple[T, ...]
    more: bool = False
    cursor: object = None
    """Opaque: hand it back to get the next page."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One message that a search found."""

    session_id: str
    message_id: int
    role: str
    text: str
    """The message's readable text, cut around the first match where it is long: at most 2,000 characters."""
    spans: tuple[tuple[int, int], ...] = ()
    """Matches in `text`, as half-open character ranges in order."""
    timestamp: float | None = None
    source: str = ""
    model: str | None = None
    title: str | None = None
    origin: Origin = Origin.SQLITE
    tool_name: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A step of a search: hits newest first, and how far it is."""

    hits: tuple[Hit, ...]
    done: bool = False
    capped: bool = False
    """More messages match than were asked for."""
    fallback: str | None = None
    """Why and how an index was gone round (“no index, scanning”), None where none was."""
    rows_scanned: int = 0
    """Rows that were scanned so far, where there was no index."""
    partial: bool = False
    """SQLite could not be read, or not to its end; `fallback` says why."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages a search has to find."""

    hits: int
    sessions: int
    """Sessions that they are in, as far as they were counted."""
    capped: bool = False
    """There are more than were counted."""


@dataclass(frozen=True, slots=True)
class ContextLine:
    """One message of the window around a hit."""

    id: int
    role: str
    text: str
    hit: bool = False
    timestamp: float | None = None


@dataclass(frozen=True, slots=True)
class JsonlFacts:
    """What a look at one JSONL file tells."""

    session_id: str
    size: int
    mtime_ns: int
    inode: int
    messages: int = 0
    """Good lines without session_meta."""
    meta_lines: int = 0
    bad_lines: int = 0
    last_active: float | None = None
    """Time of its last line that has one, where it was read."""
    problem: str = ""
    """Why the file could not be read; "" where it was."""


@dataclass(frozen=True, slots=True)
class Check:
    """What is known of one session's two sources; a line of `check --json`."""

    session_id: str
    verdict: Verdict
    sqlite_messages: int
    """Rows in SQLite without session_meta, inactive ones included."""
    jsonl_messages: int
    missing_in_sqlite: int
    missing_in_jsonl: int
    damaged_lines: int
    doubled: int
    """Messages that stand next to an equal copy of their block on either side; reported, never removed."""
    repairable: bool
    reason: str = ""
    """Why it is not repairable, or what a reader should know; "" where all is well."""


@dataclass(frozen=True, slots=True)
class SurveyStep:
    """A step of a survey: verdicts by content, as flags."""

    done: int
    """Sessions with a JSONL file whose verdict is known,"""
    total: int
    """of so many; 0 where only some were asked for."""
    drifts: Mapping[str, Drift | None] = field(default_factory=dict)
    """Flags that are told with this step."""
    facts: Mapping[str, JsonlFacts] = field(default_factory=dict)
    """What the files of these sessions tell."""
    checks: tuple[Check, ...] = ()
    """The verdicts that were worked out just now."""


@dataclass(frozen=True, slots=True)
class FirstListing:
    """What a first frame can show."""

    sessions: tuple[Session, ...]
    drifts: Mapping[str, Drift | None]
    """Flags, as far as they are remembered or counts tell them."""
    facts: Mapping[str, JsonlFacts]
    """What the files of these sessions tell."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a watch saw since it last looked."""

    sessions: frozenset[str] = frozenset()
    """Sessions with new message rows, as far as they could be told apart cheaply."""
    files: frozenset[str] = frozenset()
    """Sessions whose JSONL appeared, grew, changed or went."""
    store: bool = False
    """Something was committed to state.db."""
    replaced: bool = False
    """state.db is another file than before, came or went."""
    newest_id: int = 0
    """Highest message id now; 0 for none."""


@dataclass(frozen=True, slots=True)
class Scope:
    """How many sessions there are, and how many the default list leaves out and why."""

    total: int
    archived: int = 0
    children: int = 0
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look at the health of a store found."""

    check: str
    """permissions, journal, wal, lock, schema, sqlite, mount, spool, operations, index or integrity."""
    ok: bool | None
    """None where it could not be looked at, or cannot be known."""
    detail: str
    """What was found."""
    advice: str = ""
    """What to do about it, "" where nothing need be."""

    @property
    def sentence(self) -> str:
        """Both in one sentence."""
        return f"{self.detail}; {self.advice}" if self.advice else self.detail


@dataclass(frozen=True, slots=True)
class SessionLocation:
    """Where one session is, and why it may not be in view."""

    session: Session
    held: tuple[str, ...]
    """The files that hold something of it, a sentence each."""
    reasons: tuple[str, ...] = ()
    """Why a list leaves it out, or what is odd about it; () where it is simply in the list."""
    family: tuple[FamilyMember, ...] = ()
    """Its family as a tree, () where it is alone."""


@dataclass(frozen=True, slots=True)
class Census:
    """How many sessions a home has, by the source that speaks for them."""

    stored: int | None
    """In SQLite; None where it cannot be read."""
    jsonl: int = 0
    """In a JSONL file alone,"""
    spool: int = 0
    """in the spool alone,"""
    snapshots: int = 0
    """in a snapshot alone."""
    waiting: int = 0
    """Messages in the spool, of any session."""
    problems: tuple[str, ...] = ()
    """Files that cannot be read, a sentence each."""
    profiles: tuple[tuple[str, int | None], ...] = ()
    """The profiles of the root, this one too, with their sessions in SQLite; None where they cannot be counted."""
