"""Choices over a screen: the command palette, the themes, the profiles, the searches of before; filtered by typing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from hermes_tui.commands.model import Offer
from hermes_tui.render.heading import Heading
from hermes_tui.render.safe import SafeText
from hermes_tui.render.time import in_words
from hermes_tui.widgets.choice_list import ChoiceList
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.heading_rule import HeadingRule
from hermes_tui.widgets.prompt_bar import PromptBar
from hermes_tui.widgets.virtual_list import VirtualList


class Choices(ModalScreen[None]):
    """Stands over the upper part of a screen, whose lower part stays in sight.

    Args:
        title: What is chosen.
        offers: What there is.
        leave: Called where nothing was chosen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "leave", show=False, priority=True),
        Binding("up,ctrl+k", "rows(-1)", show=False, priority=True),
        Binding("down,ctrl+j", "rows(1)", show=False, priority=True),
        Binding("pageup", "pages(-1)", show=False, priority=True),
        Binding("pagedown", "pages(1)", show=False, priority=True),
        Binding("enter", "choose", show=False, priority=True),
        Binding("ctrl+c", "app.help_quit", show=False),
    ]
    DEFAULT_CSS = """
    Choices { layout: vertical; background: $background 0%; align: left top; }
    Choices > PromptBar { display: block; background: $background; background-tint: $foreground 6%; }
    Choices > HeadingRule { background: $background; }
    Choices > ChoiceList { height: 60%; }
    Choices > Footer { dock: bottom; background: $background; }
    """

    def __init__(self, title: str, offers: Iterable[Offer], *, leave: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._title, self._leave = title, leave
        self._list = ChoiceList([*offers])
        self._bar = PromptBar(title.casefold(), "type to filter", id="choices-filter")

    def compose(self) -> ComposeResult:
        """Filter, title, rows, footer."""
        yield self._bar
        yield HeadingRule()
        yield self._list
        yield HeadingRule(classes="-end")
        yield Footer()

    def on_mount(self) -> None:
        """Show all, and take what is typed."""
        self.query_one(Footer).show((("↑↓", "rows"), ("enter", "choose"), ("esc", "back")), ("f1", "help"))
        self._filter("")
        self._bar.input.focus()

    def action_leave(self) -> None:
        """Choose nothing."""
        self.dismiss()
        self._leave()

    def action_rows(self, rows: int) -> None:
        """Move the cursor of the list."""
        self._list.action_move_by(rows)

    def action_pages(self, pages: int) -> None:
        """Move the cursor of the list by its height."""
        self._list.action_move_page(pages)

    def action_choose(self) -> None:
        """Do what is under the cursor, on the screen below."""
        if (offer := self._list.cursor_offer) is not None:
            self.dismiss()
            self.app.call_later(offer.run)

    @on(Input.Changed)
    def _on_text_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._filter(event.value)

    @on(VirtualList.RowHighlighted)
    def _on_row_highlighted(self, event: VirtualList.RowHighlighted) -> None:
        event.stop()
        offer = self._list.cursor_offer
        if offer is not None and offer.preview is not None:
            offer.preview()

    @on(VirtualList.RowChosen)
    def _on_row_chosen(self, event: VirtualList.RowChosen) -> None:
        event.stop()
        self.action_choose()

    def _filter(self, text: str) -> None:
        self._list.filter(text)
        shown, total = len(self._list.cursor.keys), sum(not offer.hidden for offer in self._list.offers)
        fact = in_words(shown) if text.strip() else in_words(total)
        self.query_one(HeadingRule).show(Heading(SafeText(self._title), facts=(fact,), focused=True))
