"""Help: every key by the place it works in, every mark, the search language; filtered by typing."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input

from hermes_tui.commands.help_sections import sections
from hermes_tui.commands.key_names import textual_name
from hermes_tui.commands.model import Place
from hermes_tui.render.bound_keys import bound
from hermes_tui.render.glyphs import ASCII, Glyphs
from hermes_tui.render.heading import Heading
from hermes_tui.render.help_page import HelpBlock, HelpPage, help_page, key_line
from hermes_tui.render.legend import legend
from hermes_tui.render.safe import one_line, safe
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.heading_rule import HeadingRule
from hermes_tui.widgets.prompt_bar import PromptBar
from hermes_tui.widgets.text_page import TextPage
from hermes_tui.widgets.theme import glyphs_of

LANGUAGE = (
    ("docker timeout", "messages that have both words, in any order, in capitals or not, with accents or without"),
    ('"no space left"', "these words in this order; user@host and my-app.config are such, too"),
    ("docker OR podman", "either of them; OR parts the whole search"),
    ("dock*", "words that begin so; so does the word under the cursor, until a space ends it"),
    ("-flaky", "without that word; NOT flaky says the same"),
    ("部署", "Chinese, Japanese and Korean: anywhere in a text, from one character on"),
    ("source:telegram", "of that source; a minus before any filter turns it round: -source:cron"),
    ("model:opus cwd:project", "of sessions whose model, or working folder, has this in its name"),
    ("title:docker", 'of sessions whose title has this; title:"two words"'),
    ("profile:work", "of that profile, where all are one list"),
    ("host:laptop", "of profiles or machines whose name has this in it, where several are one list"),
    ("id:20260401", "the session whose id begins so; a pasted hermes --resume line leads there, too"),
    ("source:cli is:live", "filters of sessions alone filter the list; a word behind them searches their messages"),
    ("role:agent", "said by the agent; or user, tool, system"),
    ("tool:terminal", "a call or a result of that tool"),
    ("after:7d before:2026-04", "in that time: 3h, 7d, 2w, today, yesterday, a year, a month or a day"),
    ("is:flagged", "of sessions whose two sources disagree; is:live, is:archived, is:bookmarked"),
    ("has:reasoning", "messages with reasoning"),
)
LANGUAGE_COLUMN, MARKS_COLUMN = 28, 6
"""Columns in which explanations start."""


def help_of(text: str, *, width: int, glyphs: Glyphs) -> HelpPage:
    """The help for a page of `width` cells, or what of it has all words of a text."""
    words = text.casefold().split()
    blocks = (block.with_words(words, glyphs) if words else block for block in _blocks(glyphs))
    return help_page(list(blocks), width=width, glyphs=glyphs)


def _blocks(glyphs: Glyphs) -> list[HelpBlock]:
    """The marks and the first steps, then the places, then the language."""
    keys = [
        HelpBlock(part.title, tuple((key_line(entry.keys, glyphs), entry.sentence) for entry in part.entries))
        for part in sections()
    ]
    examples = ((example, meaning) for example, meaning in LANGUAGE if glyphs is not ASCII or example.isascii())
    language = tuple((key_line(example, glyphs), meaning) for example, meaning in examples)
    marks = HelpBlock("Marks", tuple(legend(glyphs)), MARKS_COLUMN)
    return [keys[0], marks, *keys[1:], HelpBlock("The search language", language, LANGUAGE_COLUMN)]


class HelpScreen(Screen[None]):
    """Over any other screen; esc leads back.

    Args:
        place: The place that it was asked for in, where it begins; None for the beginning.
    """

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False, priority=True),
        Binding(f"q,question_mark,f1,{textual_name(bound('help'))}", "dismiss", show=False),
        Binding("slash", "filter", show=False),
    ]

    def __init__(self, place: Place | None = None) -> None:
        super().__init__()
        self._title = next((part.title for part in sections() if place in part.places), "")
        self._bar = PromptBar("/", "words of a command, a mark, a filter", id="help-filter")
        self._page = TextPage()

    def compose(self) -> ComposeResult:
        """Title, filter, text, footer."""
        yield HeadingRule()
        yield self._bar
        yield self._page
        yield Footer()

    def on_mount(self) -> None:
        """Say what this is and how to leave it."""
        self._show_heading("")
        self.query_one(Footer).show((("esc", "back"), ("↑↓", "scroll"), ("/", "filter")), ("q", "back"))
        self._page.focus()

    def action_filter(self) -> None:
        """Type what is looked for."""
        self._bar.display = True
        self._bar.input.focus()

    def action_back(self) -> None:
        """Take the filter out, or leave."""
        if not self._bar.display:
            self.dismiss()
            return
        self._bar.display = False
        self._bar.input.value = ""
        self._page.focus()

    @on(Input.Submitted)
    def _on_filter_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._page.focus()

    @on(Input.Changed)
    def _on_filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._show(event.value)

    @on(events.Resize)
    def _on_size_changed(self) -> None:
        self._show(self._bar.input.value)

    def _show(self, text: str) -> None:
        page = help_of(text, width=self.size.width, glyphs=glyphs_of(self.app))
        self._page.show(page.lines, top=0 if text else page.starts.get(self._title, 0))
        self._show_heading(text)

    def _show_heading(self, text: str) -> None:
        self.query_one(HeadingRule).show(
            Heading(safe("Help"), note=one_line(text), facts=("hermes-tui",), focused=True)
        )
