"""The screen of repairs: what would be inserted, kept and refused; one key applies it, one takes it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from hermes_tui.commands.registry import MENDING, TABLE, Offer, applying
from hermes_tui.feed import answers as told
from hermes_tui.feed.repair_requests import NOT_WRITTEN
from hermes_tui.screens.help import HelpScreen
from hermes_tui.screens.repair.compose import RepairFrame
from hermes_tui.screens.repair.view import READ_ONLY, One
from hermes_tui.widgets.text_page import TextPage
from hermes_tui.widgets.virtual_list import VirtualList
from store.errors import ReadOnly
from store.repair.model import State


class RepairScreen(RepairFrame):
    """Takes keys and answers; it is left with the id of a session that is to be read, or with nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, command.sentence, show=False, id=f"mend.{command.id}.{number}")
        for command in TABLE
        if command.places & MENDING
        for number, key in enumerate(command.keys)
    ]

    _leaving = False

    def offered(self) -> Iterator[Offer]:
        """For the palette: what works here."""
        for command in applying(self.place, self.conditions):
            for key in command.keys:
                if key.title:
                    yield Offer(key.title, command.shown, partial(self.run_action, key.action))

    # What has come from the feed

    def take(self, message: told.Answer) -> None:
        """Put an answer on the screen, if it answers the last question."""
        match message:
            case told.PlanArrived():
                self._take_plan(message)
            case told.PlanListed() if message.generation == self.feed.generation("plans"):
                plan = message.plan
                self.put_case(message.session_id, plan=plan, left_out=plan.creates_session, error=None)
                self.draw_soon()
            case told.DifferenceArrived():
                self._take_difference(message)
            case told.RepairProgressed():
                self._take_progress(message)
            case told.Repaired():
                self._take_receipt(message)
            case told.RepairFailed():
                self._take_error(message)
            case told.RepairsEnded():
                self._end()

    def _at(self, session_id: str) -> One | None:
        """The session on the screen, if it is that one."""
        return self.one if self.one is not None and self.one.session_id == session_id else None

    def _take_plan(self, message: told.PlanArrived) -> None:
        if message.generation == self.feed.generation("plan") and (one := self._at(message.session_id)):
            one.plan, one.operation = message.plan, message.operation
            self.draw()

    def _take_difference(self, message: told.DifferenceArrived) -> None:
        if message.generation == self.feed.generation("difference") and (one := self._at(message.session_id)):
            one.lines.extend(message.lines)
            one.all_lines = message.done
            self._reading_on = False
            self.draw_more(one, len(message.lines))
            self.draw()

    def _take_progress(self, message: told.RepairProgressed) -> None:
        if one := self._at(message.session_id):
            one.progress = message.progress
        self.put_case(message.session_id, running=True)
        self.draw_soon()

    def _take_receipt(self, message: told.Repaired) -> None:
        receipt = message.receipt
        if one := self._at(message.session_id):
            one.doing, one.progress, one.receipt, one.error = "", None, receipt, None
            one.operation = None
            if not one.settled:
                self.feed.plan(one.session_id, merge=one.merge)
        if receipt.state is State.DONE:
            self.put_case(message.session_id, running=False, receipt=receipt, error=None)
        else:
            self.put_case(message.session_id, running=False, receipt=None, error=None, plan=None)
        self.draw()

    def _take_error(self, message: told.RepairFailed) -> None:
        error = message.error
        if one := self._at(message.session_id):
            one.doing, one.progress, one.error = "", None, error
            if not message.generation:  # of a write: part of it may be done
                self.feed.plan(one.session_id, merge=one.merge)
        self.put_case(message.session_id, running=False, error=error)
        self.draw()

    def _end(self) -> None:
        """Nothing is written any more."""
        if self._leaving:
            self.app.exit()
            return
        self.asking = False
        if unknown := [key for key, case in self.cases.items() if case.plan is None]:
            self.feed.plans(unknown)
        self.draw()

    # What happens on the screen

    _reading_on = False

    @on(TextPage.EndNear)
    def _on_end_near(self) -> None:
        one = self.one
        if one is not None and self.whole and one.lines and not one.all_lines and not self._reading_on:
            self._reading_on = True
            self.feed.more_difference(one.session_id)

    @on(VirtualList.RowHighlighted)
    def _on_row_highlighted(self) -> None:
        self.draw()

    @on(VirtualList.RowChosen)
    def _on_row_chosen(self) -> None:
        self.action_read()

    # Keys

    def action_apply(self) -> None:
        """Repair what is shown; to the question whether to quit it says yes."""
        if self.asking:
            self._leaving = True
            self.feed.stop()
        elif self.feed.writing:
            return
        elif not self.feed.may_write:
            self._refuse_to_write()
        elif self.one is None:
            self._apply_all()
        elif self.may_apply(self.one) and self.one.plan is not None:
            self.one.doing, self.one.progress, self.one.error, self.one.receipt = "repair", None, None, None
            self.feed.repair([self.one.plan])
            self.draw()
        elif not self.one.settled:
            self.status.tell("there is nothing to insert here" if self.one.plan else "not read yet")

    def _refuse_to_write(self) -> None:
        """Say that nothing may be written, and what to do."""
        self.status.tell(READ_ONLY)
        if self.one is not None:
            self.one.error = ReadOnly(NOT_WRITTEN)
            self.draw()

    def _apply_all(self) -> None:
        wanted = [case for case in self.cases.values() if case.wanted]
        if wanted:
            for case in wanted:
                self.put_case(case.session_id, error=None)
            self.feed.repair([case.plan for case in wanted if case.plan is not None])
            self.draw()

    def action_undo(self) -> None:
        """Take the repair back that is shown, or the one under the cursor."""
        if self.feed.writing:
            return
        if not self.feed.may_write:
            self._refuse_to_write()
        elif self.one is None:
            case = self.flagged.cursor_case
            if case is not None and case.settled and case.receipt is not None and case.receipt.operation:
                self.put_case(case.session_id, running=True, error=None)
                self.feed.undo(case.session_id, case.receipt.operation)
        elif (operation := self.one.undoable) is not None:
            self.one.doing, self.one.progress, self.one.error = "undo", None, None
            self.feed.undo(self.one.session_id, operation)
        self.draw()

    def action_back(self) -> None:
        """Stop what runs; else from all that differs to the plan, from one session to all, from there to the list."""
        if self.asking:
            self.asking = False
        elif self.feed.writing:
            self.feed.stop()
            self.status.tell("stopping after this step")
        elif self.one is not None and self.whole and not self.straight:
            self.whole = False
        elif self.one is not None and self.all:
            self.one, self.whole = None, False
        else:
            self.dismiss(None)
            return
        self.draw()

    def action_read(self) -> None:
        """Read the repaired session; from the list of all, look at one."""
        if self.feed.writing:
            return
        if self.one is not None:
            if self.one.receipt is not None and self.one.receipt.state is State.DONE:
                self.dismiss(self.one.session_id)
        elif (case := self.flagged.cursor_case) is not None:
            one = One(case.session_id, case.title)
            if case.settled:
                one.plan, one.receipt = case.plan, case.receipt
                self.one = one
                self.draw()
            else:
                self.look_at(one)

    def action_whole(self) -> None:
        """All that differs, or the plan again."""
        if self.one is None or self.feed.writing or self.one.settled:
            return
        self.whole, self.straight = not self.whole, False
        if self.whole:
            self.ask_difference(self.one)
        self.draw()

    def action_next_flagged(self) -> None:
        """Look at the next flagged session."""
        if self.feed.writing:
            return
        if (following := self.next_one()) is None:
            self.status.tell("no other session is flagged")
        else:
            self.whole = self.straight = False
            self.look_at(following)

    def action_merge(self) -> None:
        """Plan anew, with what is refused, or without it."""
        if "mergeable" in self.conditions and self.one is not None:
            self.look_at(replace(self.one, merge=not self.one.merge, plan=None, error=None, lines=[]))

    def action_leave_out(self) -> None:
        """Leave the session under the cursor out, or take it in again."""
        case = self.flagged.cursor_case
        if case is not None and not self.feed.writing and case.plan is not None and case.plan.applies:
            self.put_case(case.session_id, left_out=not case.left_out)
            self.draw()

    def action_copy_operation(self) -> None:
        """Put the operation's id into the clipboard."""
        if self.one is not None and self.one.receipt is not None and self.one.receipt.operation:
            self.app.copy_to_clipboard(self.one.receipt.operation)
            self.status.tell(f"copied {self.one.receipt.operation}")

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen(glyphs=self.glyphs))

    def ask_to_quit(self) -> None:
        """Ask in the footer's row whether to quit while something is written."""
        self.asking = True
        self.draw()
