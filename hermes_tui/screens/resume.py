"""Screen that asks before a session is handed over to Hermes, and the hand-over itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from typing import ClassVar

from textual.binding import BindingType

from hermes_tui.commands.registry import RESUME, Place, footer
from hermes_tui.render.heading import Heading
from hermes_tui.render.line import Line
from hermes_tui.render.manage import entries
from hermes_tui.render.safe import SafeText, one_line
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.resume import HandOver
from hermes_tui.widgets.framed_screen import FramedScreen
from hermes_tui.widgets.page_frame import PageFrame, PageView, key_bindings

PLAIN = b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[<u\x1b[0m"
"""What takes back the modes that a program which crashed may have left."""


class ResumeScreen(FramedScreen[bool]):
    """Over the browser; gives True for a yes.

    Args:
        browser: Knows the glyphs.
        wanted: What would be started.
    """

    CSS = "ResumeScreen { background: $background; }"
    PLACE = Place.RESUME
    BINDINGS: ClassVar[list[BindingType]] = key_bindings(RESUME)

    def __init__(self, browser: BrowserState, wanted: HandOver) -> None:
        super().__init__()
        self._browser, self._wanted = browser, wanted
        self._frame = PageFrame("Resume")

    def on_mount(self) -> None:
        """Ask."""
        self._frame.page.focus()
        self._draw()

    def action_answer(self, yes: bool) -> None:
        """Start it, or go back."""
        self.dismiss(yes)

    def _draw(self) -> None:
        wanted = self._wanted
        said = [("command", " ".join(wanted.command)), ("folder", str(wanted.folder)), ("home", str(wanted.home))]
        if wanted.missing:
            said.append(("note", f"its own folder is not there any more: {wanted.missing}"))
        if wanted.live:
            said.append(("note", "it is live: another program may be at work on it, and both would write"))
        lines: tuple[Line, ...] = tuple(entries(said, width=self.size.width, glyphs=self._browser.glyphs))
        question = f"Resume in {one_line(str(wanted.folder))}?"
        heading = Heading(SafeText("Resume in Hermes"), focused=True)
        self._frame.show(PageView(wanted.title, "", (), heading, lines, footer(Place.RESUME), question=question))


def start(wanted: HandOver) -> int:
    """Run the program in the terminal that was given up, and leave that as it was; its exit code.

    Ctrl+c goes to the program alone. Raises OSError where it cannot be started.
    """
    terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
    before = termios.tcgetattr(terminal)
    heard = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        environment = {**os.environ, "HERMES_HOME": str(wanted.home)}
        return subprocess.run(wanted.command, cwd=wanted.folder, env=environment, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, heard)
        os.write(terminal, PLAIN)
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
