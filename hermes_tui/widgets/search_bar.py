"""Search row: the prompt, what is typed, and whose home this is (docs/look.md §6)."""

from __future__ import annotations

import re

from rich.highlighter import Highlighter
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import reactive

from hermes_tui.render.line import Line, Role, head, span
from hermes_tui.render.safe import one_line
from hermes_tui.state.typed_text import MOST, in_one_row
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.line_input import LineInput
from hermes_tui.widgets.theme import Ground
from store.query.filters import KEYS

FILTER = re.compile(rf'(?<!\S)-?(?P<name>(?:{"|".join(KEYS)}):)(?P<value>"[^"]*"?|\S*)')


class _Prompt(Bar):
    """` / `, in accent while the row has the focus."""

    ground = Ground.TINT

    def line(self, width: int) -> Line:
        focused = isinstance(self.parent, SearchBar) and self.parent.has_focus_within
        return head((span(" / ", Role.ACCENT if focused else Role.TEXT, bold=focused),), width)

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]  # need not be a coroutine
        """Go to the search row; the prompt is no key there."""
        event.stop()
        event.prevent_default()
        if isinstance(self.parent, SearchBar):
            self.parent.query_input.focus()


class _Owner(Bar):
    """The profile, and `read-only` where that was requested."""

    ground = Ground.TINT

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = one_line(text)
        self.styles.width = len(self._text) + 2

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]  # need not be a coroutine
        """Offer the other profiles, among everything else."""
        event.stop()
        self.app.action_command_palette()

    def line(self, width: int) -> Line:
        return head((span(f" {self._text}", Role.DIM),), width)


class _Filters(Highlighter):
    """A filter's name is dim, its value accent, what is wrong is in error and underlined."""

    def __init__(self, owner: QueryInput) -> None:
        self._owner = owner

    def highlight(self, text: Text) -> None:
        """Rich's hook; the text is what was typed, never markup."""
        for found in FILTER.finditer(text.plain):
            text.stylize(self._owner.style_of(Role.DIM), *found.span("name"))
            text.stylize(self._owner.style_of(Role.ACCENT), *found.span("value"))
        if self._owner.wrong is not None:
            text.stylize(self._owner.style_of(Role.ERROR, underline=True), *self._owner.wrong)


class QueryInput(LineInput):
    """The input itself, which marks filters and what is wrong."""

    wrong: reactive[tuple[int, int] | None] = reactive(None)
    """The characters that mean nothing; they are underlined."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(highlighter=_Filters(self), id=id)

    class Cut(Message):
        """A paste was too long, and its beginning was taken."""

    def type_in(self, text: str) -> None:
        """Take a text as if it were typed: in one row, and only its beginning where it is very long."""
        self.replace(in_one_row(text[:MOST]), *self.selection)
        if len(text) > MOST:
            self.post_message(self.Cut())

    def _on_paste(self, event: events.Paste) -> None:
        """Take all lines of a paste, where Textual would take the first."""
        event.stop()
        event.prevent_default()
        self.type_in(event.text)


class SearchBar(Horizontal):
    """The first row of the screen; its `Input.Changed` and `Input.Submitted` bubble."""

    DEFAULT_CSS = """
    SearchBar { height: 1; background: $foreground 6%; }
    SearchBar > _Prompt { width: 3; }
    SearchBar > QueryInput { width: 1fr; background: $foreground 0%; background-tint: $foreground 0%; }
    SearchBar > QueryInput:focus { background-tint: $foreground 0%; }
    SearchBar:ansi { background: ansi_default; }
    """

    def __init__(self, owner: str, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._owner = owner

    def compose(self) -> ComposeResult:
        """Prompt, input, owner."""
        yield _Prompt()
        yield QueryInput(id="query")
        yield _Owner(self._owner)

    @property
    def query_input(self) -> QueryInput:
        """The input."""
        return self.query_one(QueryInput)

    @property
    def text(self) -> str:
        """The query as typed."""
        return str(self.query_input.value)

    def put(self, text: str) -> None:
        """Put a text in the place of what is typed, and the cursor behind it."""
        self.query_input.value = text
        self.to_end()

    def to_end(self) -> None:
        """Put the cursor behind what is there."""
        self.query_input.cursor_position = len(self.query_input.value)

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _on_focus_moved(self) -> None:
        self.query_one(_Prompt).refresh()
