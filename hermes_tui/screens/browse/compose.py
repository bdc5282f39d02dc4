"""What every state of the browser has: search row, status line, head rule, panes, footer, and how they are divided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from hermes_tui.commands.registry import Place
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.state.layout import LEAST, Layout
from hermes_tui.widgets.banner import Banner
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.heading_rule import HeadRule
from hermes_tui.widgets.hit_list import HitList
from hermes_tui.widgets.search_bar import SearchBar
from hermes_tui.widgets.session_list import SessionList
from hermes_tui.widgets.status_line import StatusLine
from hermes_tui.widgets.too_small_notice import TooSmallNotice
from hermes_tui.widgets.transcript import Transcript


class Frame(Screen[None]):
    """The widgets and where they stand; it knows nothing of what they show."""

    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "#query"
    ESCAPE_TO_MINIMIZE = False

    def __init__(self, *, owner: str, glyphs: Glyphs, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.glyphs = glyphs
        self.now = now
        self.search_bar = SearchBar(owner, id="search")
        self.status = StatusLine(id="status")
        self.head = HeadRule(id="head")
        self.session_list = SessionList(now=now, id="sessions")
        self.hit_list = HitList(now=now, id="hits")
        self.banner = Banner(id="banner")
        self.transcript = Transcript(now=now, id="transcript")
        self.foot = Footer(id="foot")
        self._apology = TooSmallNotice(LEAST, id="small")
        self.form = Layout(80, 24)
        self.single = False
        """One pane was asked for, however wide the screen is."""
        self.inside = False
        """The transcript was gone into, and not left."""

    def compose(self) -> ComposeResult:
        """Six rows and columns of docs/look.md §1."""
        yield self.search_bar
        yield self.status
        yield self.head
        with Horizontal(id="panes"):
            yield self.session_list
            yield self.hit_list
            with Vertical(id="reader"):
                yield self.banner
                yield self.transcript
        yield self.foot
        yield self._apology

    @property
    def place(self) -> Place:
        """What has the focus."""
        if self.focused is self.session_list:
            return Place.SESSIONS
        if self.focused is self.hit_list:
            return Place.HITS
        return Place.TRANSCRIPT if self.focused is self.transcript else Place.SEARCH

    @property
    def two_panes(self) -> bool:
        """List and transcript stand side by side."""
        return self.form.roomy and not self.single

    def tell(self, notice: str) -> None:
        """Say something for a few seconds, where nothing is covered by it."""
        self.status.tell(notice)

    def divide(self) -> None:
        """Give every widget its place, for the size and the state there is."""
        two = self.two_panes
        for name, holds in self.form.classes(single=self.single, reading=self.inside).items():
            self.set_class(holds, name)
        for pane in (self.session_list, self.hit_list):
            pane.divider = two
            pane.styles.width = self.form.list_width + 1 if two else "1fr"

    @on(events.Resize)
    def _on_screen_resized(self, event: events.Resize) -> None:
        self.form = Layout(event.size.width, event.size.height)
        self.divide()
