"""The filters of the search language: which there are, what they take, and when a text passes one."""

from __future__ import annotations

import re
import time
from datetime import date

from ..base.errors import QueryInvalid
from .ast import Filter
from .tokenizer import plain

KEYS = ("source", "model", "role", "tool", "after", "before", "cwd", "title", "is", "has")
"""A word before a colon that is not one of these is no filter: people search for `https://…` and `foo:bar`."""

STATES = ("flagged", "live", "archived")
PARTS = ("reasoning",)
ROLES = ("user", "assistant", "tool", "system", "session_meta", "function", "developer", "unknown")
"""docs/format.md §3.1; `agent` is our name for `assistant`."""

_EXAMPLES = {
    "source": "source:telegram",
    "model": "model:opus",
    "role": "role:user, role:agent or role:tool",
    "tool": "tool:terminal",
    "after": "after:7d or after:2026-04-01",
    "before": "before:7d or before:2026-04-01",
    "cwd": "cwd:project",
    "title": 'title:docker or title:"two words"',
    "is": "is:flagged, is:live or is:archived",
    "has": "has:reasoning",
}
_CHOICES = {"is": ("state", STATES), "has": ("part of a message", PARTS), "role": ("role", (*ROLES, "agent"))}

_AGO = re.compile(r"([0-9]{1,5})([hdw])")
_SECONDS = {"h": 3600, "d": 86_400, "w": 604_800}
_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?")
_YEARS = range(1990, 2101)


def parse_filter(key: str, value: str, *, now: float, negated: bool, prefix: bool, start: int, end: int) -> Filter:
    """Understand one filter.

    Args:
        key: One of KEYS.
        value: What stood behind the colon, without quotes.
        now: Seconds since 1970 UTC, what `7d` and `today` count from.
        negated: It had a minus.
        prefix: It is still being typed.
        start: Its first character in what was typed.
        end: One past its last.

    Raises:
        QueryInvalid: The value means nothing there; the message says what would.
    """
    value = value.strip()
    known = value.lower()
    timestamp = _timestamp(known, now) if key in ("after", "before") else None
    wrong = _what_is_wrong(key, known, timestamp)
    if wrong:
        shown = value if len(value) <= 40 else f"{value[:39]}…"
        message = f"{key}:{shown} {wrong} · try {_EXAMPLES[key]}"
        raise QueryInvalid(message, start=start, end=end)
    if key in _CHOICES:
        value = "assistant" if key == "role" and known == "agent" else known
    return Filter(key, value, timestamp, negated, prefix and key == "source", start, end)


def _what_is_wrong(key: str, value: str, timestamp: float | None) -> str:
    """Say why a value cannot stand behind a key, "" where it can."""
    if not value:
        return "lacks a value"
    if key in ("after", "before") and timestamp is None:
        return "is not a date"
    noun, choices = _CHOICES.get(key, ("", ()))
    return f"is not a {noun}" if choices and value not in choices else ""


def _timestamp(value: str, now: float) -> float | None:
    """Give the moment a date begins at, by the clock of this place; None where it is no date."""
    ago = _AGO.fullmatch(value)
    if ago:
        return now - int(ago[1]) * _SECONDS[ago[2]]
    if value in ("today", "yesterday"):
        today = time.localtime(now)
        return _midnight(today.tm_year, today.tm_mon, today.tm_mday - (value == "yesterday"))
    day = _DAY.fullmatch(value)
    if not day or int(day[1]) not in _YEARS:
        return None
    try:
        begin = date(int(day[1]), int(day[2] or 1), int(day[3] or 1))
    except ValueError:
        return None
    return _midnight(begin.year, begin.month, begin.day)


def _midnight(year: int, month: int, day: int) -> float:
    """The start of a day here; day 0 is the last of the month before."""
    return time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))


def admits(one: Filter, value: str | None) -> bool:
    """Tell whether a stored text passes a filter of the keys that speak of text; negation is counted in.

    `source` and `role` must be equal; `model`, `tool`, `cwd` and `title` must contain it.
    Case and accents do not matter; punctuation does.
    """
    rows_scanned, stored = plain(one.value), plain(value or "")
    if one.key in ("source", "role"):
        found = stored.startswith(rows_scanned) if one.prefix else stored == rows_scanned
    else:
        found = rows_scanned in stored
    return found is not one.negated
