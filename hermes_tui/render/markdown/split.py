"""Beginning of a long Markdown text that can be parsed alone, and the link definitions of the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

FIRST = 1 << 13
"""Characters of a text that are parsed for the first screen at most."""
STEP = 1 << 11
"""Characters of it that are parsed in one go, as long as the screen is not full."""
FIRST_LINES = 64
"""Lines that are drawn for the first screen; a taller one is filled as soon as all is drawn."""

_FENCE = re.compile(r"([ \t]*)(`{3,}(?=[^`]*$)|~{3,})(.*)")
_GOES_ON = re.compile(r"[ \t\-*+>|]|\d{1,9}[.)]")
"""Beginnings of a line that may belong to what stands before a blank line."""
_DEFINITION = re.compile(
    r"^[ >]{0,12}\[(?!\^)((?:[^\[\]\\\n]|\\.){1,200})\]:[ \t]*<?([^\s<>]+)>?[ \t]*(?:[\"'(].*)?$", re.MULTILINE
)


def first_part(text: str, limit: int = FIRST) -> int:
    """The length of the beginning that is drawn alone as it is in the whole: up to a blank line outside of fences.

    Returns:
        At most `limit`, 0 where there is no such line; the whole length of a text that is no longer.
    """
    if len(text) <= limit:
        return len(text)
    cut, blank = 0, False
    for start, line, fenced in _lines(text[:limit]):
        if not line.strip():
            blank = not fenced
        elif blank and not fenced:
            cut = start if _GOES_ON.match(line) is None else cut
            blank = False
        else:
            blank = False
    return cut


def definitions(text: str) -> dict[str, str]:
    """The addresses of a text's link definitions by their labels, the first of each."""
    found: dict[str, str] = {}
    for label, address in _DEFINITION.findall(text):
        found.setdefault(label, address)
    return found


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """The lines of a text with their places, and whether they are inside a fence; none after an uncertain fence."""
    start, fence, indent = 0, "", 0
    for line in text.split("\n")[:-1]:
        found = _FENCE.fullmatch(line)
        yield start, line, bool(fence)
        if found and not fence:
            fence, indent = found[2], len(found[1].expandtabs(4))
        elif found and found[2].startswith(fence) and not found[3].strip():
            if len(found[1].expandtabs(4)) > indent:
                return
            fence = ""
        start += len(line) + 1
