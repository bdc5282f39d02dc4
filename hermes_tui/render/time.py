"""Times, counts and sizes as people read them (docs/look.md §5 to §7).

`now` is an aware datetime: its zone is the reader's, and every stored timestamp is shown in it.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import lru_cache

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
DATES_FROM = 5 * WEEK
"""From here on a heading says the date, and a hit the month."""
AGES_TO = 4 * WEEK
"""From here on a month says more than an age."""
SKEW = 10 * MINUTE
_QUARTER = 15 * MINUTE
YEAR = 365 * DAY

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_MONTHS = tuple(name[:3] for name in _MONTH_NAMES)


def local(now: datetime, timestamp: float) -> datetime:
    """A stored timestamp (seconds since 1970 UTC) in the reader's zone."""
    return datetime.fromtimestamp(timestamp, now.tzinfo)


def age(now: datetime, timestamp: float | None) -> str:
    """Say how long ago: `now 2m 3h 1d…6d 1w…3w Oct`, of other years `2024`; "" where no time is known. At most 4 cells.

    A time ahead of the clock by ten minutes or more is `in 1h`, in 5 cells.
    """
    if timestamp is None:
        return ""
    passed = now.timestamp() - timestamp
    if passed <= -SKEW:
        return _ahead(-passed)
    for limit, unit, letter in ((HOUR, MINUTE, "m"), (DAY, HOUR, "h"), (WEEK, DAY, "d"), (AGES_TO, WEEK, "w")):
        if passed < limit:
            return f"{int(passed // unit)}{letter}" if passed >= MINUTE else "now"
    return _month_or_year(int(timestamp // _QUARTER), now.tzinfo, now.year)


@lru_cache(maxsize=4096)
def _month_or_year(quarter: int, zone: tzinfo | None, year: int) -> str:
    """The month of a time in quarters of an hour, in which no month begins in any zone; of other years the year."""
    then = datetime.fromtimestamp(quarter * _QUARTER, zone)
    return _MONTHS[then.month - 1] if then.year == year else str(then.year)


def age_or_date(now: datetime, timestamp: float | None) -> str:
    """Say how long ago, and from five weeks on when: `3h`, then `18 Oct 04:46`; "" where no time is known."""
    if timestamp is None or now.timestamp() - timestamp < DATES_FROM:
        return age(now, timestamp)
    return date_and_clock(now, timestamp)


def _ahead(seconds: float) -> str:
    """How long until a time, in one digit: `in 1h`, `in 6d`, `in 4w`, `in 2y`."""
    for unit, letter in ((HOUR, "h"), (DAY, "d"), (WEEK, "w")):
        if seconds < 9.5 * unit:
            return f"in {max(1, round(seconds / unit))}{letter}"
    return f"in {max(1, min(9, round(seconds / YEAR)))}y"


def hit_time(now: datetime, timestamp: float | None) -> str:
    """Say when: `14:02` today, `Sat` in the last week, `8 Nov` in the last five, then `Oct`, then `2024`."""
    if timestamp is None:
        return ""
    then = local(now, timestamp)
    days = (now.date() - then.date()).days
    if days < 1:
        return clock(now, timestamp)
    if days < 7:
        return _DAYS[then.weekday()]
    return f"{then.day} {_MONTHS[then.month - 1]}" if days * DAY < DATES_FROM else age(now, timestamp)


def clock_or_day(now: datetime, timestamp: float | None, above: float | None) -> str:
    """Say when, in a list of one session: `14:02` today and below a row of the same day, else `Sat` or `8 Nov`."""
    if timestamp is None:
        return ""
    if above is not None and same_day(now, above, timestamp):
        return clock(now, timestamp)
    then = local(now, timestamp)
    is_old = (now.date() - then.date()).days >= 7
    return f"{then.day} {_MONTHS[then.month - 1]}" if is_old else hit_time(now, timestamp)


def clock(now: datetime, timestamp: float) -> str:
    """The time of day: `14:02`."""
    return f"{local(now, timestamp):%H:%M}"


def day(now: datetime, timestamp: float, *, year: bool = False) -> str:
    """Name a day: `Sat 21 Nov`, with the year where it is not this one, or where that is asked for."""
    then = local(now, timestamp)
    named = f" {then.year}" if year or then.year != now.year else ""
    return f"{_DAYS[then.weekday()]} {then.day} {_MONTHS[then.month - 1]}{named}"


def month(now: datetime, timestamp: float) -> str:
    """Name a month: `October 2026`."""
    then = local(now, timestamp)
    return f"{_MONTH_NAMES[then.month - 1]} {then.year}"


def age_or_day(now: datetime, timestamp: float | None) -> str:
    """Say how long ago, and from four weeks on the day of the month: for a row with its month above it."""
    if timestamp is None or now.timestamp() - timestamp < AGES_TO:
        return age(now, timestamp)
    return str(local(now, timestamp).day)


def date_and_clock(now: datetime, timestamp: float) -> str:
    """Day and time: `22 Nov 14:31`, with the year where it is not this one."""
    return f"{day(now, timestamp).partition(' ')[2]} {clock(now, timestamp)}"


def same_day(now: datetime, first: float, second: float) -> bool:
    """Whether two timestamps fall on one day of the reader's."""
    return local(now, first).date() == local(now, second).date()


def count(number: int) -> str:
    """A number for a column of 5: `1204`, `12.4k`, `124k`, `1.2M`; `·` for none. Rounded down."""
    if number < 1:
        return "·"
    if number < 10_000:
        return str(number)
    for unit, letter in ((1_000, "k"), (1_000_000, "M")):
        if number < 100 * unit:
            return f"{number * 10 // unit / 10:.1f}{letter}"
        if number < 1_000 * unit:
            return f"{number // unit}{letter}"
    return "999M"


def in_words(number: int) -> str:
    """A number for a sentence: `1 204`."""
    return f"{number:,}".replace(",", " ")


def many(number: int, noun: str) -> str:
    """A number with its noun: `1 hit`, `3 104 hits`."""
    return f"{in_words(number)} {noun}{'' if number == 1 else 's'}"


def size(n_bytes: int) -> str:
    """A size in at most 8 cells: `612 B`, `3.2 KB`, `41.0 KB`, `1.4 MB`."""
    if n_bytes < 1024:
        return f"{n_bytes} B"
    amount = n_bytes / 1024
    for unit in ("KB", "MB"):
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GB"


def n_bytes(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def duration(seconds: float) -> str:
    """A length of time in at most 7 cells: `0.4 s`, `21 s`, `3 min`, `2.5 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < 2 * HOUR else f"{min(seconds / HOUR, 9999):.1f} h"
