"""Notice in place of everything else on a screen that is too small."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


class TooSmallNotice(Widget):
    """One sentence: how much is needed, and how much there is."""

    DEFAULT_CSS = "TooSmallNotice { display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self._sentence = ""

    def show(self, sentence: str) -> None:
        """Put up another sentence."""
        self._sentence = sentence
        self.refresh()

    def render(self) -> Content:
        """The sentence, without markup."""
        return Content(self._sentence)
