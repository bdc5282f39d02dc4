"""Heads in columns: they come out as they went in, and take little room.

Mutants: a bit of the flags that another has; a time of 0 for one that is not known; heads kept as values.
"""

from __future__ import annotations

from sys import getsizeof

from hermes_tui.widgets.fenwick_heights import FenwickHeights
from hermes_tui.widgets.head_columns import BUILT, HeadColumns
from store.models import Head

HEADS = [
    Head(7, "user", 120, timestamp=1.7e9),
    Head(9, "assistant", 0, None, True, False, True, False, 0.0),
    Head(12, "tool", 1 << 40, "terminal", active=False),
    Head(13, "assistant", 5, None, False, True, False, True, None),
    Head(-(1 << 40), "user"),
]


def test_heads_come_out_as_they_went_in() -> None:
    columns = HeadColumns()
    columns.extend(HEADS)
    assert list(columns) == HEADS
    assert columns[-1] == HEADS[-1]
    assert columns[1:4] == HEADS[1:4]
    assert list(columns.of_role("assistant")) == [1, 3]
    assert [columns.is_undone(place) for place in range(5)] == [False, False, True, False, False]
    assert [columns.is_compacted(place) for place in range(5)] == [False, False, False, True, False]


def test_a_message_takes_no_more_than_sixty_bytes() -> None:
    count, columns, heights = 20_000, HeadColumns(), FenwickHeights()
    columns.extend(Head(number, "user", number, timestamp=1.7e9 + number) for number in range(count))
    heights.extend(range(count))
    assert columns[count // 2].id == count // 2
    parts = (columns.ids, columns.times, columns.flags, columns._sizes, columns._kinds, heights._each, heights._tree)
    of_rail = 1 + 8
    assert sum(map(getsizeof, parts)) / count + of_rail <= 60
    assert all(columns[place] for place in range(3 * BUILT))
    assert len(columns._built) <= BUILT
