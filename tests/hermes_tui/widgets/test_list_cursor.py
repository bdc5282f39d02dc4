"""Cursor and window of a list, without a screen."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_tui.widgets.list_cursor import HeadRow, ListCursor


def standable(key: Hashable) -> bool:
    return isinstance(key, int) and key >= 0


def cursor_on(keys: Sequence[int], *, height: int = 5, head: int = 0) -> ListCursor:
    cursor = ListCursor(standable)
    cursor.resize(height)
    cursor.set_keys(keys, head=head)
    return cursor


def under(cursor: ListCursor) -> Hashable:
    """The key under the cursor, as a call, so that no checker takes it for a constant."""
    return cursor.key


def test_the_head_scrolls_with_the_rows_and_is_passed_by() -> None:
    cursor = cursor_on(range(9), head=2)
    assert cursor.rows[:3] == [HeadRow(0), HeadRow(1), 0]
    assert list(cursor.keys) == list(range(9))
    assert (cursor.key, cursor.top, cursor.shown) == (0, 0, (0, 1, 2))
    cursor.go(cursor.by(5))
    assert (cursor.key, cursor.shown) == (5, (1, 2, 3, 4, 5))
    cursor.go(cursor.nearest(0))
    assert cursor.top == 0, "the first row brings the head back"


def test_steps_pass_by_rows_that_cannot_be_stood_on_and_end_at_the_last() -> None:
    cursor = cursor_on([0, -1, -2, 1, -3])
    cursor.go(cursor.by(1))
    assert cursor.key == 1
    assert cursor.by(1) == cursor.place
    assert cursor.by(-9) == 0


def test_a_key_that_is_gone_leaves_the_cursor_to_the_next_that_is_left_or_to_its_stand_in() -> None:
    cursor = cursor_on(range(9))
    cursor.go(4)
    cursor.set_keys([0, 1, 7, 8], head=0)
    assert under(cursor) == 7
    cursor.set_keys([0, 1], head=0)
    assert under(cursor) == 1
    cursor.set_keys([5, 6, 7], head=0, instead=6)
    assert under(cursor) == 6


def test_an_empty_list_has_no_key_and_no_thumb() -> None:
    cursor = cursor_on([])
    assert (cursor.key, cursor.shown, cursor.thumb) == (None, (), (0, 0))
    assert cursor_on([-1, -2]).key is None


KEYS = st.lists(st.integers(-3, 30), unique=True, max_size=25)
MOVES = st.lists(st.tuples(st.sampled_from(["by", "pages", "scroll", "resize"]), st.integers(-9, 9)), max_size=9)


@pytest.mark.slow
@given(KEYS, KEYS, st.integers(0, 2), MOVES)
def test_whatever_happens_the_window_lies_on_the_rows_and_a_moved_cursor_in_it(
    first: list[int], second: list[int], head: int, moves: list[tuple[str, int]]
) -> None:
    cursor = cursor_on(first, head=head)
    for kind, number in moves:
        if kind == "scroll":
            cursor.scroll_to(cursor.top + number)
        elif kind == "resize":
            cursor.resize(abs(number) + 1)
            assert not cursor.touched or cursor.top <= cursor.place < cursor.top + cursor.height
        elif cursor.key is not None:
            cursor.go(cursor.by(number) if kind == "by" else cursor.by_pages(number))
            assert cursor.top <= cursor.place < cursor.top + cursor.height
        assert 0 <= cursor.top <= max(0, len(cursor.rows) - cursor.height)
    key = cursor.key
    cursor.set_keys(second, head=head)
    assert 0 <= cursor.top <= max(0, len(cursor.rows) - cursor.height)
    if cursor.touched and key in second:
        assert cursor.key == key
    assert (cursor.key is None) == (not any(map(standable, second)))


def test_a_cursor_that_was_not_moved_stands_on_the_first_key_that_was_named() -> None:
    """Mutant: the first row in any case."""
    cursor = ListCursor(standable)
    cursor.first = 30
    cursor.set_keys(range(9), head=0)
    assert under(cursor) == 0, "it has not come yet"
    cursor.resize(5)
    cursor.set_keys(range(50), head=0)
    assert (under(cursor), cursor.shown) == (30, (28, 29, 30, 31, 32))
    cursor.go(3)
    cursor.set_keys(range(60), head=0)
    assert under(cursor) == 3
