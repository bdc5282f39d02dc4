"""Text that comes as keys and was not typed: a paste into a terminal that does not mark it as one."""

from __future__ import annotations

import re

FEWEST = 6
"""Characters of one read that are too many for fingers, if there are three different ones among them."""
DIFFERENT = 3
MOST = 300
"""Characters of a paste that are taken."""
_LINE_ENDS = re.compile(r"\r\n?|\n")
_BETWEEN_LETTERS = re.compile(r"\S\s*[\r\n]\s*\S")


def is_burst(text: str) -> bool:
    """Whether the characters of one read, without escape sequences, are text and no keys.

    One key that repeats is none, whatever the number.
    """
    many = len(text) >= FEWEST and len(set(text)) >= DIFFERENT
    return many or _BETWEEN_LETTERS.search(text) is not None


def in_one_row(text: str) -> str:
    """A text for an input of one row: line ends and tabs become spaces."""
    return _LINE_ENDS.sub(" ", text).replace("\t", " ")
