"""Columns of a written frame: a word whose width terminals disagree on moves nothing that stands beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hermes_tui.render.line import cells

_MARKS = (
    "[\u0300-\u036f\u0483-\u0489\u0590-\u109f\u1100-\u11ff\u135d-\u135f\u1700-\u17ff\u1a00-\u1cff\u1dc0-\u1dff"
    "\u200b-\u200f\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ua66f-\ua6f1\ua800-\uabff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U00010a00-\U00011fff\U0001e000-\U0001e8ff\U0001f000-\U000e01ef]"
)
"""Combining and spacing marks, Indic and South East Asian letters, selectors, joiners, emoji."""
_MARK = re.compile(_MARKS)
_WORD = re.compile(f"(?<![^ ])[^ ]*{_MARKS}[^ ]*")
_TOKEN = re.compile(
    r"\x1b\[\d+;(?P<column>\d+)H|\x1b\[[0-9;?:<=>]*[@-~]|\x1b[^\[]|(?P<end>[\n\r])|(?P<text>[^\x1b\n\r]+)|\x1b"
)


def anchored(frame: str) -> str:
    """A frame in which the column is set again behind each word with marks, whose cells are blanked before it; linear.

    Args:
        frame: What Textual writes: the cursor is moved to the beginning of each line, or of each part of one.
    """
    return "".join(_anchored(frame)) if _MARK.search(frame) else frame


def _anchored(frame: str) -> Iterator[str]:
    column: int | None = None
    for token in _TOKEN.finditer(frame):
        if token["column"] is not None:
            column = int(token["column"])
        elif token["end"] is not None:
            column = None
        elif (text := token["text"]) is not None and column is not None:
            yield from _words(text, column)
            column += cells(text)
            continue
        yield token.group()


def _words(text: str, column: int) -> Iterator[str]:
    """A text that begins in a column, from 1."""
    at = 0
    for word in _WORD.finditer(text):
        before = text[at : word.start()]
        column += cells(before)
        width = cells(word.group())
        yield f"{before}{' ' * width}\x1b[{column}G{word.group()}\x1b[{column + width}G"
        column, at = column + width, word.end()
    yield text[at:]
