"""Row in which a text is typed that is to be found in the session that is read (docs/look.md §6)."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from hermes_tui.render.line import Line, Role, head, span
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.search_bar import READLINE
from hermes_tui.widgets.theme import Ground


class _FindPrompt(Bar):
    """` find `, in accent."""

    ground = Ground.TINT

    def line(self, width: int) -> Line:
        return head((span(" find ", Role.ACCENT, bold=True),), width)


class FindInput(Input):
    """The input itself."""

    BINDINGS: ClassVar[list[BindingType]] = READLINE


class FindBar(Horizontal):
    """Stands in place of the search row; its `Input.Changed` bubbles."""

    DEFAULT_CSS = """
    FindBar { height: 1; background: $foreground 6%; display: none; }
    FindBar > _FindPrompt { width: 6; }
    FindBar > Input { width: 1fr; background: $foreground 0%; background-tint: $foreground 0%; }
    FindBar > Input:focus { background-tint: $foreground 0%; }
    FindBar:ansi { background: ansi_default; }
    """

    def compose(self) -> ComposeResult:
        """Prompt and input."""
        yield _FindPrompt()
        field = FindInput(placeholder="text in this session", compact=True, select_on_focus=False, id="find")
        field.cursor_blink = False
        yield field

    @property
    def input(self) -> Input:
        """The input."""
        return self.query_one(Input)
