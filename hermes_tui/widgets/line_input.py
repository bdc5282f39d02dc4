"""Input of one line, which edits as a shell does and whose cursor is seen without colours."""

from __future__ import annotations

from typing import ClassVar

from rich.highlighter import Highlighter
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.widgets import Input

from hermes_tui.render.line import Role, Span
from hermes_tui.render.safe import SafeText
from hermes_tui.widgets.theme import Ground, palette_of


class LineInput(Input):
    """Every input of the app; its look goes by roles, as everything else does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+f", "cursor_right", show=False),
        Binding("ctrl+b", "cursor_left", show=False),
    ]
    """Keys that Textual's input has for something else or not at all."""

    def __init__(
        self,
        *,
        placeholder: str = "",
        highlighter: Highlighter | None = None,
        id: str | None = None,  # noqa: A002  Textual's name
    ) -> None:
        super().__init__(placeholder=placeholder, highlighter=highlighter, compact=True, select_on_focus=False, id=id)
        self.cursor_blink = False

    def style_of(self, role: Role, *, underline: bool = False) -> Style:
        """The style of a role on this row."""
        return palette_of(self.app).style(Span(SafeText(""), role, underline=underline), Ground.TINT)

    def get_component_rich_style(self, *names: str, partial: bool = False, default: Style | None = None) -> Style:
        """The placeholder is dim like every other label, and without colours the cursor is reversed."""
        if names == ("input--placeholder",):
            return self.style_of(Role.DIM)
        if names == ("input--cursor",) and self.app.no_color:
            return Style(reverse=True)
        return super().get_component_rich_style(*names, partial=partial, default=default)
