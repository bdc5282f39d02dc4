"""Alignment of two message lists: shared messages, messages missing on either side, order of their union.

Messages are compared by identity (`message_codec.identity`: role, canonical content, tool calls and call id; neither
time nor row), so equal texts differ by position only and repeats survive.
Near-linear: common ends are paired first, then messages that occur once on both sides split the rest (patience diff),
and only gaps of at most MAX_FULL_COMPARISON messages on either side are compared in full, bit-parallel.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..base.models import Verdict

MAX_FULL_COMPARISON = 2_000
"""Messages on either side of a gap up to which the gap is compared in full."""
_ROUNDS = 16
"""Rounds of splitting by anchors; in a file made to need more the remainder is reported as unmatched."""

_MAX_LAG = 3_600.0
"""Seconds between a line of the file and its row in SQLite; one turn does not take longer."""
_MAX_ZONE, _ZONE_STEP = 26 * 3_600.0, 900.0
"""Time zone differences, in seconds: times in a file are local times of the machine that wrote it."""
_ZONE_LAG = 120.0
"""Seconds by which two times may differ from a whole time zone step."""

Pair = tuple[int, int]
UnionPlace = tuple[int | None, int | None]
"""Index on the left and on the right of one message of the union, None where that side lacks it."""


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

    @property
    def left_only(self) -> int:
        """Number of messages that the right lacks."""
        return self.left - len(self.pairs)

    @property
    def right_only(self) -> int:
        """Number of messages that the left lacks."""
        return self.right - len(self.pairs)

    def gaps(self) -> Iterator[Gap]:
        """The gap before each pair and the one after the last, empty ones too: one more than there are pairs."""
        left = right = 0
        for pair in (*self.pairs, (self.left, self.right)):
            yield Gap(range(left, pair[0]), range(right, pair[1]))
            left, right = pair[0] + 1, pair[1] + 1


@dataclass(frozen=True, slots=True)
class ComparedMessage:
    """Identity, time and state of a message, as they are compared."""

    identity: bytes
    time: float | None = None
    """Seconds since 1970, None where unknown."""
    active: bool = True
    """False for a row that was undone or compacted."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Comparison of the JSONL file (left) with SQLite (right)."""

    missing_in_sqlite: int
    missing_in_jsonl: int
    doubled: int
    """Messages of the union that repeat the block right before theirs, on either side; reported, never removed."""
    certain: bool
    """True where the order of the union is known in every gap."""
    union: tuple[UnionPlace, ...]
    """All messages in order; where the order is unknown, JSONL's come first."""
    uncertain: frozenset[int] = frozenset()
    """Indexes in JSONL of missing messages whose order is unknown."""
    crossing: frozenset[int] = frozenset()
    """Indexes in JSONL of missing messages that SQLite has unpaired elsewhere: reordered, or equal by chance."""

    @property
    def repairable(self) -> bool:
        """True where SQLite lacks messages whose positions are certain."""
        return self.missing_in_sqlite > 0 and self.certain

    @property
    def verdict(self) -> Verdict:
        """Verdict for a session that both sources have."""
        if self.missing_in_sqlite and self.missing_in_jsonl:
            return Verdict.DIVERGED
        if self.missing_in_sqlite:
            return Verdict.JSONL_AHEAD
        return Verdict.SQLITE_AHEAD if self.missing_in_jsonl else Verdict.SAME


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
    return _increasing(once or [pair for left, right in shared for pair in zip(left, right, strict=False)])


def _indexes(keys: Sequence[bytes], within: range) -> dict[bytes, list[int]]:
    """Indexes of each identity within a range."""
    places: defaultdict[bytes, list[int]] = defaultdict(list)
    for place in within:
        places[keys[place]].append(place)
    return places


def _increasing(pairs: Iterable[Pair]) -> list[Pair]:
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


def repeated_blocks(keys: Sequence[bytes]) -> frozenset[int]:
    """Indexes of messages that repeat the block right before theirs: the later of two equal neighbours of any length.

    A flush that wrote everything again leaves such blocks (docs/format.md §5.3); so does a user who writes “ok”
    twice, which is why they are reported and never removed.
    """
    repeated: set[int] = set()
    last: dict[bytes, int] = {}
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


def _run(keys: Sequence[bytes], place: int, period: int) -> range:
    """Indexes around `place` whose messages equal those `period` before them."""
    start = stop = place
    while start > period and keys[start - 1] == keys[start - 1 - period]:
        start -= 1
    while stop < len(keys) and keys[stop] == keys[stop - period]:
        stop += 1
    return range(start, stop)


def compare(jsonl: Sequence[ComparedMessage], sqlite: Sequence[ComparedMessage]) -> Comparison:
    """Comparison of the two sources of a session by content.

    A JSONL message that equals an undone or compacted row counts as present, wherever it is: what the user took back is
    never inserted again.

    Args:
        jsonl: The file's valid lines without session_meta, in order.
        sqlite: All rows without session_meta, in id order, inactive ones included.
    """
    left, right = [entry.identity for entry in jsonl], [entry.identity for entry in sqlite]
    plain = align(left, right)
    alignment = _credible(plain, jsonl, sqlite)
    present = _taken_back(alignment, jsonl, sqlite)
    union: list[UnionPlace] = []
    uncertain: set[int] = set()
    for gap, pair in zip(alignment.gaps(), (*alignment.pairs, None), strict=True):
        lefts = [place for place in gap.left if place not in present]
        rights = list(gap.right)
        order = _order([jsonl[place].time for place in lefts], [sqlite[place].time for place in rights])
        uncertain.update(lefts if order is None else ())
        sides: list[list[UnionPlace]] = [[(place, None) for place in lefts], [(None, place) for place in rights]]
        union += [place for side in (reversed(sides) if order == _AFTER else sides) for place in side]
        union += [pair] if pair else []
    doubled_left, doubled_right = repeated_blocks(left), repeated_blocks(right)
    return Comparison(
        missing_in_sqlite=alignment.left_only - len(present),
        missing_in_jsonl=alignment.right_only - len(present),
        doubled=sum(left in doubled_left or right in doubled_right for left, right in union),
        certain=not uncertain,
        union=tuple(union),
        uncertain=frozenset(uncertain),
        crossing=_unaligned(plain, left, right) - present,
    )


def _unaligned(alignment: Alignment, left: Sequence[bytes], right: Sequence[bytes]) -> frozenset[int]:
    """Unpaired indexes of the left whose message is unpaired on the right, too."""
    gaps = list(alignment.gaps())
    loose = {right[place] for gap in gaps for place in gap.right}
    return frozenset(place for gap in gaps for place in gap.left if left[place] in loose)


def _taken_back(
    alignment: Alignment, jsonl: Sequence[ComparedMessage], sqlite: Sequence[ComparedMessage]
) -> frozenset[int]:
    """Unpaired indexes in JSONL that equal an unpaired inactive row, one for each such row."""
    gaps = list(alignment.gaps())
    rows = Counter(sqlite[place].identity for gap in gaps for place in gap.right if not sqlite[place].active)
    present = set()
    for place in (place for gap in gaps for place in gap.left):
        if rows[jsonl[place].identity] > 0:
            rows[jsonl[place].identity] -= 1
            present.add(place)
    return frozenset(present)


def _credible(alignment: Alignment, jsonl: Sequence[ComparedMessage], sqlite: Sequence[ComparedMessage]) -> Alignment:
    """The alignment without chance pairs: the “ok” of today is not the “ok” of last month.

    A pair without paired neighbours is split where SQLite has more messages beside it and, once split, one side is
    wholly more than an hour before the other, unless a time zone explains that and the order is unaffected.
    Two equal neighbours are paired whatever their times: rows that were written again have new times.
    """
    kept: list[Pair] = []
    gaps = list(alignment.gaps())
    before = gaps[0]
    for place, pair in enumerate(alignment.pairs):
        after = gaps[place + 1]
        isolated = all(gap.left or gap.right or gap is gaps[0] or gap is gaps[-1] for gap in (before, after))
        if isolated and sqlite[pair[1]].active and _is_by_chance(pair, before, after, jsonl, sqlite):
            before = _joined_gaps(before, after)
            continue
        kept.append(pair)
        before = after
    return Alignment(tuple(kept), alignment.left, alignment.right)


def _joined_gaps(before: Gap, after: Gap) -> Gap:
    """One gap from two neighbours and the pair between them."""
    return Gap(range(before.left.start, after.left.stop), range(before.right.start, after.right.stop))


def _is_by_chance(
    pair: Pair, before: Gap, after: Gap, jsonl: Sequence[ComparedMessage], sqlite: Sequence[ComparedMessage]
) -> bool:
    joined = _joined_gaps(before, after)
    lefts, rights = [jsonl[place].time for place in joined.left], [sqlite[place].time for place in joined.right]
    order = _order(lefts, rights, margin=_MAX_LAG)
    if order is None or len(rights) == 1:
        return False
    out_of_order = (after.left or before.right) if order == _BEFORE else (after.right or before.left)
    apart = abs((jsonl[pair[0]].time or 0.0) - (sqlite[pair[1]].time or 0.0))
    by_zone = apart < _MAX_ZONE and abs((apart + _ZONE_STEP / 2) % _ZONE_STEP - _ZONE_STEP / 2) < _ZONE_LAG
    return bool(out_of_order) or not by_zone


_BEFORE, _AFTER = "before", "after"


def _order(lefts: Sequence[float | None], rights: Sequence[float | None], *, margin: float = 0.0) -> str | None:
    """Order of the left of a gap to its right, by more seconds than `margin`; None where it is unknown."""
    if not lefts or not rights:
        return _BEFORE
    known_left = [time for time in lefts if time is not None]
    known_right = [time for time in rights if time is not None]
    if len(known_left) < len(lefts) or len(known_right) < len(rights):
        return None
    if max(known_left) + margin < min(known_right):
        return _BEFORE
    return _AFTER if max(known_right) + margin < min(known_left) else None
