"""Lines for the screen: spans of safe text with a role each, measured in cells.

A line says what a text is; the widgets' theme says what that looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import cache, lru_cache

from hermes_tui.render.safe import SafeText, safe
from store.base.late_dataclass import dataclass, replace
from store.base.late_pattern import late_pattern


class Role(StrEnum):
    """Kind of a text, which gives its colour (docs/look.md §3)."""

    TEXT = "text"
    DIM = "dim"
    HAIR = "hair"
    ACCENT = "accent"
    FOCUS = "focus"
    WARNING = "warning"
    ERROR = "error"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text that looks the same throughout."""

    text: SafeText
    role: Role = Role.TEXT
    bold: bool = False
    underline: bool = False
    italic: bool = False
    reverse: bool = False
    tint: bool = False
    """It stands on the ground of code."""


Line = tuple[Span, ...]
"""One row, or a part of one, from left to right."""

SHORT = 16
"""Characters of a span that is made once: marks, ages and numbers stand on every row."""
Range = tuple[int, int]
"""Characters of a text, half open."""

_NARROW = late_pattern(
    "[ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0377\u0391-\u03ff\u0400-\u0482\u2010-\u2027\u2500-\u257f]*"
)
"""One cell for each character, whatever the Unicode version."""


def span(text: str, role: Role = Role.TEXT, *, bold: bool = False, italic: bool = False) -> Span:
    """A span of any text, passed through the gate."""
    if len(text) <= SHORT:
        return _short_span(text, role, bold, italic)
    return Span(safe(text), role, bold=bold, italic=italic)


@lru_cache(maxsize=2048)
def _short_span(text: str, role: Role, bold: bool, italic: bool) -> Span:
    return Span(safe(text), role, bold=bold, italic=italic)


def in_look_of(look: Span, text: SafeText) -> Span:
    """A span of safe text in the look of another; several times as fast as `dataclasses.replace`."""
    return Span(text, look.role, look.bold, look.underline, look.italic, look.reverse, look.tint)


def bold(line: Line) -> Line:
    """A line in bold."""
    return tuple(Span(of.text, of.role, True, of.underline, of.italic, of.reverse, of.tint) for of in line)


def tinted(line: Line) -> Line:
    """A line on the ground of code."""
    return tuple(Span(of.text, of.role, of.bold, of.underline, of.italic, of.reverse, True) for of in line)


@lru_cache(maxsize=512)
def blank(width: int) -> Span:
    """`width` empty cells."""
    return Span(SafeText(" " * width))


def is_narrow(text: str) -> bool:
    """Whether every character surely takes one cell, quickly; False is no proof of the opposite."""
    return text.isascii() or _NARROW.fullmatch(text) is not None


def graphemes(text: str) -> list[tuple[int, int, int]]:
    """The symbols of a text as they are drawn: start, end, cells."""
    from rich.cells import split_graphemes

    return split_graphemes(text)[0]


def cells(text: str) -> int:
    """The cells that a safe text takes."""
    return len(text) if is_narrow(text) else _measure()(text)


@cache
def _measure() -> Callable[[str], int]:
    """Rich's measure; its tables are imported with the first text that is not ASCII."""
    from rich.cells import cell_len

    return cell_len


def line_cells(line: Iterable[Span]) -> int:
    """The cells that a line takes."""
    return sum(cells(part.text) for part in line)


def reach(text: str, width: int) -> int:
    """The number of characters from the start that fit into `width` cells; never part of a symbol."""
    if is_narrow(text[: width + 1]):
        return min(len(text), max(width, 0))
    taken, ahead = 0, text[: width * 8 + 64]
    for start, end, size in graphemes(ahead):
        taken += size
        if taken > width:
            return start
        if end == len(ahead):
            return end
    return len(ahead)


def fit(text: SafeText, width: int, mark: str = "…") -> SafeText:
    """Cut a text that is too wide, and put `mark` (one cell) at its end with no space before it.

    Returns:
        Text of at most `width` cells; "" where `width` is below 1.
    """
    if width < 1:
        return SafeText("")
    if len(text) <= width * 8 and cells(text) <= width:
        return text
    return SafeText(text[: reach(text, width - 1)].rstrip(" ") + mark)


def pad(text: SafeText, width: int) -> SafeText:
    """Put spaces after a text until it has `width` cells."""
    return SafeText(text + " " * (width - cells(text)))


def pad_left(text: SafeText, width: int) -> SafeText:
    """Put spaces before a text until it has `width` cells."""
    return SafeText(" " * (width - cells(text)) + text)


def fill(line: Line, width: int) -> Line:
    """Put spaces after a line until it has `width` cells."""
    missing = width - line_cells(line)
    return (*line, blank(missing)) if missing > 0 else line


def head(line: Iterable[Span], width: int) -> Line:
    """The first `width` cells of a line, or one less where a wide symbol stands across the end."""
    kept: list[Span] = []
    left = width
    for part in line:
        if left < 1:
            break
        taken = cells(part.text)
        kept.append(part if taken <= left else replace(part, text=SafeText(part.text[: reach(part.text, left)])))
        left -= taken
    return tuple(kept)


def crop(line: Line, width: int, mark: str = "…") -> Line:
    """Cut a line that is too wide, and put `mark` (one cell) at its end with no space before it."""
    if line_cells(line) <= width:
        return line
    kept = list(head(line, width - 1))
    while kept and not (text := kept[-1].text.rstrip(" ")):
        kept.pop()
    if not kept:
        return (Span(SafeText(mark), Role.DIM),)
    last = kept.pop()
    end = replace(last, text=SafeText(mark), underline=False, reverse=False)
    return (*kept, replace(last, text=SafeText(text)), end)


def join(parts: Sequence[Line], between: Span) -> Line:
    """Put `between` between the parts."""
    joined: list[Span] = []
    for index, part in enumerate(parts):
        joined.extend((between, *part) if index else part)
    return tuple(joined)


def plain(line: Iterable[Span]) -> SafeText:
    """The text of a line alone."""
    return SafeText("".join(part.text for part in line))
