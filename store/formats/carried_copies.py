"""Copies of messages that compactions in place left in one section (docs/format.md §3.8).

A compaction in place deactivates the active rows of a section and inserts copies of the first ones, a summary, and
copies of the last ones behind them. A copy has the role, content and calls of its original; its time is that of the
original, or that of the compaction where the agent held the message without a time. Newer versions mark both with one
`display_identity`, or deactivate the original of a copy as if it had been undone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..base.late_dataclass import dataclass, field

MOST_COPIED = 512
"""Rows on either side of a compaction that are compared; compactions copy some dozens."""
SAME_WRITE = 0.002
"""Seconds after the summary up to which a row was inserted with it (docs/format.md §3.8).

Hermes puts a microsecond between two; a message that was said later takes a transaction of its own."""


@dataclass(frozen=True, slots=True)
class SectionRow:
    """A row of a section, as far as copies are recognised by it; session_meta is left out."""

    id: int
    identity: bytes
    """Equal for equal messages (`message_codec.identity`)."""
    time: float | None = None
    active: bool = True
    compacted: bool = False
    """Deactivated by a compaction in place."""
    summary: bool = False
    """Written by a compaction in place of other messages."""
    mark: bytes | None = None
    """Its `display_identity`, None without one."""


@dataclass(frozen=True, slots=True)
class State:
    """State of a message, which is that of its last row."""

    active: bool
    compacted: bool


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies of a section."""

    originals: Mapping[int, int] = field(default_factory=dict)
    """Id of a copy -> id of the first row of the same message, which stands for it."""
    states: Mapping[int, State] = field(default_factory=dict)
    """States of the messages that have copies, by the id of their first row."""


NO_COPIES = Copies()

Pair = tuple[int, int]
"""Place of a copy, place of an earlier row of its message."""


def find_copies(rows: Sequence[SectionRow]) -> Copies:
    """The copies among the rows of a section.

    Equal messages of one generation (the rows between two compactions) are different messages.

    Args:
        rows: All rows in id order, inactive ones included, without session_meta.
    """
    if all(row.active for row in rows):
        return NO_COPIES
    firsts = dict(_marked(rows))
    generations = _generations(rows)
    ends = [*(generation.start for generation in generations[1:]), len(rows)]
    for generation, end in zip(generations, ends, strict=True):
        if generation.start:
            _take(rows, firsts, [*_copied_first(generation), *_copied_last(rows, generation, end)])
    for place, first in _at_one_time(rows):
        firsts.setdefault(place, first)
    for place in sorted(firsts):  # a later copy may have been paired with one that was known as a copy after it
        firsts[place] = firsts.get(firsts[place], firsts[place])
    states = {first: State(rows[place].active, rows[place].compacted) for place, first in sorted(firsts.items())}
    return Copies(
        {rows[place].id: rows[first].id for place, first in firsts.items()},
        {rows[first].id: state for first, state in states.items()},
    )


def _take(rows: Sequence[SectionRow], firsts: dict[int, int], pairs: Iterable[Pair]) -> None:
    """Add the copies of one generation; it has at most one of each message."""
    taken: set[int] = set()
    for place, earlier in pairs:
        first = firsts.get(earlier, earlier)
        if place not in firsts and first not in taken and not _marked_apart(rows[place], rows[first]):
            firsts[place] = first
            taken.add(first)


def _marked(rows: Sequence[SectionRow]) -> Iterator[Pair]:
    first: dict[bytes, int] = {}
    for place, row in enumerate(rows):
        if row.mark is not None and first.setdefault(row.mark, place) != place:
            yield place, first[row.mark]


@dataclass(frozen=True, slots=True)
class _Generation:
    """Rows from one compaction to the next."""

    start: int
    summary: int | None = None
    """Place of its summary, None where none is known."""
    firsts: tuple[int, ...] = ()
    """Places of the rows that its first ones copy."""


def _generations(rows: Sequence[SectionRow]) -> list[_Generation]:
    found = [_Generation(0)]
    summaries: set[bytes] = set()
    for place, row in enumerate(rows):
        fresh = row.summary and row.identity not in summaries
        summaries |= {row.identity} if fresh else set()
        if fresh and place:
            firsts = _common_start(rows, found[-1].start, place)
            if place - len(firsts) > found[-1].start:
                found.append(_Generation(place - len(firsts), place, firsts))
    alive = next((place for place, row in enumerate(rows) if row.active), len(rows))
    before = max(generation.start for generation in found if generation.start <= alive)
    if any(row.compacted for row in rows[before:alive]):  # compacted without a summary that is known as one
        found.append(_Generation(alive))
        found.sort(key=lambda generation: generation.start)
    return found


def _common_start(rows: Sequence[SectionRow], start: int, summary: int) -> tuple[int, ...]:
    """Places of the first rows of a generation that are repeated right before the next summary."""
    every = range(start, summary)
    for places in (list(every), [place for place in every if rows[place].active or rows[place].compacted]):
        for size in range(min(len(places), len(every) // 2, MOST_COPIED), 0, -1):
            pairs = list(zip(range(summary - size, summary), places, strict=False))
            if places[size - 1] < summary - size and all(
                _may_be_copy(rows[place], rows[first], rows[summary].time) for place, first in pairs
            ):
                return tuple(places[:size])
    return ()


def _copied_first(generation: _Generation) -> Iterator[Pair]:
    yield from zip(range(generation.start, generation.start + len(generation.firsts)), generation.firsts, strict=True)


def _copied_last(rows: Sequence[SectionRow], generation: _Generation, end: int) -> Iterator[Pair]:
    """Pairs of the rows that were inserted behind a summary with rows before the compaction; of equal ones the last.

    First those that kept their time, then those that have the time of the compaction.
    """
    inserted = _inserted(rows, generation, end)
    before = range(max(0, generation.start - MOST_COPIED), generation.start)
    timed = [*_matching(before, inserted, lambda place: _timed(rows[place]))]
    yield from timed
    if generation.summary is not None:
        written = rows[generation.summary].time
        known = {place for place, _ in timed}
        rest = [place for place in inserted if place not in known and _is_within(rows[place].time, written)]
        yield from _matching(before, rest, lambda place: rows[place].identity)


def _matching(before: Sequence[int], inserted: Sequence[int], key: Callable[[int], object]) -> list[Pair]:
    """Pairs of places with equal keys, in one order on both sides."""
    old, new = [key(place) for place in reversed(before)], [key(place) for place in reversed(inserted)]
    from difflib import SequenceMatcher

    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return sorted(
        (inserted[-1 - block.b - step], before[-1 - block.a - step]) for block in blocks for step in range(block.size)
    )


def _timed(row: SectionRow) -> object:
    return row.identity, -row.id if row.time is None else row.time


def _inserted(rows: Sequence[SectionRow], generation: _Generation, end: int) -> range:
    """Rows that may have been inserted with a summary, behind it; without a summary all of the generation."""
    if generation.summary is None:
        return range(generation.start, min(end, generation.start + MOST_COPIED))
    start, written = generation.summary + 1, rows[generation.summary].time
    stop = start
    while stop < min(end, start + MOST_COPIED):
        time = rows[stop].time
        if written is not None and time is not None and time > written + SAME_WRITE:
            break
        stop += 1
    return range(start, stop)


def _is_within(time: float | None, written: float | None) -> bool:
    """Whether a row may have been inserted by a compaction, by their times."""
    return time is None or written is None or abs(time - written) <= SAME_WRITE


def _marked_apart(row: SectionRow, first: SectionRow) -> bool:
    return row.mark is not None and first.mark is not None and row.mark != first.mark


def _may_be_copy(row: SectionRow, first: SectionRow, written: float | None) -> bool:
    """Whether a row may be a copy of an earlier one, that kept its time or got that of the compaction."""
    if row.identity != first.identity or _marked_apart(row, first):
        return False
    return row.time == first.time or first.time is None or _is_within(row.time, written)


def _at_one_time(rows: Sequence[SectionRow]) -> Iterator[Pair]:
    """Equal rows at a time that no other message has, of which the first was compacted."""
    places: defaultdict[float, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.time is not None:
            places[row.time].append(place)
    for first, *others in places.values():
        if others and rows[first].compacted and all(_may_be_copy(rows[place], rows[first], None) for place in others):
            yield from ((place, first) for place in others)
