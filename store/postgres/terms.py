"""Words of an index: those that are stored with a message of ours, and the tsquery that finds candidates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..query.ast import Query, Term
from ..query.json_escapes import searchable_calls, searchable_text
from ..query.matcher import ideographs
from ..query.tokenizer import cjk_runs, fold
from . import cells
from .column_sql import NO_CALLS, SEARCHED_TEXTS
from .schema_probe import TERMS, VECTOR, Layout

LONGEST = 200
"""Characters of a word that are stored; PostgreSQL takes 2,046 bytes."""
MOST_BYTES = 512 * 1024
"""Bytes of the words of a message that are stored; PostgreSQL takes 1 MB."""
HAS_PAIRS = "(hermes_tui_long OR pg_catalog.ts_match_vq(hermes_tui_terms, ''' '''::pg_catalog.tsquery))"
"""SQL that holds for messages with Chinese, Japanese or Korean characters, by a word of theirs that no text has: not an
operator, which the planner would look up in the index of words."""
_PAIRS = " "
_PAIR = 2
"""Characters of a run that an index word of ours has."""
_LINE_END = re.compile(r"\\[ntrbf]")
_BASIC = re.compile(r"\w+", re.ASCII)


def searched_text(content: object, tool_name: object, tool_calls: object, reasoning: object = None) -> str:
    """All that a search looks at of a message; escapes of line ends in calls are read as line ends.

    Args:
        reasoning: Of an answer that has nothing else.
    """
    calls = cells.text(tool_calls) or ""
    read = searchable_calls(calls) if _LINE_END.search(calls) else calls
    parts = (cells.content(content), cells.text(tool_name), read, cells.text(reasoning))
    return searchable_text(" ".join(part or "" for part in parts))


def text_of(cells_of: Mapping[str, object]) -> str:
    """The same of a message that is written, whose reasoning is searched where it has nothing else."""
    content, name, calls = (cells_of.get(column) for column in SEARCHED_TEXTS)
    said, reasoning = cells.text(content) or "", None
    if cells_of.get("role") == "assistant" and len(cells.text(calls) or "") <= NO_CALLS and not said.strip(" \t\n\r"):
        reasoning = cells_of.get("reasoning") or cells_of.get("reasoning_content")
    return searched_text(content, name, calls, reasoning)


def stored_terms(text: str) -> list[str] | None:
    """Words of a text, and of its Chinese, Japanese and Korean runs every pair and the last character, and a mark.

    None where they are more than an index takes.
    """
    words = {word[:LONGEST] for word in fold(text).letters.split()}
    runs = cjk_runs(text)
    for run in runs:
        folded = fold(run).letters
        words.update(folded[place : place + 2] for place in range(len(folded)))
    if sum(len(word.encode()) for word in words) > MOST_BYTES:
        return None
    return sorted({word for word in words if word and not word.isspace()} | ({_PAIRS} if runs else set()))


def index_of(layout: Layout) -> str | None:
    """The column of words that a schema has: ours, else Hermes' own, else None."""
    return next((name for name in (TERMS, VECTOR) if layout.has("messages", name)), None)


class Lexeme(NamedTuple):
    """A word of an index that is looked up."""

    word: str
    is_open: bool = False
    """Any word that begins so."""


Lookups = list[list[tuple[Lexeme, ...]]]
"""Alternatives, each of which needs one of every tuple."""


def lookups(query: Query, column: str) -> Lookups | None:
    """The words of an index that every matching message has; None where no word can be looked up.

    Args:
        column: What `index_of` returned.
    """
    alternatives = []
    for terms in query.any_of:
        parts = [part for term in terms for part in _of_term(term, exact=column == TERMS)]
        if not parts:
            return None
        alternatives.append(list(dict.fromkeys(parts)))
    return alternatives or None


def tsquery(found: Lookups) -> str:
    """The same as PostgreSQL's query."""
    return " | ".join("(" + " & ".join(map(_any_of, parts)) + ")" for parts in found)


def _any_of(forms: tuple[Lexeme, ...]) -> str:
    written = " | ".join(_written(*form) for form in forms)
    return f"({written})" if len(forms) > 1 else written


def without_variants(query: Query) -> Query:
    """A query whose matches are some of those of another, which also has its words in other forms of Unicode."""
    if not any(term.variants for term in query.terms):
        return query
    return replace(query, any_of=tuple(tuple(replace(term, variants=()) for term in terms) for terms in query.any_of))


def has_pairs(query: Query) -> bool:
    """True where every match has Chinese, Japanese or Korean characters."""
    return bool(query.any_of) and all(
        any(cjk_runs(word) for term in terms for word in term.words) for terms in query.any_of
    )


def is_certain(query: Query, column: str) -> bool:
    """True where the index alone decides: words, without phrases, signs, exclusions and characters without spaces.

    Of these our own index decides about a pair, as it holds every one.
    """
    return not query.none_of and all(_is_certain(term, exact=column == TERMS) for term in query.terms)


def _is_certain(term: Term, *, exact: bool) -> bool:
    if term.literal or len(term.words) > 1:
        return False
    if not cjk_runs(term.text):
        return True
    return exact and len(term.text) == _PAIR and cjk_runs(term.text) == (term.text,) == (fold(term.text).letters,)


def _of_term(term: Term, *, exact: bool) -> Iterator[tuple[Lexeme, ...]]:
    if term.variants:
        firsts = [next(_of_form(form, exact=exact), ()) for form in (term, *term.variants)]
        if all(firsts):
            yield tuple(dict.fromkeys(lexeme for first in firsts for lexeme in first))
    else:
        yield from _of_form(term, exact=exact)


def _of_form(term: Term, *, exact: bool) -> Iterator[tuple[Lexeme, ...]]:
    for place, word in enumerate(term.words):
        is_open = term.prefix and place == len(term.words) - 1
        if runs := cjk_runs(word):
            if exact:
                yield from _of_runs(runs)
        elif exact:
            folded = fold(word).letters.strip()
            yield (Lexeme(folded[:LONGEST], is_open or len(folded) > LONGEST),)
        else:
            forms = dict.fromkeys((word.lower(), fold(word).letters.strip()))
            yield tuple(Lexeme(form, is_open) for form in forms)


def _of_runs(runs: Iterable[str]) -> Iterator[tuple[Lexeme, ...]]:
    for run in runs:
        folded = fold(run).letters
        pairs = [folded[place : place + 2] for place in range(len(folded) - 1)]
        yield from ((Lexeme(pair),) for pair in pairs) if pairs else [(Lexeme(folded, is_open=True),)]


def _written(word: str, is_open: bool) -> str:
    quoted = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'" + (":*" if is_open else "")


def prefilter(query: Query, columns: Sequence[str]) -> tuple[str, list[str]]:
    """SQL that holds for every message that matches, where no index is used, and its parameters.

    A text with characters beyond ASCII or with JSON escapes is always a candidate: case, accents and escapes are the
    matcher's business. Of an ideograph, which has neither case nor accents, its own escape alone counts.

    Args:
        columns: SQL of the texts that are searched. Each is looked at by itself: joining them costs more than that.
    """
    alternatives, params = [], list[str]()
    for terms in query.any_of:
        tests = []
        for term in terms:
            forms = [_tests(form, columns) for form in (term, *term.variants)]
            if all(sql for sql, _ in forms):
                tests.append("(" + " OR ".join(sql for sql, _ in forms) + ")")
                params += [pattern for _, patterns in forms for pattern in patterns]
        alternatives.append(" AND ".join(tests) or "true")
    return " OR ".join(f"({tests})" for tests in alternatives) or "true", params


def _tests(term: Term, columns: Sequence[str]) -> tuple[str, list[str]]:
    """The same of one form of a term; "" where any text may have it."""
    tests, params = [], list[str]()
    for word in term.words:
        if _BASIC.fullmatch(word):
            tests.append(_in_any(columns, '{0} COLLATE "C" ILIKE %s', _FOLDED, _ESCAPED))
            escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            params += [f"%{escaped}%"] * len(columns)
        elif cjk_runs(word) == (word,):
            escaped, signs = _of_escapes(word)
            tests.append(_in_any(columns, _WRITTEN, escaped))
            params += [*[f"%{word}%"] * len(columns), *signs * len(columns)]
    return " AND ".join(tests), params


def written(query: Query, columns: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """SQL that holds for messages that surely match, of candidates by `prefilter`, and its parameters; "" for none."""
    run = ideographs(query)
    return (_in_any(columns, _WRITTEN), (f"%{run}%",) * len(columns)) if run else ("", ())


_WRITTEN = '{0} COLLATE "C" LIKE %s'
_ESCAPED = """{0} COLLATE "C" LIKE '%%\\\\u%%'"""
_FOLDED = "pg_catalog.octet_length({0}) <> pg_catalog.char_length({0})"
_SIGN = '({0} COLLATE "C" LIKE %s OR {0} COLLATE "C" LIKE %s AND {0} COLLATE "C" ILIKE %s)'
"""A sign as it is or as its escape, whose letters may be of either case: most texts fail without a look at these."""
_HEX_LETTER = re.compile("[a-f]")


def _of_escapes(word: str) -> tuple[str, list[str]]:
    """SQL that holds for a text that may have a word by JSON escapes: each ideograph, as it is or as an escape.

    In content that is JSON (docs/postgres.md §6) the escape itself may be written as escapes.
    """
    if any(not "\u4e00" <= sign <= "\u9fff" for sign in word):
        return _ESCAPED, []
    signs = {sign: f"u{ord(sign):04x}" for sign in word}
    parts = [part for sign, escape in signs.items() for part in (sign, _HEX_LETTER.sub("_", escape), escape)]
    return f"({_ESCAPED} AND (pg_catalog.ascii({{0}}) = 1 OR {' AND '.join([_SIGN] * len(signs))}))", [
        f"%{part}%" for part in parts
    ]


def _in_any(columns: Sequence[str], *tests: str) -> str:
    return "(" + " OR ".join(test.format(column) for test in tests for column in columns) + ")"
