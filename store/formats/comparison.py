"""Comparison of the two sources of a session: what each lacks, and the order of their union.

Content decides which messages are the same (`matching`), structure and clocks in which order the others stand
(`turn_order`). Where nothing decides, that is said: nothing is placed by a guess.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ..base.models import Verdict
from . import turn_order
from .alignment import Pair, increasing, repeated_blocks
from .clocks import Clocks
from .compared_message import ComparedMessage
from .matching import Matching, match
from .similarity import alike
from .turn_order import Between, Slot, Turns

UnionPlace = tuple[int | None, int | None]
"""Index in JSONL and in SQLite of one message of the union, None where that side lacks it."""
ReadTexts = Callable[[Sequence[int], Sequence[int]], tuple[Sequence[str], Sequence[str]]]
"""Reads the texts of some lines and of some rows, by their indexes."""
Messages = Sequence[ComparedMessage]

_FEW_WORDS = 4
"""Words of a text that resembles too many others."""
_MOST_TEXTS = 256
"""Pairs of texts of one gap that are compared by their words."""
_MOST_PAIRS = 4_096
"""Pairs of messages between two long texts that are looked at: more would take a time that is not linear."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Comparison of the JSONL file with SQLite; sets hold indexes in JSONL."""

    missing_in_sqlite: int
    missing_in_jsonl: int
    doubled: int
    """Messages of the union that repeat the block right before theirs, on either side; reported, never removed."""
    union: tuple[UnionPlace, ...]
    """All messages in order; where the order is unknown, JSONL's come first."""
    uncertain: frozenset[int] = frozenset()
    """Missing messages whose order is unknown."""
    unlike: frozenset[int] = frozenset()
    """Missing ones with a row of their role in their place: either that row is an edit of it, or each side lost one."""
    orphans: frozenset[int] = frozenset()
    """Missing results whose call is nowhere before them, and calls whose results are refused."""
    edited: frozenset[int] = frozenset()
    """Messages that SQLite has in another form: both are one, and SQLite's stands."""
    elsewhere: frozenset[int] = frozenset()
    """Messages that SQLite has in another place, where they stay."""
    alike: int = 0
    """Repeated texts that neither a time nor a neighbour distinguishes from others; taken for one message each."""
    clocks: Clocks | None = None
    """The clocks of both sides where they are shown to agree."""

    @property
    def refused(self) -> frozenset[int]:
        """Missing messages that are not inserted."""
        return self.uncertain | self.unlike | self.orphans

    @property
    def certain(self) -> bool:
        """True where the order of the union is known in every gap."""
        return not self.uncertain | self.unlike

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


def compare(lines: Messages, rows: Messages, read: ReadTexts | None = None) -> Comparison:
    """Comparison of the two sources of a session by content.

    Args:
        lines: The file's valid lines without session_meta, in order.
        rows: All rows without session_meta, in id order, inactive ones included.
        read: Reads texts where those of a gap may be one message that was edited; without it none is.
    """
    if _are_equal(lines, rows):
        doubled = repeated_blocks([message.identity for message in lines])
        return Comparison(0, 0, len(doubled), tuple((place, place) for place in range(len(lines))))
    return _matched(lines, rows, read)


def _are_equal(lines: Messages, rows: Messages) -> bool:
    """True where both sides say the same, message by message, as nearly all files do: then nothing is to be matched."""
    return len(lines) == len(rows) and all(
        line.identity == row.identity and line.key == row.key and line.ids == row.ids
        for line, row in zip(lines, rows, strict=True)
    )


def _matched(lines: Messages, rows: Messages, read: ReadTexts | None) -> Comparison:
    """The comparison of sides that differ."""
    found = match(lines, rows)
    edits = _pair_edited(found, lines, rows, read) if read else _Edits()
    union = _Union(lines, rows, found, edits.unlike | edits.doubtful)
    union.build()
    missing = [line for line, row in union.places if line is not None and row is None]
    doubled_lines, doubled_rows = (repeated_blocks([message.identity for message in side]) for side in (lines, rows))
    same = [*found.pairs, *found.elsewhere.items(), *found.copies.items()]
    return Comparison(
        missing_in_sqlite=len(missing),
        missing_in_jsonl=len(rows) - len(same),
        doubled=sum(line in doubled_lines or row in doubled_rows for line, row in union.places),
        union=tuple(union.places),
        uncertain=frozenset(union.uncertain - edits.unlike),
        unlike=frozenset(edits.unlike),
        orphans=_orphans(union.places, lines, rows, union.uncertain),
        edited=frozenset(line for line, row in same if lines[line].identity != rows[row].identity),
        elsewhere=frozenset(found.elsewhere),
        alike=len(found.unsure) + len(found.copies),
        clocks=found.clocks,
    )


def _gaps(pairs: Sequence[Pair], n_lines: int, n_rows: int) -> Iterator[tuple[range, range]]:
    """The gap before each pair and the one after the last, empty ones too."""
    line = row = 0
    for pair in (*pairs, (n_lines, n_rows)):
        yield range(line, pair[0]), range(row, pair[1])
        line, row = pair[0] + 1, pair[1] + 1


@dataclass(slots=True)
class _Edits:
    """Lines of gaps that may be a row of SQLite after an edit."""

    unlike: set[int] = field(default_factory=set)
    """Those with one row of their role in their place that does not resemble them."""
    doubtful: set[int] = field(default_factory=set)
    """Those of which several rows may be the edited form, or that are too many to look at."""


def _pair_edited(found: Matching, lines: Messages, rows: Messages, read: ReadTexts) -> _Edits:
    """Pair the messages of each gap that are one message after an edit; return those that may be one."""
    present, taken = found.present, {*found.elsewhere.values(), *found.copies.values()}
    edits, twins = _Edits(), list[Pair]()
    for here, there in _gaps(found.pairs, len(lines), len(rows)):
        if not here or not there:
            continue
        lefts = [line for line in here if line not in present]
        rights = [row for row in there if row not in taken]
        likely = [*islice(_candidates(found.clocks, lines, rows, (lefts, rights)), _MOST_TEXTS + 1)]
        if len(likely) > _MOST_TEXTS:
            edits.doubtful.update(lefts)
        elif likely:
            similar = _similar(likely, read, alone=len(lefts) == len(rights) == 1)
            new = _twins(likely, similar, [*zip(lefts, rights, strict=False)] if len(lefts) == len(rights) else [])
            twins += new
            if not similar and len(lefts) == len(rights) == 1:
                edits.unlike.update(lefts)
            elif {line for line, _ in similar} - {line for line, _ in new}:
                edits.doubtful.update(lefts)
    edits.doubtful |= _beyond_short(found, twins, lines, rows, read)
    found.pairs = sorted([*found.pairs, *twins])
    return edits


def _beyond_short(found: Matching, twins: Sequence[Pair], lines: Messages, rows: Messages, read: ReadTexts) -> set[int]:
    """Lines that resemble a row behind a short text that both sides have: its two may be two messages."""
    present = found.present.union(line for line, _ in twins)
    taken = {*found.elsewhere.values(), *found.copies.values(), *(row for _, row in twins)}
    doubtful: set[int] = set()
    for run in _runs(found.pairs, lines, rows):
        lefts = [[line for line in here if line not in present] for here, _ in run]
        rights = [[row for row in there if row not in taken] for _, there in run]
        if sum(map(len, lefts)) * sum(map(len, rights)) > _MOST_PAIRS:
            continue
        likely: list[Pair] = []
        for place, own in enumerate(lefts):
            others = [row for other, gap in enumerate(rights) if other != place for row in gap]
            likely += islice(_candidates(found.clocks, lines, rows, (own, others)), _MOST_TEXTS + 1)
        if 0 < len(likely) <= _MOST_TEXTS:
            doubtful.update(line for line, _ in _similar(likely, read, alone=False))
    return doubtful


def _runs(pairs: Sequence[Pair], lines: Messages, rows: Messages) -> Iterator[list[tuple[range, range]]]:
    """Gaps between two texts that are not short, where there are several with something on either side."""
    run: list[tuple[range, range]] = []
    for place, gap in enumerate(_gaps(pairs, len(lines), len(rows))):
        run += [gap] if gap[0] or gap[1] else []
        if place == len(pairs) or not lines[pairs[place][0]].short:
            if len(run) > 1:
                yield run
            run = []


def _candidates(
    clocks: Clocks | None, lines: Messages, rows: Messages, gap: tuple[Sequence[int], Sequence[int]]
) -> Iterator[Pair]:
    """Lines and rows of a gap of one role, with no other id, and not of different turns."""
    lefts, rights = gap
    times = [rows[row].time or 0.0 for row in rights]
    for line in lefts:
        start, end = clocks.window(line) if clocks else (float("-inf"), float("inf"))
        for row in rights[bisect_right(times, start) if clocks else 0 : bisect_right(times, end) if clocks else None]:
            if rows[row].role == lines[line].role and not _differ(lines[line], rows[row]):
                yield line, row


def _differ(message: ComparedMessage, other: ComparedMessage) -> bool:
    """Whether one calls tools and the other does not, or both have ids of one kind and none in common."""
    if message.calls or other.calls:
        return set(message.calls).isdisjoint(other.calls)
    ids = ((message.answers, other.answers), (message.platform_id, other.platform_id))
    return any(own and others and own != others for own, others in ids)


def _similar(likely: Sequence[Pair], read: ReadTexts, *, alone: bool) -> set[Pair]:
    """Those of some pairs whose texts are alike; short ones only where there is nothing else in their place."""
    texts = zip(*read([line for line, _ in likely], [row for _, row in likely]), strict=True)
    least = 0 if alone else _FEW_WORDS
    return {pair for pair, (text, other) in zip(likely, texts, strict=True) if alike(text, other, least=least)}


def _twins(likely: Sequence[Pair], similar: set[Pair], opposite: Sequence[Pair]) -> list[Pair]:
    """The similar pairs that are one message: those without another of their role, or each opposite the other."""
    if opposite and similar.issuperset(opposite):
        return [*opposite]
    of_line, of_row = Counter(line for line, _ in likely), Counter(row for _, row in likely)
    return increasing((line, row) for line, row in similar if of_line[line] == of_row[row] == 1)


@dataclass(slots=True)
class _Union:
    """The union of both sides, built from gap to gap."""

    lines: Messages
    rows: Messages
    found: Matching
    undecided: set[int]
    """Lines whose order is not looked for."""
    places: list[UnionPlace] = field(default_factory=list)
    uncertain: set[int] = field(default_factory=set)
    _last: ComparedMessage | None = None
    """The last message that is no result of it: a result whose call is nowhere speaks for that call."""
    _last_place: UnionPlace = (None, None)
    _by_row: dict[int, int] = field(default_factory=dict)
    """Row -> line of a message that is in another place."""

    def build(self) -> None:
        """All of it."""
        self._by_row = {row: line for line, row in self.found.elsewhere.items()}
        gaps = [*_gaps(self.found.pairs, len(self.lines), len(self.rows))]
        cloudy = self._cloudy(gaps)
        torn, present = self._torn(), self.found.present
        for place, (here, there) in enumerate(gaps):
            pair = self.found.pairs[place] if place < len(self.found.pairs) else None
            lefts = [line for line in here if line not in present]
            copied = len(there) > 0 and not self.found.copies.keys().isdisjoint(here)
            self._add_gap(lefts, there, pair, doubtful=copied or place in cloudy)
            if pair is not None:
                self._add([pair])
        self.uncertain |= {line for line, row in self.places if line in torn and row is None and line is not None}

    def _add(self, places: Iterable[UnionPlace]) -> None:
        for line, row in places:
            self.places.append((line, row))
            message = self.rows[row] if row is not None else self.lines[line or 0]
            own = message.role == "tool" and self._last is not None and message.answers in self._last.calls
            self._last, self._last_place = (self._last, self._last_place) if own else (message, (line, row))

    def _add_gap(self, lefts: list[int], there: range, pair: Pair | None, *, doubtful: bool) -> None:
        """The lines and rows of a gap in order; lines first where that is unknown."""
        placed: list[int] | None = [0] * len(lefts)
        if doubtful or self.undecided.intersection(lefts):
            placed = None
        elif lefts and there:
            placed = self._order(lefts, there, pair)
        self.uncertain.update(lefts if placed is None else ())
        before = placed or [0] * len(lefts)
        start = 0
        for line, stop in zip(lefts, before, strict=True):
            self._add((None, row) for row in there[start:stop])
            self._add([(line, None)])
            start = max(start, stop)
        self._add((None, row) for row in there[start:])

    def _order(self, lefts: list[int], there: range, pair: Pair | None) -> list[int] | None:
        between = Between(
            lines=[self.lines[line] for line in lefts],
            rows=[self.rows[row] for row in there],
            before=self._last,
            after=self.rows[pair[1]] if pair else None,
            numbers=lefts,
            elsewhere=[self._by_row.get(row) for row in there],
            turns=self._turns(lefts, there, pair),
        )
        return turn_order.order(between, self.found.clocks)

    def _turns(self, lefts: list[int], there: range, pair: Pair | None) -> Turns:
        return Turns(
            [self._turn_of(line, None) for line in lefts],
            [self._turn_of(None, row) for row in there],
            self._turn_of(*self._last_place),
            self._turn_of(None, pair[1]) if pair else None,
        )

    def _turn_of(self, line: int | None, row: int | None) -> Slot | None:
        """The turn of a message by the clocks; of one that both sides have that of its line."""
        clocks = self.found.clocks
        if clocks is None or not clocks.exact:
            return None
        if line is not None:
            return Slot(clocks.turns[line], certain=clocks.turns[line] not in clocks.vague)
        time = None if row is None else self.rows[row].time
        return None if time is None else Slot(clocks.turn_of_row(time), certain=False)

    def _cloudy(self, gaps: Sequence[tuple[range, range]]) -> set[int]:
        """Gaps beside an unsure pair, where both sides have something on either side of it."""
        cloudy: set[int] = set()
        start = 0
        for place in range(len(gaps)):
            unsure = place < len(self.found.pairs) and self.found.pairs[place][0] in self.found.unsure
            if unsure:
                continue
            run = range(start, place + 1)
            start = place + 1
            if len(run) > 1 and any(gaps[at][0] for at in run) and any(gaps[at][1] for at in run):
                cloudy.update(run)
        return cloudy

    def _torn(self) -> set[int]:
        """Lines between two messages that SQLite has the other way round."""
        if not self.found.elsewhere:
            return set()
        rows = dict(self.found.pairs) | self.found.elsewhere
        torn: set[int] = set()
        held: list[int] = []
        before = -1
        for line in range(len(self.lines)):
            row = rows.get(line)
            if row is None:
                held.append(line)
                continue
            torn.update(held if row < before else ())
            held, before = [], row
        return torn


def _orphans(places: Sequence[UnionPlace], lines: Messages, rows: Messages, refused: Iterable[int]) -> frozenset[int]:
    """Lines that would be results without their call before them, or calls whose results are refused."""
    left_out = set(refused)
    while True:
        called: set[str] = set()
        answered = {lines[line].answers for line in left_out}
        more: set[int] = set()
        for line, row in places:
            if row is not None:
                called.update(rows[row].calls if rows[row].active else ())
            elif line is not None and line not in left_out:
                message = lines[line]
                lacks_call = message.answers is not None and message.answers not in called
                if lacks_call or answered.intersection(message.calls):
                    more.add(line)
                else:
                    called.update(message.calls)
        if not more:
            return frozenset(left_out.difference(refused))
        left_out |= more
