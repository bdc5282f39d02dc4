"""Agreement of two clocks: whether the times of a JSONL file and those of SQLite's rows can be compared.

A file has local times of the machine that wrote it, most often one for a whole turn, at its end; rows have the time of
their insertion (docs/format.md §3.4, §5.1). What both sides certainly have shows by how much the clocks differ; where
a single such message contradicts the rest, times are not used.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

from .alignment import Pair
from .compared_message import ComparedMessage

_STEP = 900.0
"""Time zones differ by whole quarters of an hour."""
_JITTER = 2.0
"""Seconds by which a row may be later than its line."""
_FLUSH = 0.05
"""Seconds by which a row may be later than its line where none is known to be."""
_TIGHT = 60.0
"""Seconds between a line and its row, at the most where they are nearest."""
_SWITCHES = (1_800.0, 3_600.0)
"""Seconds by which a clock is set forward or back for daylight saving."""
_AT_ONCE = 0.5
"""Seconds between an answer and the next turn that were written in one go, long after they were said."""
_IN_ONE_WRITE = 0.005
"""The same between two questions: a group chat and forwarded messages bring several in half a second."""
_WEST, _EAST = 12 * 3_600.0, 14 * 3_600.0
"""Seconds by which a local time may be behind and ahead of UTC."""
_DAY = 24 * 3_600.0
_SETTING_DAYS, _SETTING_MONTHS = (4, 5, 6), (3, 4, 9, 10, 11)
"""Friday to Sunday; March, April, September to November: in no zone is the clock set at another time of the year."""
_HALF_A_DAY = 12 * 3_600.0
"""Seconds that no turn takes where nothing is known."""
_ENOUGH = 3
"""Turns whose length is known from which that of the others is estimated."""
_LONGER = 3.0
"""How much longer than the longest turn that is known another may be."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Turns of a file on the clock of SQLite: each ends at its time and begins after the end of the one before it."""

    turns: tuple[int, ...]
    """Turn of each line; lines with one time are one turn."""
    ends: tuple[float, ...]
    """End of each turn, rising."""
    offsets: tuple[float, ...]
    """Seconds to add to each turn's time."""
    late: float = _JITTER
    """Seconds after the end of a turn at which its rows may still be written."""
    early: float = 0.0
    """Seconds by which an end may be too late."""
    longest: float | None = None
    """Seconds that no turn takes; None where that is not known."""
    vague: frozenset[int] = frozenset()
    """Turns that are several, because the clock was set forward or back in them."""
    open: frozenset[int] = frozenset()
    """Turns before or after all certain messages, between which and them the clock may have been set."""

    @property
    def exact(self) -> bool:
        """False where only the bounds of time zones are known."""
        return not self.early

    def turn_of_row(self, time: float) -> int:
        """The turn in which a row was written, or the next one in the file; the number of turns after all."""
        return bisect_right(self.ends, time - self.late)

    def is_clear(self, time: float) -> bool:
        """Whether a row is not so close behind a turn that it may be a late one of it."""
        return self.turn_of_row(time) == bisect_right(self.ends, time - max(self.late, _JITTER))

    def offset(self, line: int) -> float:
        """Seconds to add to the time of a line."""
        return self.offsets[self.turns[line]]

    def begins(self, line: int) -> bool:
        """Whether no line before it in the file is of the same turn."""
        return not line or self.turns[line - 1] != self.turns[line]

    def is_settled(self, turn: int) -> bool:
        """Whether it is known when a turn ended."""
        return turn not in self.vague and turn not in self.open

    def bounds(self, line: int) -> tuple[float, float]:
        """Rows up to the first time are before the turn of a line, rows after the second behind it."""
        turn = self.turns[line]
        after = self.ends[turn - 1] - self.early - self._slack(turn - 1) if turn else float("-inf")
        return after, self.ends[turn] + self.late + self._slack(turn)

    def _slack(self, turn: int) -> float:
        """Seconds by which the end of a turn may be wrong."""
        return _SWITCHES[-1] if turn in self.open else 0.0

    def window(self, line: int) -> tuple[float, float]:
        """The same for a row that may be a little late."""
        after, until = self.bounds(line)
        return after, until + _JITTER

    def admits(self, line: int, row: ComparedMessage) -> bool:
        """Whether a row may have been written in the turn of a line; an inactive one at any time."""
        after, until = self.window(line)
        return not row.active or row.time is None or after < row.time <= until

    def may_end(self, line: int, time: float) -> bool:
        """Whether the turn of a line may have ended as early as this."""
        turn = self.turns[line]
        known = self.exact and turn not in self.vague
        return not known or time >= self.ends[turn] - max(self.late, _JITTER) - self._slack(turn)

    def earliest(self, line: int) -> float | None:
        """The time before which the turn of a line had not begun; None where that is not known."""
        turn = self.turns[line]
        settled = self.longest is not None and self.is_settled(turn)
        return self.ends[turn] - self.early - (self.longest or 0.0) if settled else None


def agree(lines: Sequence[ComparedMessage], rows: Sequence[ComparedMessage], certain: Sequence[Pair]) -> Clocks | None:
    """The clocks, where they are shown to agree.

    Args:
        lines: Messages of the file, in order.
        rows: Rows in the order of their ids.
        certain: Messages that both have, whatever their times, in order.
    """
    found = [line.time for line in lines if line.time is not None]
    if len(found) < len(lines) or not _is_sound(rows) or _is_coarser(rows, found):
        return None
    if any(after < before - _SWITCHES[-1] - _JITTER for before, after in pairwise(found)):
        return None
    turns = _turns(found)
    times = [time for place, time in enumerate(found) if not place or time != found[place - 1]]
    shown = [(turns[line], rows[row].time) for line, row in certain]
    evidence = [(turn, time - times[turn]) for turn, time in shown if time is not None]
    offsets = _offsets(evidence, len(times))
    if offsets is None:
        return None
    turns, ends, vague = _joined(turns, times, offsets)
    if any(after < before - _JITTER for before, after in pairwise(ends)):
        return None
    late = _JITTER if offsets.whole else _TIGHT
    known = Clocks(tuple(turns), tuple(ends), tuple(offsets.of_turn), late, vague=vague)
    return _verified(known, lines, rows, certain)


def bounded(lines: Sequence[ComparedMessage], rows: Sequence[ComparedMessage]) -> Clocks | None:
    """The clocks of two sides that share nothing: what lies further apart than any time zones do is in order."""
    found = [line.time for line in lines if line.time is not None]
    if len(found) < len(lines) or not found or found != sorted(found) or not _is_sound(rows):
        return None
    times = sorted(set(found))
    return Clocks(tuple(_turns(found)), tuple(times), (0.0,) * len(times), _WEST, _EAST, _HALF_A_DAY)


@dataclass(frozen=True, slots=True)
class _Offsets:
    """Seconds to add to the times of the turns."""

    of_turn: list[float]
    certain: list[bool]
    """False for a turn in which the clock may have been set forward or back."""
    whole: bool
    """They are whole quarters of an hour."""


def _is_sound(rows: Sequence[ComparedMessage]) -> bool:
    """Whether rows have times that rise, none of two turns were written in one go, and all were written in one way."""
    active = [row for row in rows if row.active]
    if any(row.time is None for row in active):
        return False
    together = {_is_at_once(before, after) for before, after in pairwise(active) if after.role != "user"}
    return len(together) < 2 and all(_may_be_next(before, after) for before, after in pairwise(active))


def _is_at_once(before: ComparedMessage, after: ComparedMessage) -> bool:
    """Whether two rows of one turn were written together; no question is answered within milliseconds."""
    apart = (after.time or 0.0) - (before.time or 0.0)
    return apart < _IN_ONE_WRITE if before.role == "user" else apart == 0.0


def _may_be_next(before: ComparedMessage, after: ComparedMessage) -> bool:
    apart = (after.time or 0.0) - (before.time or 0.0)
    least = _IN_ONE_WRITE if before.role == "user" else _AT_ONCE
    answered = before.role == "assistant" and not before.calls
    return apart >= (least if after.role == "user" or answered else -_JITTER)


def _is_coarser(rows: Sequence[ComparedMessage], times: Sequence[float]) -> bool:
    """Whether rows have one time a turn, at its end, and lines one a message."""
    written = [row.time for row in rows if row.active]
    return any(time == after for time, after in pairwise(written)) and all(a != b for a, b in pairwise(times))


def _turns(times: Sequence[float]) -> list[int]:
    """The turn of each line, by equal neighbouring times."""
    turns: list[int] = []
    for place, time in enumerate(times):
        turns.append(turns[-1] + (time != times[place - 1]) if place else 0)
    return turns


def _offsets(evidence: Sequence[tuple[int, float]], n_turns: int) -> _Offsets | None:
    """The offsets that (turn, row's time minus line's time) of certain messages show; None where they show none."""
    nearest: dict[int, float] = {}
    for turn, apart in evidence:
        nearest[turn] = max(apart, nearest.get(turn, apart))
    if len(nearest) < 2:
        return None
    zones = {turn: _zone_of(apart) for turn, apart in nearest.items()}
    switches = [turn for last, turn in pairwise(zones) if zones[turn] != zones[last]]
    if len(switches) > 1:
        return None
    tight: dict[float, float] = {}
    for turn, zone in zones.items():
        tight[zone] = min(zone - nearest[turn], tight.get(zone, _STEP))
    if all(apart <= _TIGHT for apart in tight.values()):
        return _switched(zones, n_turns)
    if switches or len(nearest) < 3:
        return None
    return _Offsets([max(nearest.values())] * n_turns, [True] * n_turns, whole=False)


def _zone_of(apart: float) -> float:
    return -(-(apart - _JITTER) // _STEP) * _STEP


def _switched(zones: dict[int, float], n_turns: int) -> _Offsets | None:
    """One offset, or two where the clock was set forward or back between two certain turns."""
    first, last = min(zones), max(zones)
    if zones[first] == zones[last]:
        return _Offsets([zones[first]] * n_turns, [True] * n_turns, whole=True)
    if abs(zones[first] - zones[last]) not in _SWITCHES:
        return None
    before = max(turn for turn in zones if zones[turn] == zones[first])
    after = min(turn for turn in zones if zones[turn] == zones[last])
    of_turn = [zones[first] if turn <= before else zones[last] for turn in range(n_turns)]
    return _Offsets(of_turn, [not before < turn < after for turn in range(n_turns)], whole=True)


def _joined(
    turns: list[int], times: Sequence[float], offsets: _Offsets
) -> tuple[list[int], list[float], frozenset[int]]:
    """Turns, their ends, and those that are several: turns in which the clock may have been set, and the next."""
    ends = [time + offset for time, offset in zip(times, offsets.of_turn, strict=True)]
    kept = [turn for turn in range(len(times)) if offsets.certain[turn]]
    new = [0] * len(times)
    for place, turn in enumerate(kept):
        new[kept[place - 1] + 1 if place else 0 : turn + 1] = [place] * (turn - (kept[place - 1] if place else -1))
    offsets.of_turn[:] = [offsets.of_turn[turn] for turn in kept]
    joined = [turn for turn, times in Counter(new).items() if times > 1]
    return [new[turn] for turn in turns], [ends[turn] for turn in kept], frozenset(joined)


def _verified(
    known: Clocks, lines: Sequence[ComparedMessage], rows: Sequence[ComparedMessage], certain: Sequence[Pair]
) -> Clocks | None:
    """The clocks with the length of a turn; None where a certain row contradicts them."""
    lengths: list[float] = []
    latest = 0.0
    for line, row in certain:
        time = rows[row].time
        after, until = known.bounds(line)
        if time is None or not after - _JITTER < time <= until:
            return None
        latest = max(latest, time - known.ends[known.turns[line]])
        begins = known.begins(line) and known.is_settled(known.turns[line])
        lengths += [known.ends[known.turns[line]] - time] if begins and lines[line].role == "user" else []
    longest = _LONGER * max(lengths) + 1.0 if len(lengths) >= _ENOUGH else None
    late = 2 * latest + _FLUSH if known.late == _JITTER else known.late
    return replace(known, longest=longest, late=late, open=_open(known, certain))


def _open(known: Clocks, certain: Sequence[Pair]) -> frozenset[int]:
    """Turns before or after all certain messages, between which and them the clock may have been set."""
    first, last = known.turns[certain[0][0]], known.turns[certain[-1][0]]
    return frozenset(
        turn
        for turn in range(len(known.ends))
        if (turn < first and _may_be_set(known.ends[turn], known.ends[first]))
        or (turn > last and _may_be_set(known.ends[last], known.ends[turn]))
    )


def _may_be_set(start: float, end: float) -> bool:
    """Whether clocks are set forward or back anywhere between two times: at weekends of spring and autumn."""
    days = range(-1, min(8 + 366, int((end - start) / _DAY) + 3))
    dates = (datetime.fromtimestamp(start + day * _DAY, UTC) for day in days)
    return any(date.weekday() in _SETTING_DAYS and date.month in _SETTING_MONTHS for date in dates)
