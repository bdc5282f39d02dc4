"""Line breaks by cells: at spaces, between ideographs, and inside a word only where it is wider than the line."""

from __future__ import annotations

from collections.abc import Iterator

from hermes_tui.render.line import Line, Range, Role, blank, graphemes, is_narrow, line_cells, span
from hermes_tui.render.safe import SafeText, safe_lines

_NOT_FIRST = frozenset("、。，．・：；！？）」』】〕〉》ー々,.:;!?)]}")
_NOT_LAST = frozenset("（「『【〔〈《([{")


def wrap(text: str, width: int) -> list[SafeText]:
    """Make any text safe and break it into lines of at most `width` cells.

    Line ends are kept, tabs expanded; what continues an indented line is indented as far, up to a third of the width.

    Returns:
        At least one line. A line is wider than `width` only where a single symbol is.
    """
    pieces: list[SafeText] = []
    for line in safe_lines(text):
        indent, ranges = breaks(line, width)
        pieces += (SafeText(" " * (indent if index else 0) + line[a:b]) for index, (a, b) in enumerate(ranges))
    return pieces


def hanging(front: Line, text: str, width: int, role: Role = Role.TEXT, *, bold: bool = False) -> Iterator[Line]:
    """Draw a text beside a front, broken to `width` cells; what does not fit goes on below, nothing is cut."""
    for part in wrap(text, width):
        yield (*front, span(part, role, bold=bold))
        front = (blank(line_cells(front)),)


def breaks(line: str, width: int, hang: int = 0) -> tuple[int, list[Range]]:
    """Find where one safe line breaks, in time linear in its length.

    Args:
        hang: Cells by which every piece but the first is indented beside the indentation of the line.

    Returns:
        The cells by which every piece but the first is indented, and the pieces as characters of `line`.
        Spaces at a break belong to no piece; an indentation that leaves no room for text is left out.
    """
    width = max(width, 1)
    words_from = len(line) - len(line.lstrip(" "))
    end = len(line.rstrip(" "))
    if end == 0:
        return 0, [(0, 0)]
    indent = next((cells for cells in (words_from + hang, hang) if cells <= width // 3), 0)
    start = words_from if words_from >= width else 0
    if is_narrow(line):
        return indent, _narrow(line[:end], width, start, words_from, indent)
    return indent, _wide(line[:end], width, start, words_from, indent)


def _narrow(line: str, width: int, start: int, words_from: int, indent: int) -> list[Range]:
    """Break a line whose characters all take one cell."""
    pieces: list[Range] = []
    room = width
    while len(line) - start > room:
        space = line.rfind(" ", max(start, words_from) + 1, start + room + 1)
        end = space if space > 0 else start + room
        pieces.append((start, _before_spaces(line, start, end)))
        start = _after_spaces(line, end)
        room = width - indent
    pieces.append((start, len(line)))
    return pieces


def _wide(line: str, width: int, start: int, words_from: int, indent: int) -> list[Range]:
    """Break a line with wide or combined symbols."""
    symbols = [symbol for symbol in graphemes(line) if symbol[0] >= start]
    pieces: list[Range] = []
    index = first = resume = used = 0
    room = width
    while index < len(symbols):
        begin, end, cells = symbols[index]
        if index > first and begin >= words_from and _may_break(line, symbols[index - 1], symbols[index]):
            resume = index
        if used + cells > room and index > first and line[begin:end] != " ":
            stop = resume if resume > first else index
            start = symbols[first][0]
            pieces.append((start, _before_spaces(line, start, symbols[stop][0])))
            index = first = resume = stop
            used, room = 0, width - indent
            continue
        used += cells
        index += 1
    pieces.append((symbols[first][0], len(line)))
    return pieces


def _may_break(line: str, before: tuple[int, int, int], after: tuple[int, int, int]) -> bool:
    left, right = line[before[0] : before[1]], line[after[0] : after[1]]
    if left == " ":
        return right != " "
    if right == " " or right in _NOT_FIRST or left in _NOT_LAST:
        return False
    return before[2] > 1 or after[2] > 1


def _before_spaces(line: str, start: int, end: int) -> int:
    return start + len(line[start:end].rstrip(" "))


def _after_spaces(line: str, index: int) -> int:
    while index < len(line) and line[index] == " ":
        index += 1
    return index
