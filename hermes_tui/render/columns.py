"""Columns of a written frame: words whose width terminals disagree on move nothing that stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hermes_tui.render.line import cells

_MARK = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0590-\u109f\u1100-\u11ff\u135d-\u135f\u1700-\u17ff\u1a00-\u1cff\u1dc0-\u1dff"
    "\u200b-\u200f\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ua66f-\ua6f1\ua800-\uabff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U00010a00-\U00011fff\U0001e000-\U0001e8ff\U0001f000-\U000e01ef]"
)
"""Combining and spacing marks, Indic and South East Asian letters, selectors, joiners, emoji."""
_WORDS = re.compile("─+|[^ ─]+(?: [^ ─]+)*")
"""Words with one space between them, and rules, which are drawn as spaces are: before the words that they follow."""
_TOKEN = re.compile(
    r"\x1b\[\d+;(?P<column>\d+)H|(?P<look>\x1b\[[\d;:]*m)|\x1b\[[0-9;?:<=>]*[@-~]|\x1b[^\[]|(?P<end>[\n\r])|(?P<text>[^\x1b\n\r]+)|\x1b"
)


def anchored(frame: str) -> str:
    """A frame in which words with marks are written over blank cells once the spaces and rules behind them are, and
    what follows these begins in its own column; linear.

    Args:
        frame: What Textual writes: the cursor is moved to the beginning of each line, or of each part of one, and each
            text has its whole look before it.
    """
    return "".join(_Columns().written(frame)) if has_marks(frame) else frame


def has_marks(text: str) -> bool:
    """Whether terminals may disagree on the width of a text."""
    return _MARK.search(text) is not None


class _Columns:
    """The column of the cursor, from 1, None where it is not known, and words that are not written yet."""

    def __init__(self) -> None:
        self._column: int | None = None
        self._look = ""
        self._waiting: list[str] = []

    def written(self, frame: str) -> Iterator[str]:
        """The frame, piece by piece."""
        for token in _TOKEN.finditer(frame):
            if (text := token["text"]) is not None and self._column is not None:
                yield from self._text(text, self._column)
                continue
            if token["look"] is not None:
                self._look = token["look"]
            elif token["column"] is not None or token["end"] is not None:
                yield from self._late_words()
                self._column = int(token["column"]) if token["column"] else None
            yield token.group()
        yield from self._late_words()

    def _text(self, text: str, column: int) -> Iterator[str]:
        at = 0
        for found in _WORDS.finditer(text):
            start = column + cells(text[: found.start()])
            yield text[at : found.start()]
            if _MARK.search(found.group()):
                self._waiting.append(f"\x1b[{start}G{self._look}{found.group()}\x1b[0m")
                yield " " * cells(found.group())
            else:
                if self._waiting:
                    if found.group()[0] != "─":
                        yield from self._late_words()
                    yield f"{self._look}\x1b[{start}G"
                yield found.group()
            at = found.end()
        yield text[at:]
        self._column = column + cells(text)

    def _late_words(self) -> Iterator[str]:
        yield from self._waiting
        self._waiting = []
