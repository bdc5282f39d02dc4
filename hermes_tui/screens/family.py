"""Family of a session as a tree: later sections, branches, subagents, resets; one of them is opened."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from hermes_tui.feed import Feed
from hermes_tui.feed.answers import BeginningArrived, FamilyArrived
from hermes_tui.render.beginning import beginning_lines
from hermes_tui.render.heading import Heading
from hermes_tui.render.row import title_of
from hermes_tui.render.safe import SafeText, one_line
from hermes_tui.render.time import many
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.rows import SessionRow
from hermes_tui.widgets.family_list import FamilyList
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.heading_rule import HeadingRule
from hermes_tui.widgets.text_page import TextPage
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import VirtualList


class FamilyScreen(Screen[str | None]):
    """Over the browser; gives the id of the session that is to be opened, None for none.

    Args:
        feed: Answers the request.
        browser: Knows flags and the time.
        row: The session whose family it is.
    """

    CSS_PATH = "family.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,L", "dismiss", show=False)]

    def __init__(self, feed: Feed, browser: BrowserState, row: SessionRow) -> None:
        super().__init__()
        self._feed = feed
        self._row = row
        self._list = FamilyList(now=browser.now, drift=browser.catalog.drift)
        self._head = HeadingRule()
        self._rule, self._preview = HeadingRule(id="member"), TextPage()
        self._preview.can_focus = False

    def compose(self) -> ComposeResult:
        """Title, tree, footer."""
        yield self._head
        yield self._list
        yield self._rule
        yield self._preview
        yield Footer()

    def on_mount(self) -> None:
        """Listen, and ask for the family."""
        self._unsubscribe = self._feed.subscribe(self.post_message, FamilyArrived, BeginningArrived)
        self._show_heading("")
        self.query_one(Footer).show((("↑↓", "rows"), ("enter", "open"), ("esc", "back")), ("q", "back"))
        self._list.focus()
        self._feed.sessions.family(self._row.session.id)

    def on_unmount(self) -> None:
        """Listen no more."""
        self._unsubscribe()

    @on(FamilyArrived)
    def _on_family_arrived(self, message: FamilyArrived) -> None:
        if message.generation == self._feed.generation("family"):
            self._list.show(message.session_id, message.family, message.outlines)
            self._show_heading(many(len(message.family), "session"))

    @on(VirtualList.RowHighlighted)
    def _on_row_highlighted(self, event: VirtualList.RowHighlighted) -> None:
        event.stop()
        row = self._list.cursor_row
        if row is not None and row.session.first_id is not None:
            self._feed.sessions.beginning(row.session.id, row.session.first_id)

    @on(BeginningArrived)
    def _on_beginning_arrived(self, message: BeginningArrived) -> None:
        row = self._list.cursor_row
        if row is None or message.generation != self._feed.generation("beginning"):
            return
        title, session = title_of(row.session, row.outline) or one_line(row.session.id), row.session
        facts = (one_line(session.source), many(session.messages, "message"), one_line(session.id))
        self._rule.show(Heading(SafeText(title), facts=facts))
        glyphs = glyphs_of(self.app)
        self._preview.show([*beginning_lines(message.lines, width=self.size.width, glyphs=glyphs)], from_top=True)

    def _show_heading(self, fact: str) -> None:
        title = title_of(self._row.session, self._row.outline) or one_line(self._row.session.id)
        heading = Heading(SafeText(f"Family of {title}"), facts=(fact,) if fact else (), focused=True)
        self._head.show(heading)

    @on(VirtualList.RowChosen)
    def _on_row_chosen(self, event: VirtualList.RowChosen) -> None:
        event.stop()
        self.dismiss(str(event.key))
