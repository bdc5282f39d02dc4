"""A tiny app around one widget, and what is on the screen as text."""

from __future__ import annotations

from datetime import UTC, datetime

from textual.app import App, ComposeResult
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

NOW = datetime(2026, 11, 23, 17, 2, tzinfo=UTC)


def at(hour: int, minute: int = 0, day: int = 23) -> float:
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

    def on_event_told(self, message: Message) -> None:
        self.told.append(message)

    def of(self, kind: type[Message]) -> list[Message]:
        """The messages of one kind, oldest first."""
        return [message for message in self.told if isinstance(message, kind)]

    async def on_event(self, event: Message) -> None:  # type: ignore[override]
        await super().on_event(event)  # type: ignore[arg-type]

    async def _on_message(self, message: Message) -> None:
        self.told.append(message)
        await super()._on_message(message)


def strips(widget: Widget) -> list[Strip]:
    """The rows of a widget as it paints them now."""
    return [widget.render_line(row) for row in range(widget.size.height)]


def screen(widget: Widget) -> list[str]:
    """The rows of a widget as text, trailing spaces stripped."""
    return [strip.text.rstrip() for strip in strips(widget)]
