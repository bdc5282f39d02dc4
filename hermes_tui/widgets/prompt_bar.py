"""Row in which something is typed about the session that is read: a text to find, a place (docs/look.md §6)."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from hermes_tui.render.line import Line, Role, cells, head, span
from hermes_tui.render.safe import safe
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.line_input import LineInput
from hermes_tui.widgets.theme import Ground


class _Prompt(Bar):
    """` find `, in accent."""

    ground = Ground.TINT

    def __init__(self, word: str) -> None:
        super().__init__()
        self._words = f" {word} "
        self.styles.width = cells(safe(self._words))

    def line(self, width: int) -> Line:
        return head((span(self._words, Role.ACCENT, bold=True),), width)


class _PromptInput(LineInput):
    DEFAULT_CSS = """
    _PromptInput { width: 1fr; background: $foreground 0%; background-tint: $foreground 0%; }
    _PromptInput:focus { background-tint: $foreground 0%; }
    """


class PromptBar(Horizontal):
    """Stands in place of the search row; its `Input.Changed` bubbles.

    Args:
        word: The prompt.
        placeholder: What may be typed.
        id: The input's.
    """

    DEFAULT_CSS = """
    PromptBar { height: 1; background: $foreground 6%; display: none; }
    PromptBar:ansi { background: ansi_default; }
    """

    def __init__(self, word: str, placeholder: str, *, id: str) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=f"{id}-row")
        self._word = word
        self.input: Input = _PromptInput(placeholder=placeholder, id=id)
        """The input."""

    def compose(self) -> ComposeResult:
        """Prompt and input."""
        yield _Prompt(self._word)
        yield self.input
