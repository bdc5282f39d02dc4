"""Parser of the search language: the text of the search bar or of `hermes-tui search` -> Query.

    docker timeout      both words, in any order
    "no space left"     these words in this order
    docker OR podman    either; OR parts the whole query
    dock*               words that begin so
    -flaky  NOT flaky   without it, whatever the ORs say
    source:telegram     a filter (`filters.KEYS`); -source:cron is its opposite

A word is what the index makes of it: `user@host` and `my-app.config` are their parts in a row.
Nothing that can be typed or pasted is an error, but for a filter whose value means nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .ast import Filter, Query, Term
from .filters import KEYS, admits, parse_filter
from .matcher import accepts, matches
from .tokenizer import ends_in_word, words

__all__ = [
    "MAX_CHARACTERS",
    "MAX_WORDS",
    "Filter",
    "Query",
    "Term",
    "accepts",
    "admits",
    "matches",
    "parse",
]

MAX_CHARACTERS = 512
"""What is typed beyond is left out (reliability.md E11)."""
MAX_WORDS = 32
"""Words that are sought or excluded at most, those of phrases counted one by one."""

_TOKEN = re.compile(
    rf"""(?=\S)
    (?P<minus>-(?=[^\s-]))?
    (?:(?P<key>{"|".join(KEYS)}):)?
    (?:"(?P<phrase>[^"]*)(?:(?P<close>")(?P<star>\*)?|\Z)|(?P<word>\S*))""",
    re.VERBOSE,
)
_OPERATORS = ("AND", "OR", "NOT")


@dataclass(frozen=True, slots=True)
class _Token:
    """One piece of what was typed: a word, a phrase or a filter."""

    key: str | None
    body: str
    minus: bool
    open: bool
    """Its last word may go on: it has a star, or the cursor stands behind it."""
    operator: bool
    start: int
    end: int


def parse(text: str, *, now: float, open_word: bool = False) -> Query:
    """Understand what was typed.

    Args:
        text: Anything at all; of more than 512 characters only the whole words before that are read.
        now: Seconds since 1970 UTC, for `after:7d`.
        open_word: The text is still being typed: its last word, if nothing follows it, matches as a prefix.

    Raises:
        QueryInvalid: A filter's value means nothing; it carries where, and says what would do.
    """
    head, cut = _head(text)
    split = cut and not text[len(head)].isspace()
    tokens = [_token(found, open_end=split or (open_word and not cut)) for found in _TOKEN.finditer(head)]
    only_operators = all(token.operator for token in tokens)
    reading = _Reading(now)
    for token in tokens:
        if token.operator and not only_operators:
            reading.operator(token.body)
        elif token.key is not None:
            reading.filter(token.key, token)
        else:
            reading.term(token)
    return reading.query(head, cut=cut)


def _head(text: str) -> tuple[str, bool]:
    """The characters that are read, up to the end of a word where there is one, and whether any are left out."""
    if len(text) <= MAX_CHARACTERS:
        return text, False
    head = text[:MAX_CHARACTERS]
    if not text[MAX_CHARACTERS].isspace():
        head = head[: _after_last_space(head)] or head
    return head.rstrip() or head, bool(text[MAX_CHARACTERS:].strip())


def _after_last_space(text: str) -> int:
    """Where the last word of a text begins, 0 where it is one word."""
    return max((found.end() for found in re.finditer(r"\s", text)), default=0)


def _token(found: re.Match[str], *, open_end: bool) -> _Token:
    """Give one piece of what was typed a form; `open_end` says that the end of the text may still grow."""
    phrase, word = found["phrase"], found["word"]
    grows = open_end and found.end() == len(found.string) and not found["close"]
    return _Token(
        key=found["key"],
        body=word if phrase is None else phrase,
        minus=found["minus"] is not None,
        open=grows or bool(found["star"]) or (word or "").endswith("*"),
        operator=word in _OPERATORS and not found["minus"] and not found["key"],
        start=found.start(),
        end=found.end(),
    )


class _Reading:
    """A query while its pieces come in, from left to right."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._any_of: list[list[Term]] = [[]]
        self._none_of: list[Term] = []
        self._filters: list[Filter] = []
        self._negated = False
        self._room = MAX_WORDS
        self._cut = False

    def operator(self, name: str) -> None:
        """Take AND, which says nothing new, OR or NOT; one that lacks a side does nothing."""
        if name == "OR" and self._any_of[-1]:
            self._any_of.append([])
        self._negated = name == "NOT"

    def filter(self, key: str, token: _Token) -> None:
        """Take one filter; raises QueryInvalid."""
        place = {"start": token.start, "end": token.end}
        negated = self._is_negated(token)
        self._filters.append(parse_filter(key, token.body, now=self._now, negated=negated, prefix=token.open, **place))

    def term(self, token: _Token) -> None:
        """Take a word or a phrase, as far as there is room; what has no letter in it says nothing."""
        body = token.body.rstrip("*")
        found = words(body)
        kept = found[: self._room]
        self._room -= len(kept)
        self._cut |= len(kept) < len(found)
        if not kept:
            return
        prefix = token.open and kept == found and ends_in_word(body)
        term = Term(body, kept, prefix, token.start, token.end)
        (self._none_of if self._is_negated(token) else self._any_of[-1]).append(term)

    def query(self, text: str, *, cut: bool) -> Query:
        """Give what was understood."""
        any_of = tuple(tuple(terms) for terms in self._any_of if terms)
        return Query(text, any_of, tuple(self._none_of), tuple(self._filters), cut or self._cut)

    def _is_negated(self, token: _Token) -> bool:
        negated, self._negated = token.minus or self._negated, False
        return negated
