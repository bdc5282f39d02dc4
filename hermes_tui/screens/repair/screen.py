"""Screen of repairs: what would be inserted, kept and refused; one key applies it, one takes it back."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.timer import Timer

from hermes_tui.commands.registry import REPAIRS, Place
from hermes_tui.feed import Feed, answers
from hermes_tui.screens.repair.controller import RepairScreenController
from hermes_tui.screens.repair.presenter import DrawnPairs, page_view
from hermes_tui.state.browser_state import LOOK_AFTER, SIGN_AFTER, BrowserState
from hermes_tui.state.repair_state import RepairState
from hermes_tui.widgets.flagged_list import FlaggedList
from hermes_tui.widgets.framed_screen import FramedScreen
from hermes_tui.widgets.one_shot import call_after
from hermes_tui.widgets.page_frame import PageFrame, key_bindings
from hermes_tui.widgets.text_page import TextPage
from hermes_tui.widgets.virtual_list import VirtualList
from store.repair.model import Operation

ANSWERS = frozenset({"apply", "back"})
"""Actions that answer the question whether to quit."""
CALM = 0.25
"""Seconds between two pictures of what runs, or of plans that come one after the other."""


class RepairScreen(FramedScreen[str | None]):
    """Over the browser; gives the id of a session that is to be read, None for none.

    Args:
        feed: Answers the requests.
        browser: Knows titles and flags.
        session_id: The session to look at; None for all flagged ones.
        whole: Show its whole difference.
        past: A repair of the journal, and whether the plan of its undo is asked for.
    """

    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = key_bindings(REPAIRS)

    def __init__(
        self,
        feed: Feed,
        browser: BrowserState,
        session_id: str | None,
        *,
        whole: bool = False,
        past: tuple[Operation, bool] | None = None,
    ) -> None:
        super().__init__()
        self.state = RepairState(browser.catalog, feed.writer.may_write, whole=whole, whole_first=whole)
        if past is not None:
            self.state.look_back(past[0], undo=past[1])
        self.flagged = FlaggedList(id="flagged")
        self._now = browser.now
        self._feed = feed
        self._glyphs = browser.glyphs
        self._session_id = session_id
        self._controller = RepairScreenController(self.state, feed, self._draw)
        self._frame = PageFrame("Repair", self.flagged)
        self._pairs = DrawnPairs()
        self._drawn_at = 0.0
        self._drawing: Timer | None = None

    def on_mount(self) -> None:
        """Listen, and ask for what is to be shown."""
        heard = answers.RepairAnswer, answers.RepairsEnded, answers.StoreChanged
        self._unsubscribe = self._feed.subscribe(self.post_message, *heard)
        self._controller.start(self._session_id)

    def on_unmount(self) -> None:
        """Listen no more."""
        self._unsubscribe()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A command works where the table says so; `y` says itself why not, and answers whether to quit."""
        if self.state.quit_asked and action in ANSWERS:
            return True
        if action == "apply":
            return self.state.place is not Place.DIFFERENCE
        return super().check_action(action, parameters)

    @property
    def conditions(self) -> frozenset[str]:
        """The conditions that hold, for the commands that need one."""
        return self.state.conditions(self.flagged.cursor_case)

    @property
    def help_place(self) -> Place:
        """The one that has the focus."""
        return self.state.place

    def ask_to_quit(self) -> None:
        """Ask in the footer whether to quit while something is written."""
        self.state.quit_asked = True
        self._draw()

    def _draw(self) -> None:
        """Put the state onto the screen."""
        if self._drawing is not None:
            self._drawing.stop()
        self._drawing, self._drawn_at = None, time.monotonic()
        state, frame = self.state, self._frame
        waited = self._drawn_at - state.requested_at
        if state.waiting and waited < SIGN_AFTER:
            call_after(self, LOOK_AFTER - waited, self._draw)
        if state.session is None:
            self.flagged.show(list(state.cases.values()))
        cursor, slow = self.flagged.cursor_case, waited >= SIGN_AFTER
        size, glyphs, now = self.size, self._glyphs, self._now()
        frame.show(page_view(state, self._pairs, cursor=cursor, size=size, glyphs=glyphs, slow=slow, now=now))
        frame.show_notice(state.notice)
        state.notice = ""
        self.set_class(state.session is None, "-flagged")
        shown = frame.page if state.session is not None else self.flagged
        if self.focused is not shown:
            shown.focus()

    @on(answers.RepairAnswer)
    def _on_repair_answered(self, message: answers.RepairAnswer) -> None:
        self._controller.put(message)
        wait = self._drawn_at + CALM - time.monotonic()
        if wait <= 0 or not isinstance(message, answers.PlanListed | answers.RepairProgressed):
            self._draw()
        elif self._drawing is None:
            self._drawing = call_after(self, wait, self._draw)

    @on(answers.RepairsEnded)
    def _on_repairs_ended(self) -> None:
        if self._controller.end():
            self.app.exit()
        else:
            self._draw()

    @on(answers.StoreChanged)
    def _on_store_changed(self, message: answers.StoreChanged) -> None:
        self._controller.take_change(message.change)

    @on(TextPage.EndNear)
    def _on_end_near(self) -> None:
        self._controller.read_on()

    @on(VirtualList.RowHighlighted)
    def _on_row_highlighted(self) -> None:
        self._draw()

    @on(VirtualList.RowChosen)
    def _on_row_chosen(self) -> None:
        self.action_read()

    def action_apply(self) -> None:
        """Write what is proposed, once it has stood long enough; to the question whether to quit it says yes."""
        self._frame.wait.show(self.state.proposal)
        if self.state.proposal is None or self._frame.agreed():
            self._controller.apply()

    def action_undo(self) -> None:
        """Show the plan of the undo of the repair that is shown, or of the one under the cursor."""
        self._controller.ask_undo(self.flagged.cursor_case)

    def action_back(self) -> None:
        """Stop what runs; else from the whole difference to the plan, to the list of all, to the browser."""
        if not self._controller.back():
            self.dismiss(None)

    def action_read(self) -> None:
        """Read the repaired session; from the list of all, look at one."""
        if (session_id := self._controller.read(self.flagged.cursor_case)) is not None:
            self.dismiss(session_id)

    def action_whole(self) -> None:
        """The whole difference, or the plan again."""
        self._controller.switch_whole()

    def action_next_flagged(self) -> None:
        """Look at the next flagged session."""
        self._controller.look_at_next()

    def action_merge(self) -> None:
        """Plan again, with what is refused, or without it."""
        self._controller.merge()

    def action_leave_out(self) -> None:
        """Leave the session under the cursor out, or include it again."""
        self._controller.leave_out(self.flagged.cursor_case)

    def action_copy_operation(self) -> None:
        """Put the operation's id into the clipboard."""
        session = self.state.session
        if session is not None and session.receipt is not None and session.receipt.operation:
            self.app.copy_to_clipboard(session.receipt.operation)
            self._frame.show_notice(f"copied {session.receipt.operation}")
