"""The queue of keys: how long one waits for the effect of the one before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from textual import events

from hermes_tui import key_queue
from hermes_tui.key_queue import SETTLED, KeyQueue, Typed


async def test_a_key_waits_for_seconds_however_late_the_looks_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: where looks are counted in place of seconds, a busy machine keeps a key for a minute."""
    now = 0.0
    looks: list[Callable[[], Awaitable[None]]] = []
    monkeypatch.setattr(key_queue, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(key_queue, "call_after", lambda _app, _seconds, look: looks.append(look))
    monkeypatch.setattr(key_queue, "_is_idle", lambda _: False)
    app: Any = SimpleNamespace(screen=SimpleNamespace(is_mounted=True), focused=None)
    acted: list[Typed] = []

    async def act(typed: Typed) -> None:
        acted.append(typed)

    await KeyQueue(app, act).take(key := events.Key("z", "z"))
    now += SETTLED / 2
    await looks.pop()()
    assert acted == []
    now += SETTLED
    await looks.pop()()
    assert acted == [key]
