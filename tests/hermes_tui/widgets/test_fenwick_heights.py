"""Sums of heights."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_tui.widgets.fenwick_heights import FenwickHeights

NUMBERS = st.lists(st.integers(0, 9))


@pytest.mark.slow
@given(NUMBERS, NUMBERS, st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9))))
def test_heights_add_up_after_any_change(first: list[int], more: list[int], changes: list[tuple[int, int]]) -> None:
    heights, plain = FenwickHeights(), [*first, *more]
    heights.extend(first)
    heights.extend(more)
    for index, height in changes:
        if index < len(plain):
            heights.put(index, height)
            plain[index] = height
    assert len(heights) == len(plain)
    assert heights.total == sum(plain)
    assert [heights[index] for index in range(len(plain))] == plain
    for index in range(len(plain) + 1):
        assert heights.above(index) == sum(plain[:index])
