"""Reasons why a search bypassed an index or left something out, and the state of its scan."""

from __future__ import annotations

from enum import StrEnum

from .late_dataclass import dataclass


class IndexGap(StrEnum):
    """Text that a full-text index lacks by design (docs/format.md §2.4); `LONG` is tool output beyond 8,192 characters.

    `INTERNAL` is that of cron and subagent sessions, `REASONING` that of answers which stand in their reasoning alone.
    """

    TOOL = "tool"
    CALLS = "calls"
    LONG = "long"
    INTERNAL = "internal"
    REASONING = "reasoning"


class FallbackKind(StrEnum):
    """Reason why a search bypassed an index, or left something out.

    The first six are scans of the rows: the index is missing, damaged, unusable (it raises another error than damage)
    or stale (it lacks rows), its words are too common, or it lacks the role that was searched for.
    While an index is rebuilt, a search scans the rows that it lacks (`REBUILDING`), and a ranking leaves them out
    (`UNRANKED`). An index leaves out `gaps`; a ranking has the newest matches only (`RANKED`).
    """

    MISSING = "missing"
    DAMAGED = "damaged"
    UNUSABLE = "unusable"
    STALE = "stale"
    COMMON = "common"
    ROLE_UNINDEXED = "role_unindexed"
    REBUILDING = "rebuilding"
    UNRANKED = "unranked"
    GAPS = "gaps"
    RANKED = "ranked"
    NO_STORE = "no_store"
    STORE_UNREAD = "store_unread"
    FILES_LEFT_OUT = "files_left_out"
    SNAPSHOTS_LEFT_OUT = "snapshots_left_out"
    PROFILE_UNREAD = "profile_unread"
    PAGES_DAMAGED = "pages_damaged"


@dataclass(frozen=True, slots=True)
class Fallback:
    """One way in which a search bypassed an index or left something out.

    Args:
        ranked: Number of newest matches that were ranked, 0 for all.
        files: Number of JSONL files left out.
        n_bytes: Limit of the bytes read from files.
        unread: Number of messages, at most, that may match and lie on damaged pages.
        profile: Name of the profile that could not be read; "" for any other reason.
    """

    kind: FallbackKind
    gaps: tuple[IndexGap, ...] = ()
    ranked: int = 0
    files: int = 0
    n_bytes: int = 0
    unread: int = 0
    error: str = ""
    profile: str = ""


class ScanProgress(StrEnum):
    """Part of a search that runs.

    `INDEXED`: no index is bypassed, except for rows that it lacks so far; `SCANNING`: the rows are scanned in place of
    an index; `NEWEST_FIRST`: the newest rows are scanned, and an index follows; `UNINDEXED`: the rows that an index
    leaves out are scanned.
    """

    INDEXED = "indexed"
    SCANNING = "scanning"
    NEWEST_FIRST = "newest_first"
    UNINDEXED = "unindexed"

    @property
    def is_transient(self) -> bool:
        """True where it describes single steps, not the whole search."""
        return self in {ScanProgress.NEWEST_FIRST, ScanProgress.UNINDEXED}
