"""Conditions by which agents choose sessions, by the names of upstream's arguments (docs/format.md §8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from ..base.late_dataclass import dataclass


class PruneFilters(TypedDict, total=False):
    """Optional arguments of `prune_sessions` that choose sessions; see `SessionChoice`."""

    started_before: float | None
    started_after: float | None
    title_like: str | None
    end_reason: str | None
    cwd_prefix: str | None
    min_messages: int | None
    max_messages: int | None
    archived: bool | None
    model_like: str | None
    provider: str | None
    user_id: str | None
    chat_id: str | None
    chat_type: str | None
    branch_like: str | None
    min_tokens: int | None
    max_tokens: int | None
    min_cost: float | None
    max_cost: float | None
    min_tool_calls: int | None
    max_tool_calls: int | None


@dataclass(frozen=True, slots=True)
class SessionChoice:
    """Conditions that all hold for a chosen session; None and empty text or lists choose all.

    A column that a file lacks is NULL in each of its rows, and `archived` 0.
    """

    source: str | None = None
    exclude_sources: Sequence[str] | None = None
    cwd_prefix: str | None = None
    """The working folder, or one above it; % and _ are LIKE's, as upstream has it."""
    children: bool = True
    """Delegates and continuations of compressions, too."""
    ended: bool = False
    """Only those that ended."""
    archived: bool | None = None
    """True for the archived alone, False for the others."""
    started_before: float | None = None
    """Seconds since 1970 UTC, exclusive; `started_after` is inclusive."""
    started_after: float | None = None
    title_like: str | None = None
    """Part of the title in any case, like `model_like` and `branch_like`; % and _ are LIKE's."""
    model_like: str | None = None
    branch_like: str | None = None
    end_reason: str | None = None
    provider: str | None = None
    """In any case."""
    user_id: str | None = None
    chat_id: str | None = None
    chat_type: str | None = None
    min_messages: int | None = None
    """By the session's counter, not by its rows."""
    max_messages: int | None = None
    min_tokens: int | None = None
    """Of input and output together."""
    max_tokens: int | None = None
    min_cost: float | None = None
    """US dollars, the actual cost, else the estimated one."""
    max_cost: float | None = None
    min_tool_calls: int | None = None
    max_tool_calls: int | None = None
    id_query: str | None = None
    """Part of the id of the session or of a continuation of it, in any case."""
    search_query: str | None = None
    """The same of id or title; a title matches without its punctuation, too."""
