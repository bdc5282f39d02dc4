r"""Words behind JSON escapes in tool calls: an index has `\nquinces` as `nquinces`, and `a\n b` as three words.

The plain expression of a query finds the rows of an index, except where a letter of an escape makes a word that nobody
wrote: these are verified. The rows that it lacks are found by the word behind each letter, and verified, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from ...base.late_dataclass import dataclass
from ...query.ast import Query, Term
from ...query.json_escapes import ESCAPE_LETTERS, escaped_forms
from ...query.tokenizer import words
from ..base.schema_probe import Layout
from .fts5_match import all_of, match_words, phrase

EVERY_ROW = ("",)


@dataclass(frozen=True, slots=True)
class EscapedWords:
    """Rows for which the plain expression of a query does not answer.

    Args:
        possible: MATCH expression of rows among which are those that it lacks, which costs less than theirs.
        expression: MATCH expression of the rows that it lacks.
        lacking: LIKE patterns; the calls of such a row have one of them; `EVERY_ROW` for all that are found.
        mistaken: LIKE patterns of the calls of the rows that it finds and that have to be verified.
    """

    possible: str
    expression: str
    lacking: tuple[str, ...]
    mistaken: tuple[str, ...]


@lru_cache(maxsize=64)  # a search, its count and its ranking ask for the same
def escaped_words(query: Query, column: str) -> EscapedWords:
    """The rows for which `match_words` of a query with words does not answer.

    Args:
        column: Column of the index that has the tool calls; "" where they are in the only one.
    """
    excluded = [term for term in query.none_of if any(map(_looks_escaped, term.words))]
    reasons = [*_once(_behind_escapes(term, column) for term in query.terms), *map(phrase, excluded)]
    lacking = f"({' OR '.join(reasons)})"
    if query.none_of or any(len(terms) > 1 for terms in query.any_of):
        lacking = f"({match_possible(query, column)}) AND {lacking}"
    return EscapedWords(
        lacking,
        f"({lacking}) NOT ({match_words(query)})",
        (*_once(map(_glued, query.terms)), *_once(_misread(excluded))),
        (*_once(_misread(query.terms)), *_once(map(_glued, query.none_of))),
    )


def calls_column(layout: Layout) -> str:
    """Column of the index of words that has the tool calls; "" where it has one column for all."""
    return "tool_calls" if "tool_calls" in layout.fts_columns else ""


def match_possible(query: Query, column: str) -> str:
    """MATCH expression of all rows that may match a query with words, to be verified by `accepts`."""
    return " OR ".join(
        all_of([f"({phrase(term)} OR {_behind_escapes(term, column)})" for term in terms]) for terms in query.any_of
    )


def _once(parts: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(parts)


def _looks_escaped(word: str) -> bool:
    """True for a word that may be a letter of an escape and what is behind it."""
    return word[0].lower() in ESCAPE_LETTERS


def _misread(terms: Iterable[Term]) -> Iterator[str]:
    for term in terms:
        yield from (f"%\\{word}%" for word in term.words if _looks_escaped(word))


def _glued(term: Term) -> str:
    """LIKE pattern of calls that have a term behind escapes; it covers text that is ASCII."""
    return f"%\\_{term.words[0]}%" if len(term.words) == 1 else f"%{'%'.join(term.words)}%"


def _behind_escapes(term: Term, column: str) -> str:
    """Expression for calls that have a term only if their escapes are decoded.

    Of several words each may be behind escapes, and escapes may be words of their own between them.
    """
    last = len(term.words) - 1
    starred = [(word, "*" if term.prefix and place == last else "") for place, word in enumerate(term.words)]
    behind = [part for word, star in starred for part in _letters_before(word, star)]
    if last == 0:
        return _in_column(" OR ".join(behind), column)
    between = [f'"{word} {letter}"' for word in term.words[:-1] for letter in ESCAPE_LETTERS]
    each = " AND ".join(
        f"({' OR '.join([*_forms(word, star), *_letters_before(word, star)])})" for word, star in starred
    )
    return _in_column(f"{each} AND ({' OR '.join([*behind, *between])})", column)


def _in_column(expression: str, column: str) -> str:
    return f"{column} : ({expression})" if column else f"({expression})"


def _forms(word: str, star: str) -> list[str]:
    """A word as it was written, and as JSON has it."""
    in_json = (" ".join(words(form)) for form in escaped_forms(word))
    return [f'"{form}"{star}' for form in dict.fromkeys((word, *in_json))]


def _letters_before(word: str, star: str) -> list[str]:
    """The forms of a word with the letter of an escape before them; an escape before `\\u00e9` stays a word."""
    in_json = (" ".join(words(form)) for form in escaped_forms(word) if not form.startswith("\\"))
    forms = dict.fromkeys((word, *in_json))
    return [f'"{letter}{form}"{star}' for form in forms for letter in ESCAPE_LETTERS]
