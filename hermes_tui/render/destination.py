"""Destination of a reader who types a message number, a date or a time; what lies outside says what there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan

from hermes_tui.render.safe import one_line
from hermes_tui.render.time import clock, day, in_words, local, same_day

LONGEST = 40
"""Characters of what was typed that are repeated."""

_NUMBER = re.compile(r"\d{1,9}")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_TIME = re.compile(r"(\d{1,2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class Destination:
    """The index of a message, or a sentence on why there is none."""

    index: int | None = None
    complaint: str = ""


def destination(
    text: str, times: Sequence[float], bar: int, now: datetime, *, is_hidden: Callable[[int], bool]
) -> Destination:
    """Find where a reader wants to go.

    Args:
        text: `120`, `2026-10-18`, or `14:30` of the day that is read.
        times: Times of all messages of the transcript, NaN for none.
        bar: Index of the message that is read.
        now: Aware; its zone is the reader's.
        is_hidden: Whether the message at an index is not shown.
    """
    typed = text.strip()
    try:
        if _NUMBER.fullmatch(typed):
            return _numbered(int(typed), len(times))
        if found := _DATE.fullmatch(typed):
            year, month, of_month = map(int, found.groups())
            return _dated(datetime(year, month, of_month, tzinfo=now.tzinfo), _timed(times, is_hidden), now)
        if found := _TIME.fullmatch(typed):
            return _at_time(int(found[1]), int(found[2]), _timed(times, is_hidden), _time_read(times, bar), now)
    except (ValueError, OverflowError):
        pass
    return Destination(
        complaint=f"{one_line(typed[:LONGEST])} is no message number, date or time: 120, 2026-10-18, 14:30"
    )


_Timed = list[tuple[float, int]]
"""Timestamps and indices of messages, in reading order."""


def _timed(times: Sequence[float], is_hidden: Callable[[int], bool]) -> _Timed:
    return [(time, index) for index, time in enumerate(times) if not isnan(time) and not is_hidden(index)]


def _numbered(number: int, total: int) -> Destination:
    if 1 <= number <= total:
        return Destination(number - 1)
    return Destination(complaint=f"messages 1 to {in_words(total)} are here")


def _dated(wanted: datetime, timed: _Timed, now: datetime) -> Destination:
    if not timed:
        return Destination(complaint="no message here has a time")
    first, last = min(timed)[0], max(timed)[0]
    begin, end = wanted.timestamp(), (wanted + timedelta(days=1)).timestamp()
    if end <= first or begin > last:
        if same_day(now, first, last):
            return Destination(complaint=f"all messages are of {day(now, first, year=True)}")
        return Destination(
            complaint=f"messages are here from {day(now, first, year=True)} to {day(now, last, year=True)}"
        )
    return Destination(next(index for timestamp, index in timed if timestamp >= begin))


def _time_read(times: Sequence[float], bar: int) -> float | None:
    """The timestamp of the message that is read, or of the nearest one above that has one."""
    return next((time for time in reversed(times[: bar + 1]) if not isnan(time)), None)


def _at_time(hour: int, minute: int, timed: _Timed, read: float | None, now: datetime) -> Destination:
    """The first message from that time on, of the day that is read."""
    if not timed:
        return Destination(complaint="no message here has a time")
    read = timed[0][0] if read is None else read
    wanted = local(now, read).replace(hour=hour, minute=minute, second=0, microsecond=0).timestamp()
    of_day = [(timestamp, index) for timestamp, index in timed if same_day(now, timestamp, read)] or timed
    found = next((index for timestamp, index in of_day if timestamp >= wanted), None)
    first, last = min(of_day)[0], max(of_day)[0]
    if found is None or wanted + 60 <= first:
        return Destination(complaint=f"{day(now, read)} has messages from {clock(now, first)} to {clock(now, last)}")
    return Destination(found)
