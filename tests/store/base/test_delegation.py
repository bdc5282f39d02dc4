"""Verbs of a part as verbs of the whole."""

from __future__ import annotations

from store.base.delegation import Late, delegate


class Whole:
    """Has a verb of its text, whose class is imported with the first use."""

    titled = delegate(lambda _: "text", Late("builtins", "str").title)


class Overriding(Whole):
    """Counts how often it is asked."""

    asked = 0

    def titled(self) -> object:
        self.asked += 1
        return super().titled()


def test_the_first_use_by_an_override_is_of_the_verb_above() -> None:
    """Mutant: the verb is looked up again by its name, so that the override is called twice."""
    whole = Overriding()
    assert (whole.titled(), whole.asked) == ("Text", 1)
    assert Whole().titled() == "Text"
