"""Interfaces for screen and command line: `Browser` reads, `Repairs` writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..query.parse import Query

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..base.models import (
        Batch,
        Census,
        Change,
        Check,
        ContextLine,
        Count,
        Drift,
        FamilyMember,
        Finding,
        FirstListing,
        Head,
        Hit,
        JsonlFacts,
        Message,
        Origin,
        Outline,
        Page,
        Scope,
        SectionVersion,
        Session,
        SessionLocation,
        StoredTexts,
        SurveyStep,
    )
    from ..engine.managed import Mark
    from ..engine.rows import RowDict
    from ..manage.management import MarkPlan
    from ..manage.model import DeletePlan, TrashEntry, TrashProgress, TrashReceipt
    from ..repair.model import DifferenceRow, Operation, Plan, Progress, Receipt, Why
    from .listed import Listing
    from .reading import Piece, SessionReading

Wanted = Query | str


class Watcher(Protocol):
    """Changes since the last poll; used by one thread at a time."""

    def poll(self) -> Change | None:
        """Changes since the last poll, or None."""


class SessionReads(Protocol):
    """Sessions for a list: `browse.sessions`."""

    def sessions(self, *, limit: int = ..., cursor: object = ...) -> Page[Session]:
        """A page of all sessions, newest start first."""

    def recent(self, *, limit: int = ...) -> tuple[Session, ...]:
        """The sessions of the newest messages, last active first."""

    def session(self, session_id: str, /) -> Session | None:
        """One session."""

    def listing(self, *, by_start: bool = ...) -> Listing:
        """Every session in the order of a list, page by page."""

    def file_sessions(self) -> tuple[Session, ...]:
        """The sessions that only files know."""

    def outlines(self, session_ids: Iterable[str | Session]) -> dict[str, Outline]:
        """Status and first words, by id."""

    def scope(self) -> Scope:
        """Number of sessions, and of those that a default list leaves out."""

    def chain(self, session_id: str, /) -> tuple[str, ...]:
        """Ids of a compression chain, root first."""

    def family(self, session_id: str, /) -> tuple[FamilyMember, ...]:
        """A session's family as a tree."""

    def named(self, text: str, *, limit: int) -> list[str]:
        """Ids of sessions that have a text in their id or title; that very id first."""

    def resolve(self, text: str) -> str | None:
        """The one id that equals the text or starts with it."""


class MessageReads(Protocol):
    """Messages for a reader: `browse.messages`, `browse.reading`."""

    def reading(self, session_id: str, /, *, origin: Origin | None = ...) -> SessionReading:
        """A session and the source that it is read from."""

    def pieces(
        self,
        reading: SessionReading,
        *,
        chain: bool = ...,
        asides: bool = ...,
        copies: bool = ...,
        records: bool = ...,
    ) -> Iterator[Piece]:
        """The messages of a reading, piece by piece."""

    def beginning(self, session: Session, /) -> Piece | None:
        """The first piece of a long session at a cost that does not depend on its length."""

    def session_record(self, session_id: str, /) -> RowDict | None:
        """Every field of a session's row."""

    def records(self, piece: Piece) -> Iterator[RowDict]:
        """Every field of the messages of a piece."""

    def versions(self, session_ids: Iterable[str]) -> dict[str, SectionVersion]:
        """Versions of sessions."""

    def carried(self, session_id: str, before: str) -> frozenset[int]:
        """Rows that only repeat the section before."""

    def heads(self, session_id: str, *, after: int = ..., limit: int = ...) -> Page[Head]:
        """Heads in id order."""

    def messages(self, ids: Sequence[int]) -> tuple[Message, ...]:
        """Messages by row id, at most 256."""

    def containing(self, ids: Sequence[int], words: str) -> frozenset[int]:
        """Those of some messages that may have a text."""

    def stored_texts(self, ids: Sequence[int], *, replies_only: bool = ...) -> StoredTexts:
        """Texts of some messages as they are stored."""

    def context(self, session_id: str, message_id: int, *, width: int = ...) -> tuple[ContextLine, ...]:
        """The messages around one."""

    def file_messages(self, session_id: str, /, *, asides: bool = ...) -> tuple[Message, ...]:
        """The messages beside the database."""

    def snapshot_messages(self, session_id: str, /) -> tuple[Message, ...]:
        """The messages of a JSON snapshot."""

    def spooled(self) -> frozenset[str]:
        """Ids of the sessions that have messages in the spool."""

    def waiting(self, session_id: str, /) -> tuple[Message, ...]:
        """The messages that wait in the spool."""


class SearchReads(Protocol):
    """Searches: `search.searches`."""

    def search(
        self, query: Wanted, *, limit: int = ..., cancel: Cancel | None = ..., after_id: int = ...
    ) -> Iterator[Batch]:
        """Hits newest first, batch by batch."""

    def rank(
        self, query: Wanted, *, limit: int = ..., found: Sequence[Hit] | None = ..., cancel: Cancel | None = ...
    ) -> Batch:
        """The best hits."""

    def oldest(self, query: Wanted, *, limit: int = ..., cancel: Cancel | None = ...) -> Batch:
        """The oldest hits."""

    def count(self, query: Wanted, *, cap: int | None = ..., cancel: Cancel | None = ...) -> Count:
        """The number of hits and of their sessions."""

    def meant(self, query: Wanted, *, cancel: Cancel | None = ...) -> dict[str, str]:
        """Corrections of words that no message has."""


class ComparisonReads(Protocol):
    """Comparison of sources, and plans of repairs: `browse.comparisons`, `repair.plans`."""

    def glance(self, *, limit: int = ...) -> FirstListing:
        """The newest sessions with their quick flags."""

    def glances(self, *, limit: int = ...) -> Iterator[FirstListing]:
        """The same in parts, of many homes as they are read; a session may come again."""

    def survey(self, *, cancel: Cancel) -> Iterator[SurveyStep]:
        """The verdicts of a whole home, as flags."""

    def verify(self, session_ids: Iterable[str], *, cancel: Cancel) -> Iterator[SurveyStep]:
        """The verdicts of some sessions."""

    def facts(self, session_id: str, /) -> JsonlFacts | None:
        """A session's JSONL file."""

    def all_facts(self, *, cancel: Cancel | None = ...) -> Iterator[JsonlFacts]:
        """Every JSONL file."""

    def drift(self, session: Session, facts: JsonlFacts | None) -> Drift | None:
        """The quick flag."""

    def check(self, session_id: str, /) -> Check:
        """Both sources of a session, compared by content."""

    def checks(self, ids: Iterable[str] | None = ..., *, cancel: Cancel | None = ...) -> Iterator[Check]:
        """The same of some sessions, or of all."""

    def plan(self, session_id: str, /, *, merge: bool = ...) -> Plan:
        """The plan of a repair."""

    def plans(
        self, ids: Iterable[str] | None = ..., *, adopt: bool = ..., cancel: Cancel | None = ...
    ) -> Iterator[Plan]:
        """The plans of some sessions, or of all that can be repaired."""

    def objection(self, session_id: str) -> tuple[Check, Why | None]:
        """The verdict of a session, and why a repair would do nothing."""

    def difference(self, session_id: str, /, *, merge: bool = ...) -> Iterator[DifferenceRow]:
        """Both sources side by side."""

    def operations(self) -> tuple[Operation, ...]:
        """The repairs in the journal."""


class Browser(SessionReads, MessageReads, SearchReads, ComparisonReads, Protocol):
    """Every verb that reads; nothing behind it can write."""

    def census(self) -> Census:
        """Sessions by their source, and the profiles."""

    def where(self, text: str) -> tuple[SessionLocation, ...]:
        """Locations of the sessions that a text may mean."""

    def problems(self) -> tuple[str, ...]:
        """A sentence for each part that cannot be read."""

    def watch(self) -> Watcher:
        """A watch on store and files."""

    def health(self, *, cancel: Cancel | None = ...) -> Iterator[Finding]:
        """The doctor's checks."""

    def refused(self) -> tuple[Path, ...]:
        """Files of messages that the store refused."""

    def replayable(self) -> tuple[Path, ...]:
        """The same, where there is a store to write them into."""

    def close(self) -> None:
        """Close every connection."""


class Repairs(Protocol):
    """Write verbs of screen and command line: `repair.repairs`."""

    def repair(
        self,
        plan: Plan,
        *,
        progress: Callable[[Progress], None] | None = ...,
        cancel: Cancel | None = ...,
        full_backup: bool = ...,
    ) -> Receipt:
        """Apply a plan."""

    def finish(
        self, operation: str, *, progress: Callable[[Progress], None] | None = ..., cancel: Cancel | None = ...
    ) -> Receipt:
        """Continue a repair or an undo that was stopped."""

    def undo(
        self, operation: str, *, progress: Callable[[Progress], None] | None = ..., cancel: Cancel | None = ...
    ) -> Receipt:
        """Undo a repair."""

    def replay(self, path: Path) -> int:
        """Write the messages of one file of the outbox; the number of messages."""

    def close(self) -> None:
        """Close every connection."""


class Management(Protocol):
    """Verbs that keep sessions in order: `manage.management`."""

    def plan_delete(self, session_id: str, /, *, with_children: bool = ...) -> DeletePlan:
        """The plan of a deletion."""

    def delete(
        self,
        plan: DeletePlan,
        *,
        force: bool = ...,
        progress: Callable[[TrashProgress], None] | None = ...,
        cancel: Cancel | None = ...,
    ) -> TrashReceipt:
        """Move a session into the trash."""

    def restore(
        self, operation: str, *, progress: Callable[[TrashProgress], None] | None = ..., cancel: Cancel | None = ...
    ) -> TrashReceipt:
        """Undo a deletion."""

    def trash(self) -> tuple[TrashEntry, ...]:
        """The deletions in the journal."""

    def rename(self, session_id: str, title: str | None) -> str | None:
        """Give a session a title."""

    def title_holder(self, session_id: str, title: str) -> str | None:
        """The session because of which another one cannot have a title."""

    def plan_mark(self, session_ids: Sequence[str], mark: Mark, *, on: bool | None) -> MarkPlan:
        """The sections that get a mark."""

    def mark(self, plan: MarkPlan) -> int:
        """Set or clear a mark."""


class Writes(Repairs, Management, Protocol):
    """Every verb that writes for a person."""

    def close(self) -> None:
        """Close every connection."""
