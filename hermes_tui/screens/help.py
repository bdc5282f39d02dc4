"""Help: all keys, from the one table, and the search language in a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from hermes_tui.commands.registry import TABLE
from hermes_tui.render.glyphs import ASCII, Glyphs
from hermes_tui.render.heading import Heading
from hermes_tui.render.line import Line, Role, blank, cells, span
from hermes_tui.render.safe import safe
from hermes_tui.render.text import wrap
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.heading_rule import HeadingRule
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
MEASURE = 96
EMPTY: Line = ()
KEYS_COLUMN, LANGUAGE_COLUMN = 10, 27
"""Columns in which the sentences start."""


def help_lines(width: int, glyphs: Glyphs) -> list[Line]:
    """The help, wrapped for a page of `width` cells."""
    lines: list[Line] = [EMPTY, (blank(1), span("Keys", bold=True))]
    for command in TABLE:
        sentence = command.sentence.replace("`", "")
        lines += _entry(glyphs.words(command.shown), sentence, column=KEYS_COLUMN, width=width, glyphs=glyphs)
    lines += [EMPTY, (blank(1), span("Search", bold=True))]
    for example, meaning in LANGUAGE:
        if glyphs is ASCII and not example.isascii():
            continue
        lines += _entry(example, meaning, column=LANGUAGE_COLUMN, width=width, glyphs=glyphs)
    return lines


def _entry(keys: str, sentence: str, *, column: int, width: int, glyphs: Glyphs) -> Iterator[Line]:
    room = max(min(width - 2, MEASURE) - column, 10)
    for index, text in enumerate(wrap(glyphs.words(sentence), room)):
        gap = column - 1 - (cells(safe(keys)) if index == 0 else 0)
        first = (span(keys, Role.ACCENT, bold=True),) if index == 0 else ()
        yield blank(1), *first, blank(max(gap, 1)), span(text, Role.DIM)


class HelpScreen(Screen[None]):
    """Over the browser; esc leads back."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,f1", "dismiss", show=False)]

    def compose(self) -> ComposeResult:
        """Title, text, footer."""
        yield HeadingRule()
        yield TextPage()
        yield Footer()

    def on_mount(self) -> None:
        """Say what this is and how to leave it."""
        self.query_one(HeadingRule).show(Heading(safe("Help"), facts=("hermes-tui",), focused=True))
        self.query_one(Footer).show((("esc", "back"), ("↑↓", "scroll")), ("q", "back"))
        self.query_one(TextPage).focus()

    @on(events.Resize)
    def _on_size_changed(self, event: events.Resize) -> None:
        self.query_one(TextPage).show(help_lines(event.size.width, glyphs_of(self.app)))
