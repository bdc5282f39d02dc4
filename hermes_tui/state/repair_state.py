"""State of the screen of repairs: one session's repair, or those of all flagged sessions."""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path

from hermes_tui.commands.registry import Place
from hermes_tui.render.drift_row import Case
from hermes_tui.render.row import title_of
from hermes_tui.state.session_catalog import Catalog
from store.base.late_dataclass import dataclass, field, replace
from store.errors import StoreError
from store.repair.model import DifferenceRow, Operation, Plan, Progress, Receipt, State


class Write(Enum):
    """What is written into a session."""

    REPAIR = auto()
    UNDO = auto()


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What an undo would do."""

    operation: str
    inserted: int
    """Messages that it takes out."""
    moved: int
    """Messages that get their old ids back."""
    backup: Path | None
    goes_on: bool = False
    """It was stopped, and would be finished."""


@dataclass(slots=True)
class SessionRepair:
    """The repair of one session, as far as it is known."""

    session_id: str
    title: str
    """"" where it has none."""
    merge: bool = False
    """What may have been taken out is inserted too."""
    plan: Plan | None = None
    """None as long as both sides are being read."""
    operation: Operation | None = None
    """A repair or an undo that was stopped."""
    write: Write | None = None
    """What is being written; None for nothing."""
    progress: Progress | None = None
    receipt: Receipt | None = None
    """The receipt of the last repair or undo, complete or not."""
    error: StoreError | None = None
    """The reason why something could not be done."""
    pairs: list[DifferenceRow] = field(default_factory=list)
    """The whole difference, as far as it was read."""
    all_pairs: bool = False
    """The difference was read to its end."""
    more_requested: bool = False
    """The next pairs are being read."""
    past: Operation | None = None
    """The repair of the journal whose receipt is shown."""
    undo_asked: bool = False
    """The plan of an undo is shown."""

    @property
    def settled(self) -> bool:
        """A repair of it is complete or undone, and there is a receipt to show."""
        return self.receipt is not None and self.receipt.state in {State.DONE, State.UNDONE}

    @property
    def repaired(self) -> bool:
        """A repair of it is complete and not undone."""
        return self.receipt is not None and self.receipt.state is State.DONE

    @property
    def applicable(self) -> Plan | None:
        """The plan, where it has something to do that was not done yet."""
        return self.plan if self.plan is not None and self.plan.applies and not self.settled else None

    @property
    def undo_plan(self) -> UndoPlan | None:
        """The undo that is possible."""
        if self.receipt is not None and self.repaired and self.receipt.operation:
            receipt = self.receipt
            return UndoPlan(receipt.operation or "", receipt.inserted, receipt.moved, receipt.backup)
        if (stopped := self.operation) is None or self.settled:
            return None
        goes_on = stopped.state is State.UNDOING
        return UndoPlan(stopped.id, stopped.inserted, stopped.moved, stopped.backup, goes_on)

    @property
    def mergeable(self) -> bool:
        """Asking to merge changes the plan."""
        refusals = self.plan.refusals if self.plan is not None else ()
        return not self.settled and (self.merge or any(refusal.merge_helps for refusal in refusals))


@dataclass(slots=True)
class RepairState:
    """The values that the screen of repairs is drawn from."""

    catalog: Catalog
    """Titles and flags of sessions."""
    may_write: bool
    session: SessionRepair | None = None
    """The session that is looked at; None while all flagged ones are listed."""
    cases: dict[str, Case] = field(default_factory=dict)
    """The flagged sessions by id, where all were asked for; else none."""
    whole: bool = False
    """The whole difference is shown."""
    whole_first: bool = False
    """It was asked for in the browser, and esc leads back there."""
    writing: bool = False
    """A repair or an undo runs."""
    quit_asked: bool = False
    """The footer asks whether to quit."""
    quitting: bool = False
    """The app ends once nothing is written any more."""
    requested_at: float = 0.0
    """The time of the last request for a plan, in seconds of a clock that only goes forward."""
    notice: str = ""
    """A notice that was not shown yet."""

    @property
    def place(self) -> Place:
        """What is shown, and so which keys work."""
        if self.session is None:
            return Place.FLAGGED
        return Place.DIFFERENCE if self.whole else Place.REPAIR

    @property
    def proposal(self) -> object:
        """What `y` would write, None for nothing; another value is another proposal."""
        if self.writing or not self.may_write:
            return None
        if (session := self.session) is None:
            return tuple((case.session_id, case.plan) for case in self.cases.values() if case.wanted) or None
        return session.undo_plan if session.undo_asked else session.applicable

    @property
    def waiting(self) -> bool:
        """Both sides of the session are being read."""
        return self.session is not None and self.session.plan is None and self.session.error is None

    def conditions(self, cursor: Case | None) -> frozenset[str]:
        """The conditions that hold, for the commands that need one.

        Args:
            cursor: The flagged session under the cursor of the list.
        """
        if self.writing:
            return frozenset({"running"})
        if (session := self.session) is None:
            holds = {
                "idle": True,
                "applies": self.may_write and any(case.wanted for case in self.cases.values()),
                "readable": cursor is not None,
                "undoable": cursor is not None and cursor.settled,
            }
        elif session.undo_asked:
            return frozenset({"asked", "applies"} if self.may_write else {"asked"})
        else:
            holds = {
                "idle": not session.settled,
                "done": session.settled,
                "readable": session.repaired,
                "applies": self.may_write and session.applicable is not None,
                "undoable": self.may_write and session.undo_plan is not None,
                "mergeable": session.mergeable,
            }
        return frozenset({"next", *(name for name, met in holds.items() if met)})

    def shown(self, session_id: str) -> SessionRepair | None:
        """The session that is looked at, if it has that id."""
        return self.session if self.session is not None and self.session.session_id == session_id else None

    def opened(self, session_id: str) -> SessionRepair:
        """A session of which nothing is known yet."""
        return SessionRepair(session_id, self._title(session_id))

    def look_back(self, operation: Operation, *, undo: bool) -> None:
        """Show a repair of the journal, or the plan of its undo; one that was stopped is shown with its plan."""
        self.session = session = self.opened(operation.session_id)
        session.operation, session.undo_asked = operation, undo
        if not operation.unfinished:
            session.past = operation
            given = operation.session_id, operation.id, operation.state
            session.receipt = Receipt(*given, operation.inserted, operation.moved, backup=operation.backup)

    def list_flagged(self) -> None:
        """Start with all flagged sessions."""
        for session_id in self.catalog.flagged_ids():
            row = self.catalog.row(session_id)
            self.cases[session_id] = Case(session_id, self._title(session_id), row.drift if row else None)

    def next_flagged(self) -> SessionRepair | None:
        """The flagged session after the one on the screen that was not repaired, from the end on to the start."""
        ids = self.catalog.flagged_ids()
        here = ids.index(self.session.session_id) if self.session and self.session.session_id in ids else -1
        for session_id in (*ids[here + 1 :], *ids[: max(here, 0)]):
            case = self.cases.get(session_id)
            if case is None or not case.settled:
                return self.opened(session_id)
        return None

    def change_case(self, session_id: str, **changes: object) -> None:
        """Change what is known of a flagged session, where all were asked for."""
        if (case := self.cases.get(session_id)) is not None:
            self.cases[session_id] = replace(case, **changes)  # type: ignore[arg-type]

    def _title(self, session_id: str) -> str:
        row = self.catalog.row(session_id)
        return title_of(row.session, row.outline) if row else ""
