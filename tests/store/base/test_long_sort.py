"""Sorts of many items."""

from __future__ import annotations

from random import Random

import pytest

from store.base import long_sort
from store.base.long_sort import AT_ONCE, highest_first


@pytest.mark.parametrize("number", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE + 7])
def test_items_come_as_sorted_gives_them(number: int) -> None:
    """Mutants: lowest first; a piece is left out; equal keys change places."""
    source = Random(number)
    items = [(source.randrange(100), place) for place in range(number)]

    assert highest_first(items, lambda item: item[0]) == sorted(items, key=lambda item: item[0], reverse=True)


def test_no_sort_takes_more_than_a_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: all items are one piece."""
    sizes: list[int] = []

    def _noted(piece: list[int], **options: object) -> list[int]:
        sizes.append(len(piece))
        return sorted(piece, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(long_sort, "sorted", _noted, raising=False)
    highest_first(range(10 * AT_ONCE), lambda item: item)

    assert sizes == [AT_ONCE] * 10
