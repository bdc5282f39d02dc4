"""Bodies at hand, and requests for others."""

from __future__ import annotations

import pytest

from hermes_tui.widgets import body_cache
from hermes_tui.widgets.body_cache import CHUNK, BodyCache
from tests.hermes_tui.widgets.test_transcript_layout import say


def test_what_is_at_hand_or_requested_is_not_requested_again() -> None:
    cache = BodyCache()
    cache.put([say(1, "user")])
    assert list(cache.request([1, 2, 3])) == [(2, 3)]
    assert list(cache.request([1, 2, 3])) == []
    cache.forget_requests()
    assert list(cache.request([1, 2, 3])) == [(2, 3)]


def test_a_request_has_at_most_a_chunk_of_ids_in_the_order_given() -> None:
    wanted = list(range(200, 0, -1))
    chunks = list(BodyCache().request(wanted))
    assert [number for chunk in chunks for number in chunk] == wanted
    assert max(map(len, chunks)) == CHUNK


def test_the_least_recently_used_bodies_are_dropped_but_not_what_cannot_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(body_cache, "AT_HAND", 2)
    cache = BodyCache()
    cache.keep([say(-1, "user")])
    cache.put([say(1, "user"), say(2, "user")])
    assert cache.get(1) is not None
    cache.put([say(3, "user")])
    assert [number for number in (-1, 1, 2, 3) if cache.get(number)] == [-1, 1, 3]
    assert list(cache.request([2])) == [(2,)]
