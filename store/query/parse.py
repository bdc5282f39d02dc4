"""Parser of the search language: the text of the search bar or of `hermes-tui search` -> Query.

    docker timeout      both words, in any order
    "no space left"     these words in this order
    docker OR podman    either; OR splits the whole query
    dock*               words with this prefix
    -flaky  NOT flaky   without it, in every alternative
    source:telegram     a filter (`filters.KEYS`); -source:cron is its opposite

Words are those of the index: `user@host` and `my-app.config` are phrases of their parts.
No text is an error, except a filter with an invalid value.
"""

from __future__ import annotations

import re
import unicodedata

from ..base.late_dataclass import dataclass
from ..base.late_pattern import late_pattern
from .ast import Filter, Query, Term
from .filters import KEYS, parse_filter
from .matcher import accepts, matches
from .tokenizer import cjk_runs, ends_in_word, fold, plain, words

__all__ = ["MAX_CHARACTERS", "MAX_WORDS", "Query", "accepts", "matches", "parse"]

MAX_CHARACTERS = 512
"""Characters that are read; the rest is ignored (docs/reliability.md E11)."""
MAX_WORDS = 32
"""Maximum words, excluded ones and those of phrases included."""

_TOKEN = late_pattern(
    rf"""(?=\S)
    (?P<minus>-(?=[^\s-]))?
    (?:(?P<key>{"|".join(KEYS)}):)?
    (?:"(?P<phrase>[^"]*)(?:(?P<close>")(?P<star>\*)?|\Z)|(?P<word>\S*))""",
    re.VERBOSE,
)
_SIGNS = frozenset("+#$%=&~^<>|€£¥")
"""Signs that belong to a name or a number; others part words, as in the index."""
_OF_SENTENCE = ".,;:!?\"'“”‘’«»()[]{}…"
_OPERATORS = ("AND", "OR", "NOT")


@dataclass(frozen=True, slots=True)
class _Token:
    """One token of the text: a word, a phrase or a filter."""

    key: str | None
    body: str
    minus: bool
    open: bool
    """Its last word is a prefix: it has a star, or the cursor is behind it."""
    operator: bool
    start: int
    end: int


def parse(text: str, *, now: float, open_word: bool = False) -> Query:
    """Parse a search.

    Args:
        text: Any text; of more than 512 characters only the whole words before that are read.
        now: Seconds since 1970 UTC, for `after:7d`.
        open_word: The text is still being typed: its last word, if nothing follows it, matches as a prefix.

    Raises:
        QueryInvalid: A filter has an invalid value; the error has its position and an example.
    """
    head, cut = _within_limit(text)
    split = cut and not text[len(head)].isspace()
    tokens = [_token(match, open_end=split or (open_word and not cut)) for match in _TOKEN.finditer(head)]
    only_operators = all(token.operator for token in tokens)
    builder = _Builder(now)
    for token in tokens:
        if token.operator and not only_operators:
            builder.operator(token.body)
        elif token.key is not None:
            builder.filter(token.key, token)
        else:
            builder.term(token)
    return builder.query(head, cut=cut)


def _literal(body: str) -> str:
    """The text of a word with signs that belong to it, without case; "" for words and the signs of a sentence."""
    text = body.strip(_OF_SENTENCE)
    return plain(text) if not any(map(str.isspace, text)) and not _SIGNS.isdisjoint(text) else ""


def _forms(body: str) -> tuple[str, ...]:
    """A text in the forms of Unicode that it may be stored in and that are other words to an index; composed first.

    Most accents of Latin letters make no other word; the second one of a letter does, as do those of other scripts.
    """
    if body.isascii():
        return (body,)
    first, *others = dict.fromkeys((unicodedata.normalize("NFC", body), body, unicodedata.normalize("NFD", body)))
    varies = bool(cjk_runs(body) or _literal(body))
    letters = fold(first).letters
    return (first, *(form for form in others if varies or fold(form).letters != letters))


def _within_limit(text: str) -> tuple[str, bool]:
    """The text up to the limit, cut after a word where possible, and whether it was cut."""
    if len(text) <= MAX_CHARACTERS:
        return text, False
    head = text[:MAX_CHARACTERS]
    if not text[MAX_CHARACTERS].isspace():
        head = re.sub(r"\S+\Z", "", head) or head
    return head.rstrip() or head, bool(text[MAX_CHARACTERS:].strip())


def _token(match: re.Match[str], *, open_end: bool) -> _Token:
    """One token; with `open_end` the last word of the text is a prefix."""
    phrase, word = match["phrase"], match["word"]
    grows = open_end and match.end() == len(match.string) and not match["close"]
    return _Token(
        key=match["key"],
        body=word if phrase is None else phrase,
        minus=match["minus"] is not None,
        open=grows or bool(match["star"]) or (word or "").endswith("*"),
        operator=word in _OPERATORS and not match["minus"] and not match["key"],
        start=match.start(),
        end=match.end(),
    )


class _Builder:
    """Builder of a query from its tokens, left to right."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._any_of: list[list[Term]] = [[]]
        self._none_of: list[Term] = []
        self._filters: list[Filter] = []
        self._negated = False
        self._room = MAX_WORDS
        self._cut = False

    def operator(self, name: str) -> None:
        """Add AND, which is the default, OR or NOT; one without a side is ignored."""
        if name == "OR" and self._any_of[-1]:
            self._any_of.append([])
        self._negated = name == "NOT"

    def filter(self, key: str, token: _Token) -> None:
        """Add one filter; raises QueryInvalid."""
        place = {"start": token.start, "end": token.end}
        negated = self._is_negated(token)
        self._filters.append(parse_filter(key, token.body, now=self._now, negated=negated, prefix=token.open, **place))

    def term(self, token: _Token) -> None:
        """Add a word or a phrase, up to MAX_WORDS; one without letters is ignored."""
        body, *others = _forms(token.body.rstrip("*"))
        typed = words(body)
        kept = typed[: self._room]
        self._room -= len(kept)
        self._cut |= len(kept) < len(typed)
        if not kept:
            return
        prefix = token.open and kept == typed and ends_in_word(body)
        literal = _literal(body) if kept == typed else ""
        variants = tuple(Term(other, words(other), prefix, plain(other)) for other in others if kept == typed)
        term = Term(body, kept, prefix, literal, variants, token.start, token.end)
        (self._none_of if self._is_negated(token) else self._any_of[-1]).append(term)

    def query(self, text: str, *, cut: bool) -> Query:
        """The finished query."""
        any_of = tuple(tuple(terms) for terms in self._any_of if terms)
        return Query(text, any_of, tuple(self._none_of), tuple(self._filters), cut or self._cut)

    def _is_negated(self, token: _Token) -> bool:
        negated, self._negated = token.minus or self._negated, False
        return negated
