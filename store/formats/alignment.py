"""Two lists of messages laid side by side: what they share, what each lacks, in which order they join.

Pure: a message is its identity (`content.identity`: role, canonical content, tool calls and call id; not its time, not
its row), so equal texts are told apart by their place alone and repeats survive.
Near-linear: common ends go first, then messages that occur once on both sides part the rest (patience), and only gaps
of at most FULL messages on either side are compared in full, bit-parallel.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..base.models import Verdict

MAX_FULL_COMPARISON = 2_000
"""Messages on either side of a gap up to which it is compared in full."""
ROUNDS = 16
"""Times that anchors part what is left; a file made to need more has the remainder reported as unmatched."""

FAR = 3_600.0
"""Seconds apart that no turn takes: a message and its row in SQLite are not written at such different times,"""
ZONES, ZONE = 26 * 3_600.0, 900.0
"""but for the zone of the machine that wrote the file, whose times have none: whole quarters of an hour, 26 at most,"""
ZONE_LAG = 120.0
"""give or take the seconds of a turn."""

Pair = tuple[int, int]
UnionPlace = tuple[int | None, int | None]
"""A place of the union: where it comes from on the left and on the right, None where that side lacks it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch between two aligned messages, or before the first, or after the last."""

    left: range
    right: range


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which places of two lists hold the same message; pairs rise on both sides."""

    pairs: tuple[Pair, ...]
    left: int
    """Messages on the left."""
    right: int

    @property
    def left_only(self) -> int:
        """Messages of the left that the right lacks."""
        return self.left - len(self.pairs)

    @property
    def right_only(self) -> int:
        """Messages of the right that the left lacks."""
        return self.right - len(self.pairs)

    def gaps(self) -> Iterator[Gap]:
        """One gap before each pair and one after the last, the empty ones too: one more than there are pairs."""
        left = right = 0
        for pair in (*self.pairs, (self.left, self.right)):
            yield Gap(range(left, pair[0]), range(right, pair[1]))
            left, right = pair[0] + 1, pair[1] + 1


@dataclass(frozen=True, slots=True)
class ComparedMessage:
    """What is compared of a message."""

    identity: bytes
    time: float | None = None
    """Seconds since 1970, None where unknown."""
    active: bool = True
    """False for a row that was undone or compacted."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What JSONL (left) and SQLite (right) say of each other."""

    missing_in_sqlite: int
    missing_in_jsonl: int
    doubled: int
    """Messages of the union that repeat the block right before theirs, on either side: suspected, never removed."""
    certain: bool
    """The order of the union is known in every gap."""
    union: tuple[UnionPlace, ...]
    """All messages in order; where the order is unknown, JSONL's come first."""
    uncertain: frozenset[int] = frozenset()
    """Places in JSONL of missing messages whose order is unknown,"""
    crossing: frozenset[int] = frozenset()
    """or of which SQLite has as many more elsewhere: the same ones in another order, or others that say the same."""

    @property
    def repairable(self) -> bool:
        """SQLite lacks something, and where it belongs is certain."""
        return self.missing_in_sqlite > 0 and self.certain

    @property
    def verdict(self) -> Verdict:
        """What the contents say, for a session that both sources know."""
        if self.missing_in_sqlite and self.missing_in_jsonl:
            return Verdict.DIVERGED
        if self.missing_in_sqlite:
            return Verdict.JSONL_AHEAD
        return Verdict.SQLITE_AHEAD if self.missing_in_jsonl else Verdict.SAME


def align(left: Sequence[bytes], right: Sequence[bytes]) -> Alignment:
    """Pair the equal messages of two lists, in order.

    Args:
        left: Identities, oldest first.
        right: Identities, oldest first.

    Returns:
        The longest common subsequence where both lists have at most FULL messages between their common ends; beyond
        that, one that every message occurring once on both sides has parted.
    """
    pairs: list[Pair] = []
    gaps = [Gap(range(len(left)), range(len(right)))]
    for _ in range(ROUNDS):
        gaps = [inner for gap in gaps for inner in _narrow(left, right, gap, pairs)]
    return Alignment(tuple(sorted(pairs)), len(left), len(right))


def _narrow(left: Sequence[bytes], right: Sequence[bytes], gap: Gap, pairs: list[Pair]) -> list[Gap]:
    """Add to `pairs` what can be told of this gap now; what is left is smaller gaps."""
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
    """Pair the common start and the common end of a gap and take them off."""
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
    """Pairs that part a large gap: messages that occur once on both sides.

    Where there are none (a side that was written twice over), a message's first place goes with its first place, its
    second with its second, and so on.
    """
    lefts, rights = _places(left, gap.left), _places(right, gap.right)
    shared = [(lefts[key], rights[key]) for key in lefts if key in rights]
    once = [(here[0], there[0]) for here, there in shared if len(here) == len(there) == 1]
    return _rising(once or [pair for here, there in shared for pair in zip(here, there, strict=False)])


def _places(keys: Sequence[bytes], within: range) -> dict[bytes, list[int]]:
    """Where each identity stands."""
    places: defaultdict[bytes, list[int]] = defaultdict(list)
    for place in within:
        places[keys[place]].append(place)
    return places


def _rising(pairs: Iterable[Pair]) -> list[Pair]:
    """The longest selection of pairs that rises on both sides."""
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
    """The places that repeat the block right before theirs: the later of two equal neighbours, line or whole turns.

    A flush that wrote everything again leaves such blocks (docs/format.md §5.3); so does a user who says “ok”
    twice, which is why they are reported and never removed.
    """
    found: set[int] = set()
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
            found.update(run)
    return frozenset(found)


def _run(keys: Sequence[bytes], place: int, period: int) -> range:
    """The places around `place` that equal what stands `period` before them."""
    start = stop = place
    while start > period and keys[start - 1] == keys[start - 1 - period]:
        start -= 1
    while stop < len(keys) and keys[stop] == keys[stop - period]:
        stop += 1
    return range(start, stop)


def compare(jsonl: Sequence[ComparedMessage], sqlite: Sequence[ComparedMessage]) -> Comparison:
    """Compare the two sources of a session by content.

    A JSONL message that equals an undone or compacted row is present, in place or not: nothing that the user took back
    may come in again.

    Args:
        jsonl: The file's good lines without session_meta, in order.
        sqlite: All rows without session_meta, in id order, inactive ones included.
    """
    left, right = [entry.identity for entry in jsonl], [entry.identity for entry in sqlite]
    plain = align(left, right)
    alignment = _credible(plain, jsonl, sqlite)
    present = _taken_back(alignment, jsonl, sqlite)
    steps: list[UnionPlace] = []
    uncertain: set[int] = set()
    for gap, pair in zip(alignment.gaps(), (*alignment.pairs, None), strict=True):
        lefts = [place for place in gap.left if place not in present]
        rights = list(gap.right)
        order = _order([jsonl[place].time for place in lefts], [sqlite[place].time for place in rights])
        uncertain.update(lefts if order is None else ())
        sides: list[list[UnionPlace]] = [[(place, None) for place in lefts], [(None, place) for place in rights]]
        steps += [step for side in (reversed(sides) if order == _AFTER else sides) for step in side]
        steps += [pair] if pair else []
    doubled_left, doubled_right = repeated_blocks(left), repeated_blocks(right)
    return Comparison(
        missing_in_sqlite=alignment.left_only - len(present),
        missing_in_jsonl=alignment.right_only - len(present),
        doubled=sum(one in doubled_left or other in doubled_right for one, other in steps),
        certain=not uncertain,
        union=tuple(steps),
        uncertain=frozenset(uncertain),
        crossing=_unaligned(plain, left, right) - present,
    )


def _unaligned(alignment: Alignment, left: Sequence[bytes], right: Sequence[bytes]) -> frozenset[int]:
    """Unaligned places of the left whose message is on the right, unaligned too."""
    gaps = list(alignment.gaps())
    loose = {right[place] for gap in gaps for place in gap.right}
    return frozenset(place for gap in gaps for place in gap.left if left[place] in loose)


def _taken_back(
    alignment: Alignment, jsonl: Sequence[ComparedMessage], sqlite: Sequence[ComparedMessage]
) -> frozenset[int]:
    """Unaligned JSONL messages that equal an unaligned inactive row, one for each such row."""
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

    A pair that stands alone is taken apart where SQLite has more messages beside it and, with the pair apart, one side
    lies wholly more than an hour before the other: unless a time zone explains that and the order is none the worse.
    Two equal neighbours are taken for the same ones whatever their times: rows that were written anew have new times.
    """
    kept: list[Pair] = []
    gaps = list(alignment.gaps())
    before = gaps[0]
    for place, pair in enumerate(alignment.pairs):
        after = gaps[place + 1]
        alone = all(gap.left or gap.right or gap is gaps[0] or gap is gaps[-1] for gap in (before, after))
        if alone and sqlite[pair[1]].active and _is_by_chance(pair, before, after, jsonl, sqlite):
            before = _joined(before, after)
            continue
        kept.append(pair)
        before = after
    return Alignment(tuple(kept), alignment.left, alignment.right)


def _joined(before: Gap, after: Gap) -> Gap:
    """Two gaps and what stands between them."""
    return Gap(range(before.left.start, after.left.stop), range(before.right.start, after.right.stop))


def _is_by_chance(
    pair: Pair, before: Gap, after: Gap, jsonl: Sequence[ComparedMessage], sqlite: Sequence[ComparedMessage]
) -> bool:
    whole = _joined(before, after)
    lefts, rights = [jsonl[place].time for place in whole.left], [sqlite[place].time for place in whole.right]
    order = _order(lefts, rights, margin=FAR)
    if order is None or len(rights) == 1:
        return False
    torn = (after.left or before.right) if order == _BEFORE else (after.right or before.left)
    apart = abs((jsonl[pair[0]].time or 0.0) - (sqlite[pair[1]].time or 0.0))
    by_zone = apart < ZONES and abs((apart + ZONE / 2) % ZONE - ZONE / 2) < ZONE_LAG
    return bool(torn) or not by_zone


_BEFORE, _AFTER = "before", "after"


def _order(lefts: Sequence[float | None], rights: Sequence[float | None], *, margin: float = 0.0) -> str | None:
    """Whether the left of a gap comes before or after its right, by more seconds than `margin`; None if unknown."""
    if not lefts or not rights:
        return _BEFORE
    known_left = [time for time in lefts if time is not None]
    known_right = [time for time in rights if time is not None]
    if len(known_left) < len(lefts) or len(known_right) < len(rights):
        return None
    if max(known_left) + margin < min(known_right):
        return _BEFORE
    return _AFTER if max(known_right) + margin < min(known_left) else None


def first_new(stored: Sequence[bytes], held: Sequence[bytes]) -> int:
    """Where in an agent's conversation the messages begin that are not stored yet.

    Stored rows that the list lacks at its end (another writer's) are passed over, then the list's old part is taken to
    end where it shares the longest run of messages with the end of what is stored; of equal runs the one at the same
    place counts, else the first, so that a repeated “ok” is new rather than lost.
    A list that continues what is stored is new after it; with nothing in common all of it is new.

    Args:
        stored: Identities of the active rows, oldest first.
        held: Identities of the conversation as the agent holds it, oldest first.

    Returns:
        A place in `held`, its length where nothing is new.
    """
    common = len(list(_same_start(stored, held)))
    known = set(held)
    end = len(stored)
    while end > common and stored[end - 1] not in known:
        end -= 1
    if end == common:
        return common
    shared = _shared_ends(stored[:end], held)
    places = [place for place in range(common + 1, len(held) + 1) if shared[place]]
    return max(places, key=lambda place: (shared[place], place == end, -place), default=common)


def _same_start(one: Sequence[bytes], other: Sequence[bytes]) -> Iterator[bytes]:
    """The messages that both lists start with."""
    for here, there in zip(one, other, strict=False):
        if here != there:
            return
        yield here


def _shared_ends(whole: Sequence[bytes], held: Sequence[bytes]) -> list[int]:
    """For each length of `held`, how many messages its end shares with the end of `whole` (the Z function, linear)."""
    keys = [*reversed(whole), None, *reversed(held)]
    shared = [0] * len(keys)
    start = stop = 0
    for place in range(1, len(keys)):
        length = min(stop - place, shared[place - start]) if place < stop else 0
        while place + length < len(keys) and keys[length] == keys[place + length]:
            length += 1
        shared[place] = length
        if place + length > stop:
            start, stop = place, place + length
    return [0, *shared[: len(whole) : -1]]
