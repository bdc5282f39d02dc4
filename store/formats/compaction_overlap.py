"""Carried-over rows of a section: copies of rows of the section before it (docs/format.md §3.4, §3.6).

A compaction starts the next section with copies of the first messages, a summary, and copies of the last messages.
Newer versions mark a copy by the `display_identity` of its original; in older files copies are recognised by equal
messages in one run where a compaction puts them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..base.late_dataclass import dataclass
from ..base.models import Head

EDGE_ROWS = 256
"""Rows at each edge of a section that are compared; compactions carry over some dozens."""

SUMMARIES = ("[CONTEXT COMPACTION", "[CONTEXT SUMMARY]:")
"""Beginnings of a row that a compaction wrote (docs/format.md §3.2)."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Fingerprint of a row's body."""

    identity: bytes
    """Equal for equal messages."""
    is_summary: bool = False


ReadFingerprints = Callable[[Sequence[Head]], Sequence[Fingerprint]]


def carried_over_ids(
    first: Sequence[Head], last: Sequence[Head], start: Sequence[Head], read: ReadFingerprints
) -> frozenset[int]:
    """Ids of the carried-over rows at the start of a section.

    Args:
        first: Heads at the start of the section before it; none of the lists has session_meta.
        last: Heads at its end.
        start: Heads at the start of the section itself.
        read: Reads bodies; called only for rows whose heads are equal.
    """
    n_first = _common_start(first, start, read)
    summary = next(iter(read(start[n_first : n_first + 1])), None)
    if summary is None or not summary.is_summary:
        n_first, behind = 0, 0
    else:
        behind = n_first + 1
    n_last = _overlap(last, start[behind:], read)
    return frozenset(head.id for head in (*start[:n_first], *start[behind : behind + n_last]))


def _common_start(first: Sequence[Head], start: Sequence[Head], read: ReadFingerprints) -> int:
    """Number of messages that both sections start with."""
    pairs = list(zip(first, start, strict=False))
    alike = next((i for i, (old, new) in enumerate(pairs) if _shape(old) != _shape(new)), len(pairs))
    old_bodies, new_bodies = read(first[:alike]), read(start[:alike])
    return next((i for i in range(alike) if old_bodies[i] != new_bodies[i]), alike)


def _overlap(last: Sequence[Head], start: Sequence[Head], read: ReadFingerprints) -> int:
    """Length of the longest start of a section that is the end of the one before it."""
    old, new = [_shape(head) for head in last], [_shape(head) for head in start]
    for size in range(min(len(old), len(new)), 0, -1):
        if old[-size:] == new[:size] and list(read(last[-size:])) == list(read(start[:size])):
            return size
    return 0


def _shape(head: Head) -> tuple[str, int, str | None, bool]:
    return head.role, head.n_bytes, head.tool_name, head.has_calls
