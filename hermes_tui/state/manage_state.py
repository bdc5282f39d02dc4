"""State of the screen that keeps sessions in order: the act, its plan, what was agreed to, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from store import DeletePlan, Mark, MarkPlan, TrashEntry, TrashReceipt
from store.base.late_dataclass import dataclass, field
from store.formats import titles
from store.manage.model import TrashProgress
from store.repair.model import State


class Act(StrEnum):
    """What is done with sessions."""

    DELETE = "delete"
    RENAME = "rename"
    ARCHIVE = "archive"
    PIN = "pin"

    @property
    def mark(self) -> Mark | None:
        """The mark that it sets or clears."""
        return _MARKS.get(self)


_MARKS = {Act.ARCHIVE: Mark.ARCHIVED, Act.PIN: Mark.PINNED}


@dataclass(slots=True)
class ManageState:
    """State of the screen about some sessions."""

    act: Act
    session_ids: Sequence[str]
    may_write: bool
    plans: tuple[DeletePlan, ...] = ()
    mark: MarkPlan | None = None
    title: str | None = None
    """The new title, as it would be stored; None before it was typed."""
    typed: str = ""
    """The title that is typed or proposed, as it would be stored."""
    taken: str | None = None
    """Id of the session that has it."""
    force: bool = False
    with_children: bool = False
    running: bool = True
    progress: TrashProgress | None = None
    past: TrashEntry | None = None
    """A deletion of before that is looked at."""
    undo_asked: bool = False
    """The plan on the screen is that of the undo of the deletions."""
    receipts: dict[str, TrashReceipt] = field(default_factory=dict)
    """By operation: deletions, then their undos."""
    changed: int | None = None
    """Sessions whose mark changed; None before."""
    renamed: str | None = None
    """The title that the session has now."""
    failures: list[Exception] = field(default_factory=list)

    @property
    def todo(self) -> tuple[DeletePlan, ...]:
        """Plans that nothing speaks against."""
        return tuple(plan for plan in self.plans if plan.refusal(force=self.force) is None)

    @property
    def undoable(self) -> tuple[str, ...]:
        """Deletions that were done here, or are looked at, and not undone."""
        past = self.past
        before = [past.id] if past and past.can_be_restored and past.id not in self.receipts and self.may_write else []
        return (*before, *(name for name, receipt in self.receipts.items() if receipt.state is not State.UNDONE))

    @property
    def is_done(self) -> bool:
        """Something was written, or refused."""
        return bool(self.receipts or self.failures or self.past) or self.changed is not None or self.renamed is not None

    @property
    def proposal(self) -> object:
        """What a key would write now; None for nothing."""
        if self.running or not self.may_write:
            return None
        if self.undo_asked:
            return ("undo", self.undoable) if self.undoable else None
        if self.is_done:
            return None
        if self.act is Act.RENAME:
            return None if self.title is None or self.taken else ("rename", self.title)
        return self.mark or ((self.todo, self.force) if self.todo else None)

    @property
    def conditions(self) -> frozenset[str]:
        """The conditions that hold, for the commands that need one."""
        planning = not (self.running or self.is_done)
        holds = {
            "applies": self.proposal is not None,
            "running": self.running,
            "idle": not self.running,
            "undoable": bool(self.undoable) and not self.running and not self.undo_asked,
            "forceable": planning and any(_can_be_forced(plan) for plan in self.plans),
            "children": planning and any(plan.kept_children or plan.with_children for plan in self.plans),
            "renames": self.act is Act.RENAME and not self.running and self.renamed is None,
        }
        return frozenset(name for name, met in holds.items() if met)

    def type_title(self, text: str) -> bool:
        """Keep what is typed; whether another session may have that title."""
        try:
            self.typed, self.taken = titles.sanitize(text) or "", None
        except ValueError:  # said once it is taken
            return False
        return bool(self.typed)

    def find_taken(self, title: str, holder: str) -> None:
        """Keep the session that has a title, if that is still the one that is typed."""
        if title == self.typed:
            self.taken = holder

    def retype_title(self) -> None:
        """Propose none; what was refused is tried again with another one."""
        self.title = None
        self.failures.clear()

    def take_title(self, text: str) -> None:
        """Propose a title; raises ValueError where it is too long, or known to be another session's."""
        title = titles.sanitize(text) or ""
        if self.taken:
            raise ValueError(f"session {self.taken} has the title “{title}”")
        self.title = title


def _can_be_forced(plan: DeletePlan) -> bool:
    return plan.refusal(force=False) is not None and plan.refusal(force=True) is None
