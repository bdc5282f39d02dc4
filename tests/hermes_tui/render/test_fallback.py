"""Words for the ways in which a search bypassed an index or left something out."""

from __future__ import annotations

import pytest

from hermes_tui.render.fallback import fallback_words
from store.models import Batch, Fallback, FallbackKind, IndexGap, ScanProgress

WORDS = {
    Fallback(FallbackKind.MISSING): "no index, scanning",
    Fallback(FallbackKind.DAMAGED): "index damaged, scanning",
    Fallback(FallbackKind.UNUSABLE): "index unusable, scanning",
    Fallback(FallbackKind.STALE): "index out of date, scanning",
    Fallback(FallbackKind.PAGES_DAMAGED, unread=12): "12 messages on damaged pages of state.db left out",
    Fallback(FallbackKind.COMMON): "too common for the index, scanning",
    Fallback(FallbackKind.ROLE_UNINDEXED): "tool output is not in the index for these words, scanning",
    Fallback(FallbackKind.REBUILDING): "index being rebuilt, scanning what it lacks",
    Fallback(FallbackKind.UNRANKED, ranked=9): "index being rebuilt, ranking what it has · ranked among the newest 9",
    Fallback(FallbackKind.GAPS, tuple(IndexGap)): "the index for these words leaves out tool output and tool calls"
    " and tool output beyond 8 192 characters and cron and subagent sessions"
    " and answers that stand in their reasoning alone",
    Fallback(FallbackKind.RANKED, ranked=50_000): "ranked among the newest 50 000",
    Fallback(FallbackKind.NO_STORE): "no state.db, only JSONL files",
    Fallback(FallbackKind.STORE_UNREAD, error="{torn}"): "state.db was not searched to its end: {torn}",
    Fallback(FallbackKind.FILES_LEFT_OUT, files=2, n_bytes=64 << 20): "2 of the oldest JSONL files left out, over 64 MB"
    " in all",
    Fallback(FallbackKind.SNAPSHOTS_LEFT_OUT, n_bytes=64 << 20, profile="p"): "profile p: the oldest JSON snapshots"
    " left out, over 64 MB in all",
    Fallback(FallbackKind.PROFILE_UNREAD, error="locked", profile="work"): "profile work: locked",
}


@pytest.mark.parametrize(("fallback", "words"), WORDS.items())
def test_a_fallback_has_its_words(fallback: Fallback, words: str) -> None:
    assert fallback_words(Batch((), fallbacks=(fallback,))) == words


def test_every_kind_of_fallback_has_words() -> None:
    assert {fallback.kind for fallback in WORDS} == set(FallbackKind)


def test_several_fallbacks_are_one_sentence_after_the_part_of_the_search_that_runs() -> None:
    both = (Fallback(FallbackKind.MISSING), Fallback(FallbackKind.STALE))
    assert fallback_words(Batch((), fallbacks=both)) == "no index, scanning; index out of date, scanning"
    newest = "newest rows first, the index follows"
    assert fallback_words(Batch((), progress=ScanProgress.NEWEST_FIRST)) == newest
    assert fallback_words(Batch((), progress=ScanProgress.UNINDEXED)) == "scanning what the index leaves out"
    running = fallback_words(Batch((), fallbacks=both[:1], progress=ScanProgress.NEWEST_FIRST))
    assert running == f"{newest}; no index, scanning"


def test_nothing_is_said_where_no_index_was_bypassed() -> None:
    assert fallback_words(Batch(())) is None
    assert fallback_words(Batch((), progress=ScanProgress.SCANNING)) is None
