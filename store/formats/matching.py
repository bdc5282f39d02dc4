"""Matching of the lines of a file with the rows of SQLite: which of them are the same message.

Content decides: messages of one id are one message, and so is a text that occurs once on each side. Texts that repeat
are paired in order between such messages, and turn by turn where the clocks of both sides agree.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .alignment import Pair, align, increasing
from .clocks import Clocks, agree, bounded
from .compared_message import ComparedMessage

Messages = Sequence[ComparedMessage]


@dataclass(slots=True)
class Matching:
    """Lines and rows that are the same message."""

    pairs: list[Pair]
    """Rising on both sides."""
    unsure: set[int] = field(default_factory=set)
    """Lines whose pair may as well be another message of the same text."""
    elsewhere: dict[int, int] = field(default_factory=dict)
    """Line -> row of the same message where the sides have it in different places."""
    copies: dict[int, int] = field(default_factory=dict)
    """Line -> row elsewhere that says the same, for texts that repeat: it counts for the line, wherever that was."""
    repeated: set[int] = field(default_factory=set)
    """Further lines of a message whose id SQLite has already."""
    clocks: Clocks | None = None

    @property
    def present(self) -> set[int]:
        """Unpaired lines that SQLite has."""
        return {*self.elsewhere, *self.copies, *self.repeated}


def match(lines: Messages, rows: Messages) -> Matching:
    """Which lines are which rows."""
    left, right = _keys(lines, rows)
    pairs = _whole(left, right)
    if pairs is not None:
        return Matching(pairs, repeated=_known_ids(lines, rows, {line for line, _ in pairs}))
    shared = _once(left) & _once(right)
    strong, weak = _anchors(lines, left, right, shared)
    clocks = agree(lines, rows, strong) or agree(lines, rows, increasing([*strong, *weak]))
    weak = [pair for pair in weak if clocks is None or clocks.admits(pair[0], rows[pair[1]])]
    anchors = _fitting(strong, weak)
    found = Matching([*anchors], clocks=clocks)
    if clocks:
        found.pairs += _of_one_turn(rows, (left, right), found.pairs, clocks)
    found.pairs = sorted([*found.pairs, *_between((left, right), sorted(found.pairs), rows, clocks)])
    certain = strong if _repeats_words(lines, left) or _repeats_words(rows, right) else anchors
    found.unsure = _unsure(found, {*certain, (-1, -1), (len(left), len(right))})
    same = _elsewhere(found, left, right, rows, shared)
    found.elsewhere = {line: row for line, row in same.items() if left[line] in shared and not lines[line].short}
    found.copies = {line: row for line, row in same.items() if line not in found.elsewhere}
    taken = {line for line, _ in found.pairs} | same.keys()
    found.repeated = _known_ids(lines, rows, taken)
    if not taken:
        found.clocks = bounded(lines, rows)
    return found


def _keys(lines: Messages, rows: Messages) -> tuple[list[bytes], list[bytes]]:
    """Keys that are equal for the same message; a line with the id of a row has the row's key."""
    right = [row.key or row.identity for row in rows]
    left = [line.key or line.identity for line in lines]
    known, own = _by_id(rows, right), _by_id(lines, left)
    for place, line in enumerate(lines):
        twin = next((known[name] for name in line.ids if name in known and name in own), None)
        left[place] = left[place] if twin is None else twin
    return left, right


def _by_id(messages: Messages, keys: Sequence[bytes]) -> dict[str, bytes]:
    """Id -> key of the one message that has it; ids that different messages have are no ids."""
    found: dict[str, bytes] = {}
    shared: set[str] = set()
    for message, key in zip(messages, keys, strict=True):
        for name in message.ids:
            if found.setdefault(name, key) != key:
                shared.add(name)
    return {name: key for name, key in found.items() if name not in shared}


def _whole(left: Sequence[bytes], right: Sequence[bytes]) -> list[Pair] | None:
    """Pairs of all of the shorter side, where the longer one has it in this order; None where it has not."""
    pairs = list(align(left, right).pairs)
    if len(pairs) == min(len(left), len(right)):
        return pairs
    if not Counter(left) - Counter(right):
        return _contained(left, right)
    if not Counter(right) - Counter(left):
        found = _contained(right, left)
        return found and [(line, row) for row, line in found]
    return None


def _contained(inner: Sequence[bytes], outer: Sequence[bytes]) -> list[Pair] | None:
    pairs: list[Pair] = []
    for place, key in enumerate(outer):
        if len(pairs) < len(inner) and key == inner[len(pairs)]:
            pairs.append((len(pairs), place))
    return pairs if len(pairs) == len(inner) else None


def _once(keys: Sequence[bytes]) -> frozenset[bytes]:
    return frozenset(key for key, times in Counter(keys).items() if times == 1)


def _anchors(
    lines: Messages, left: Sequence[bytes], right: Sequence[bytes], shared: frozenset[bytes]
) -> tuple[list[Pair], list[Pair]]:
    """Pairs of texts that occur once on each side: in order, and those of short texts apart from them."""
    places = {key: place for place, key in enumerate(right) if key in shared}
    pairs = [(place, places[key]) for place, key in enumerate(left) if key in shared]
    return increasing(pair for pair in pairs if not lines[pair[0]].short), [
        pair for pair in pairs if lines[pair[0]].short
    ]


def _fitting(strong: list[Pair], weak: Sequence[Pair]) -> list[Pair]:
    """The strong pairs, and the weak ones that are in order among them."""
    fitting: list[Pair] = []
    merged = sorted([*strong, *weak])
    certain = set(strong)
    nexts = [0] * len(merged)
    after = 2**62
    for place in range(len(merged) - 1, -1, -1):
        nexts[place] = after
        after = merged[place][1] if merged[place] in certain else after
    before = -1
    for place, pair in enumerate(merged):
        if pair in certain:
            before = pair[1]
        elif before < pair[1] < nexts[place]:
            fitting.append(pair)
    return sorted([*strong, *increasing(fitting)])


def _of_one_turn(
    rows: Messages, keys: tuple[Sequence[bytes], Sequence[bytes]], anchors: Sequence[Pair], clocks: Clocks
) -> list[Pair]:
    """Pairs of equal texts of one turn, between the anchors."""
    left = [
        key + _mark(turn) if clocks.is_settled(turn) else b"l%d" % place
        for place, (key, turn) in enumerate(zip(keys[0], clocks.turns, strict=True))
    ]
    right = [
        key + _mark(turn) if clocks.is_settled(turn) and clocks.is_clear(time) else b"r%d" % place
        for place, (key, time, turn) in enumerate(_with_turns(keys[1], rows, clocks))
    ]
    return [*_between((left, right), anchors)]


def _with_turns(keys: Sequence[bytes], rows: Messages, clocks: Clocks) -> Iterator[tuple[bytes, float, int]]:
    """The key, the time and the turn of each row."""
    for key, row in zip(keys, rows, strict=True):
        time = row.time or 0.0
        yield key, time, clocks.turn_of_row(time)


def _mark(turn: int) -> bytes:
    """What a key of this turn ends with."""
    return turn.to_bytes(4, "big")


def _between(
    keys: tuple[Sequence[bytes], Sequence[bytes]],
    anchors: Sequence[Pair],
    rows: Messages = (),
    clocks: Clocks | None = None,
) -> Iterator[Pair]:
    """Pairs of equal texts between the anchors, those that the clocks admit."""
    left, right = keys
    line = row = 0
    for anchor in (*anchors, (len(left), len(right))):
        inner = align(left[line : anchor[0]], right[row : anchor[1]])
        pairs = ((line + here, row + there) for here, there in inner.pairs)
        yield from (pair for pair in pairs if clocks is None or clocks.admits(pair[0], rows[pair[1]]))
        line, row = anchor[0] + 1, anchor[1] + 1


def _unsure(found: Matching, certain: set[Pair]) -> set[int]:
    """Lines of pairs that neither their text, nor a time, nor a neighbour makes certain."""
    clocks = found.clocks
    if clocks:
        certain.update(pair for pair in found.pairs if clocks.is_settled(clocks.turns[pair[0]]))
    for order, step in ((found.pairs, 1), (found.pairs[::-1], -1)):
        for line, row in order:
            if (line - step, row - step) in certain:
                certain.add((line, row))
    return {line for line, row in found.pairs if (line, row) not in certain}


def _repeats_words(messages: Messages, keys: Sequence[bytes]) -> bool:
    """Whether somebody says the same few words again and again."""
    times = Counter(key for message, key in zip(messages, keys, strict=True) if message.short)
    return any(number > 1 for number in times.values())


def _elsewhere(
    found: Matching, left: Sequence[bytes], right: Sequence[bytes], rows: Messages, shared: frozenset[bytes]
) -> dict[int, int]:
    """Unpaired lines that are an unpaired row in another place.

    A text that occurs once on each side is the same message; so is one that an inactive row has, for what was taken
    back is never inserted again, and one that repeats where no clock distinguishes its copies.
    """
    paired_lines, paired_rows = {line for line, _ in found.pairs}, {row for _, row in found.pairs}
    clocks = found.clocks
    free: defaultdict[bytes, list[int]] = defaultdict(list)
    timed: defaultdict[bytes, list[int]] = defaultdict(list)
    for row in range(len(right) - 1, -1, -1):
        key = right[row]
        if row not in paired_rows:
            (free if clocks is None or key in shared or not rows[row].active else timed)[key].append(row)
    same: dict[int, int] = {}
    for line, key in enumerate(left):
        if line in paired_lines:
            continue
        if free.get(key):
            same[line] = free[key].pop()
        elif clocks and not clocks.is_settled(clocks.turns[line]) and timed.get(key):
            same.update({line: timed[key].pop()} if clocks.admits(line, rows[timed[key][-1]]) else {})
    return same


def _known_ids(lines: Messages, rows: Messages, taken: Iterable[int]) -> set[int]:
    """Lines whose id a row has, or a line before them that is inserted; one id is one message."""
    skipped = set(taken)
    ambiguous = _shared_ids(lines) | _shared_ids(rows)
    known = {name for row in rows for name in row.ids}
    found: set[int] = set()
    for place, line in enumerate(lines):
        names = [name for name in line.ids if name not in ambiguous]
        if place in skipped or not names:
            continue
        if known.isdisjoint(names):
            known.update(names)
        else:
            found.add(place)
    return found


def _shared_ids(messages: Messages) -> set[str]:
    """Ids that different messages have: some providers number their calls from 1 again and again."""
    keys: Mapping[str, bytes] = _by_id(messages, [message.key or message.identity for message in messages])
    return {name for message in messages for name in message.ids} - keys.keys()
