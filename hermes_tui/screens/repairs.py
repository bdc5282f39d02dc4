"""Screen of the repairs and deletions in the journal: when, which session; receipt and undo of each."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import BindingType

from hermes_tui.commands.registry import JOURNAL, Place, footer
from hermes_tui.feed import Feed
from hermes_tui.feed.answers import OperationsListed, StoreChanged
from hermes_tui.feed.count_answers import DeletionsListed
from hermes_tui.render.heading import Heading
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.row import title_of
from hermes_tui.render.safe import SafeText
from hermes_tui.render.time import many
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.widgets.framed_screen import FramedScreen
from hermes_tui.widgets.page_frame import PageFrame, PageView, key_bindings
from hermes_tui.widgets.repair_list import RepairList
from hermes_tui.widgets.virtual_list import VirtualList
from store import TrashEntry
from store.base.late_dataclass import dataclass
from store.repair.model import Operation, State


@dataclass(frozen=True, slots=True)
class ChosenOperation:
    """A repair or a deletion that is to be looked at."""

    operation: Operation | TrashEntry
    undo: bool
    """With the plan of its undo."""


class RepairsScreen(FramedScreen[ChosenOperation | None]):
    """Over the browser; gives the repair or the deletion that is to be looked at, None for none.

    Args:
        feed: Answers the request.
        browser: Knows titles and the time.
    """

    CSS_PATH = "repairs.tcss"
    PLACE = Place.JOURNAL
    BINDINGS: ClassVar[list[BindingType]] = key_bindings(JOURNAL)

    def __init__(self, feed: Feed, browser: BrowserState) -> None:
        super().__init__()
        self._feed = feed
        self._browser = browser
        self._operations: tuple[Operation, ...] | None = None
        self._deletions: tuple[TrashEntry, ...] = ()
        self._list = RepairList(now=browser.now, title=self._title, id="repairs")
        self._frame = PageFrame("Repairs", self._list)

    def on_mount(self) -> None:
        """Listen, and ask for the journal."""
        self._unsubscribe = self._feed.subscribe(self.post_message, OperationsListed, DeletionsListed, StoreChanged)
        self._list.focus()
        self._ask()

    def on_unmount(self) -> None:
        """Listen no more."""
        self._unsubscribe()

    @property
    def conditions(self) -> frozenset[str]:
        """The conditions that hold, for the commands that need one."""
        chosen = self._list.cursor_operation
        undoable = chosen is not None and chosen.state is not State.UNDONE and self._feed.writer.may_write
        holds = {"rows": chosen is not None, "undoable": undoable}
        return frozenset(name for name, met in holds.items() if met)

    @on(OperationsListed)
    def _on_operations_listed(self, message: OperationsListed) -> None:
        if message.generation == self._feed.generation("operations"):
            self._operations = message.operations
            self._draw()

    @on(DeletionsListed)
    def _on_deletions_listed(self, message: DeletionsListed) -> None:
        if message.generation == self._feed.generation("deletions"):
            self._deletions = message.entries
            self._draw()

    def _ask(self) -> None:
        self._feed.repairs.operations()
        self._feed.counts.deletions()

    @on(StoreChanged)
    def _on_store_changed(self) -> None:
        self._ask()

    @on(VirtualList.RowHighlighted)
    def _on_row_highlighted(self) -> None:
        self._draw()

    @on(VirtualList.RowChosen)
    def _on_row_chosen(self) -> None:
        self.action_receipt()

    def action_receipt(self) -> None:
        """Look at the repair or the deletion under the cursor."""
        self._choose(undo=False)

    def action_undo(self) -> None:
        """Look at the plan of its undo."""
        self._choose(undo=True)

    def action_back(self) -> None:
        """Back to the browser."""
        self.dismiss(None)

    def _choose(self, *, undo: bool) -> None:
        if (operation := self._list.cursor_operation) is not None:
            self.dismiss(ChosenOperation(operation, undo))

    def _title(self, session_id: str) -> str:
        row = self._browser.catalog.row(session_id)
        return title_of(row.session, row.outline) if row else ""

    def _draw(self) -> None:
        """Put both up, the last one first."""
        known, deleted = self._operations, self._deletions
        every: list[Operation | TrashEntry] = [*(known or ()), *deleted]
        self._list.show(sorted(every, key=lambda operation: -operation.started_at), is_known=known is not None)
        repairs = "" if known is None else many(len(known), "repair") if known else "no repair was made here yet"
        counted = f"{repairs}, {many(len(deleted), 'deletion')}" if deleted else repairs
        status: Line = (span(counted, Role.TEXT if known or deleted else Role.DIM),)
        heading = Heading(
            SafeText("Repairs and deletions" if deleted else "Repairs"), note="last one first", focused=True
        )
        keys = footer(Place.JOURNAL, self.conditions)
        self._frame.show(PageView(self._browser.where, self._browser.owner, status, heading, (), keys))
