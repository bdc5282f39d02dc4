"""Values that the store returns: frozen dataclasses without connections.

Times are seconds since 1970 UTC, `None` where a file has none or an impossible one.
Text is as stored: `hermes_tui.render.safe` makes it safe for a terminal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Generic, TypeVar

from .deferred import Deferred
from .fallbacks import Fallback, ScanProgress
from .late_dataclass import dataclass, field

T = TypeVar("T")

UNREADABLE = "error"
"""Role of a row on a damaged page, or of a line that holds no message; the text describes it."""


class Status(StrEnum):
    """State of a session (docs/format.md §4.9)."""

    LIVE = "live"
    DONE = "done"
    INTERRUPTED = "interrupted"
    ERROR = "error"
    EMPTY = "empty"


class Drift(StrEnum):
    """Drift flag of a session, shown in lists."""

    JSONL_AHEAD = "jsonl_ahead"
    DIVERGED = "diverged"
    JSONL_ONLY = "jsonl_only"
    DAMAGED = "damaged"


class Verdict(StrEnum):
    """Result of comparing the two sources of a session by content."""

    SAME = "same"
    JSONL_AHEAD = "jsonl_ahead"
    SQLITE_AHEAD = "sqlite_ahead"
    DIVERGED = "diverged"
    JSONL_ONLY = "jsonl_only"
    SQLITE_ONLY = "sqlite_only"
    UNREAD = "unread"
    """SQLite's part could not be read, so nothing was compared; the reason says why."""


class Relation(StrEnum):
    """Relation of a session to its parent (docs/format.md §4.3)."""

    CONTINUATION = "continuation"
    BRANCH = "branch"
    DELEGATE = "delegate"
    RESET = "reset"


class Origin(StrEnum):
    """Source that a message or a session was read from."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"
    JSONL = "jsonl"
    SNAPSHOT = "snapshot"
    SPOOL = "spool"


@dataclass(frozen=True, slots=True)
class Session:
    """One session as a row of the list; no message body is read for it."""

    id: str
    source: str = ""
    title: str | None = None
    """As stored; None or empty for a session without a title."""
    model: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    end_reason: str | None = None
    last_active: float | None = None
    """Time of the newest message, or the start where there is none."""
    messages: int = 0
    """Messages in SQLite, inactive ones too and each once; for a JSONL-only session its valid lines without
    session_meta."""
    rows: int = 0
    """The same with the copies that compactions in place left; 0 outside SQLite."""
    parent_id: str | None = None
    relation: Relation | None = None
    chain: int = 1
    """Number of sections in its compression chain."""
    section: int = 1
    """Position in that chain, 1 for the root."""
    archived: bool = False
    hidden: bool = False
    """Marked as internal by Hermes itself (column `hidden`)."""
    cwd: str | None = None
    profile: str = "default"
    """Profile that it was opened in."""
    profile_name: str | None = None
    """Profile that its row names, which may be another one, or none that is there."""
    origin: Origin = Origin.SQLITE
    """Source it is listed from; a snapshot only where there is no other source, and then messages may be missing."""
    orphan: bool = False
    """It has messages in SQLite and no row in `sessions`."""
    problem: str = ""
    """Reason why part of its file or messages cannot be read, "" for none."""
    live: bool = False
    """Not ended, and its newest message is younger than five minutes."""
    first_id: int | None = None
    last_id: int | None = None
    """Lowest and highest message id, None without rows."""

    @property
    def is_older_section(self) -> bool:
        """True where the list shows a later section of the same chain instead."""
        return self.section < self.chain

    @property
    def is_child(self) -> bool:
        """True for sessions listed under their parent: delegates and older sections."""
        return self.relation is Relation.DELEGATE or self.is_older_section


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """One session of a family, in tree order."""

    session: Session
    depth: int
    """0 for the oldest known ancestor; a continuation has the depth of what it continues."""


@dataclass(frozen=True, slots=True)
class Outline:
    """Status, first words and shown messages of a listed session; read for the rows on the screen only."""

    status: Status | None
    """None where the messages that decide it cannot be read."""
    first_words: str = ""
    """Start of the first user message, one line, at most 200 characters; "" for none."""
    shown: int | None = None
    """Messages that reading the session shows with everything unfolded: of its whole chain and of the source that it is
    read from, copies once, undone and compacted ones included; None where that is not known."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call of the assistant."""

    id: str | None
    name: str
    arguments: str
    """As sent, normally a JSON object; may be invalid JSON."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a session, decoded."""

    id: int | None
    """Row id in SQLite; for JSONL the line number from 1, see `origin`."""
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
    """Purpose of a row that Hermes wrote for itself (`model_switch`, `hidden`, …)."""
    observed: bool = False
    """Sent in a group, not to the agent."""
    mirrored: str = ""
    """Origin of a record that a gateway mirrored here; "" for any other."""
    summary: bool = False
    """Written by a compaction in place of other messages."""
    aside: bool = False
    """A line of a file that is no message: session_meta or damaged."""
    replaced: bool = field(default=False, compare=False)
    """Some bytes of its line in a file are no UTF-8: U+FFFD stands for them."""
    origin: Origin = Origin.SQLITE
    """The database, whichever it is, or a file of the home."""
    kept: Origin | None = field(default=None, compare=False)
    """Of a row on a server: where it was copied from, or PostgreSQL; None for any other, whose `origin` says it."""


@dataclass(frozen=True, slots=True)
class Head:
    """A message without its body: enough to estimate its height."""

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
class StoredTexts:
    """Texts of some messages as they are stored; of each kind joined into one, which costs a third of a row each."""

    prompts: JoinedTexts
    """What the user wrote."""
    replies: JoinedTexts
    reasoning: JoinedTexts
    results: JoinedTexts
    """Of tools, JSON for the most part."""
    calls: JoinedTexts
    """JSON."""
    others: tuple[int, ...]
    """Messages of which no text is here: it is encoded or very long, or another speaker's."""
    others_bytes: int = 0
    """Bytes of their texts, as far as these were counted."""

    @classmethod
    def none_of(cls, ids: Sequence[int], *, replies_only: bool = False) -> StoredTexts:  # noqa: ARG003
        """All messages are to be read by themselves."""
        none = JoinedTexts()
        return cls(none, none, none, none, none, tuple(ids))


@dataclass(frozen=True, slots=True)
class JoinedTexts:
    """Texts of some messages, none of them empty, with `END_OF_TEXT` between each and the next."""

    ids: tuple[int, ...] = ()
    text: str = ""


END_OF_TEXT = "\0\0"


@dataclass(frozen=True, slots=True)
class SectionVersion:
    """Counts of a section's rows, of which any act of Hermes on them changes one."""

    rows: int = 0
    last_id: int = 0
    active: int = 0
    active_ids: int = 0
    """Sum of the ids of active rows: one that was undone and another that was restored change it."""
    compacted: int = 0
    """Rows that compactions in place deactivated."""

    def grown(self, heads: Sequence[Head]) -> SectionVersion:
        """The version after rows were appended and nothing else was changed."""
        return SectionVersion(
            self.rows + len(heads),
            max([self.last_id, *(head.id for head in heads)]),
            self.active + sum(head.active for head in heads),
            self.active_ids + sum(head.id for head in heads if head.active),
            self.compacted + sum(head.compacted and not head.active for head in heads),
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing and whether there are more."""

    items: tuple[T, ...]
    more: bool = False
    cursor: object = None
    """Opaque; pass it back for the next page."""


@dataclass(frozen=True, slots=True)
class Hit(Deferred):
    """One search hit."""

    session_id: str
    message_id: int
    role: str
    text: str
    """Readable text of the message, at most 2,000 characters around the first match."""
    spans: tuple[tuple[int, int], ...] = ()
    """Matches in `text`: half-open character ranges in order."""
    timestamp: float | None = None
    source: str = ""
    model: str | None = None
    title: str | None = None
    origin: Origin = Origin.SQLITE
    tool_name: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A step of a search: hits newest first, and its progress."""

    hits: tuple[Hit, ...]
    done: bool = False
    capped: bool = False
    """More messages match than the limit."""
    fallbacks: tuple[Fallback, ...] = ()
    """How the search bypassed an index or left something out; () for neither, or in a transient step."""
    rows_scanned: int = 0
    """Rows scanned so far without an index."""
    partial: bool = False
    """SQLite could not be read to its end; `fallbacks` says why."""
    progress: ScanProgress = ScanProgress.INDEXED


@dataclass(frozen=True, slots=True)
class Count:
    """Number of messages that match a search."""

    hits: int
    sessions: int
    """Sessions of the counted messages."""
    capped: bool = False
    """More match than were counted."""


@dataclass(frozen=True, slots=True)
class ContextLine:
    """One message of the context of a hit."""

    id: int
    role: str
    text: str
    hit: bool = False
    timestamp: float | None = None


@dataclass(frozen=True, slots=True)
class JsonlFacts:
    """Facts of one JSONL file."""

    session_id: str
    size: int
    mtime_ns: int
    inode: int
    messages: int = 0
    """Valid lines without session_meta."""
    meta_lines: int = 0
    bad_lines: int = 0
    last_active: float | None = None
    """Time of the last line that has one."""
    problem: str = ""
    """Reason why the file could not be read, "" for none."""


@dataclass(frozen=True, slots=True)
class Check:
    """Comparison of a session's two sources; a line of `check --json`."""

    session_id: str
    verdict: Verdict
    sqlite_messages: int
    """Rows in SQLite without session_meta, inactive ones included."""
    jsonl_messages: int
    missing_in_sqlite: int
    missing_in_jsonl: int
    damaged_lines: int
    doubled: int
    """Messages that repeat the block right before theirs, on either side; reported, never removed."""
    repairable: bool
    reason: str = ""
    """Reason why it is not repairable, or a note for the reader; "" for none."""
    edited: int = 0
    """Messages that SQLite has in another form; they are missing on neither side."""
    salvaged: int = 0
    """Messages of JSONL that share a line with others or with damage, and were read all the same."""


@dataclass(frozen=True, slots=True)
class SurveyStep:
    """A step of a survey: drift flags from verdicts by content."""

    done: int
    """Sessions with a JSONL file whose verdict is known."""
    total: int
    """All sessions with a JSONL file; 0 where only some were requested."""
    drifts: Mapping[str, Drift | None] = field(default_factory=dict)
    """Flags reported by this step."""
    facts: Mapping[str, JsonlFacts] = field(default_factory=dict)
    """Facts of the files of these sessions."""
    checks: tuple[Check, ...] = ()
    """Verdicts computed by this step."""


@dataclass(frozen=True, slots=True)
class FirstListing:
    """Sessions and flags of the first frame."""

    sessions: tuple[Session, ...]
    drifts: Mapping[str, Drift | None]
    """Flags that are cached or follow from counts."""
    facts: Mapping[str, JsonlFacts]
    """Facts of the files of these sessions."""


@dataclass(frozen=True, slots=True)
class Change:
    """Changes between two polls of a watch."""

    sessions: frozenset[str] = frozenset()
    """Sessions with new message rows; of very many rows only those of the newest."""
    files: frozenset[str] = frozenset()
    """Sessions whose JSONL file appeared, changed or disappeared."""
    store: bool = False
    """Something was committed to state.db."""
    replaced: bool = False
    """state.db was replaced, appeared or disappeared."""
    newest_id: int = 0
    """Highest message id; 0 for none."""
    late: bool = False
    """The new rows have lower ids than that: they were committed after it, or in another profile."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Number of sessions, and of those that the default list leaves out, by reason."""

    total: int
    archived: int = 0
    children: int = 0
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one health check."""

    check: str
    """permissions, journal, wal, lock, schema, sqlite, mount, spool, operations, index or integrity."""
    ok: bool | None
    """None where the check could not be made."""
    detail: str
    """Observation."""
    advice: str = ""
    """Remedy, "" for none."""

    @property
    def sentence(self) -> str:
        """Detail and advice in one sentence."""
        return f"{self.detail}; {self.advice}" if self.advice else self.detail


@dataclass(frozen=True, slots=True)
class SessionLocation:
    """Files of one session, and reasons why a list leaves it out."""

    session: Session
    held: tuple[str, ...]
    """Files that hold something of it, a sentence each."""
    reasons: tuple[str, ...] = ()
    """Reasons why a list leaves it out, or oddities; () for none."""
    family: tuple[FamilyMember, ...] = ()
    """Its family in tree order, () for a session without relatives."""


@dataclass(frozen=True, slots=True)
class Census:
    """Number of sessions of a home, by the source they are listed from."""

    stored: int | None
    """In SQLite; None where it cannot be read."""
    jsonl: int = 0
    """In a JSONL file only."""
    spool: int = 0
    """In the spool only."""
    snapshots: int = 0
    """In a snapshot only."""
    waiting: int = 0
    """Messages in the spool, of any session."""
    problems: tuple[str, ...] = ()
    """Unreadable files, a sentence each."""
    profiles: tuple[tuple[str, int | None], ...] = ()
    """All profiles of the root with the number of their sessions in SQLite, None where it is unknown."""
