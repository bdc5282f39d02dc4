"""Queue of keys and pastes: each has its whole effect before the next one is looked at, however fast they came."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, TypeVar, runtime_checkable

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

from hermes_tui.terminal_input import Burst
from hermes_tui.widgets.one_shot import call_after

Typed: TypeAlias = events.Key | events.Paste | Burst
Result = TypeVar("Result")
LOOK_AGAIN = 0.002
"""Seconds between two looks whether the next one can be taken."""
SETTLED = 0.25
"""Seconds that the effect of a key is waited for."""
READY = 1.0
"""Seconds that a screen is waited for which has not opened, or has no rows yet."""


@runtime_checkable
class WaitsForRows(Protocol):
    """A screen whose rows come from a store: a key that acts on them is early until they are there."""

    def is_early(self, key: str) -> bool:
        """Whether a key, by Textual's name, acts on rows that are awaited."""


class KeyQueue:
    """Keys and pastes that were typed ahead, in order.

    A key may post messages, move the focus or open a screen, and a screen that was opened mounts and takes the focus
    later: until then the next key would be looked at by what had the focus before, or by nothing.

    Args:
        app: Where they are typed.
        act: Does what one of them stands for.
    """

    def __init__(self, app: App[Result], act: Callable[[Typed], Awaitable[None]]) -> None:
        self._app = app
        self._act = act
        self._typed: deque[Typed] = deque()
        self._looks = False
        self._since: float | None = None
        """When the wait for the first one began; looks may come much later than they are due."""

    async def take(self, typed: Typed) -> None:
        """Take one, at once where nothing is awaited."""
        self._typed.append(typed)
        if not self._looks:
            await self._go_on()

    async def _go_on(self) -> None:
        self._looks = False
        while self._typed and self._waited() >= self._patience():
            self._since = None
            await self._act(self._typed.popleft())
        if self._typed:
            self._looks = True
            call_after(self._app, LOOK_AGAIN, self._go_on)

    def _waited(self) -> float:
        """Seconds since the first one was looked at first."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        return now - self._since

    def _patience(self) -> float:
        """Seconds that the next one has to wait at most; 0.0 where nothing is awaited."""
        screen, typed = self._app.screen, self._typed[0]
        early = isinstance(typed, events.Key) and isinstance(screen, WaitsForRows) and screen.is_early(typed.key)
        if early or not screen.is_mounted:
            return READY
        focused = self._app.focused
        pumps: list[MessagePump] = [self._app, screen, *(focused.ancestors_with_self if focused else ())]
        return 0.0 if all(map(_is_idle, pumps)) else SETTLED


def _is_idle(pump: MessagePump) -> bool:
    """Whether a widget has nothing left to do."""
    return not (pump.message_queue_size or pump._next_callbacks)
