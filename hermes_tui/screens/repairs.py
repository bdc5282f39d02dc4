"""Screen of the repairs in the journal: when, which session, how many messages; receipt and undo of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from hermes_tui.commands.registry import JOURNAL, Offer, Place, applying, footer, works
from hermes_tui.commands.unused import why_unused
from hermes_tui.feed import Feed
from hermes_tui.feed.answers import OperationsListed, StoreChanged
from hermes_tui.render.heading import Heading
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.row import title_of
from hermes_tui.render.safe import SafeText
from hermes_tui.render.time import many
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.widgets.page_frame import PageFrame, PageView, key_bindings, offers
from hermes_tui.widgets.repair_list import RepairList
from hermes_tui.widgets.virtual_list import VirtualList
from store.repair.model import Operation, State


@dataclass(frozen=True, slots=True)
class ChosenRepair:
    """A repair that is to be looked at."""

    operation: Operation
    undo: bool
    """With the plan of its undo."""


class RepairsScreen(Screen[ChosenRepair | None]):
    """Over the browser; gives the repair that is to be looked at, None for none.

    Args:
        feed: Answers the request.
        browser: Knows titles and the time.
    """

    CSS_PATH = "repairs.tcss"
    ESCAPE_TO_MINIMIZE = False
    BINDINGS: ClassVar[list[BindingType]] = key_bindings(JOURNAL)

    def __init__(self, feed: Feed, browser: BrowserState) -> None:
        super().__init__()
        self._feed = feed
        self._browser = browser
        self._operations: tuple[Operation, ...] | None = None
        self._list = RepairList(now=browser.now, title=self._title, id="repairs")
        self._frame = PageFrame("Repairs", self._list)

    def compose(self) -> ComposeResult:
        """The frame; the list takes the page's place."""
        yield self._frame

    def on_mount(self) -> None:
        """Listen, and ask for the journal."""
        self._unsubscribe = self._feed.subscribe(self.post_message, OperationsListed, StoreChanged)
        self._list.focus()
        self._feed.repairs.operations()

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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A command works where the table says so."""
        return works(action, parameters, Place.JOURNAL, self.conditions)

    def hear_key(self, at: float) -> None:
        """Nothing is written from here."""

    @property
    def help_place(self) -> Place:
        """The only one of this screen."""
        return Place.JOURNAL

    def take_unused_key(self, key: str, *, printable: bool) -> None:
        """Say why a key does nothing."""
        self._frame.take_unused_key(why_unused(key, Place.JOURNAL, self.conditions), printable=printable)

    def show_notice(self, text: str) -> None:
        """Show a sentence for a few seconds."""
        self._frame.show_notice(text)

    def offered(self) -> Iterator[Offer]:
        """For the palette: the commands that work here."""
        yield from offers(applying(Place.JOURNAL, self.conditions), lambda _, action: self.run_action(action))

    @on(OperationsListed)
    def _on_operations_listed(self, message: OperationsListed) -> None:
        if message.generation == self._feed.generation("operations"):
            self._operations = message.operations
            self._list.show(message.operations)
            self._draw()

    @on(StoreChanged)
    def _on_store_changed(self) -> None:
        self._feed.repairs.operations()

    @on(events.Resize)
    def _on_size_changed(self, event: events.Resize) -> None:
        self._frame.fit(event.size)
        self._draw()

    @on(VirtualList.RowHighlighted)
    def _on_row_highlighted(self) -> None:
        self._draw()

    @on(VirtualList.RowChosen)
    def _on_row_chosen(self) -> None:
        self.action_receipt()

    def action_receipt(self) -> None:
        """Look at the repair under the cursor."""
        self._choose(undo=False)

    def action_undo(self) -> None:
        """Look at the plan of its undo."""
        self._choose(undo=True)

    def action_back(self) -> None:
        """Back to the browser."""
        self.dismiss(None)

    def _choose(self, *, undo: bool) -> None:
        if (operation := self._list.cursor_operation) is not None:
            self.dismiss(ChosenRepair(operation, undo))

    def _title(self, session_id: str) -> str:
        row = self._browser.catalog.row(session_id)
        return title_of(row.session, row.outline) if row else ""

    def _draw(self) -> None:
        known = self._operations
        counted = "" if known is None else many(len(known), "repair") if known else "no repair was made here yet"
        status: Line = (span(counted, Role.TEXT if known else Role.DIM),)
        heading = Heading(SafeText("Repairs"), note="last one first", focused=True)
        keys = footer(Place.JOURNAL, self.conditions)
        self._frame.show(PageView(self._browser.where, self._browser.owner, status, heading, (), keys))
