"""Why can't I see it? Counts with their reasons, and a look-up that says where a session is."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input

from hermes_tui.feed import Feed
from hermes_tui.feed.answers import WhereaboutsArrived
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.left_out import counted, found
from hermes_tui.render.line import Line, crop
from hermes_tui.render.safe import safe
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.heading_rule import Heading, HeadRule
from hermes_tui.widgets.text_page import TextPage
from store.models import Scope

CALM = 0.1
"""Seconds of quiet before what is typed is looked up."""
QUESTION = "whereabouts"


def look_up(feed: Feed, words: str) -> None:
    """Ask for the counts, and for where the sessions are that `words` may mean."""
    generation = feed.ask(QUESTION)
    feed.put(
        "rows",
        QUESTION,
        lambda db: [WhereaboutsArrived(generation, words, db.census(), db.where(words))],
        told="details",
        delay=CALM if words else 0.0,
    )


class HiddenScreen(Screen[bool]):
    """Over the browser; gives True where the list is to show everything, or nothing more than it does by default.

    Args:
        feed: Answers what is looked up.
        listed: Sessions that the default list has.
        scope: All of them, and what it leaves out.
        everything: The list shows all of them now.
    """

    CSS_PATH = "hidden.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("v", "everything", show=False),
        Binding("q", "leave", show=False),
        # Before the focused widget, as in the browser: what is typed fast after it is looked up too.
        Binding("slash", "look_up", show=False, priority=True),
        Binding("down,tab,enter", "read", show=False),
    ]

    def __init__(self, feed: Feed, *, listed: int, scope: Scope, everything: bool, glyphs: Glyphs) -> None:
        super().__init__()
        self._feed = feed
        self._listed = listed
        self._scope = scope
        self._everything = everything
        self._glyphs = glyphs
        self._answer: WhereaboutsArrived | None = None
        self._input = Input(placeholder="an id, the start of one, or part of a title", compact=True, id="lookup")
        self._page = TextPage()

    def compose(self) -> ComposeResult:
        """Title, look-up, text, footer."""
        yield HeadRule()
        yield self._input
        yield self._page
        yield Footer()

    def on_mount(self) -> None:
        """Ask for the counts; the page has the focus, so that `v` shows everything at once."""
        self.query_one(HeadRule).show(Heading(safe("Why can't I see it?"), facts=(), focused=True))
        self._page.focus()
        look_up(self._feed, "")

    def take(self, message: WhereaboutsArrived) -> None:
        """Show an answer, if it is to the last question."""
        if message.generation == self._feed.generation(QUESTION):
            self._answer = message
            self._draw()

    def on_descendant_focus(self) -> None:
        """The keys differ between the look-up and the text."""
        everything = "the default list" if self._everything else "show everything"
        typing = self._input.has_focus
        keys = (("↓", "read"), ("esc", "back")) if typing else (("v", everything), ("/", "look up"), ("esc", "back"))
        self.query_one(Footer).show(keys, ("enter", "read") if typing else ("q", "back"))

    @on(Input.Changed, "#lookup")
    def _on_words_changed(self, event: Input.Changed) -> None:
        event.stop()
        look_up(self._feed, event.value)

    @on(Input.Submitted, "#lookup")
    def _on_words_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._page.focus()

    def action_back(self) -> None:
        """From the look-up to the text, from there to the browser."""
        if self._input.has_focus and self._input.value:
            self._input.value = ""
        else:
            self.dismiss(False)

    def action_leave(self) -> None:
        """To the browser."""
        self.dismiss(False)

    def action_everything(self) -> None:
        """To the browser, and the list shows everything, or no more what it leaves out."""
        self.dismiss(True)

    def action_look_up(self) -> None:
        """Type an id or a title; a slash that is typed there is a letter."""
        if self.focused is self._input:
            raise SkipAction
        self.set_focus(self._input)

    def action_read(self) -> None:
        """From the look-up to the text."""
        self._page.focus()

    @on(events.Resize)
    def _draw(self) -> None:
        width = self.size.width
        self._page.show([crop(line, width - 1, self._glyphs.truncated) for line in self._lines(width)])

    def _lines(self, width: int) -> list[Line]:
        answer = self._answer
        if answer is None or not answer.words.strip():
            census = answer.census if answer else None
            return counted(self._listed, self._scope, census, width=width, glyphs=self._glyphs)
        looked_in = max(len(answer.census.profiles), 1)
        return found(answer.words, answer.found, looked_in=looked_in, width=width, glyphs=self._glyphs)
