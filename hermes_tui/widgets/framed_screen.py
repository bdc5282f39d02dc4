"""Base of the screens that are one `PageFrame`: keys, palette, notices and size are its frame's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen

from hermes_tui.commands.registry import Offer, Place, applying, works
from hermes_tui.commands.unused import why_unused
from hermes_tui.widgets.page_frame import PageFrame, offers

Result = TypeVar("Result")


class FramedScreen(Screen[Result]):
    """A screen over the browser; a subclass makes the frame."""

    ESCAPE_TO_MINIMIZE = False
    PLACE: ClassVar[Place]
    """Its place in the table of commands; a screen of several says which by `help_place`."""
    _frame: PageFrame

    def compose(self) -> ComposeResult:
        """The frame."""
        yield self._frame

    @property
    def help_place(self) -> Place:
        """The place that has the focus."""
        return self.PLACE

    @property
    def conditions(self) -> frozenset[str]:
        """The conditions that hold, for the commands that need one."""
        return frozenset()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A command works where the table says so."""
        return works(action, parameters, self.help_place, self.conditions)

    def hear_key(self, at: float) -> None:
        """A key agrees to what stood on the screen when it was pressed."""
        self._frame.wait.act(at)

    def take_unused_key(self, key: str, *, printable: bool) -> None:
        """Say why a key does nothing."""
        self._frame.take_unused_key(why_unused(key, self.help_place, self.conditions), printable=printable)

    def show_notice(self, text: str) -> None:
        """Show a sentence for a few seconds."""
        self._frame.show_notice(text)

    def offered(self) -> Iterator[Offer]:
        """For the palette: the commands that work here."""
        yield from offers(applying(self.help_place, self.conditions), lambda _, action: self.run_action(action))

    @on(events.ScreenSuspend)
    @on(events.ScreenResume)
    def _on_cover_changed(self, event: events.Event) -> None:
        self._frame.set_covered(isinstance(event, events.ScreenSuspend))

    @on(events.Resize)
    def _on_size_changed(self, event: events.Resize) -> None:
        self._frame.fit(event.size)
        self._draw()

    def _draw(self) -> None:
        """Put the state onto the screen."""
        raise NotImplementedError
