"""Interface between the store and a database engine: reads, searches, writes, repairs, changes, health.

Values that cross it carry no engine's words: cursors and versions are opaque, a `Query` goes in, ids and scores come
out. Reads are one short transaction each and bounded; the methods that take `cancel` raise `Interrupted` once it is
cancelled. Each raises `StoreError` where the database cannot be read, `StoreMissing` where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..base.models import ContextLine, Finding, Head, Message, Page, Scope, SectionVersion, Session, StoredTexts
    from ..formats.carried_copies import Copies
    from ..formats.compaction_overlap import Fingerprint
    from ..formats.compared_message import ComparedMessage
    from ..formats.lineage import Lineage
    from ..formats.row_encoding import MessageRow
    from ..query.ast import Query
    from .operations import (
        ActiveCounts,
        OperationHeader,
        RawRow,
        RepairFacts,
        RepairStep,
        StepRecord,
        StepResult,
        UndoStep,
    )
    from .rows import Capabilities, Counts, MessageCells, RowDict, SessionEnds, SessionStamp, StoredRow
    from .search import AgentHit, AgentSearchOptions, HitRow, MatchCount, RankedMatches, SearchStep, SessionFilter
    from .session_choice import SessionChoice

T = TypeVar("T")
Values = Mapping[str, int | float | str | bytes | None]


class SessionRows(Protocol):
    """Sessions as models, for screen and command line."""

    def page(self, *, limit: int, cursor: object, now: float, profile: str) -> Page[Session]:
        """All sessions, newest start first, then those that have messages and no row; damage hides no other session."""

    def by_ids(self, ids: Iterable[str], *, now: float, profile: str) -> tuple[Session, ...]:
        """Some sessions, without missing ones."""

    def newest(self) -> tuple[str, ...]:
        """Ids of the sessions of the newest messages, newest first."""

    def ids(self) -> Sequence[str]:
        """Ids of all sessions that have a row, newest start first."""

    def orphans(self) -> list[str]:
        """Ids of sessions that have messages and no row."""

    def has(self, session_id: str) -> bool:
        """True where a session has a row."""

    def counts(self, ids: Sequence[str]) -> dict[str, Counts]:
        """Number and edges of the messages of some sessions."""

    def row_counts(self, ids: Collection[str]) -> Mapping[str, Sequence[object]]:
        """Rows, highest id, active and compacted rows of some sessions, in that order: part of a verdict's mark."""

    def scope(self) -> Scope:
        """Number of sessions, and of those that a default list leaves out."""

    def lineage(self, ids: Iterable[str]) -> Lineage:
        """The families of some sessions; each alone where links cannot be read."""

    def chain(self, session_id: str) -> tuple[str, ...]:
        """Ids of the compression chain, root first; the id alone where it has none."""

    def find_by_name(self, text: str, *, limit: int) -> list[str]:
        """Ids of sessions that have a text in their id or title."""

    def order(self, *, by_start: bool) -> Sequence[tuple[float, str]] | None:
        """Every session with the time of its last message or of its start, 0.0 for none, the newest first, then by id;
        by their start, maybe without those that have messages and no row.

        None where the engine cannot say so without reading all of them.
        """

    def listed(
        self, ids: Sequence[str], *, now: float, profile: str
    ) -> Mapping[str, tuple[Session, SessionEnds | None]]:
        """Some sessions with their ends, None for no message, and the first words of those alone that have no title.

        An engine may leave out any session.
        """

    def active_since(self, timestamp: float, *, cancel: Cancel | None = ...) -> frozenset[str]:
        """Ids of sessions with a message since a time."""


class MessageRows(Protocol):
    """Messages of sessions."""

    def heads(self, session_id: str | None, *, after: int, limit: int) -> Page[Head]:
        """Messages without bodies, in order; the cursor is the last id."""

    def last_heads(self, session_id: str | None, *, limit: int) -> tuple[Head, ...]:
        """The last of them, in order."""

    def ids(self, session_id: str | None) -> Sequence[int]:
        """Ids of all of them, in order."""

    def bodies(self, ids: Sequence[int], *, cancel: Cancel | None = ...) -> tuple[Message, ...]:
        """Whole messages by id, at most 256."""

    def readable_bodies(self, ids: Sequence[int]) -> tuple[Message, ...]:
        """The same; a damaged one is a message that says so."""

    def containing(self, ids: Sequence[int], words: str) -> frozenset[int]:
        """Those of some messages, 4,096 at most, that may have a text of ASCII in any case: at least those that do."""

    def stored_texts(self, ids: Sequence[int], *, replies_only: bool = ...) -> StoredTexts:
        """Texts of some messages, 4,096 at most, that are stored as they are read; an engine may leave all out."""

    def window(
        self, session_id: str, message_id: int, *, width: int, n_bytes: int | None = ...
    ) -> tuple[ContextLine, ...]:
        """The messages around one."""

    def first_user_text(self, session_id: str) -> str:
        """The beginning of the first message that the user wrote; "" where there is none."""

    def ends(self, session_id: str) -> SessionEnds | None:
        """Beginning and end of a session; None where it has no message."""

    def ends_of(self, ids: Sequence[str]) -> Mapping[str, SessionEnds | None]:
        """The same of those sessions that have messages; None where a page is damaged."""

    def columns(self) -> frozenset[str]:
        """Fields that a message can have; those of a new database where there is none yet."""

    def copies(self, session_id: str) -> Copies:
        """The rows of a session that only copy others of it, because of compactions in place."""

    def versions(self, ids: Sequence[str]) -> Mapping[str, SectionVersion]:
        """Versions of the sessions that have rows, in one read transaction."""

    def compared(self, session_id: str, *, cancel: Cancel | None = ...) -> Iterator[ComparedMessage]:
        """The compared form of a session's messages, each once, without session_meta."""

    def stored(self, session_id: str, *, cancel: Cancel | None = ...) -> Iterator[StoredRow]:
        """The same of every row, with ids and sizes."""

    def cells(self, ids: Collection[str]) -> Mapping[str, Sequence[MessageCells]]:
        """The rows of whole sessions in order, as they are stored; an engine may leave out any session."""

    def count(self, session_id: str) -> int:
        """Messages of a session, each once, without session_meta."""

    def stamp(self, session_id: str) -> SessionStamp:
        """An opaque version of a session's rows."""

    def appends(self, session_id: str) -> Mapping[str, Sequence[int]]:
        """Keys of a session's appends (`Transaction.append_once`), each with the present ids of its rows."""

    def fingerprints(self, ids: Sequence[int]) -> dict[int, Fingerprint]:
        """Fingerprints of messages by id."""

    def marked_copies(self, session_id: str, before: str) -> set[int]:
        """Ids of the rows that are marked as copies of the section before."""


class AgentRows(Protocol):
    """Rows as dicts, for agents (docs/format.md §8)."""

    def session(self, session_id: str | None) -> RowDict | None:
        """Every field of a session."""

    def by_title(self, title: str | None) -> RowDict | None:
        """The same by its title."""

    def newest(self, source: str | None, limit: int, offset: int) -> list[RowDict]:
        """Sessions by newest start."""

    def ids_like(self, prefix: str) -> list[str]:
        """Ids that begin so, at most two."""

    def chosen(
        self, choice: SessionChoice, *, limit: int, offset: int, by_activity: bool = ..., compact: bool = ...
    ) -> list[RowDict]:
        """Sessions of a choice by newest start, or by the last message of their chain; compact without the prompt."""

    def chosen_ids(self, choice: SessionChoice) -> list[str]:
        """Their ids."""

    def count_sessions(self, choice: SessionChoice) -> int:
        """Their number."""

    def last_active(self, session_id: str) -> float | None:
        """Time of a session's latest message."""

    def tip(self, session_id: str) -> str:
        """The last continuation of a session after compressions, by upstream's rules; itself where it has none."""

    def ancestors(self, session_id: str) -> list[str]:
        """A session and all above it, the highest first."""

    def messages(
        self, session_ids: Sequence[str], *, include_inactive: bool, limit: int = ..., offset: int = ...
    ) -> list[RowDict]:
        """Every field of the messages of some sessions, in order, as stored."""

    def by_ids(self, ids: Sequence[int]) -> list[RowDict]:
        """The same of some messages, at most 256, lowest id first; those that are gone are left out."""

    def count_messages(self, session_id: str | None) -> int:
        """Number of rows of a session, or of all."""

    def title_of(self, session_id: str | None) -> str | None:
        """A session's title."""

    def newest_in_lineage(self, title: str) -> str | None:
        """Id of the newest “title #N”, else of the title itself."""

    def lineage_titles(self, base: str) -> list[str]:
        """The titles of a lineage."""

    def search(self, words: str | None, options: AgentSearchOptions) -> list[AgentHit]:
        """Ranked hits, by the rules of upstream's `search_messages`."""


class TextSearch(Protocol):
    """Search over message texts."""

    def matching_ids(
        self,
        query: Query,
        *,
        limit: int,
        above: int | None = ...,
        session_filter: SessionFilter = ...,
        cancel: Cancel | None = ...,
    ) -> Iterator[SearchStep]:
        """Ids of the matching messages, newest first, step by step."""

    def read_hits(self, ids: Sequence[int], *, cancel: Cancel | None = ...) -> list[HitRow]:
        """The messages of a list of hits, at most 256, in the requested order."""

    def best_matches(
        self, query: Query, *, limit: int, session_filter: SessionFilter = ..., cancel: Cancel | None = ...
    ) -> RankedMatches | None:
        """The best matches; None where nothing can rank them."""

    def count_matches(
        self, query: Query, *, cap: int | None = ..., session_filter: SessionFilter = ..., cancel: Cancel | None = ...
    ) -> MatchCount:
        """Number of matches and their sessions."""

    def similar_words(self, word: str, *, limit: int, cancel: Cancel | None = ...) -> tuple[str, ...]:
        """Indexed words close to one, closest first."""


class RepairRows(Protocol):
    """Reads of repairs besides messages; left out by an engine without `Capabilities.repairs`."""

    def facts(self, session_id: str, conversation: Sequence[str], *, now: float) -> RepairFacts:
        """Facts for and against a repair of a session, in one transaction."""

    def operations(self) -> list[tuple[OperationHeader, list[StepRecord]]]:
        """Every repair in the journal with its steps, the last started first."""

    def free_ids(self, above: int, below: int, number: int) -> list[int] | None:
        """Unused message ids between two others, exclusive; None where there are not enough."""

    def session_row(self, session_id: str) -> RawRow | None:
        """A session's row exactly as stored."""

    def message_rows(self, ids: Sequence[int]) -> Iterator[RawRow]:
        """Message rows exactly as stored, lowest id first."""

    def active_counts(self, session_id: str) -> ActiveCounts:
        """What the counters of a session should be."""

    def copy(self, target: Path) -> Path:
        """A verified copy of the whole database."""


class Changes(Protocol):
    """Changes by anybody."""

    def file(self) -> object:
        """Identity of the database's file; None where there is none, and of a server."""

    def version(self) -> tuple[object, int | None]:
        """Identity of the database, None where there is none, and a number that changes with each commit."""

    def since(self, after: int | None) -> tuple[int, frozenset[str]]:
        """The highest message id, and the sessions of the rows above `after`.

        Where rows below it were committed late, `after` again with their sessions; `version` then changes once more.
        """


class Health(Protocol):
    """The doctor's checks of a database, and who says in it that it runs."""

    def backends(self, now: float) -> list[str]:
        """Gateways of Hermes with a fresh heartbeat, the last first."""

    def checks(self, cancel: Cancel) -> Mapping[str, Callable[[], Finding | Iterable[Finding]]]:
        """Checks by name, the quick ones first."""


class Transaction(Protocol):
    """One write: done whole or not at all, acknowledged after COMMIT. It may be run again after a lock."""

    def create_session(self, session_id: str, values: Values, /) -> None:
        """Insert a row; of an existing one only what is empty is filled in."""

    def end_session(self, session_id: str, reason: str, now: float, /) -> None:
        """Mark as ended; the first reason wins."""

    def reopen_session(self, session_id: str, /) -> None:
        """Clear the end."""

    def set_prompt(self, session_id: str, prompt: str, /) -> None:
        """Store the system prompt."""

    def add_tokens(self, session_id: str, values: Values, now: float, /, *, absolute: bool = ...) -> None:
        """Add to counters and costs, or set them; what is added is counted for its model, too."""

    def delete_session(self, session_id: str, /, *, delegates: bool, ended_only: bool = ...) -> Sequence[str]:
        """Delete a session with its messages; the ids of all that were deleted."""

    def assign_title(self, session_id: str | None, title: str | None, /) -> bool:
        """Name a session; False where there is none."""

    def append(self, session_id: str, rows: Sequence[MessageRow], /) -> list[int]:
        """Append messages; their ids."""

    def append_once(self, session_id: str, rows: Sequence[MessageRow], /, *, key: str, now: float) -> list[int]:
        """The same once for each key."""

    def append_after(
        self, session_id: str, expected: SessionStamp, rows: Sequence[MessageRow], /
    ) -> SessionStamp | None:
        """The same unless others wrote since `expected`: the new stamp, None where nothing was written."""

    def replace(self, session_id: str, rows: Sequence[MessageRow], /, *, active_only: bool = ...) -> None:
        """Replace all messages of a session, or the active ones."""

    def clear(self, session_id: str, /) -> None:
        """Delete a session's messages."""

    def apply_step(self, step: RepairStep, /) -> StepResult:
        """One step of a repair."""

    def undo_step(self, step: UndoStep, /) -> tuple[int, int]:
        """Undo of one step: numbers of messages deleted, and of messages given their old id."""


class Engine(Protocol):
    """A database of one home."""

    @property
    def capabilities(self) -> Capabilities:
        """Optional parts that this engine has."""

    @property
    def sessions(self) -> SessionRows:
        """Sessions as models."""

    @property
    def messages(self) -> MessageRows:
        """Messages."""

    @property
    def records(self) -> AgentRows:
        """Rows as dicts."""

    @property
    def search(self) -> TextSearch:
        """Text search."""

    @property
    def repairs(self) -> RepairRows:
        """Reads of repairs."""

    @property
    def changes(self) -> Changes:
        """Changes by anybody."""

    @property
    def health(self) -> Health:
        """Checks."""

    @property
    def name(self) -> str:
        """Name of the database in error messages."""

    @property
    def index_damaged(self) -> bool:
        """True once a write only went through beside a damaged full-text index."""

    @property
    def lock_seconds(self) -> float:
        """Seconds that the last write held its lock."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction. A function, not a `with` block: after a damaged index it is run again."""

    def checkpoint(self) -> None:
        """Move what was written from a log into the database as far as that makes nobody wait; for a program's end."""

    def close(self) -> None:
        """Close every connection; may be called twice."""
