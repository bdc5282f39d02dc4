"""Similarity of two texts: whether one may be the other after an edit, a redaction, a truncation or a pruning."""

from __future__ import annotations

import re
from collections import Counter

_MARKS = re.compile(
    r"\[(?:old tool output cleared|duplicate tool output|screenshot removed|(?:output |content )?truncated"
    r"|redacted|pruned|removed|omitted)\b"
    r"|\b(?:truncated|redacted|omitted)\]|<persisted-output>|«redacted",
    re.IGNORECASE,
)
"""What Hermes and its users leave in place of a text (docs/format.md §3.2)."""
_WORD = re.compile(r"\w+")


def alike(text: str, other: str, *, least: int = 0) -> bool:
    """True where half of the words of the longer text are in both, or one has a mark.

    Args:
        least: Words that the longer text has to have, unless there is a mark.
    """
    if _MARKS.search(text) or _MARKS.search(other):
        return True
    words, others = Counter(_WORD.findall(text)), Counter(_WORD.findall(other))
    most = max(words.total(), others.total())
    return most >= least and 2 * (words & others).total() >= most
