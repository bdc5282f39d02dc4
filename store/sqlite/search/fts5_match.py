"""MATCH expressions of FTS5 for a query: words of the unicode61 index, character runs of the trigram index."""

from __future__ import annotations

from ...query.ast import Query, Term
from ...query.json_escapes import escaped
from ...query.tokenizer import cjk_runs, words


def match_words(query: Query) -> str:
    """Give the MATCH string for an index of tokenizer unicode61; "" where the query has no words to seek.

    Every word is quoted, so no text can be syntax; one beyond ASCII is also sought as JSON has it (`escapes`), where
    its letters are words of their own: then what is found is to be verified by `accepts`.
    Terms with Chinese, Japanese or Korean characters find only texts where they stand alone: see `match_trigrams`.
    """
    wanted = " OR ".join(_all_of([_quoted(term) for term in terms]) for terms in query.any_of)
    if not wanted or not query.none_of:
        return wanted
    return f"({wanted}) NOT ({' OR '.join(map(_quoted, query.none_of))})"


def match_trigrams(query: Query) -> str:
    """Give the MATCH string for an index of tokenizer trigram; "" where such an index cannot help.

    It only narrows down, by the runs of three and more Chinese, Japanese or Korean characters: what it finds is to be
    verified by `accepts`.
    """
    alternatives = [
        [run for term in terms for word in term.words for run in cjk_runs(word) if len(run) >= 3]
        for terms in query.any_of
    ]
    if not all(alternatives):
        return ""
    return " OR ".join(_all_of([f'("{run}" OR "{escaped(run)}")' for run in runs]) for runs in alternatives)


def _all_of(parts: list[str]) -> str:
    """All of some phrases; the AND may be left out between those without parentheses alone."""
    return (" AND " if any(part.startswith("(") for part in parts) else " ").join(parts)


def _quoted(term: Term) -> str:
    star = "*" if term.prefix else ""
    plain = f'"{" ".join(term.words)}"{star}'
    if plain.isascii():
        return plain
    in_json = " ".join(part for word in term.words for part in words(escaped(word)))
    return f'({plain} OR "{in_json}"{star})'
