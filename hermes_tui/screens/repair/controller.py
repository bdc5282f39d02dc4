"""Requests and answers of repairs: each key and each answer changes the state."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Protocol

from hermes_tui.feed import Feed, answers
from hermes_tui.feed.store_writer import NOT_WRITTEN
from hermes_tui.render.drift_row import Case
from hermes_tui.state.repair_state import RepairState, SessionRepair, Write
from hermes_tui.widgets.page_frame import READ_ONLY
from store.errors import ReadOnly
from store.repair.model import Receipt, State


class Changed(Protocol):
    """Draws the state."""

    def __call__(self, *, soon: bool = False) -> None:
        """Draw now, or `soon`: as soon as the last picture has stood long enough."""


class RepairController:
    """Asks the feed, and puts what comes of it into the state."""

    def __init__(self, state: RepairState, feed: Feed, changed: Changed) -> None:
        self._state = state
        self._feed = feed
        self._changed = changed

    def start(self, session_id: str | None) -> None:
        """Ask for the plan of one session, or for those of all flagged ones."""
        if session_id is not None:
            self._look_at(self._state.opened(session_id))
            return
        self._state.all_flagged = True
        self._state.list_flagged()
        self._feed.repairs.plans(list(self._state.cases))
        self._changed()

    # Answers

    def put(self, message: answers.RepairAnswer) -> None:
        """Put an answer into the state, if it answers the last request."""
        match message:
            case answers.PlanArrived():
                self._put_plan(message)
            case answers.PlanListed() if message.generation == self._feed.generation("plans"):
                plan = message.plan
                self._state.change_case(message.session_id, plan=plan, left_out=plan.creates_session, error=None)
                self._changed(soon=True)
            case answers.DifferenceArrived():
                self._put_difference(message)
            case answers.RepairProgressed():
                self._put_progress(message)
            case answers.Repaired():
                self._put_receipt(message.session_id, message.receipt)
            case answers.RepairFailed():
                self._put_error(message)

    def end(self) -> bool:
        """Nothing is written any more; True where the app is to end now."""
        state = self._state
        state.writing = state.quit_asked = False
        if state.quitting:
            return True
        if unknown := [session_id for session_id, case in state.cases.items() if case.plan is None]:
            self._feed.repairs.plans(unknown)
        self._changed()
        return False

    def _put_plan(self, message: answers.PlanArrived) -> None:
        session = self._state.shown(message.session_id)
        if session is not None and message.generation == self._feed.generation("plan"):
            session.plan, session.operation = message.plan, message.operation
            self._changed()

    def _put_difference(self, message: answers.DifferenceArrived) -> None:
        session = self._state.shown(message.session_id)
        if session is not None and message.generation == self._feed.generation("difference"):
            session.pairs.extend(message.lines)
            session.all_pairs, session.more_requested = message.done, False
            self._changed()

    def _put_progress(self, message: answers.RepairProgressed) -> None:
        if (session := self._state.shown(message.session_id)) is not None:
            session.progress = message.progress
        self._state.change_case(message.session_id, running=True)
        self._changed(soon=True)

    def _put_receipt(self, session_id: str, receipt: Receipt) -> None:
        if (session := self._state.shown(session_id)) is not None:
            session.write = session.progress = session.operation = session.error = None
            session.receipt = receipt
            if not session.settled:
                self._feed.repairs.plan(session_id, merge=session.merge)
        if receipt.state is State.DONE:
            self._state.change_case(session_id, running=False, receipt=receipt, error=None)
        else:
            self._state.change_case(session_id, running=False, receipt=None, error=None, plan=None)
        self._changed()

    def _put_error(self, message: answers.RepairFailed) -> None:
        if (session := self._state.shown(message.session_id)) is not None:
            session.write, session.progress, session.error = None, None, message.error
            if not message.generation:  # of a write: part of it may be done
                self._feed.repairs.plan(session.session_id, merge=session.merge)
        self._state.change_case(message.session_id, running=False, error=message.error)
        self._changed()

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
        elif (plan := session.applicable) is not None:
            session.write, session.progress, session.error, session.receipt = Write.REPAIR, None, None, None
            state.writing = True
            self._feed.repairs.apply([plan])
        elif not session.settled:
            state.notice = "there is nothing to insert here" if session.plan else "not read yet"
        self._changed()

    def undo(self, cursor: Case | None) -> None:
        """Take the repair back that is shown, or the one under the cursor."""
        state, session = self._state, self._state.session
        if state.writing:
            return
        if not state.may_write:
            self._refuse_to_write()
        elif session is None:
            receipt = cursor.receipt if cursor is not None and cursor.settled else None
            if receipt is not None and receipt.operation:
                state.change_case(receipt.session_id, running=True, error=None)
                self._undo(receipt.session_id, receipt.operation)
        elif (operation := session.undoable) is not None:
            session.write, session.progress, session.error = Write.UNDO, None, None
            self._undo(session.session_id, operation)
        self._changed()

    def back(self) -> bool:
        """Cancel the question, stop what runs, or go one step back; False where the screen is to be left."""
        state = self._state
        if state.quit_asked:
            state.quit_asked = False
        elif state.writing:
            self._feed.writer.stop()
            state.notice = "stopping after this step"
        elif state.session is not None and state.whole and not state.whole_first:
            state.whole = False
        elif state.session is not None and state.all_flagged:
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
        if self._state.writing:
            return
        if (following := self._state.next_flagged()) is None:
            self._state.notice = "no other session is flagged"
            self._changed()
        else:
            self._state.whole = self._state.whole_first = False
            self._look_at(following)

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

    def ask_to_quit(self) -> None:
        """Ask in the footer whether to quit while something is written."""
        self._state.quit_asked = True
        self._changed()

    def _look_at(self, session: SessionRepair) -> None:
        """Show a session, and ask for its plan."""
        self._state.session, self._state.requested_at = session, time.monotonic()
        self._feed.repairs.plan(session.session_id, merge=session.merge)
        if self._state.whole:
            self._request_difference(session)
        self._changed()

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

    def _undo(self, session_id: str, operation: str) -> None:
        self._state.writing = True
        self._feed.repairs.undo(session_id, operation)
