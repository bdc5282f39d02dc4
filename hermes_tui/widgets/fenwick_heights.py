"""Heights of many rows, of which few are known exactly: sums in logarithmic time."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate


class FenwickHeights:
    """A Fenwick tree of row heights in lines."""

    def __init__(self) -> None:
        self._each = array("I")
        self._tree = array("q", [0])

    def __len__(self) -> int:
        return len(self._each)

    def __getitem__(self, index: int) -> int:
        return self._each[index]

    @property
    def each(self) -> Sequence[int]:
        """The heights, in order."""
        return self._each

    @property
    def total(self) -> int:
        """Lines of all rows together."""
        return self.above(len(self._each))

    def above(self, index: int) -> int:
        """Lines of all rows before `index`."""
        lines = 0
        while index:
            lines += self._tree[index]
            index &= index - 1
        return lines

    def put(self, index: int, height: int) -> None:
        """Set the height of one row."""
        change = height - self._each[index]
        self._each[index] = height
        place = index + 1
        while change and place < len(self._tree):
            self._tree[place] += change
            place += place & -place

    def extend(self, heights: Iterable[int]) -> None:
        """Add rows at the end."""
        start = len(self._each)
        self._each.extend(heights)
        above = list(accumulate(self._each[start:], initial=self.above(start)))
        for place, end in enumerate(above[1:], start + 1):
            first = place - (place & -place)
            self._tree.append(end - (above[first - start] if first >= start else self.above(first)))
