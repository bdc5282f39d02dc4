"""Timers that call something once, and do so however long the loop was held up."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from textual.message_pump import MessagePump
from textual.timer import Timer


def call_after(pump: MessagePump, seconds: float, call: Callable[[], Any]) -> Timer:
    """Call something once, some seconds from now, in the turn of a widget, a screen or the app.

    Textual's `set_timer` drops the call where so many seconds pass before its timer has looked at the clock twice
    (docs/textual.md §1.3).

    Args:
        call: May be a coroutine function.
    """
    timer = Timer(pump, seconds, callback=partial(pump.call_next, call), repeat=0, skip=False)
    timer._start()
    pump._timers.add(timer)
    return timer
