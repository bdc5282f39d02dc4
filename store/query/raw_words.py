r"""Test of raw JSON: whether a file surely lacks a word of a query, before any of it is parsed.

It is sure only where nothing but parsing could make the word appear: a file of plain ASCII without `\u` escapes, NUL
(damage, UTF-16) and contents that are no strings, whose images and sounds are shown by words of our own.
"""

from __future__ import annotations

from ..base.late_pattern import late_pattern
from .ast import Query

_PARTS = late_pattern(rb'"(?:content|text_summary)"\s*+:\s*+[^"n\s]')
"""A content that is no text but has parts."""
_PLAIN = late_pattern("[a-z]{2,}")


class RawWords:
    """The words of a query that raw bytes are searched for.

    Args:
        query: One with other letters, digits or signs alone gives no words: then no file lacks one for sure.
    """

    def __init__(self, query: Query) -> None:
        words = [[_plain_words(text) for term in terms for text in term.words] for terms in query.any_of]
        self._any_of = [[word for word in alternative if word] for alternative in words]
        self._any = bool(self._any_of) and all(self._any_of)

    def surely_missing(self, raw: bytes) -> bool:
        """True where no text of a file can have all the words of an alternative."""
        if not self._any:
            return False
        lowered = raw.lower()
        if any(all(word in lowered for word in words) for words in self._any_of):
            return False
        return not _is_unsure(raw)


def _is_unsure(raw: bytes) -> bool:
    """True where a word may come from what does not stand there: other letters, escapes, contents with parts."""
    return not raw.isascii() or b"\0" in raw or b"\\u" in raw or _PARTS.search(raw) is not None


def _plain_words(word: str) -> bytes:
    """The word in lower case; empty where letters of other scripts, digits or signs are in it."""
    lowered = word.lower()
    return lowered.encode() if _PLAIN.fullmatch(lowered) else b""
