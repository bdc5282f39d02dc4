"""The excerpt of a long text is that of the whole one, and folds what is around its first match."""

from __future__ import annotations

import random

import pytest

from store.query import matcher
from store.query.matcher import Marker
from store.query.parse import parse
from store.query.tokenizer import Folded, fold
from store.search import excerpt
from store.search.excerpt import PIECE, cut

QUERIES = ("needle", "nee*", '"needle thread"', "needle OR thread", "大别山", "crème", "C++")


@pytest.mark.parametrize("query", QUERIES)
def test_it_is_the_excerpt_of_the_whole_text(query: str) -> None:
    """Mutants: no overlap of the pieces, and a first match that is looked for from the end."""
    marker, chance = Marker(parse(query, now=0.0)), random.Random(query)
    words = ["hay", "needles", "neé", "Creme", "C+", "别山", "é"]
    for place in (0, PIECE - 8, PIECE - 3, PIECE + 3, 2 * PIECE - 2_001):
        text = " ".join(chance.choice(words) for _ in range(place // 3))[:place]
        for found in ("needle  thread", "大别山C++ crème", "nothing"):
            whole = text + found + " hay" * chance.choice([0, 100, 5_000]) + found
            assert excerpt.excerpt(marker, whole) == cut(whole, marker.spans(whole)), (place, found)


@pytest.mark.parametrize("before", ["x" * (PIECE - 7) + " needles ", "x" * (PIECE - excerpt.LONGEST) + "needle "])
def test_a_word_that_a_piece_cuts_out_of_another_is_no_match(before: str) -> None:
    """Mutant: matches at an edge of a piece are kept."""
    marker, text = Marker(parse("needle", now=0.0)), before + "hay " * 9_000 + "needle"
    assert excerpt.excerpt(marker, text) == cut(text, marker.spans(text))


def test_a_long_text_with_an_early_match_is_not_folded_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: PIECE of a megabyte."""
    folded: list[int] = []

    def noted(text: str) -> Folded:
        folded.append(len(text))
        return fold(text)

    monkeypatch.setattr(matcher, "fold", noted)
    excerpt.excerpt(Marker(parse("needle", now=0.0)), "a needle " + "hay " * 100_000)
    assert sum(folded) < 40_000
