"""Counts of a database for people: messages, tokens, cost, activity, tools.

An engine may leave it out: `HomeStore.statistics` is None then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from ..base.cancel import Cancel
from ..base.late_dataclass import dataclass

BUCKET = 900
"""Seconds of a span of time; every zone's hours begin with one."""


class By(StrEnum):
    """What sessions are grouped by."""

    DAY = "day"
    """The local day on which they started."""
    MODEL = "model"
    SOURCE = "source"
    PROFILE = "profile"
    CWD = "cwd"
    TOOL = "tool"
    """Calls are counted, not sessions."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over some sessions."""

    sessions: int = 0
    messages: int = 0
    """Rows of messages, copies of compactions among them."""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    estimated_usd: float = 0.0
    actual_usd: float = 0.0
    without_cost: int = 0
    """Sessions that have neither cost (0 and NULL both mean unknown)."""

    def __add__(self, other: Tally) -> Tally:
        """Sums of both."""
        from dataclasses import fields

        return Tally(*(getattr(self, own.name) + getattr(other, own.name) for own in fields(self)))


@dataclass(frozen=True, slots=True)
class SessionSize:
    """One session of a list of the largest."""

    id: str
    title: str | None
    value: float
    """Messages, or US dollars: the actual cost where it is known, else the estimated one."""


@dataclass(frozen=True, slots=True)
class ToolCount:
    """Results of one tool."""

    name: str
    """ "" where the row has none."""
    calls: int
    errors: int


@dataclass(frozen=True, slots=True)
class ToolsStep:
    """Results counted so far."""

    tools: tuple[ToolCount, ...]
    """Most called first."""
    done: int
    """Rows of results that were read."""
    total: int


class StatisticsRows(Protocol):
    """Counts; `ids` restricts each to some sessions, None counts all."""

    def total(self, ids: Sequence[str] | None) -> Tally:
        """Everything at once."""

    def groups(self, by: By, ids: Sequence[str] | None) -> Mapping[object, Tally]:
        """By the stored value of a column, None for none; by `BUCKET` of the start for days."""

    def activity(self, ids: Sequence[str] | None) -> Mapping[int | None, int]:
        """Messages by `BUCKET` of their time, from 1970; None for those without a valid time."""

    def longest(self, ids: Sequence[str] | None, *, limit: int) -> Sequence[SessionSize]:
        """The sessions with most messages."""

    def dearest(self, ids: Sequence[str] | None, *, limit: int) -> Sequence[SessionSize]:
        """The sessions that cost most."""

    def tools(self, ids: Sequence[str] | None, *, cancel: Cancel | None) -> Iterator[ToolsStep]:
        """Results of tools with their errors, while they are read."""
