"""Outline of the session that is read: the user's messages, filtered while one types; one of them is gone to."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input

from hermes_tui.feed import Feed
from hermes_tui.feed.answers import BodiesArrived, PromptsMatched
from hermes_tui.render.find import Needle, Scope
from hermes_tui.render.heading import Heading
from hermes_tui.render.row import title_of
from hermes_tui.render.safe import SafeText, one_line
from hermes_tui.render.time import in_words, many
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.heading_rule import HeadingRule
from hermes_tui.widgets.outline_list import OutlineList, Prompts
from hermes_tui.widgets.prompt_bar import PromptBar
from hermes_tui.widgets.transcript import Transcript
from hermes_tui.widgets.virtual_list import VirtualList


class OutlineScreen(Screen[int | None]):
    """Over the browser; gives the id of the message that is gone to, None for none.

    Args:
        feed: Answers the requests.
        browser: Knows the session and the time.
        pane: The transcript that is read.
    """

    CSS_PATH = "outline.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", show=False, priority=True),
        Binding("up,ctrl+k", "rows(-1)", show=False, priority=True),
        Binding("down,ctrl+j", "rows(1)", show=False, priority=True),
        Binding("pageup", "pages(-1)", show=False, priority=True),
        Binding("pagedown", "pages(1)", show=False, priority=True),
        Binding("enter", "choose", show=False, priority=True),
    ]

    def __init__(self, feed: Feed, browser: BrowserState, pane: Transcript) -> None:
        super().__init__()
        self._feed = feed
        self._browser = browser
        layout = pane.cursor.layout
        self._kept = layout.bodies.kept
        prompts = Prompts(layout.index)
        self._ids, self._here = prompts.ids, prompts.at(pane.cursor.bar)
        self._list = OutlineList(prompts, now=browser.now)
        self._list.put(self._kept.values())
        self._bar = PromptBar("prompts", "words of a prompt", id="prompts")
        self._found: list[int] = []
        self._generation = 0

    def compose(self) -> ComposeResult:
        """Input, title, rows, footer."""
        yield self._bar
        yield HeadingRule()
        yield self._list
        yield Footer()

    def on_mount(self) -> None:
        """Listen, and begin at the prompt that is read."""
        self._unsubscribe = self._feed.subscribe(self.post_message, BodiesArrived, PromptsMatched)
        self.query_one(Footer).show((("↑↓", "rows"), ("enter", "go"), ("esc", "back")), ("f1", "help"))
        self._list.show(self._ids)
        if self._here is not None:
            self._list.move_to(self._here)
        self._show_heading()
        self._bar.input.focus()

    def on_unmount(self) -> None:
        """Listen no more."""
        self._unsubscribe()

    def action_rows(self, rows: int) -> None:
        """Move the cursor of the list."""
        self._list.action_move_by(rows)

    def action_pages(self, pages: int) -> None:
        """Move the cursor of the list by its height."""
        self._list.action_move_page(pages)

    def action_choose(self) -> None:
        """Go to the prompt under the cursor, or say that there is none."""
        if self._list.cursor.keys:
            self._list.action_choose()
        else:
            self.query_one(Footer).say("no prompt has these words" if self._ids else "nobody has asked anything here")

    @on(Input.Changed)
    def _on_text_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._found = []
        self._list.forget_cursor()
        if needle := event.value.strip():
            wanted = Needle(needle, Scope.PROMPTS).is_in
            self._generation = self._feed.transcript.match(self._ids, wanted, kept=self._kept)
        else:
            self._generation = -1
            self._list.show(self._ids)
            self._show_heading()

    @on(PromptsMatched)
    def _on_prompts_matched(self, message: PromptsMatched) -> None:
        if message.generation == self._generation:
            self._found += message.message_ids
            self._list.show(self._found)
            self._show_heading(None if message.done else "searching")

    @on(BodiesArrived)
    def _on_bodies_arrived(self, message: BodiesArrived) -> None:
        self._list.put(message.messages)

    @on(VirtualList.RowsShown)
    def _on_rows_shown(self, event: VirtualList.RowsShown) -> None:
        event.stop()
        if unread := self._list.unread:
            self._feed.transcript.bodies(unread)

    @on(VirtualList.RowChosen)
    def _on_row_chosen(self, event: VirtualList.RowChosen) -> None:
        event.stop()
        self.dismiss(int(str(event.key)))

    def _show_heading(self, state: str | None = None) -> None:
        row = self._browser.reading.row
        title = (title_of(row.session, row.outline) or one_line(row.session.id)) if row is not None else ""
        shown, total = len(self._list.cursor.keys), len(self._ids)
        fact = many(total, "prompt") if shown == total else f"{in_words(shown)} of {many(total, 'prompt')}"
        facts = (fact, state) if state else (fact,)
        self.query_one(HeadingRule).show(Heading(SafeText(f"Prompts of {title}"), facts=facts, focused=True))
