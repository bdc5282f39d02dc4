"""Order of messages that lie in one place, some on one side and some on the other.

Structure orders more than time: a result comes right after its call, an answer after its question. Times order turns
only where both clocks are shown to agree, and never inside a turn.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, takewhile

from .clocks import Clocks
from .compared_message import ComparedMessage

_MOST_CELLS = 4_096
"""Places that are tried in one gap for an order in which all questions are answered."""


_NEXT = ComparedMessage(b"", role="user")
"""What follows the end of a conversation: the next question."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The turn of a message by the clocks."""

    turn: int
    """Number of the turn in the file; of a row also that of the next one, where the file lacks the row's."""
    certain: bool
    """False where it may be an earlier turn."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Turns of a gap's messages and of its neighbours, None for none; nothing is known without clocks."""

    lines: Sequence[Slot | None] = ()
    rows: Sequence[Slot | None] = ()
    before: Slot | None = None
    after: Slot | None = None

    def of_line(self, line: int) -> Slot | None:
        """The turn of a line, by its place in the gap."""
        return self.lines[line] if self.lines else None

    def of_row(self, row: int) -> Slot | None:
        """The same of a row."""
        return self.rows[row] if self.rows else None


_END = Slot(2**31, certain=True)
"""The turn of that question."""


@dataclass(frozen=True, slots=True)
class Between:
    """Lines and rows between two messages that both sides have."""

    lines: Sequence[ComparedMessage]
    rows: Sequence[ComparedMessage]
    before: ComparedMessage | None
    """The last message before them that is no result of a tool."""
    after: ComparedMessage | None
    """The next message after them."""
    numbers: Sequence[int] = ()
    """Numbers of the lines in the file."""
    elsewhere: Sequence[int | None] = ()
    """For each row the number of the line that says the same in another place; None for none."""
    turns: Turns = Turns()


def order(between: Between, clocks: Clocks | None) -> list[int] | None:
    """Number of the rows before each line; None where nothing decides."""
    bounds = _by_structure(between)
    free = _tightened(*bounds)
    if free is None:
        return None
    timed = _tightened(*_by_time(between, clocks, *bounds)) if clocks else free
    if timed is None:
        return None
    found = [timed[0]] if timed[0] == timed[1] else _flowing(between, *timed)
    others = _flowing(between, *free)
    if len(found) != 1 or (len(others) == 1 and others != found):
        return None
    return found[0] if clocks is None or _ends_in_time(between, clocks, found[0]) else None


def _ends_in_time(between: Between, clocks: Clocks, placed: Sequence[int]) -> bool:
    """Whether no answer right behind a line is from before the end of that line's turn, which it ends."""
    stops = [*placed[1:], len(between.rows)]
    for number, start, stop in zip(between.numbers, placed, stops, strict=True):
        own = takewhile(lambda row: row.role != "user", between.rows[start:stop])
        answer = next((row for row in own if row.active and row.role == "assistant" and not row.calls), None)
        if answer is not None and answer.time is not None and not clocks.may_end(number, answer.time):
            return False
    return True


def _tightened(low: list[int], high: list[int]) -> tuple[list[int], list[int]] | None:
    """Bounds that rise from line to line; None where they contradict each other."""
    for place in range(1, len(low)):
        low[place] = max(low[place], low[place - 1])
    for place in range(len(high) - 2, -1, -1):
        high[place] = min(high[place], high[place + 1])
    return (low, high) if all(least <= most for least, most in zip(low, high, strict=True)) else None


def _by_structure(between: Between) -> tuple[list[int], list[int]]:
    """Bounds by calls and their results, and by what the file has elsewhere."""
    n_rows = len(between.rows)
    low, high = [0] * len(between.lines), [n_rows] * len(between.lines)
    calls = {call: place for place, row in enumerate(between.rows) for call in row.calls}
    results = {row.answers: place for place, row in reversed(list(enumerate(between.rows))) if row.answers}
    moved = _Moved.of(between.elsewhere)
    if between.after and between.after.answers in calls:
        call = calls[between.after.answers]
        high = [n_rows if line.role == "tool" else call for line in between.lines]
    if between.before:
        asked = between.before.calls
        own = sum(1 for _ in takewhile(lambda row: row.answers in asked, between.rows))
        low = [0 if line.role == "tool" else own for line in between.lines]
    for place, line in enumerate(between.lines):
        if line.answers in calls:
            low[place] = calls[line.answers] + 1
        high[place] = min([high[place], *(results[call] for call in line.calls if call in results)])
        if between.before and line.answers in between.before.calls:
            high[place] = min(
                high[place], next((at for at, row in enumerate(between.rows) if row.role != "tool"), n_rows)
            )
        if between.after and between.after.answers in line.calls:
            low[place] = max([0, *(at + 1 for at, row in enumerate(between.rows) if row.role != "tool")])
        if moved.numbers:
            low[place] = max(low[place], moved.behind(between.numbers[place]))
            high[place] = min(high[place], moved.before(between.numbers[place]))
    return low, high


@dataclass(frozen=True, slots=True)
class _Moved:
    """Rows that the file has elsewhere, by the numbers of their lines."""

    numbers: list[int]
    last: list[int]
    """1 + the last row among the first n of them."""
    first: list[int]
    """The first row from each of them on."""

    @classmethod
    def of(cls, elsewhere: Sequence[int | None]) -> _Moved:
        """From the number of the line of each row."""
        moved = sorted((number, row) for row, number in enumerate(elsewhere) if number is not None)
        rows = [row for _, row in moved]
        first = [*accumulate(reversed(rows), min)][::-1]
        return cls([number for number, _ in moved], [0, *accumulate((row + 1 for row in rows), max)], first)

    def behind(self, number: int) -> int:
        """Rows that are before a line."""
        return self.last[bisect_right(self.numbers, number)]

    def before(self, number: int) -> int:
        """Rows that may be before it."""
        place = bisect_right(self.numbers, number)
        return self.first[place] if place < len(self.first) else 2**31


def _by_time(between: Between, clocks: Clocks, low: list[int], high: list[int]) -> tuple[list[int], list[int]]:
    """The same bounds, narrower by what the times of the rows say."""
    low, high = list(low), list(high)
    times = [row.time or 0.0 for row in between.rows]
    users = [place for place, row in enumerate(between.rows) if row.role == "user"]
    for place, (line, number) in enumerate(zip(between.lines, between.numbers, strict=True)):
        start, end = clocks.bounds(number)
        low[place] = max(low[place], bisect_right(times, start))
        high[place] = min(high[place], bisect_right(times, end))
        if (begin := clocks.earliest(number)) is not None:
            low[place] = max(low[place], bisect_right(times, begin))
        asked = [row for row in users if times[row] <= end]  # a question of this turn, or of one that the file lacks
        if (
            clocks.exact
            and clocks.is_settled(clocks.turns[number])
            and asked
            and (line.role != "user" or clocks.begins(number))
        ):
            low[place] = max(low[place], asked[-1] + 1)
    return low, high


@dataclass(frozen=True, slots=True)
class _Step:
    """Orders of the first lines and rows in which the fewest messages are lacking, and one of them."""

    lacking: int = 0
    """Questions and answers that both sides must have lost."""
    ways: int = 1
    """Number of the orders, 2 for more."""
    places: tuple[int, ...] = ()

    def beside(self, other: _Step | None) -> _Step:
        """The one of two in which nothing is lacking, else both."""
        if other is None or (other.lacking and not self.lacking):
            return self
        return other if self.lacking and not other.lacking else replace(self, ways=2)


def _flowing(between: Between, low: Sequence[int], high: Sequence[int]) -> list[list[int]]:
    """Orders within bounds in which each result follows its call and each answer its question: none, one, or two."""
    if sum(most - least + 2 for least, most in zip(low, high, strict=True)) > _MOST_CELLS:
        return []
    found = _best(between, low, high)
    return [[*found.places]] * found.ways if found else []


def _best(between: Between, low: Sequence[int], high: Sequence[int]) -> _Step | None:
    lines, rows, turns = between.lines, between.rows, between.turns
    layer: dict[tuple[int, int, int], _Step] = {(0, 0, -1): _Step()}
    done: _Step | None = None
    for _ in range(len(lines) + len(rows) + 1):
        following: dict[tuple[int, int, int], _Step] = {}
        for (line, row, last), step in layer.items():
            spoken, turn = _last(between, line, row, last)
            if line == len(lines) and row == len(rows):
                lacking = _lacking(between.after or _NEXT, spoken, turns.after or _END, turn)
                done = done if lacking is None else replace(step, lacking=step.lacking + lacking).beside(done)
                continue
            for to_line, to_row, message in _next(between, line, row, low, high):
                own = turns.of_row(row) if to_row > row else turns.of_line(line)
                lacking = _lacking(message, spoken, own, turn)
                if lacking is not None:
                    place = to_line, to_row, last if message.role == "tool" else int(to_row > row)
                    places = (*step.places, row) if to_line > line else step.places
                    new = _Step(step.lacking + lacking, step.ways, places)
                    following[place] = new.beside(following.get(place))
        layer = following
    return done


def _next(
    between: Between, line: int, row: int, low: Sequence[int], high: Sequence[int]
) -> Iterator[tuple[int, int, ComparedMessage]]:
    if line < len(between.lines) and low[line] <= row <= high[line]:
        yield line + 1, row, between.lines[line]
    if row < len(between.rows) and (line == len(between.lines) or row < high[line]):
        yield line, row + 1, between.rows[row]


def _last(between: Between, line: int, row: int, side: int) -> tuple[ComparedMessage | None, Slot | None]:
    """The last message that is no result, and the turn of it: of the lines (0), the rows (1), or before all (-1)."""
    if side < 0:
        return between.before, between.turns.before
    messages, end = (between.rows, row) if side else (between.lines, line)
    place = next(place for place in reversed(range(end)) if messages[place].role != "tool")
    return messages[place], between.turns.of_row(place) if side else between.turns.of_line(place)


def _lacking(message: ComparedMessage, last: ComparedMessage | None, own: Slot | None, turn: Slot | None) -> int | None:
    """Number of messages that both sides must have lost between two, by the turns of both; None for never."""
    follows = _may_follow(message, last)
    known = own is not None and (turn is not None or last is None)
    if message.role == "tool" or not known:
        return 0 if follows else None
    unanswered = last is not None and not (last.role == "assistant" and not last.calls)
    apart = int(unanswered) + int(message.role == "assistant")
    if turn is None or own is None or turn.turn < own.turn:
        return apart
    if follows:
        return int(turn.turn > own.turn)
    return None if turn.turn > own.turn or (turn.certain and own.certain) else apart


def _may_follow(message: ComparedMessage, last: ComparedMessage | None) -> bool:
    """Whether a message may come after another, with nothing but results of tools between them."""
    if message.role == "tool":
        return last is not None and bool(last.calls) and (message.answers is None or message.answers in last.calls)
    if message.role == "user":
        return last is None or (last.role == "assistant" and not last.calls)
    if message.role == "assistant":
        return last is not None and (last.role in ("user", "tool") or bool(last.calls))
    return True
