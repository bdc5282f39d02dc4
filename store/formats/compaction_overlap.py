"""Rows of a section that only repeat what the section before it has (docs/format.md §3.4, §3.6).

A compaction begins the next section with copies of the first messages, a summary, and copies of the last messages.
Newer versions mark a copy by the `display_identity` of its original; in older files copies are known by standing in
one piece where a compaction puts them, equal message by message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..base.models import Head

EDGE_ROWS = 256
"""Rows at an edge of a section that are compared: compactions carry over some dozens."""

SUMMARIES = ("[CONTEXT COMPACTION", "[CONTEXT SUMMARY]:")
"""How a row begins that a compaction wrote (docs/format.md §3.2)."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a body tells of a row."""

    identity: bytes
    """Equal for equal messages."""
    is_summary: bool = False


ReadFingerprints = Callable[[Sequence[Head]], Sequence[Fingerprint]]


def carried_over_ids(
    first: Sequence[Head], last: Sequence[Head], start: Sequence[Head], look: ReadFingerprints
) -> frozenset[int]:
    """Ids of the copies at the start of a section.

    Args:
        first: Heads at the start of the section before it, without session_meta, as all of these.
        last: Heads at its end.
        start: Heads at the start of the section itself.
        look: Reads bodies; asked only of rows whose heads leave it open.
    """
    kept = _same(first, start, look)
    summary = next(iter(look(start[kept : kept + 1])), None)
    if summary is None or not summary.is_summary:
        kept, behind = 0, 0
    else:
        behind = kept + 1
    run = _overlap(last, start[behind:], look)
    return frozenset(head.id for head in (*start[:kept], *start[behind : behind + run]))


def _same(first: Sequence[Head], start: Sequence[Head], look: ReadFingerprints) -> int:
    """How many messages both begin with."""
    pairs = list(zip(first, start, strict=False))
    alike = next((place for place, (one, two) in enumerate(pairs) if _shape(one) != _shape(two)), len(pairs))
    one, two = look(first[:alike]), look(start[:alike])
    return next((place for place in range(alike) if one[place] != two[place]), alike)


def _overlap(last: Sequence[Head], start: Sequence[Head], look: ReadFingerprints) -> int:
    """The most messages at the start of one that are the end of the other."""
    there, here = [_shape(head) for head in last], [_shape(head) for head in start]
    for size in range(min(len(there), len(here)), 0, -1):
        if there[-size:] == here[:size] and list(look(last[-size:])) == list(look(start[:size])):
            return size
    return 0


def _shape(head: Head) -> tuple[str, int, str | None, bool]:
    return head.role, head.n_bytes, head.tool_name, head.has_calls
