"""Counts of what the list leaves out, with reasons, and a look-up of where a session is."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input

from hermes_tui.commands.key_names import textual_name
from hermes_tui.feed import Feed
from hermes_tui.feed.answers import WhereaboutsArrived
from hermes_tui.render.bound_keys import bound
from hermes_tui.render.heading import Heading
from hermes_tui.render.left_out import counted, found
from hermes_tui.render.line import Line, crop
from hermes_tui.render.safe import safe
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.heading_rule import HeadingRule
from hermes_tui.widgets.line_input import LineInput
from hermes_tui.widgets.text_page import TextPage

CALM = 0.1
"""Seconds of quiet before what is typed is looked up."""


class HiddenScreen(Screen[bool]):
    """Over the browser; gives True where the list is to switch between everything and its default.

    Args:
        feed: Answers the requests.
        browser: Knows what is listed.
    """

    CSS_PATH = "hidden.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding(textual_name(bound("hidden")), "dismiss(True)", show=False),
        Binding("q", "dismiss(False)", show=False),
        # Before the focused widget, as in the browser: what is typed fast after it is looked up too.
        Binding("slash", "look_up", show=False, priority=True),
        Binding("down,tab,enter", "read", show=False),
    ]

    def __init__(self, feed: Feed, browser: BrowserState) -> None:
        super().__init__()
        self._feed = feed
        self._browser = browser
        self._listed, self._scope = browser.catalog.plain, browser.catalog.scope
        self._answer: WhereaboutsArrived | None = None
        self._input = LineInput(placeholder="a part of an id or of a title", id="lookup")
        self._page = TextPage()

    def compose(self) -> ComposeResult:
        """Title, look-up, text, footer."""
        yield HeadingRule()
        yield self._input
        yield self._page
        yield Footer()

    def on_mount(self) -> None:
        """Listen, and ask for the counts; the page has the focus, so that `v` shows everything at once."""
        self._unsubscribe = self._feed.subscribe(self.post_message, WhereaboutsArrived)
        self.query_one(HeadingRule).show(Heading(safe("Why can't I see it?"), facts=(), focused=True))
        self._page.focus()
        self._feed.sessions.look_up("")

    def on_unmount(self) -> None:
        """Listen no more."""
        self._unsubscribe()

    @on(WhereaboutsArrived)
    def _on_whereabouts_arrived(self, message: WhereaboutsArrived) -> None:
        if message.generation == self._feed.generation("whereabouts"):
            self._answer = message
            self._draw()

    @on(events.Resize)
    def _on_size_changed(self) -> None:
        self._draw()

    @on(events.DescendantFocus)
    def _on_focus_moved(self) -> None:
        """The keys differ between the look-up and the text."""
        everything = "the default list" if self._browser.everything else "show everything"
        typing = self.focused is self._input
        keys = (
            (("↓", "read"), ("esc", "back"))
            if typing
            else ((bound("hidden"), everything), ("/", "look up"), ("esc", "back"))
        )
        self.query_one(Footer).show(keys, ("enter", "read") if typing else ("q", "back"))

    @on(Input.Changed, "#lookup")
    def _on_words_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._feed.sessions.look_up(event.value, delay=CALM if event.value else 0.0)

    @on(Input.Submitted, "#lookup")
    def _on_words_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._page.focus()

    def action_back(self) -> None:
        """From the look-up to the text, from there to the browser."""
        if self.focused is self._input and self._input.value:
            self._input.value = ""
        else:
            self.dismiss(False)

    def action_look_up(self) -> None:
        """Type an id or a title; a slash that is typed there is a letter."""
        if self.focused is self._input:
            raise SkipAction
        self.set_focus(self._input)

    def action_read(self) -> None:
        """From the look-up to the text."""
        self._page.focus()

    def _draw(self) -> None:
        width = self.size.width
        self._page.show([crop(line, width - 1, self._browser.glyphs.truncated) for line in self._lines(width)])

    def _lines(self, width: int) -> list[Line]:
        answer, glyphs = self._answer, self._browser.glyphs
        if answer is None or not answer.words.strip():
            census = answer.census if answer else None
            return counted(self._listed, self._scope, census, width=width, glyphs=glyphs)
        looked_in = max(len(answer.census.profiles), 1)
        return found(answer.words, answer.found, looked_in=looked_in, width=width, glyphs=glyphs)
