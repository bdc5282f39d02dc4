"""Screen of what is done with sessions: delete, rename, archive, pin; a plan stands before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Input

from hermes_tui.commands.registry import MANAGE, Place, footer
from hermes_tui.feed import Feed
from hermes_tui.feed.manage_answers import (
    ManageAnswer,
    Managed,
    ManageEnded,
    ManageFailed,
    ManagePlanned,
    ManageProgressed,
    TitleTaken,
)
from hermes_tui.feed.manage_requests import ManageRequests
from hermes_tui.render import manage as render
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.heading import Heading
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.row import title_of
from hermes_tui.render.safe import SafeText, one_line
from hermes_tui.render.time import many
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.manage_state import Act, ManageState
from hermes_tui.widgets.framed_screen import FramedScreen
from hermes_tui.widgets.line_input import LineInput
from hermes_tui.widgets.page_frame import PageFrame, PageView, key_bindings, unwritten
from store import TrashEntry
from store.base.late_dataclass import dataclass


class ManageScreen(FramedScreen[bool]):
    """Over the browser; gives True where something was written, so that the list is read again.

    Args:
        feed: Plans and writes.
        browser: Knows titles and the time.
        act: What is to be done.
        session_ids: With which sessions.
        past: A deletion of before that is looked at, and whether the plan of its undo comes first.
        left_out: Number of sessions that were chosen and are in files alone, which have no marks.
    """

    CSS_PATH = "manage.tcss"
    PLACE = Place.MANAGE
    BINDINGS: ClassVar[list[BindingType]] = key_bindings(MANAGE)

    def __init__(
        self,
        feed: Feed,
        browser: BrowserState,
        act: Act,
        session_ids: Sequence[str],
        *,
        past: tuple[TrashEntry, bool] | None = None,
        left_out: int = 0,
    ) -> None:
        super().__init__()
        self.state = ManageState(act, tuple(session_ids), feed.writer.may_write)
        if past is not None:
            self.state.running, self.state.past = False, past[0]
            self.state.undo_asked = past[1] and bool(self.state.undoable)
        row = browser.catalog.row(session_ids[0]) if session_ids else None
        named = _names(browser, session_ids, past[0] if past else None)
        self._subject = _Subject(named, row.session.title if row else None, left_out)
        self._feed, self._browser = feed, browser
        self._input = LineInput(placeholder="the new title", id="new-title")
        self._frame = PageFrame(act.capitalize(), self._input)

    def on_mount(self) -> None:
        """Listen, and ask for the plan; a title is typed first."""
        self._unsubscribe = self._feed.subscribe(self.post_message, ManageAnswer)
        if self.state.act is Act.RENAME:
            self.state.running = False
            self.set_class(True, "-renames")
            self._input.value = self._subject.title or ""
            self._input.focus()
        else:
            self._frame.page.focus()
            if self.state.past is None:
                self._plan()
        self._draw()

    def on_unmount(self) -> None:
        """Listen no more."""
        self._unsubscribe()

    @property
    def conditions(self) -> frozenset[str]:
        """The conditions that hold, for the commands that need one."""
        return self.state.conditions

    @on(ManageAnswer)
    def _on_manage_answered(self, message: ManageAnswer) -> None:
        state = self.state
        match message:
            case ManagePlanned():
                state.plans, state.mark = message.plans, message.mark
            case ManageProgressed():
                state.progress = message.progress
            case Managed():
                self._take(message)
            case TitleTaken():
                state.find_taken(message.title, message.holder)
            case ManageFailed():
                state.failures.append(message.error)
            case ManageEnded():
                state.running, state.progress = False, None
        self._draw()

    def _take(self, message: Managed) -> None:
        state = self.state
        if message.receipt is not None:
            state.receipts[message.receipt.operation] = message.receipt
        elif message.title is not None:
            state.renamed = message.title
            self.set_class(False, "-renames")
        else:
            state.changed = message.changed

    @on(Input.Changed, "#new-title")
    def _on_title_typed(self, event: Input.Changed) -> None:
        event.stop()
        state = self.state
        if state.type_title(event.value) and state.may_write:
            self._feed.manage.look_for_title(state.session_ids[0], state.typed)
        self._draw()

    @on(Input.Submitted, "#new-title")
    def _on_title_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.state.take_title(event.value)
        except ValueError as error:
            self._frame.show_notice(str(error))
            return
        self._frame.page.focus()
        self._draw()

    def action_apply(self) -> None:
        """Write what is proposed, once it has stood long enough."""
        state = self.state
        self._frame.wait.show(state.proposal)
        if state.proposal is None or not self._frame.agreed():
            return
        write = _write(state, self._feed.manage)
        state.running, state.undo_asked = True, False
        write()
        self._draw()

    def action_undo(self) -> None:
        """Show the plan of the undo."""
        self.state.undo_asked = True
        self._draw()

    def action_force(self) -> None:
        """Plan with what can be overruled, or without it."""
        self.state.force = not self.state.force
        self._draw()

    def action_children(self) -> None:
        """Plan with branches and subagents, or without them."""
        self.state.with_children = not self.state.with_children
        self._plan()
        self._draw()

    def action_retitle(self) -> None:
        """Type another title."""
        self.state.retype_title()
        self._input.focus()
        self._draw()

    def action_back(self) -> None:
        """Stop what runs; leave the plan of an undo; else back to the browser."""
        if self.state.running:
            self._feed.writer.stop()
        elif self.state.undo_asked:
            self.state.undo_asked = False
            self._draw()
        else:
            state = self.state
            self.dismiss(bool(state.receipts or state.changed) or state.renamed is not None)

    def _plan(self) -> None:
        state = self.state
        state.running = True
        if (mark := state.act.mark) is None:
            self._feed.manage.plan_deletions(state.session_ids, with_children=state.with_children)
        else:
            self._feed.manage.plan_mark(state.session_ids, mark)

    def _draw(self) -> None:
        state = self.state
        number = many(len(state.session_ids), "session")
        status: Line = (span(SafeText(unwritten() if state.proposal is not None else ""), Role.DIM),)
        words = f"Deletion of {number}" if state.past else f"{state.act.capitalize()} {number}"
        heading = Heading(SafeText("Plan of the undo" if state.undo_asked else words), focused=True)
        keys = footer(Place.MANAGE, state.conditions)
        title = self._subject.named(state.session_ids[0]) if len(state.session_ids) == 1 else number
        now, glyphs = self._browser.now(), self._browser.glyphs
        lines = tuple(_lines(state, self._subject, width=self.size.width, now=now, glyphs=glyphs))
        self._frame.show(PageView(title, "", status, heading, lines, keys, proposal=state.proposal))


@dataclass(frozen=True, slots=True)
class _Subject:
    """The sessions that something is done with, as the list has them."""

    named: Callable[[str], SafeText]
    """The name of a session, its id where it has none."""
    title: str | None
    """Of the first of them."""
    left_out: int
    """Others, which were chosen too and have no marks."""


def _lines(state: ManageState, subject: _Subject, *, width: int, now: datetime, glyphs: Glyphs) -> Iterator[Line]:
    """The page: what failed, what was done, and what is planned where nothing was. Pure."""
    for error in state.failures:
        yield from render.failure(error, width=width, glyphs=glyphs)
    if state.undo_asked:
        yield from render.undo(state.undoable, width=width, glyphs=glyphs)
        return
    if state.past is not None and not state.receipts:
        yield from render.past(state.past, now=now, width=width, glyphs=glyphs)
    for receipt in state.receipts.values():
        yield from render.result(receipt, subject.named(receipt.session_id), width=width, glyphs=glyphs)
    if state.running and (state.plans or state.receipts or state.past):
        word = "restore" if state.past else "delete"
        yield from render.progress(state.progress, word, width=width, glyphs=glyphs)
    if not state.is_done:
        yield from _planned(state, subject, width=width, glyphs=glyphs)
    elif state.changed is not None:
        done = [("done", f"{many(state.changed, 'session')} changed")]
        yield from render.entries(done, width=width, glyphs=glyphs)
    elif state.renamed is not None:
        done = [("renamed", f"“{state.renamed}”" if state.renamed else "it has no title now")]
        yield from render.entries(done, width=width, glyphs=glyphs)


def _planned(state: ManageState, subject: _Subject, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    if state.act is Act.RENAME:
        yield from render.rename(subject.title, state.title, state.taken, width=width, glyphs=glyphs)
    elif state.mark is not None:
        yield from render.mark(state.mark, subject.left_out, width=width, glyphs=glyphs)
    for plan in state.plans:
        named = subject.named(plan.session_id)
        yield from render.deletion(plan, named, force=state.force, width=width, glyphs=glyphs)


def _names(browser: BrowserState, session_ids: Sequence[str], past: TrashEntry | None) -> Callable[[str], SafeText]:
    """The names that the list has for sessions, also once they are deleted; an id for any other."""
    rows = filter(None, map(browser.catalog.row, session_ids))
    found = {row.session.id: title_of(row.session, row.outline) for row in rows}
    if past is not None and past.title:
        found[past.session_id] = one_line(past.title)
    return lambda session_id: found.get(session_id) or one_line(session_id)


def _write(state: ManageState, manage: ManageRequests) -> Callable[[], None]:
    """What was agreed to."""
    if state.undo_asked:
        operations = state.undoable
        return lambda: manage.restore(operations)
    if state.act is Act.RENAME:
        return lambda: manage.rename(state.session_ids[0], state.title or "")
    if (plan := state.mark) is not None:
        return lambda: manage.mark(plan)
    return lambda: manage.delete(state.todo, force=state.force)
