"""Results of a text search as an engine returns them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..base.models import Message


@dataclass(frozen=True, slots=True)
class SearchStep:
    """What one critical section found."""

    ids: tuple[int, ...]
    """Message rows, newest first; but for what an index left out of the first page, older than those before."""
    examined: int
    """Rows looked at so far, whether they matched or not."""
    label: str | None = None
    """Why and how an index was gone round, None where it was not."""
    done: bool = False
    """Nothing older matches."""


@dataclass(frozen=True, slots=True)
class RankedMatches:
    """The best matches."""

    ids: tuple[int, ...]
    """Best first; of equal ones the newer first."""
    label: str | None = None
    """What the ranking leaves out."""


@dataclass(frozen=True, slots=True)
class MatchCount:
    """How many messages match, and in which sessions."""

    hits: int
    sessions: frozenset[str]
    capped: bool = False
    """There are more."""


@dataclass(frozen=True, slots=True)
class SessionLabel:
    """Where a message comes from."""

    source: str = ""
    model: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class HitRow:
    """A message as far as a list of hits shows it."""

    id: int
    session_id: str
    role: str
    text: str
    """Readable, without the reasoning that stood in it."""
    timestamp: float | None
    tool_name: str | None
    label: SessionLabel
    message: Callable[[], Message]
    """Decodes all of it."""


SessionFilter = Callable[[str], bool]
"""Tells of a session id whether its messages are asked for."""


@dataclass(frozen=True, slots=True)
class AgentSearchOptions:
    """What was asked besides the words."""

    sources: Sequence[str] | None = None
    """Only these; none at all where it is empty; None for all."""
    not_sources: Sequence[str] | None = None
    roles: Sequence[str] | None = None
    """Only these; all where it is empty or None."""
    limit: int = 20
    offset: int = 0
    sort: str | None = None
    """newest or oldest; anything else is by rank."""
    inactive: bool = False
    """Find what the user took back, too."""


@dataclass(frozen=True, slots=True)
class AgentHit:
    """A hit; `snippet` has its matches between >>> and <<<, but not where LIKE found it."""

    id: int
    session_id: str
    role: str
    snippet: str
    timestamp: float | None
    tool_name: str | None
    source: str
    model: str | None
    session_started: float | None
