r"""Test of raw JSON: whether a file surely lacks a word of a query, before any of it is parsed.

It is sure only where nothing but parsing could make the word appear: in a file without NUL (damage, UTF-16), without
contents that are no strings, whose images and sounds are shown by words of our own, and without characters, written or
escaped, that the tokenizer reads as a letter of ASCII (`é`, `\u0061`) or drops (a combining accent).
"""

from __future__ import annotations

from ..base.late_pattern import late_pattern
from .ast import Query
from .tokenizer import reads_as_ascii

_PARTS = late_pattern(rb'"(?:content|text_summary)"\s*+:\s*+[^"n\s]')
"""A content that is no text but has parts."""
_ESCAPE = late_pattern(rb"\\u([0-9a-fA-F]{4})")
_ASCII = bytes(range(128))
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
    return b"\0" in raw or _PARTS.search(raw) is not None or _has_letters(raw)


def _has_letters(raw: bytes) -> bool:
    """True where a character beyond ASCII, or an escaped one, may stand for a letter of a word."""
    beyond = "" if raw.isascii() else raw.translate(None, _ASCII).decode("utf-8", "replace")
    codes = {*_ESCAPE.findall(raw)} if b"\\u" in raw else ()
    return reads_as_ascii({*beyond, *(chr(int(code, 16)) for code in codes)})


def _plain_words(word: str) -> bytes:
    """The word in lower case; empty where letters of other scripts, digits or signs are in it."""
    lowered = word.lower()
    return lowered.encode() if _PLAIN.fullmatch(lowered) else b""
