"""Keys that a line names, as targets of the mouse."""

from __future__ import annotations

from textual import events

from hermes_tui.commands.key_names import shown_keys, textual_name
from hermes_tui.commands.registry import TABLE
from hermes_tui.render.line import Line, Role, Span, cells

_KNOWN = {key for command in TABLE for key in shown_keys(command.shown)} | {"up", "down", "left", "right", "f1"}


def key_at(line: Line, x: int) -> str:
    """The key that is named in column `x`, by itself or by the word after it; "" for none."""
    start, before = 0, ""
    for part in line:
        end = start + cells(part.text)
        keys = _keys(part)
        if start <= x < end:
            return _nearest(part, keys, x - start) if keys else before * bool(part.text.strip())
        before, start = keys[0] if keys else "", end
    return ""


def key_event(shown: str, click: events.Click) -> events.Key:
    """The key as if it had been pressed when the mouse was."""
    pressed = events.Key(textual_name(shown), shown if len(shown) == 1 else None)
    pressed.time = click.time
    return pressed


def _keys(part: Span) -> tuple[str, ...]:
    """The keys that a span names: it looks like one, and it is one."""
    if part.role is not Role.ACCENT or not part.bold:
        return ()
    return tuple(key for key in shown_keys(part.text.replace("up/down", "up down")) if key in _KNOWN)


def _nearest(part: Span, keys: tuple[str, ...], x: int) -> str:
    """The key of several whose name is under the mouse."""
    return next((key for key in reversed(keys) if part.text.find(key) <= x), keys[0])
