"""Filters of the search language: keys, values, dates, and the test of a stored text."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence
from datetime import date

from ..base.errors import QueryInvalid
from ..base.late_pattern import late_pattern
from .ast import Filter, Query
from .tokenizer import plain

KEYS = ("source", "model", "role", "tool", "after", "before", "cwd", "title", "profile", "host", "is", "has")
"""Keys of filters; any other word before a colon is text to search for: `https://…`, `foo:bar`."""

STATES = ("flagged", "live", "archived")
PARTS = ("reasoning",)
ROLES = ("user", "assistant", "tool", "system", "session_meta", "function", "developer", "unknown")
"""Roles of docs/format.md §3.1; `agent` is an alias of `assistant`."""

_EXAMPLES = {
    "source": "source:telegram",
    "model": "model:opus",
    "role": "role:user, role:agent or role:tool",
    "tool": "tool:terminal",
    "after": "after:7d or after:2026-04-01",
    "before": "before:7d or before:2026-04-01",
    "cwd": "cwd:project",
    "title": 'title:docker or title:"two words"',
    "profile": "profile:work",
    "host": "host:laptop",
    "is": "is:flagged, is:live or is:archived",
    "has": "has:reasoning",
}
_CHOICES = {"is": ("state", STATES), "has": ("part of a message", PARTS), "role": ("role", (*ROLES, "agent"))}

_AGO = late_pattern(r"([0-9]{1,5})([hdw])")
_SECONDS = {"h": 3600, "d": 86_400, "w": 604_800}
_DAY = late_pattern(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?")
_YEARS = range(1990, 2101)


def parse_filter(key: str, value: str, *, now: float, negated: bool, prefix: bool, start: int, end: int) -> Filter:
    """One parsed filter.

    Args:
        key: One of KEYS.
        value: The text after the colon, without quotes.
        now: Seconds since 1970 UTC, the base of `7d` and `today`.
        negated: It had a minus.
        prefix: It is still being typed.
        start: Its first character in the text.
        end: One past its last.

    Raises:
        QueryInvalid: The key has no such value; the message has an example of one.
    """
    value = value.strip()
    known = value.lower()
    timestamp = _timestamp(known, now) if key in ("after", "before") else None
    problem = _problem(key, known, timestamp)
    if problem:
        shown = value if len(value) <= 40 else f"{value[:39]}…"
        message = f"{key}:{shown} {problem} · try {_EXAMPLES[key]}"
        raise QueryInvalid(message, start=start, end=end)
    if key in _CHOICES:
        value = "assistant" if key == "role" and known == "agent" else known
    return Filter(key, value, timestamp, negated, prefix and key in ("source", "profile"), start, end)


def _problem(key: str, value: str, timestamp: float | None) -> str:
    """Reason why a key cannot have a value, "" for none."""
    if not value:
        return "lacks a value"
    if key in ("after", "before") and timestamp is None:
        return "is not a date"
    noun, choices = _CHOICES.get(key, ("", ()))
    return f"is not a {noun}" if choices and value not in choices else ""


def _timestamp(value: str, now: float) -> float | None:
    """Start of a date in local time, in seconds since 1970; None for no date."""
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
    """Start of a day in local time; day 0 is the last of the month before."""
    return time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))


def admits(condition: Filter, value: str | None) -> bool:
    """True where a stored text passes a filter of a text key, its negation included.

    `source`, `role` and `profile` must be equal; `model`, `tool`, `cwd`, `title` and `host` must contain it.
    Case and accents are ignored; punctuation is not.
    """
    wanted, stored = _plain(condition.value), _plain(value or "")
    if condition.key in ("source", "role", "profile"):
        passes = stored.startswith(wanted) if condition.prefix else stored == wanted
    else:
        passes = wanted in stored
    return passes is not condition.negated


def _plain(text: str) -> str:
    return plain(text if text.isascii() else unicodedata.normalize("NFC", text))


def passes(query: Query, key: str, texts: Sequence[str | None]) -> bool:
    """One of the plain filters of a text key for one of the texts, and each of the negated ones for all."""
    alternatives, negated = query.filters_of(key), query.filters_of(key, negated=True)
    if alternatives and not any(admits(rule, text) for rule in alternatives for text in texts):
        return False
    return all(admits(rule, text) for rule in negated for text in texts)
