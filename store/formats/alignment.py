"""Alignment of two lists of identities: pairs of equal ones, blocks that repeat, the end of what is stored.

Messages are compared by identity (`message_codec.identity`: role, canonical content, tool calls and call id; neither
time nor row), so equal texts differ by position only and repeats survive.
Near-linear: common ends are paired first, then messages that occur once on both sides split the rest (patience diff),
and only gaps of at most MAX_FULL_COMPARISON messages on either side are compared in full, bit-parallel.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

MAX_FULL_COMPARISON = 2_000
"""Messages on either side of a gap up to which the gap is compared in full."""
_ROUNDS = 16
"""Rounds of splitting by anchors; in a file made to need more the remainder is reported as unmatched."""

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Gap:
    """Unpaired messages between two pairs, before the first pair or after the last."""

    left: range
    right: range


@dataclass(frozen=True, slots=True)
class Alignment:
    """Pairs of indexes of the same message in two lists, increasing on both sides."""

    pairs: tuple[Pair, ...]
    left: int
    """Number of messages on the left."""
    right: int

    def gaps(self) -> Iterator[Gap]:
        """The gap before each pair and the one after the last, empty ones too: one more than there are pairs."""
        left = right = 0
        for pair in (*self.pairs, (self.left, self.right)):
            yield Gap(range(left, pair[0]), range(right, pair[1]))
            left, right = pair[0] + 1, pair[1] + 1


def align(left: Sequence[bytes], right: Sequence[bytes]) -> Alignment:
    """Pairs of the equal messages of two lists, in order.

    Args:
        left: Identities, oldest first.
        right: Identities, oldest first.

    Returns:
        The longest common subsequence where both lists have at most FULL messages between their common ends; beyond
        that, one that is split at the messages occurring once on both sides.
    """
    pairs: list[Pair] = []
    gaps = [Gap(range(len(left)), range(len(right)))]
    for _ in range(_ROUNDS):
        gaps = [inner for gap in gaps for inner in _narrow(left, right, gap, pairs)]
    return Alignment(tuple(sorted(pairs)), len(left), len(right))


def _narrow(left: Sequence[bytes], right: Sequence[bytes], gap: Gap, pairs: list[Pair]) -> list[Gap]:
    """Add the pairs that can be found in a gap now; return the smaller gaps that are left."""
    gap = _trim(left, right, gap, pairs)
    if not gap.left or not gap.right:
        return []
    if max(len(gap.left), len(gap.right)) <= MAX_FULL_COMPARISON:
        pairs.extend(_longest_common(left, right, gap))
        return []
    anchors = _anchors(left, right, gap)
    pairs.extend(anchors)
    lefts = [gap.left.start - 1, *(anchor[0] for anchor in anchors), gap.left.stop]
    rights = [gap.right.start - 1, *(anchor[1] for anchor in anchors), gap.right.stop]
    if not anchors:
        return []
    return [
        Gap(range(lefts[i] + 1, lefts[i + 1]), range(rights[i] + 1, rights[i + 1])) for i in range(len(anchors) + 1)
    ]


def _trim(left: Sequence[bytes], right: Sequence[bytes], gap: Gap, pairs: list[Pair]) -> Gap:
    """Pair the common start and the common end of a gap; return the gap between them."""
    (i, j), (k, m) = (gap.left.start, gap.right.start), (gap.left.stop, gap.right.stop)
    while i < k and j < m and left[i] == right[j]:
        pairs.append((i, j))
        i, j = i + 1, j + 1
    while i < k and j < m and left[k - 1] == right[m - 1]:
        k, m = k - 1, m - 1
        pairs.append((k, m))
    return Gap(range(i, k), range(j, m))


def _longest_common(left: Sequence[bytes], right: Sequence[bytes], gap: Gap) -> Iterator[Pair]:
    """Pairs of a longest common subsequence, last first.

    Bit-parallel after Hyyrö: bit i of row j is 0 where left[i] makes the common subsequence with right[:j + 1] longer.
    """
    places: defaultdict[bytes, int] = defaultdict(int)
    for i in gap.left:
        places[left[i]] |= 1 << (i - gap.left.start)
    row = everywhere = (1 << len(gap.left)) - 1
    rows = [row]
    for j in gap.right:
        same = row & places.get(right[j], 0)
        row = (row + same | row - same) & everywhere
        rows.append(row)
    i, j = len(gap.left), len(gap.right)
    while i and j:
        if rows[j] >> (i - 1) & 1:
            i -= 1
        elif not rows[j - 1] >> (i - 1) & 1:
            j -= 1
        else:
            i, j = i - 1, j - 1
            yield gap.left.start + i, gap.right.start + j


def _anchors(left: Sequence[bytes], right: Sequence[bytes], gap: Gap) -> list[Pair]:
    """Pairs that split a large gap: messages that occur once on both sides.

    Where there are none (a side that was written twice), the n-th occurrence on the left is paired with the n-th on the
    right.
    """
    lefts, rights = _indexes(left, gap.left), _indexes(right, gap.right)
    shared = [(lefts[key], rights[key]) for key in lefts if key in rights]
    once = [(left[0], right[0]) for left, right in shared if len(left) == len(right) == 1]
    return increasing(once or [pair for left, right in shared for pair in zip(left, right, strict=False)])


def _indexes(keys: Sequence[bytes], within: range) -> dict[bytes, list[int]]:
    """Indexes of each identity within a range."""
    places: defaultdict[bytes, list[int]] = defaultdict(list)
    for place in within:
        places[keys[place]].append(place)
    return places


def increasing(pairs: Iterable[Pair]) -> list[Pair]:
    """The longest selection of pairs that increases on both sides."""
    tops: list[int] = []
    ends: list[Pair] = []
    before: dict[Pair, Pair] = {}
    for pair in sorted(pairs):
        rank = bisect_left(tops, pair[1])
        tops[rank : rank + 1] = [pair[1]]
        ends[rank : rank + 1] = [pair]
        if rank:
            before[pair] = ends[rank - 1]
    chain = ends[-1:]
    while chain and chain[-1] in before:
        chain.append(before[chain[-1]])
    return chain[::-1]


def repeated_blocks(keys: Sequence[Hashable]) -> frozenset[int]:
    """Indexes of messages that repeat the block right before theirs: the later of two equal neighbours of any length.

    A flush that wrote everything again leaves such blocks (docs/format.md §5.3); so does a user who writes “ok”
    twice, which is why they are reported and never removed.
    """
    repeated: set[int] = set()
    last: dict[Hashable, int] = {}
    seen: dict[int, int] = {}
    for place, key in enumerate(keys):
        period = place - last.get(key, place)
        last[key] = place
        if not period or seen.get(period, 0) > place:
            continue
        run = _run(keys, place, period)
        seen[period] = run.stop
        if len(run) >= period:
            repeated.update(run)
    return frozenset(repeated)


def _run(keys: Sequence[Hashable], place: int, period: int) -> range:
    """Indexes around `place` whose messages equal those `period` before them."""
    start = stop = place
    while start > period and keys[start - 1] == keys[start - 1 - period]:
        start -= 1
    while stop < len(keys) and keys[stop] == keys[stop - period]:
        stop += 1
    return range(start, stop)
