"""Requests and answers of repairs: each key and each answer changes the state."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from hermes_tui.feed import Feed, answers
from hermes_tui.feed.store_writer import NOT_WRITTEN
from hermes_tui.render.drift_row import Case
from hermes_tui.state.repair_state import RepairState, SessionRepair, Write
from hermes_tui.widgets.page_frame import READ_ONLY
from store.base.late_dataclass import replace
from store.errors import ReadOnly
from store.models import Change
from store.repair.model import Receipt, State


class RepairScreenController:
    """Asks the feed, and puts what comes of it into the state.

    Args:
        changed: Draws the state after a key.
    """

    def __init__(self, state: RepairState, feed: Feed, changed: Callable[[], object]) -> None:
        self._state = state
        self._feed = feed
        self._changed = changed

    def start(self, session_id: str | None) -> None:
        """Ask for the plan of one session, or for those of all flagged ones."""
        if self._state.session is not None:
            self._look_at(self._state.session)
        elif session_id is not None:
            self._look_at(self._state.opened(session_id))
        else:
            self._state.list_flagged()
            self._feed.repairs.plans(list(self._state.cases))
            self._changed()

    # Answers; whoever puts one draws

    def put(self, message: answers.RepairAnswer) -> None:
        """Put an answer into the state, if it answers the last request."""
        state, session_id = self._state, message.session_id
        session = state.shown(session_id)
        match message:
            case answers.PlanArrived() if session is not None and self._is_latest(message, "plan"):
                session.plan, session.operation = message.plan, message.operation
            case answers.PlanListed(plan=plan) if self._is_latest(message, "plans"):
                case = state.cases.get(session_id)
                left_out = plan.creates_session if case is None or case.plan is None else case.left_out
                state.change_case(session_id, plan=plan, left_out=left_out, error=None)
            case answers.DifferenceArrived() if session is not None and self._is_latest(message, "difference"):
                session.pairs.extend(message.rows)
                session.all_pairs, session.more_requested = message.done, False
            case answers.RepairProgressed():
                if session is not None:
                    session.progress = message.progress
                state.change_case(session_id, running=True)
            case answers.Repaired():
                self._put_receipt(session, message.receipt)
            case answers.RepairFailed():
                if session is not None:
                    session.write, session.progress, session.error = None, None, message.error
                    if not message.generation:  # of a write: part of it may be done
                        self._request_plan(session)
                state.change_case(session_id, running=False, error=message.error)

    def take_change(self, change: Change) -> None:
        """Plan again what was written to by another program."""
        state, touched = self._state, change.sessions | change.files
        if state.writing or not (touched or change.replaced):
            return
        if (session := state.session) is not None:
            if (session.session_id in touched or change.replaced) and not session.settled and not state.waiting:
                self._request_plan(session)
        elif again := [key for key, case in state.cases.items() if not case.settled and self._is_old(case, touched)]:
            self._feed.repairs.plans(again)

    def _is_old(self, case: Case, touched: Collection[str]) -> bool:
        """A plan is missing, or was made before its session was touched."""
        return case.plan is None or case.session_id in touched

    def end(self) -> bool:
        """Nothing is written any more; True where the app is to end now."""
        state = self._state
        state.writing = state.quit_asked = False
        unknown = [session_id for session_id, case in state.cases.items() if case.plan is None]
        if unknown and not state.quitting:
            self._feed.repairs.plans(unknown)
        return state.quitting

    def _is_latest(self, message: answers.Answer, question: str) -> bool:
        return message.generation == self._feed.generation(question)

    def _put_receipt(self, session: SessionRepair | None, receipt: Receipt) -> None:
        if session is not None:
            session.write = session.progress = session.operation = session.past = session.error = None
            session.receipt = receipt
            if not session.settled:
                self._request_plan(session)
        known = {"receipt": receipt} if receipt.state is State.DONE else {"receipt": None, "plan": None}
        self._state.change_case(receipt.session_id, running=False, error=None, **known)

    # Keys

    def apply(self) -> None:
        """Repair what is shown; to the question whether to quit it says yes."""
        state, session = self._state, self._state.session
        if state.quit_asked:
            state.quitting = True
            self._feed.writer.stop()
        elif state.writing:
            return
        elif not state.may_write:
            self._refuse_to_write()
        elif session is None:
            self._apply_all()
        elif session.undo_asked:
            self._undo(session)
        elif (plan := session.applicable) is not None:
            session.write, session.progress, session.error, session.receipt = Write.REPAIR, None, None, None
            state.writing = True
            self._feed.repairs.apply([plan])
        elif not session.settled:
            state.notice = "there is nothing to insert here" if session.plan else "not read yet"
        self._changed()

    def ask_undo(self, cursor: Case | None) -> None:
        """Show the plan of the undo of the repair that is shown, or of the one under the cursor."""
        state = self._state
        if state.writing:
            return
        if not state.may_write:
            self._refuse_to_write()
        elif state.session is None and cursor is not None and cursor.settled:
            self.read(cursor)
        if state.session is not None and state.may_write and state.session.undo_plan is not None:
            state.session.undo_asked, state.session.error = True, None
        self._changed()

    def back(self) -> bool:
        """Cancel the question, stop what runs, or go one step back; False where the screen is to be left."""
        state = self._state
        if state.quit_asked:
            state.quit_asked = False
        elif state.writing:
            self._feed.writer.stop()
            state.notice = "stopping after this step"
        elif state.session is not None and state.session.undo_asked:
            state.session.undo_asked = False
        elif state.session is not None and state.whole and not state.whole_first:
            state.whole = False
        elif state.session is not None and state.cases:
            state.session, state.whole = None, False
        else:
            return False
        self._changed()
        return True

    def read(self, cursor: Case | None) -> str | None:
        """The repaired session, which is to be read; from the list of all, look at the one under the cursor."""
        session = self._state.session
        if self._state.writing:
            return None
        if session is not None:
            return session.session_id if session.repaired else None
        if cursor is not None:
            session = SessionRepair(cursor.session_id, cursor.title)
            if cursor.settled:
                session.plan, session.receipt = cursor.plan, cursor.receipt
                self._state.session = session
                self._changed()
            else:
                self._look_at(session)
        return None

    def switch_whole(self) -> None:
        """Show the whole difference, or the plan again."""
        state, session = self._state, self._state.session
        if session is None or state.writing or session.settled:
            return
        state.whole, state.whole_first = not state.whole, False
        if state.whole:
            self._request_difference(session)
        self._changed()

    def read_on(self) -> None:
        """Ask for more of the whole difference, if there is more."""
        session = self._state.session
        if session is None or not self._state.whole or not session.pairs:
            return
        if not session.all_pairs and not session.more_requested:
            session.more_requested = True
            self._feed.repairs.more_difference(session.session_id)

    def look_at_next(self) -> None:
        """Look at the next flagged session."""
        state = self._state
        if state.writing:
            return
        if (following := state.next_flagged()) is not None:
            state.whole = state.whole_first = False
            self._look_at(following)
        else:
            state.notice = "no other session is flagged"
            self._changed()

    def merge(self) -> None:
        """Plan again, with what is refused, or without it."""
        session = self._state.session
        if session is not None and session.mergeable and not self._state.writing:
            self._look_at(replace(session, merge=not session.merge, plan=None, error=None, pairs=[]))

    def leave_out(self, cursor: Case | None) -> None:
        """Leave the session under the cursor out, or include it again."""
        if cursor is not None and not self._state.writing and cursor.plan is not None and cursor.plan.applies:
            self._state.change_case(cursor.session_id, left_out=not cursor.left_out)
            self._changed()

    def _look_at(self, session: SessionRepair) -> None:
        """Show a session, and ask for its plan."""
        self._state.session, self._state.requested_at = session, time.monotonic()
        self._request_plan(session)
        if self._state.whole:
            self._request_difference(session)
        self._changed()

    def _request_plan(self, session: SessionRepair) -> None:
        self._feed.repairs.plan(session.session_id, merge=session.merge)

    def _request_difference(self, session: SessionRepair) -> None:
        session.pairs, session.all_pairs = [], False
        self._feed.repairs.difference(session.session_id, merge=session.merge)

    def _refuse_to_write(self) -> None:
        self._state.notice = READ_ONLY
        if self._state.session is not None:
            self._state.session.error = ReadOnly(NOT_WRITTEN)

    def _apply_all(self) -> None:
        wanted = {case.session_id: case.plan for case in self._state.cases.values() if case.wanted and case.plan}
        for session_id in wanted:
            self._state.change_case(session_id, error=None)
        if wanted:
            self._state.writing = True
            self._feed.repairs.apply(list(wanted.values()))

    def _undo(self, session: SessionRepair) -> None:
        if (plan := session.undo_plan) is not None:
            session.write, session.progress, session.error = Write.UNDO, None, None
            session.undo_asked, self._state.writing = False, True
            self._feed.repairs.undo(session.session_id, plan.operation)
