"""MATCH expressions of FTS5 for a query: words of the unicode61 index, character runs of the trigram index."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from ...base.late_dataclass import replace
from ...query.ast import Query, Term
from ...query.json_escapes import escaped_forms, escaped_runs
from ...query.tokenizer import cjk_runs, words


@lru_cache(maxsize=64)
def match_words(query: Query) -> str:
    """MATCH expression for an index of tokenizer unicode61; "" for a query without words.

    Every word is quoted, so no text is syntax; one beyond ASCII is also searched as JSON escapes (`json_escapes`),
    whose letters are words of their own: then hits have to be verified by `accepts`.
    Terms with Chinese, Japanese or Korean characters match only as whole words: see `match_trigrams`.
    """
    included = " OR ".join(all_of([phrase(term) for term in terms]) for terms in query.any_of)
    certain = (replace(term, variants=()) for term in query.none_of if not term.literal)
    excluded = [phrase(term) for term in certain]  # of variants and signs an index would leave out too much
    return f"({included}) NOT ({' OR '.join(excluded)})" if included and excluded else included


def match_trigrams(query: Query) -> str:
    """MATCH expression for an index of tokenizer trigram; "" where such an index has no candidates.

    It has the runs of three and more Chinese, Japanese or Korean characters only: hits have to be verified by
    `accepts`.
    """
    alternatives = [[part for term in terms if (part := _trigrams(term))] for terms in query.any_of]
    return " OR ".join(map(all_of, alternatives)) if all(alternatives) else ""


def _trigrams(term: Term) -> str:
    """Expression for a term in any of its forms; "" where one of them has no run of three characters."""
    forms = [[run for run in runs(form) if len(run) >= 3] for form in (term, *term.variants)]
    if not all(forms):
        return ""
    found = [all_of([trigrams_of(run) for run in own]) for own in forms]
    return found[0] if len(found) == 1 else f"({' OR '.join(f'({form})' for form in found)})"


def trigrams_of(run: str) -> str:
    """Expression for a run of characters, as it was written and as JSON has it."""
    phrases = [f'"{form}"' for form in (run, *escaped_runs(run))]
    return f"({' OR '.join(phrases)})"


def runs(term: Term) -> tuple[str, ...]:
    """The runs of Chinese, Japanese and Korean characters of a term without its variants."""
    return tuple(run for text in ((term.literal,) if term.literal else term.words) for run in cjk_runs(text))


def all_of(parts: list[str]) -> str:
    """Conjunction of phrases; the AND may be omitted only between phrases without parentheses."""
    return (" AND " if any(part.startswith("(") for part in parts) else " ").join(parts)


def phrase(term: Term) -> str:
    """Expression for a term's words in a row, in each of its forms, as they were written and as JSON has them."""
    star = "*" if term.prefix else ""
    written = [" ".join(form.words) for form in (term, *term.variants)]
    joined = " ".join(term.words)
    texts = [joined, *([term.text] if _has_marks(term.text) and words(term.text) == term.words else [])]
    in_json = [" ".join(words(form)) for text in texts for form in escaped_forms(text)]
    found = [f'"{form}"{star}' for form in dict.fromkeys((*written, *in_json))]
    return found[0] if len(found) == 1 else f"({' OR '.join(found)})"


def _has_marks(text: str) -> bool:
    """True where marks may part the words of a text: those of Indic scripts are words of their own as escapes."""
    return not text.isascii() and any(unicodedata.category(character)[0] == "M" for character in text)
