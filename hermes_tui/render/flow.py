"""Lines of any look, broken to a width, with a search's words marked in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from hermes_tui.render.line import Line, Range, Span, blank, in_look_of, plain
from hermes_tui.render.look import Look
from hermes_tui.render.marks import Mark, marked
from hermes_tui.render.safe import SafeText
from hermes_tui.render.text import breaks


def flow(lines: Sequence[Line], look: Look, *, indent: int = 0, hang: int = 0) -> list[Line]:
    """Break lines at `look.room`, and mark what was searched for; a match may reach over the end of a line.

    Args:
        indent: Cells before every line.
        hang: Cells before what continues a line, beside its own indentation.

    Returns:
        Lines without the cells that may be missing at their right. Linear in the text.
    """
    texts = [plain(line) for line in lines]
    marks = look.marker.marks("\n".join(texts))
    pieces: list[Line] = []
    offset = first = 0
    for line, text in zip(lines, texts, strict=True):
        own, ranges = breaks(text, look.room - indent, hang)
        for index, (piece, (start, end)) in enumerate(zip(cuts(line, ranges), ranges, strict=True)):
            while first < len(marks) and marks[first][1] <= offset + start:
                first += 1
            near = _near(marks, first, offset + start, offset + end)
            front = indent + (own if index else 0)
            drawn = _overlaid(piece, near) if near else piece
            pieces.append((blank(front), *drawn) if front else drawn)
        offset += len(text) + 1
    return pieces


def cuts(line: Line, ranges: Iterable[Range]) -> Iterator[Line]:
    """The pieces of a line by ranges of its characters, in ascending order."""
    if len(line) == 1:
        text = line[0].text
        for start, end in ranges:
            is_all = start == 0 and end == len(text)
            yield line if is_all else (in_look_of(line[0], SafeText(text[start:end])),)
        return
    index = begin = 0
    for start, end in ranges:
        while index < len(line) and begin + len(line[index].text) <= start:
            begin += len(line[index].text)
            index += 1
        yield tuple(_between(line, index, begin, start, end))


def _between(line: Line, index: int, begin: int, start: int, end: int) -> Iterator[Span]:
    """The spans of a line from the span `index` on, which begins at the character `begin`."""
    while index < len(line) and begin < end:
        text = line[index].text
        if kept := text[max(start - begin, 0) : end - begin]:
            yield in_look_of(line[index], SafeText(kept))
        begin += len(text)
        index += 1


def _overlaid(line: Line, marks: Sequence[Mark]) -> Line:
    """A line with marks; what is between them keeps its look."""
    drawn: list[Span] = []
    offset = 0
    for part in line:
        end = offset + len(part.text)
        here = [(start - offset, stop - offset, now) for start, stop, now in marks if start < end and stop > offset]
        drawn += marked(part.text, here, part)
        offset = end
    return tuple(drawn)


def _near(marks: Sequence[Mark], first: int, start: int, end: int) -> list[Mark]:
    """The marks from `first` on that begin before `end`, counted from `start`."""
    near = takewhile(lambda mark: mark[0] < end, (marks[at] for at in range(first, len(marks))))
    return [(begin - start, stop - start, current) for begin, stop, current in near]
