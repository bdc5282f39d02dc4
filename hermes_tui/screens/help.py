"""All keys, from the one table, and the search language in a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hermes_tui.commands import TABLE
from hermes_tui.render.glyphs import ASCII, UNICODE, Glyphs
from hermes_tui.render.line import Line, Role, blank, cells, crop, span
from hermes_tui.render.safe import safe
from hermes_tui.render.text import wrap
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.head_rule import Heading, HeadRule
from hermes_tui.widgets.theme import palette_of, strip_of

LANGUAGE = (
    ("docker timeout", "messages that have both words, in any order"),
    ('"no space left"', "these words in this order"),
    ("docker OR podman", "either of them"),
    ("dock*", "words that begin so; so does the word under the cursor"),
    ("-flaky", "without that word"),
    ("source:telegram", "of that source; model: cwd: title: likewise, a minus before it turns it round"),
    ("role:agent", "said by the agent; or user, tool, system"),
    ("tool:terminal", "a call or a result of that tool"),
    ("after:7d before:2026-04", "in that time; hours, days, weeks or a date"),
    ("is:flagged", "of sessions whose two sources disagree; is:live, is:archived"),
    ("has:reasoning", "messages with reasoning"),
)
MEASURE = 96
COLUMN = 25
"""Where the sentences start."""


def help_lines(width: int, glyphs: Glyphs) -> list[Line]:
    """Everything the help says, for a pane of `width` cells."""
    room = min(width - 2, MEASURE) - COLUMN
    lines: list[Line] = [(), (blank(1), span("Keys", bold=True))]
    for command in TABLE:
        sentence = command.sentence.replace("`", "")
        lines += _entry(glyphs.words(command.shown), sentence, room, glyphs)
    lines += [(), (blank(1), span("Search", bold=True))]
    for example, meaning in LANGUAGE:
        lines += _entry(example, meaning, room, glyphs)
    return lines


def _entry(keys: str, sentence: str, room: int, glyphs: Glyphs) -> Iterator[Line]:
    gap = max(COLUMN - 1 - cells(safe(keys)), 1)
    for index, text in enumerate(wrap(glyphs.words(sentence), max(room, 10))):
        first = (span(keys, Role.ACCENT, bold=True), blank(gap)) if index == 0 else (blank(COLUMN - 1),)
        yield blank(1), *first, span(text, Role.DIM)


class HelpPage(ScrollView, can_focus=True):
    """The text, scrolled by line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
    ]
    DEFAULT_CSS = "HelpPage { background: $background; scrollbar-size: 1 1; }"

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._lines: list[Line] = []

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._lines = help_lines(self.size.width, self._glyphs)
        self.virtual_size = Size(self.size.width, len(self._lines))

    def render_line(self, y: int) -> Strip:
        """Textual's line API."""
        row = y + self.scroll_offset.y
        line = self._lines[row] if row < len(self._lines) else ()
        return strip_of(crop(line, self.size.width, self._glyphs.truncated), self.size.width, palette_of(self.app))


class HelpScreen(Screen[None]):
    """Over the browser; esc leads back."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,f1", "dismiss", show=False)]

    def __init__(self, *, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """Title, text, footer."""
        yield HeadRule()
        yield HelpPage(self._glyphs)
        yield Footer()

    def on_mount(self) -> None:
        """Say what this is and how to leave it."""
        for bar in self.query(Bar):
            bar.ascii_only = self._glyphs is ASCII
        self.query_one(HeadRule).show(Heading(safe("Help"), facts=("hermes-tui",), focused=True))
        self.query_one(Footer).show((("esc", "back"), ("↑↓", "scroll")), ("q", "back"))
        self.query_one(HelpPage).focus()
