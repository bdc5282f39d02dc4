"""Likeness of two texts, and the marks of a redaction, a truncation or a pruning."""

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


def is_marked(text: str) -> bool:
    """True for a text with a mark of redaction, truncation or pruning."""
    return _MARKS.search(text) is not None


def alike(text: str, other: str) -> bool:
    """True where half of the words of the longer text are in both."""
    words, others = Counter(_WORD.findall(text)), Counter(_WORD.findall(other))
    return 2 * (words & others).total() >= max(words.total(), others.total())
