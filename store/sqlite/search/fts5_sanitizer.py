"""Sanitizer of agents' search text (`search_messages`) to a safe MATCH expression, as upstream reads it.

The steps are those of docs/format.md §6.3; text that is a syntax error upstream (`user@x`, `a AND OR b`, an operator
alone) is quoted or corrected here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...base.late_pattern import late_pattern
from ...query.tokenizer import words

MAX_CHARACTERS = 2048
"""Upstream's limit."""
MAX_TERMS = 128
"""More NOTs would exceed FTS5's limit of 256 levels."""

_UNBINDABLE = late_pattern("[\x00\ud800-\udfff]")
_PIECE = late_pattern(r'"(?P<phrase>[^"]*)"(?P<star>\*?)|[^"\s]+')
_SPECIAL = late_pattern(r"[+{}():^]+")
_PLAIN = late_pattern(r"[^\W_]+\*?")
OPERATORS = ("AND", "OR", "NOT")


def sanitise(text: str) -> str:
    """MATCH expression for an agent's text; "" where no word is left.

    Balanced phrases, `prefix*` and the operators AND, OR, NOT between two terms keep their meaning; a term with
    punctuation becomes a phrase; all other syntax is dropped.
    """
    items = list(_items(_UNBINDABLE.sub(" ", text[:MAX_CHARACTERS])))
    if items and items[0].upper() in OPERATORS:
        del items[0]
    if items and items[-1].upper() in OPERATORS:
        del items[-1]
    return " ".join(_without_dangling_operators(items[:MAX_TERMS]))


def _items(text: str) -> Iterator[str]:
    """Phrases, terms and operators of a text."""
    for match in _PIECE.finditer(text):
        if match["phrase"] is None:
            yield from filter(None, map(_term, _SPECIAL.split(match[0])))
        elif words(match["phrase"]):
            yield match[0]


def _term(part: str) -> str:
    """One bare term in MATCH syntax, "" without a word."""
    part = re.sub(r"\*+", "*", part).lstrip("*")
    if not words(part):
        return ""
    body = part.rstrip("*")
    if part in OPERATORS or (_PLAIN.fullmatch(part) and body not in OPERATORS):
        return part
    return f'"{body}"{"*" if part.endswith("*") else ""}'


def _without_dangling_operators(items: list[str]) -> list[str]:
    """Items without operators that lack a side; of several in a row the last counts."""
    joined: list[str] = []
    for item in items:
        if item in OPERATORS and not joined:
            continue
        if item in OPERATORS and joined[-1] in OPERATORS:
            joined[-1] = item
        else:
            joined.append(item)
    while joined and joined[-1] in OPERATORS:
        joined.pop()
    return joined
