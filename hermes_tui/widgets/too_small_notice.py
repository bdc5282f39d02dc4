"""Notice in place of a screen that the terminal is too small for."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


class TooSmallNotice(Widget):
    """The size that is needed and the size there is.

    Args:
        least: Columns and rows that are needed.
    """

    def __init__(self, least: tuple[int, int], *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._least = least

    def render(self) -> Content:
        """One sentence."""
        needed, here = (f"{columns} × {rows}" for columns, rows in (self._least, self.app.size))
        return Content(f"hermes-tui needs {needed}, this is {here}")
