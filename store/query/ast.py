"""Syntax tree of a search: terms and filters with their positions in the text."""

from __future__ import annotations

from ..base.late_dataclass import dataclass, field


@dataclass(frozen=True, slots=True)
class Term:
    """One word, or several adjacent words.

    A term with Chinese, Japanese or Korean characters matches inside words; others match whole words.
    """

    text: str
    """As typed, without its quotes, minus or star."""
    words: tuple[str, ...]
    """Its words as written; never empty. `user@host` has two, as in the index."""
    prefix: bool = False
    """True where the last word is a prefix."""
    literal: str = ""
    """The text as it has to stand there, where signs belong to a name (`c++`, `C#`, `a=b`); "" for words alone."""
    variants: tuple[Term, ...] = ()
    """The same words in other forms of Unicode, where the index takes them for others: Korean, kana, Cyrillic, Greek
    and Vietnamese are decomposed in names of files of macOS. The `literal` of a variant is the whole of it."""
    start: int = field(default=0, compare=False)
    """Its first character in the text, the minus included."""
    end: int = field(default=0, compare=False)
    """One past its last character."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition beside the words of a message."""

    key: str
    """One of `filters.KEYS`."""
    value: str
    """As typed without quotes; `role:agent` gives “assistant”."""
    timestamp: float | None = None
    """For `after` (at or later than) and `before` (earlier than): seconds since 1970 UTC."""
    negated: bool = False
    prefix: bool = False
    """The value is still being typed: a source or a profile that starts with it passes."""
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed search.

    A message matches where it has all terms of one alternative and none of `none_of`.
    Filters apply to the whole query, wherever they are in the text.
    """

    text: str
    """The text, up to the length limit."""
    any_of: tuple[tuple[Term, ...], ...] = ()
    """The alternatives between the ORs; each has at least one term."""
    none_of: tuple[Term, ...] = ()
    filters: tuple[Filter, ...] = ()
    cut: bool = False
    """The text was longer than the limits; the rest is ignored."""

    @property
    def has_words(self) -> bool:
        """False for a query of filters and exclusions only."""
        return bool(self.any_of)

    @property
    def has_conditions(self) -> bool:
        """False for a query without words, exclusions and filters."""
        return bool(self.any_of or self.none_of or self.filters)

    @property
    def has_signs(self) -> bool:
        """True where an index of words leaves it open whether a message matches."""
        return any(term.literal or term.variants for term in (*self.terms, *self.none_of))

    @property
    def terms(self) -> tuple[Term, ...]:
        """All terms of the alternatives, in the order typed."""
        return tuple(term for alternative in self.any_of for term in alternative)

    def filters_of(self, key: str, *, negated: bool = False) -> tuple[Filter, ...]:
        """Filters of one key.

        Plain ones of `source`, `model`, `role`, `tool`, `cwd`, `title`, `profile` and `host` are alternatives, one must
        pass; of the other keys, and of the negated ones, each must pass.
        """
        return tuple(item for item in self.filters if item.key == key and item.negated is negated)
