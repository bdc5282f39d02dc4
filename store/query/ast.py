"""What a typed search means, as values: terms and filters with their places in what was typed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Term:
    """One word, or several that must follow one another.

    A term with Chinese, Japanese or Korean characters is looked for anywhere; others are whole words.
    """

    text: str
    """As typed, without its quotes, minus or star."""
    words: tuple[str, ...]
    """Its words as written; never empty. `user@host` has two, as the index has."""
    prefix: bool = False
    """The last word may go on."""
    start: int = field(default=0, compare=False)
    """Its first character in what was typed, the minus included."""
    end: int = field(default=0, compare=False)
    """One past its last character."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition that is not about words in a message."""

    key: str
    """One of `filters.KEYS`."""
    value: str
    """As typed without quotes; `role:agent` gives “assistant”."""
    timestamp: float | None = None
    """For `after` (at or later than) and `before` (earlier than): seconds since 1970 UTC."""
    negated: bool = False
    prefix: bool = False
    """The value is still being typed: a source that begins with it will do."""
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, understood.

    A message matches where all terms of one alternative are in it and none of `none_of` is.
    Filters hold for the whole query, wherever they stand in it.
    """

    text: str
    """What was typed, as far as it was read."""
    any_of: tuple[tuple[Term, ...], ...] = ()
    """The alternatives between the ORs; each has at least one term."""
    none_of: tuple[Term, ...] = ()
    filters: tuple[Filter, ...] = ()
    cut: bool = False
    """More was typed than is searched for: the rest was left out."""

    @property
    def has_words(self) -> bool:
        """False where nothing is sought but filters and exclusions: then there is no MATCH."""
        return bool(self.any_of)

    @property
    def has_conditions(self) -> bool:
        """False where nothing that was typed says anything: no word, no exclusion, no filter."""
        return bool(self.any_of or self.none_of or self.filters)

    @property
    def terms(self) -> tuple[Term, ...]:
        """All that is sought, in the order typed."""
        return tuple(term for alternative in self.any_of for term in alternative)

    def filters_of(self, key: str, *, negated: bool = False) -> tuple[Filter, ...]:
        """Give the filters of one key.

        Plain ones of `source`, `model`, `role`, `tool`, `cwd` and `title` are alternatives, one must hold; of the
        other keys, and of those that are negated, each must hold.
        """
        return tuple(one for one in self.filters if one.key == key and one.negated is negated)
