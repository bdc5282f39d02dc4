"""Destination of a reader who types a message number, a date or a time; what lies outside says what there is."""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import filterfalse
from math import inf, isnan, nan

from hermes_tui.render.safe import one_line
from hermes_tui.render.time import clock, day, in_words, local, same_day
from store.base.late_dataclass import dataclass

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
    text: str,
    times: Sequence[float],
    bar: int,
    now: datetime,
    *,
    hidden: Collection[int] = (),
    unnumbered: Sequence[int] = (),
) -> Destination:
    """Find where a reader wants to go.

    Args:
        text: `120`, `2026-10-18`, or `14:30` of the day that is read.
        times: Times of all messages of the transcript, NaN for none.
        bar: Index of the message that is read.
        now: Aware; its zone is the reader's.
        hidden: Indices of the messages that are not shown.
        unnumbered: Indices of the lines that are no messages, ascending.
    """
    typed = text.strip()
    try:
        if _NUMBER.fullmatch(typed):
            return _numbered(int(typed), len(times) - len(unnumbered), unnumbered)
        if found := _DATE.fullmatch(typed):
            year, month, of_month = map(int, found.groups())
            return _dated(datetime(year, month, of_month, tzinfo=now.tzinfo), _shown(times, hidden), now)
        if found := _TIME.fullmatch(typed):
            return _at_time(int(found[1]), int(found[2]), _shown(times, hidden), _time_read(times, bar), now)
    except (ValueError, OverflowError):
        pass
    return Destination(
        complaint=f"{one_line(typed[:LONGEST])} is no message number, date or time: 120, 2026-10-18, 14:30"
    )


def _shown(times: Sequence[float], hidden: Collection[int]) -> Sequence[float]:
    """The times with NaN for those of messages that are not shown."""
    if not hidden:
        return times
    shown = array("d", times)
    for index in hidden:
        shown[index] = nan
    return shown


def _known(times: Sequence[float]) -> list[float]:
    return list(filterfalse(isnan, times))


def _numbered(number: int, total: int, unnumbered: Sequence[int]) -> Destination:
    if 1 <= number <= total:
        place = number - 1
        for other in unnumbered:
            place += other <= place
        return Destination(place)
    return Destination(complaint=f"messages 1 to {in_words(total)} are here")


def _dated(wanted: datetime, times: Sequence[float], now: datetime) -> Destination:
    known = _known(times)
    if not known:
        return Destination(complaint="no message here has a time")
    first, last = min(known), max(known)
    begin, end = wanted.timestamp(), (wanted + timedelta(days=1)).timestamp()
    if end <= first or begin > last:
        if same_day(now, first, last):
            return Destination(complaint=f"all messages are of {day(now, first, year=True)}")
        return Destination(
            complaint=f"messages are here from {day(now, first, year=True)} to {day(now, last, year=True)}"
        )
    return Destination(next(index for index, time in enumerate(times) if time >= begin))


def _time_read(times: Sequence[float], bar: int) -> float | None:
    """The timestamp of the message that is read, or of the nearest one above that has one."""
    return next((time for time in reversed(times[: bar + 1]) if not isnan(time)), None)


def _at_time(hour: int, minute: int, times: Sequence[float], read: float | None, now: datetime) -> Destination:
    """The first message from that time on, of the day that is read."""
    known = _known(times)
    if not known:
        return Destination(complaint="no message here has a time")
    midnight = local(now, known[0] if read is None else read).replace(hour=0, minute=0, second=0, microsecond=0)
    wanted = midnight.replace(hour=hour, minute=minute).timestamp()
    begin, end = midnight.timestamp(), (midnight + timedelta(days=1)).timestamp()
    of_day = [time for time in known if begin <= time < end]
    if not of_day:
        of_day, begin, end = known, min(known), inf
    earliest = max(begin, wanted)
    found = next((index for index, time in enumerate(times) if earliest <= time < end), None)
    first, last = min(of_day), max(of_day)
    if found is None or wanted + 60 <= first:
        read_on = day(now, midnight.timestamp())
        return Destination(complaint=f"{read_on} has messages from {clock(now, first)} to {clock(now, last)}")
    return Destination(found)
