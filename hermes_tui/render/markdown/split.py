"""Beginning of a long Markdown text that can be parsed alone, and the link definitions of the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

FIRST = 1 << 13
"""Characters of a text that are parsed for the first screen at most."""
STEP = 1 << 7
"""Characters of it that are parsed in one go, as long as the screen is not full; more where no cut is possible."""
FIRST_LINES = 64
"""Lines that are drawn for the first screen; a taller one is filled as soon as all is drawn."""

_FENCE = re.compile(r"([ \t]*)(`{3,}(?=[^`]*$)|~{3,})(.*)")
_GOES_ON = re.compile(r"[ \t>]")
"""Beginnings of a line that may belong to what stands before a blank line."""
_ITEM = re.compile(r"[ \t>]*(?:[\-*+]|\d{1,9}[.)])")
"""Beginnings of a line that may be an item of a list, to which the next item belongs."""
_DEFINITION = re.compile(
    r"^[ >]{0,12}\[(?!\^)((?:[^\[\]\\\n]|\\.){1,200})\]:[ \t]*<?([^\s<>]+)>?[ \t]*(?:[\"'(].*)?$", re.MULTILINE
)


def first_part(text: str, limit: int = FIRST) -> int:
    """The length of the beginning that is drawn alone as it is in the whole: up to a blank line outside of fences.

    Returns:
        At most `limit`, 0 where there is no such line; the whole length of a text that is no longer.
    """
    return len(text) if len(text) <= limit else max(_cuts(text[:limit]), default=0)


def steps(text: str) -> Iterator[str]:
    """A text in pieces that are drawn alone as they are in the whole, of `STEP` characters or as few more as may be."""
    begin = 0
    for cut in _cuts(text):
        if cut - begin >= STEP:
            yield text[begin:cut]
            begin = cut
    yield text[begin:]


def _cuts(text: str) -> Iterator[int]:
    """Places behind a blank line outside of fences where nothing goes on that stands before it."""
    blank = listed = False
    for start, line, fenced in _lines(text):
        if not line.strip():
            blank = not fenced
            continue
        is_item = not fenced and _ITEM.match(line) is not None
        if blank and not fenced and not _GOES_ON.match(line) and not (is_item and listed):
            yield start
            listed = False
        blank, listed = False, listed or is_item


def definitions(text: str) -> dict[str, str]:
    """The addresses of a text's link definitions by their labels, the first of each."""
    found: dict[str, str] = {}
    for label, address in _DEFINITION.findall(text):
        found.setdefault(label, address)
    return found


def _indent(line: str) -> int:
    line = line.expandtabs(4)
    return len(line) - len(line.lstrip(" "))


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """The lines of a text with their places, and whether they are inside a fence; none after an uncertain fence.

    One that is indented may stand in an item, and end with it where a line is indented less.
    """
    start, fence, indent = 0, "", 0
    for line in text.split("\n")[:-1]:
        found = _FENCE.fullmatch(line)
        if fence and line.strip() and _indent(line) < indent:
            return
        yield start, line, bool(fence)
        if found and not fence:
            fence, indent = found[2], _indent(line)
        elif found and found[2].startswith(fence) and not found[3].strip():
            if _indent(line) > indent:
                return
            fence = ""
        start += len(line) + 1
