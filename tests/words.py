"""Words that names, docstrings and comments do not use, as patterns, each with the words to write instead.

docs/glossary.md has what the remaining words mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Flag, auto


class Where(Flag):
    """The texts that a word is looked for in."""

    NAMES = auto()
    """Names that the code gives, each split into its words: `SessionRow` and `session_row` are “session row”."""
    PROSE = auto()
    """Docstrings and comments."""
    QUEUE = auto()
    """Names and prose of store/sqlite/connect/writer_queue.py."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word that is not used."""

    pattern: re.Pattern[str]
    instead: str
    where: Where


def _word(pattern: str, instead: str, where: Where = Where.NAMES | Where.PROSE) -> Word:
    return Word(re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE), instead, where)


REPLACED: tuple[Word, ...] = (
    _word("mend(s|ed|er|ers|ing|able)?", "repair"),
    _word("told|tells?|telling", "report, return, distinguish"),
    _word("octets?", "bytes, n_bytes"),
    _word("moments?", "timestamp"),
    _word("anew", "again, reset"),
    _word("(keep|keeps|kept|keeping|put|puts|putting|set|sets) aside|kept_aside", "back up"),
    _word("(go|goes|going|gone|went) (a?round)", "bypass"),
    _word("withdraws?|withdrawn|withdrew|withdrawing|withdrawal", "cancel"),
    _word("wish(es|ed|ing)?", "request, options"),
    _word("stand(s|ing)? a?round|stood a?round", "context"),
    _word("sought", "rows_scanned"),
    _word("judg(e|es|ed|ing|ments?|ements?)", "verify, compare"),
    _word("likeness(es)?", "fingerprint, similarity"),
    _word("well", "in sync", Where.NAMES),
    _word(
        "(is|are|isn't|not|be|all|stays?|looks?) well(?= *([.,;:)]|$|and|or|where|when|that))", "in sync", Where.PROSE
    ),
    _word("well (sessions?|stores?|homes?|ones?)", "in sync", Where.PROSE),
    _word("critical sections?", "read transaction, write transaction"),
    _word("turns?", "acquire", Where.QUEUE),
    _word("(its|their|whose|our|one's) turns?|turns? (in|of) the (queue|line)", "acquire"),
    _word("far", "progress", Where.NAMES),
    _word("how far", "progress", Where.PROSE),
    _word("lanes?", "serial thread"),
    _word("desks?", "store worker"),
    _word("shel(f|ves)", "profile entry"),
    _word("keepers?", "saved searches"),
    Word(re.compile("^one$"), "the thing's own name", Where.NAMES),
)
"""`turn` is a chat turn, `far` a distance in rows, `well` an adverb, where none of these patterns finds them."""

ANY_REPLACED = re.compile("|".join(word.pattern.pattern for word in REPLACED), re.IGNORECASE)
"""Finds nothing in a text without one of the words; one pass instead of one for each word."""

ONE_MEANING = frozenset({"Found", "Reading", "Work", "Step", "Stamp", "Line"})
"""Names of classes that meant several things; at most one class has each of them, private ones too."""

ONE_FUNCTION = frozenset({"copies", "_line", "_rows"})
"""Names of functions that meant several things; at most one module defines each of them."""

QUESTION_WORDS = frozenset({"What", "Where", "How", "Why", "When", "Who", "Which", "Whether", "Whose"})
"""A module's docstring begins with a noun phrase, not with one of these."""


def split(name: str) -> str:
    """The words of a name in lower case, with a space between them."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", " ", name).strip().lower()
