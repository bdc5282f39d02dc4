"""Results of a text search as an engine returns them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..base.deferred import Deferred
from ..base.fallbacks import Fallback, ScanProgress
from ..base.late_dataclass import dataclass

if TYPE_CHECKING:
    from ..base.models import Message


@dataclass(frozen=True, slots=True)
class SearchStep:
    """Hits of one read transaction."""

    ids: tuple[int, ...]
    """Message ids, newest first, older than those of earlier steps except unindexed rows of the first page."""
    examined: int
    """Rows read so far, whether they match or not."""
    fallback: Fallback | None = None
    """Why an index was bypassed, or what it lacks; None for neither, or in a transient step."""
    done: bool = False
    """True where no older message matches."""
    progress: ScanProgress = ScanProgress.INDEXED
    unread: int = 0
    """Messages so far, at most, that lie on damaged pages, so that nobody knows whether they match."""
    rows: tuple[HitRow, ...] = ()
    """The first of the ids with their texts, where they were read together."""


@dataclass(frozen=True, slots=True)
class RankedMatches:
    """The best matches."""

    ids: tuple[int, ...]
    """Best first; of equal scores the newer first."""
    fallback: Fallback | None = None
    """Messages that the ranking leaves out, None for none."""
    unread: int = 0
    """As in a step."""


@dataclass(frozen=True, slots=True)
class MatchCount:
    """Number of messages that match, and their sessions."""

    hits: int
    sessions: frozenset[str]
    capped: bool = False
    """More match than were counted."""
    inactive: frozenset[str] | None = None
    """Sessions with a match that was undone or compacted: a message with copies has one; None where not known."""


@dataclass(frozen=True, slots=True)
class SessionLabel:
    """Source, model and title of a hit's session."""

    source: str = ""
    model: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class HitRow(Deferred):
    """A message as shown in a list of hits."""

    id: int
    session_id: str
    role: str
    text: str
    """Readable, without the reasoning in it."""
    timestamp: float | None
    tool_name: str | None
    label: SessionLabel
    message: Callable[[], Message]
    """Decodes the whole message."""
    may_be_copy: bool = False
    """Its session has inactive rows, so that a compaction in place may have inserted it again."""
    n_bytes: int = 0
    """What it keeps until its text is asked for; 0 where the text is there."""


SessionFilter = Callable[[str], bool] | None
"""Test of a session id: True where it is searched; None searches all."""


@dataclass(frozen=True, slots=True)
class AgentSearchOptions:
    """Options of an agent's search."""

    sources: Sequence[str] | None = None
    """Only these; no hits where it is empty; None for all."""
    not_sources: Sequence[str] | None = None
    roles: Sequence[str] | None = None
    """Only these; all where it is empty or None."""
    limit: int = 20
    offset: int = 0
    sort: str | None = None
    """newest or oldest; anything else sorts by rank."""
    inactive: bool = False
    """Include undone messages."""


@dataclass(frozen=True, slots=True)
class AgentHit:
    """A hit; `snippet` has its matches between >>> and <<<, except hits of LIKE."""

    id: int
    session_id: str
    role: str
    snippet: str
    timestamp: float | None
    tool_name: str | None
    source: str
    model: str | None
    session_started: float | None
