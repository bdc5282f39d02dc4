"""Part of a database by which people keep sessions in order: rows to the trash and back, names, marks.

An engine may leave it out: `HomeStore.managed` is None then. A step is one short transaction; it checks, writes, and
records in our journal what it did (docs/decisions/0034).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from ..base.late_dataclass import dataclass
from .operations import RUNNING, RawRow, Span

MESSAGES, SESSIONS, APPENDS = "messages", "sessions", "hermes_tui_operations"
"""Tables whose rows are named in steps; the last has the keys of appends."""

Link = tuple[str, str]
"""A child and the parent that its row names."""


@dataclass(frozen=True, slots=True)
class Image:
    """One row of a table."""

    table: str
    row: RawRow


@dataclass(frozen=True, slots=True)
class TrashHeader:
    """State of one deletion, as the journal has it."""

    operation: str
    session_id: str
    """The session that was named; the tip of its chain."""
    state: str = RUNNING
    started_at: float = 0.0
    changed_at: float = 0.0
    session_ids: tuple[str, ...] = ()
    """Every session that it moves."""
    spans: tuple[Span, ...] = ()
    """Ids of its messages, which no repair may use as long as they can come back."""
    links: tuple[Link, ...] = ()
    """Links to parents that it cut, or that could not be restored."""
    gone: bool = False
    """The rows of its sessions are removed."""
    restored: int = 0
    """Rows that its undo has put back, in their order."""


@dataclass(frozen=True, slots=True)
class RemoveStep:
    """Rows to remove in one transaction, and what must hold."""

    header: TrashHeader
    """The operation after the step."""
    begins: bool
    """It is not in the journal yet."""
    conversation: tuple[str, ...]
    """Sessions on which Hermes must not be at work; none where that was overridden."""
    accepts: Callable[[Sequence[Image]], bool]
    """True where the rows to remove are those that were copied."""
    messages: Sequence[int] = ()
    appends: Sequence[str] = ()
    """Operations of keyed appends."""
    last: bool = False
    """Remove also what is left of the sessions: their rows, and those of other tables that belong to them."""


@dataclass(frozen=True, slots=True)
class RestoreStep:
    """Rows to put back in one transaction."""

    header: TrashHeader
    """The operation after the step."""
    conversation: tuple[str, ...]
    images: Sequence[Image]
    """Sessions first, then messages by rising id, then the rest."""
    begins: bool = False
    """It is the first step of an undo."""
    last: bool = False
    """Links to parents come back with it."""


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """Rows and titles after a step of an undo."""

    header: TrashHeader
    titles: Mapping[str, str]
    """Session -> the title that it got, because its own was taken."""


class Mark(StrEnum):
    """Marks of a session that people set."""

    ARCHIVED = "archived"
    PINNED = "pinned"


@dataclass(frozen=True, slots=True)
class ManagedFacts:
    """What a database knows of some sessions before something is done with them."""

    known: tuple[str, ...]
    """Those that have a row."""
    messages: Mapping[str, int]
    """Session -> number of its rows."""
    newest: float | None = None
    """Time of the newest message."""
    holder: str | None = None
    """Who is at work on one of them."""
    routed: bool = False
    """A gateway's table of routes names one of them."""
    obstacle: str = ""
    """Why the database is only read; "" where it is written."""
    referrers: tuple[str, ...] = ()
    """Tables that refer to message ids."""
    repairs: tuple[str, ...] = ()
    """Repairs of these sessions that were stopped."""
    marks: frozenset[Mark] = frozenset()
    """Marks that it has a column for."""


class ManagedRows(Protocol):
    """Reads and steps; each step waits for the lock as any write."""

    def facts(self, session_ids: Sequence[str], *, now: float) -> ManagedFacts:
        """Facts for and against a change of some sessions."""

    def message_ids(self, session_ids: Sequence[str]) -> list[int]:
        """Ids of all their messages, rising."""

    def messages(self, ids: Sequence[int]) -> list[Image]:
        """Messages by id, at most 256, rising."""

    def appends(self, session_ids: Sequence[str]) -> list[Image]:
        """The keys of their appends."""

    def others(self, session_ids: Sequence[str]) -> list[Image]:
        """The sessions' own rows and those of other tables that belong to them."""

    def remove(self, step: RemoveStep) -> TrashHeader:
        """Remove rows; raises `PlanChanged` where they are not those that were copied."""

    def restore(self, step: RestoreStep) -> RestoreResult:
        """Put rows back; raises `Refused` where an id is another message's."""

    def finish(self, header: TrashHeader) -> TrashHeader:
        """Record the state of a deletion or an undo whose files were moved."""

    def operations(self) -> list[TrashHeader]:
        """Every deletion in the journal, the last started first."""

    def forget(self, operation: str, session_ids: Sequence[str]) -> int:
        """Remove a deletion from the journal, with the repairs of its sessions; the number of removed entries."""

    def rename(self, session_id: str, title: str | None) -> bool:
        """Give a session a title, or take it; False where it has no row. ValueError where the title is another's."""

    def mark(self, session_ids: Sequence[str], mark: Mark, *, on: bool) -> int:
        """Set or clear a mark; the number of sessions that changed."""
