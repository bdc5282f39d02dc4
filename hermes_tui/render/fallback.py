"""Words for the ways in which a search bypassed an index or left something out."""

from __future__ import annotations

from hermes_tui.render.time import in_words, many
from store.models import Batch, Fallback, FallbackKind, IndexGap, ScanProgress

_PROGRESS = {
    ScanProgress.NEWEST_FIRST: "newest rows first, the index follows",
    ScanProgress.UNINDEXED: "scanning what the index leaves out",
}
_GAPS = {
    IndexGap.TOOL: "tool output",
    IndexGap.CALLS: "tool calls",
    IndexGap.LONG: "tool output beyond 8 192 characters",
    IndexGap.INTERNAL: "cron and subagent sessions",
    IndexGap.REASONING: "answers that stand in their reasoning alone",
}
_WORDS = {
    FallbackKind.MISSING: "no index, scanning",
    FallbackKind.DAMAGED: "index damaged, scanning",
    FallbackKind.UNUSABLE: "index unusable, scanning",
    FallbackKind.STALE: "index out of date, scanning",
    FallbackKind.REBUILDING: "index being rebuilt, scanning what it lacks",
    FallbackKind.UNRANKED: "index being rebuilt, ranking what it has",
    FallbackKind.COMMON: "too common for the index, scanning",
    FallbackKind.GAPS: "the index for these words leaves out {gaps}",
    FallbackKind.ROLE_UNINDEXED: "tool output is not in the index for these words, scanning",
    FallbackKind.RANKED: "",
    FallbackKind.NO_STORE: "no state.db, only JSONL files",
    FallbackKind.STORE_UNREAD: "state.db was not searched to its end: {error}",
    FallbackKind.FILES_LEFT_OUT: "{files} of the oldest JSONL files left out, over {megabytes} MB in all",
    FallbackKind.SNAPSHOTS_LEFT_OUT: "the oldest JSON snapshots left out, over {megabytes} MB in all",
    FallbackKind.PAGES_DAMAGED: "{unread} on damaged pages of state.db left out",
    FallbackKind.PROFILE_UNREAD: "{error}",
}


def fallback_words(batch: Batch) -> str | None:
    """What a step of a search bypassed or left out: `no index, scanning`; None for nothing."""
    passing = [_PROGRESS[batch.progress]] if batch.progress in _PROGRESS else []
    return "; ".join(passing + [_in_words(fallback) for fallback in batch.fallbacks]) or None


def _in_words(fallback: Fallback) -> str:
    words = _WORDS[fallback.kind].format(
        gaps=" and ".join(_GAPS[gap] for gap in fallback.gaps),
        error=fallback.error,
        files=fallback.files,
        unread=many(fallback.unread, "message"),
        megabytes=fallback.n_bytes >> 20,
    )
    ranked = f"ranked among the newest {in_words(fallback.ranked)}" if fallback.ranked else ""
    profile = f"profile {fallback.profile}: " if fallback.profile else ""
    return profile + " · ".join(filter(None, (words, ranked)))
