"""Values of a deletion: plan, objections, receipt, entries of the trash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from ..base.errors import Refused
from ..base.late_dataclass import dataclass
from ..files.gateway import Gateway
from ..repair.model import State

RECENT = 15 * 60.0
"""Seconds after a message during which a session is not deleted without being forced."""

ProgressCallback = Callable[["TrashProgress"], None]


class Against(StrEnum):
    """What speaks against a deletion."""

    RECENT = "recent"
    """A message is younger than 15 minutes."""
    BUSY = "busy"
    """A live lock or lease of Hermes."""
    HELD = "held"
    """A gateway runs, and the session is the present one of a chat."""
    REPAIR = "repair"
    """A repair of the session was stopped: it must be finished or undone first."""
    REFERRED = "referred"
    """Other tables refer to its messages, and would lose their rows."""
    STRUCTURE = "structure"
    """The database has a structure that is only read."""

    @property
    def can_be_forced(self) -> bool:
        """The user may insist."""
        return self in (Against.RECENT, Against.BUSY, Against.HELD)


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason not to delete a session."""

    against: Against
    detail: str = ""
    """The holder, a repair, tables, or what is not known of the structure."""


class DeletionRefused(Refused):
    """A deletion was refused for a reason that its plan has."""

    def __init__(self, session_id: str, objection: Objection) -> None:
        super().__init__(f"{session_id} is left alone: {objection.against} {objection.detail}".rstrip())
        self.session_id, self.objection = session_id, objection


class CopyKind(StrEnum):
    """Kinds of places where copies of a deleted session remain."""

    SNAPSHOT = "snapshot"
    """A copy of state.db that Hermes made before an update, a repair, or for a checkpoint."""
    ARCHIVE = "archive"
    """An archive in `backups`."""
    REPAIR = "repair"
    """The backup of a repair of ours."""
    PAGES = "pages"
    """Free pages of state.db keep bytes until Hermes vacuums."""
    ROUTE = "route"
    """The gateway's index of chats names it."""


@dataclass(frozen=True, slots=True)
class CopyLeft:
    """A place where copies may remain."""

    kind: CopyKind
    path: Path


@dataclass(frozen=True, slots=True)
class DeletePlan:
    """Effects of a deletion, as plain values."""

    session_id: str
    """The session that was named."""
    title: str | None
    session_ids: tuple[str, ...]
    """Every session that goes: the chain, root first, and children that were asked for."""
    kept_children: tuple[str, ...] = ()
    """Branches, subagents and resets that stay and lose their parent."""
    messages: int = 0
    """Rows of messages."""
    files: tuple[Path, ...] = ()
    objections: tuple[Objection, ...] = ()
    copies: tuple[CopyLeft, ...] = ()
    gateway: Gateway | None = None
    operation: str | None = None
    """The stopped deletion that this one continues."""
    with_children: bool = False

    def refusal(self, *, force: bool) -> Objection | None:
        """The reason why nothing is done; None where it is done."""
        return next((found for found in self.objections if not (force and found.against.can_be_forced)), None)


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """One deletion of the journal."""

    id: str
    session_id: str
    state: State
    started_at: float
    session_ids: tuple[str, ...]
    title: str | None
    messages: int
    files: int
    folder: Path
    n_bytes: int
    """Size of its folder."""

    @property
    def can_be_restored(self) -> bool:
        """It is in the trash, whole or partly."""
        return self.state is not State.UNDONE


@dataclass(frozen=True, slots=True)
class TrashProgress:
    """Rows done of all, in the present part of the work."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TrashReceipt:
    """Result of a deletion or of its undo."""

    operation: str
    session_id: str
    state: State
    session_ids: tuple[str, ...]
    messages: int
    """Rows that were moved by this run."""
    files: int
    folder: Path
    copies: tuple[CopyLeft, ...] = ()
    gateway: Gateway | None = None
    titles: Mapping[str, str] | None = None
    """Of an undo: session -> the title that it got because its own was taken."""
    left_in_trash: tuple[Path, ...] = ()
    """Of an undo: files whose place was taken meanwhile."""
    longest_lock: float = 0.0
    """Seconds of the longest lock of a step."""


@dataclass(frozen=True, slots=True)
class EmptyPlan:
    """What emptying the trash removes."""

    entries: tuple[TrashEntry, ...]
    repair_backups: tuple[Path, ...] = ()
    """Backups of repairs of sessions that are gone."""
    leftovers: tuple[Path, ...] = ()
    """Folders of deletions that were killed before anything was removed."""
    stopped: tuple[str, ...] = ()
    """Deletions that are neither finished nor undone; they stay."""

    @property
    def n_bytes(self) -> int:
        """Bytes of the entries' folders."""
        return sum(entry.n_bytes for entry in self.entries)
