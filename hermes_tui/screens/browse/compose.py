"""Widgets of the browser: their order on the screen, what they know, and what a view puts into them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from hermes_tui.commands.registry import INSIDE, Place
from hermes_tui.render.details import DetailsView
from hermes_tui.screens.browse.presenter import FrameView
from hermes_tui.state.browser_state import BrowserState, ListPane, Notice, Sources
from hermes_tui.state.rows import HitKey, SessionRow
from hermes_tui.widgets.banner import Banner
from hermes_tui.widgets.details_pane import DetailsPane
from hermes_tui.widgets.drag_frame import DragFrame
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.heading_rule import HeadingRule
from hermes_tui.widgets.hit_list import HitList
from hermes_tui.widgets.hit_rows import GroupKey, HitsView, TitleKey
from hermes_tui.widgets.prompt_bar import PromptBar
from hermes_tui.widgets.search_bar import SearchBar
from hermes_tui.widgets.session_list import SessionList
from hermes_tui.widgets.session_rows import SessionsView
from hermes_tui.widgets.status_line import StatusLine
from hermes_tui.widgets.too_small_notice import TooSmallNotice
from hermes_tui.widgets.transcript import Transcript
from hermes_tui.widgets.virtual_list import VirtualList


class BrowserWidgets:
    """The widgets of one browser.

    Args:
        owner: The words at the end of the search row.
        now: The time, aware; its zone is the reader's.
    """

    def __init__(self, owner: str, now: Callable[[], datetime]) -> None:
        self.search_bar = SearchBar(owner, id="search")
        self.find_bar = PromptBar("find", "text in this session", id="find")
        self.goto_bar = PromptBar("go to", "a message number, 2026-10-18, or 14:30 of this day", id="goto")
        self.session_list = SessionList(now=now, id="sessions")
        self.hit_list = HitList(now=now, id="hits")
        self.transcript = Transcript(now=now, id="transcript")
        self.details = DetailsPane(id="details")
        self.text = DragFrame(self.transcript, self.details, id="text")
        self._status = StatusLine(id="status")
        self._head = HeadingRule(id="head")
        self._banner = Banner(id="banner")
        self._foot = Footer(id="foot")
        self._too_small = TooSmallNotice()
        self._notice: Notice | None = None
        self._details: DetailsView | None = None
        self._sources: tuple[Sources | None, bool] = None, False

    def compose(self) -> ComposeResult:
        """Six rows and columns of docs/look.md §1."""
        yield self.search_bar
        yield self.find_bar
        yield self.goto_bar
        yield self._status
        yield self._head
        with Horizontal(id="panes"):
            yield self.session_list
            yield self.hit_list
            with Vertical(id="reader"):
                yield self._banner
                yield self.text
        yield self._foot
        yield self._too_small

    def at(self, place: Place) -> Widget:
        """The widget that has the focus in a place."""
        panes: dict[Place, Widget] = {
            Place.SESSIONS: self.session_list,
            Place.HITS: self.hit_list,
            Place.TRANSCRIPT: self.transcript,
            Place.DETAILS: self.details.page,
            Place.FIND: self.find_bar.input,
            Place.GOTO: self.goto_bar.input,
        }
        return panes.get(place, self.search_bar.query_input)

    def focus(self, place: Place) -> None:
        """Move the focus to the widget of a place."""
        self.show_prompt(place)
        self.transcript.screen.set_focus(self.at(place))

    def show_prompt(self, place: Place) -> None:
        """Have the row that is typed in in place of the search row, or the search row again."""
        self.transcript.screen.set_class(place is Place.FIND, "-finding")
        self.transcript.screen.set_class(place is Place.GOTO, "-going")

    def list_pane(self, *, hits_shown: bool) -> VirtualList:
        """The list on the screen."""
        return self.hit_list if hits_shown else self.session_list

    def shown_sessions(self, *, hits_shown: bool) -> list[str]:
        """Ids of the sessions of the list on the screen, top to bottom."""
        keys = self.list_pane(hits_shown=hits_shown).cursor.keys
        found = (key.session_id if isinstance(key, TitleKey | GroupKey) else key for key in keys)
        return list(dict.fromkeys(session_id for session_id in found if isinstance(session_id, str)))

    def observe(self, state: BrowserState) -> None:
        """Copy into the state what the widgets alone know."""
        hits, reading, focused = self.hit_list, state.reading, self.transcript.screen.focused
        places = (Place.SESSIONS, Place.HITS, *INSIDE)
        state.focus = next((place for place in places if self.at(place) is focused), Place.SEARCH)
        state.typed = self.search_bar.text
        reader = self.transcript.cursor
        reading.folds, reading.following = reader.folds, reader.viewport.is_at_end
        reading.is_to_end = reader.viewport.following and reader.viewport.waits
        reading.wraps, reading.prompt = reader.layout.wraps, self.transcript.prompt
        reading.roles = tuple(reader.layout.index.roles.items())
        reading.undone, reading.compacted = reader.layout.index.n_undone, reader.layout.index.n_compacted
        message = self.transcript.focused_message
        reading.bar = (message.session_id, message.id) if message is not None else None
        pane = self.list_pane(hits_shown=state.hits_shown)
        state.pane = ListPane(
            row=hits.cursor_row if state.hits_shown else self.session_list.cursor_row,
            hit=hits.cursor_hit if state.hits_shown else None,
            has_rows=pane.cursor.key is not None,
            sessions=self.session_list.n_rows,
            touched=hits.cursor.touched,
            hit_rows=sum(isinstance(key, HitKey) for key in hits.cursor.keys) if state.hits_shown else 0,
            visible=frozenset(
                key.session_id if isinstance(key, TitleKey | GroupKey) else str(key)
                for key in pane.cursor.shown
                if isinstance(key, str | TitleKey | GroupKey)
            ),
            height=self.session_list.size.height,
        )

    def show_list(self, view: SessionsView | HitsView) -> None:
        """Put rows into a list."""
        if isinstance(view, SessionsView):
            self.session_list.show(view)
        else:
            self.hit_list.show(view)

    def refresh_lists(self) -> None:
        """Paint them again: ages go on."""
        self.session_list.refresh()
        self.hit_list.refresh()

    def update_rows(self, rows: Iterable[SessionRow]) -> None:
        """Paint changed rows in their places."""
        for row in rows:
            self.session_list.update_row(row)
            self.hit_list.update_row(row)

    def show(self, view: FrameView) -> None:
        """Put up the frame."""
        screen, two = self.transcript.screen, view.list_width is not None
        for name, holds in view.classes.items():
            screen.set_class(holds, name)
        for pane in (self.session_list, self.hit_list):
            pane.divider = two
            pane.styles.width = "1fr" if view.list_width is None else view.list_width + 1
        self.transcript.faded = view.faded
        self.search_bar.query_input.wrong = view.wrong
        self.search_bar.query_input.placeholder = view.placeholder
        self._head.show(*view.headings, split=view.list_width or 0)
        self._foot.show(view.footer, view.help)
        self.show_status(view)
        if (view.sources, view.banner_keys) != self._sources:
            self._banner.show(view.sources, keys=view.banner_keys)
        if view.details != self._details and view.details is not None:
            self.details.show(view.details)
        self._details = view.details
        self._sources = view.sources, view.banner_keys

    def show_status(self, view: FrameView) -> None:
        """Put up the status line alone."""
        self._status.show(view.status, *view.totals)
        if view.notice is not None and view.notice is not self._notice:
            self._status.say(view.notice.text)
        self._notice = view.notice
