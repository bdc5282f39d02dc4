"""A tiny app around one widget, and what is on the screen as text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

NOW = datetime(2026, 11, 23, 17, 2, tzinfo=UTC)
Kind = TypeVar("Kind", bound=Message)


def at(hour: int, minute: int = 0, *, day: int = 23) -> float:
    """A moment of November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC).timestamp()


class Stage(App[None]):
    """Shows a widget over the whole screen and keeps what it posts."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.widget

    def of(self, kind: type[Kind]) -> list[Kind]:
        """What the widget has posted of one kind, oldest first."""
        return [message for message in self.told if isinstance(message, kind)]

    async def _on_message(self, message: Message) -> None:
        self.told.append(message)
        await super()._on_message(message)


def strips(widget: Widget) -> list[Strip]:
    """The rows of a widget as it paints them now."""
    return [widget.render_line(row) for row in range(widget.size.height)]


def screen(widget: Widget) -> list[str]:
    """The rows of a widget as text, trailing spaces stripped."""
    return [strip.text.rstrip() for strip in strips(widget)]


async def wheel(pilot: Pilot[None], widget: Widget, *, down: bool) -> None:
    """A notch of the wheel over a widget."""
    kind = events.MouseScrollDown if down else events.MouseScrollUp
    widget.post_message(kind(widget, 4, 4, 0, 1 if down else -1, 0, False, False, False))
    await pilot.pause()
