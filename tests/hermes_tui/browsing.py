"""The browser on a real home, driven without a terminal: open it, wait for it, read it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from hermes_tui.app import HermesApp
from hermes_tui.feed import KeptState, ProfileEntry
from hermes_tui.screens.browse.compose import BrowserWidgets
from hermes_tui.screens.browse.screen import BrowserScreen
from hermes_tui.screens.doctor import DoctorScreen
from hermes_tui.screens.export import ExportScreen
from hermes_tui.screens.manage import ManageScreen
from hermes_tui.screens.repair.screen import RepairScreen
from hermes_tui.state.browser_state import BrowserState
from store import SessionDB

NARROW, MIDDLE, WIDE = (80, 24), (100, 30), (140, 40)
SIZES = [pytest.param(size, marks=pytest.mark.slow if size is MIDDLE else ()) for size in (NARROW, MIDDLE, WIDE)]


class Stage:
    """An app that runs, and its pilot."""

    def __init__(self, app: HermesApp, pilot: Pilot[str]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def browser(self) -> BrowserScreen:
        """The browser, whatever stands over it."""
        found = self.app.screen_stack[0]
        assert isinstance(found, BrowserScreen)
        return found

    @property
    def state(self) -> BrowserState:
        """The browser's state."""
        return self.browser.state

    @property
    def widgets(self) -> BrowserWidgets:
        """The browser's widgets."""
        return self.browser.widgets

    @property
    def place(self) -> str:
        """What has the focus, by its name in the table of commands."""
        self.browser.widgets.observe(self.state)
        return self.state.focus.name

    @property
    def lines(self) -> list[str]:
        """The rows of the screen without trailing spaces."""
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(self.lines)

    @property
    def status(self) -> str:
        """The status line."""
        return self.lines[1].strip()

    @property
    def footer(self) -> str:
        """The last row."""
        return self.lines[-1].strip()

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type into whatever has the focus."""
        names = {" ": "space", ":": "colon", "-": "minus", '"': "quotation_mark"}
        await self.press(*(names.get(letter, letter) for letter in text))

    async def agree(self) -> None:
        """Press `y` once the plan has stood long enough; at once where there is none."""
        screen = self.app.screen
        assert isinstance(screen, RepairScreen | DoctorScreen | ManageScreen | ExportScreen)
        wait = screen._frame.wait
        await self.until(lambda: wait.over or not wait.stands)
        await self.press("y")

    async def until(self, holds: Callable[[], bool], *, seconds: float = 60.0) -> None:
        """Wait until something holds, or fail with the screen."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"not within {seconds} s:\n{self.text}"
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    async def shows(self, text: str) -> None:
        """Wait until `text` is on the screen."""
        await self.until(lambda: text in self.text)

    async def says(self, text: str) -> None:
        """Wait until `text` is on the screen, wherever its lines end: a path in it may have any length."""
        letters = "".join(text.split())
        await self.until(lambda: letters in "".join(self.text.split()))

    async def gone(self, text: str) -> None:
        """Wait until `text` is not on the screen any more."""
        await self.until(lambda: text not in self.text)


@asynccontextmanager
async def browsing(
    home: Path,
    size: tuple[int, int] = NARROW,
    *,
    may_write: bool = True,
    kept: KeptState | None = None,
    **options: object,
) -> AsyncIterator[Stage]:
    """The app on a home, opened as `hermes-tui --home` opens it, with every session listed."""
    opener = partial(SessionDB, home / "state.db", read_only=True, sessions_dir=home / "sessions")
    to_write = partial(SessionDB, home / "state.db", sessions_dir=home / "sessions") if may_write else None
    kept = kept or KeptState(None)
    profile = ProfileEntry("default", opener, open_to_write=to_write, open_to_count=opener, kept=kept.home(str(home)))
    app = HermesApp(profile, kept=kept, **options)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, pilot)
        await stage.until(lambda: stage.state.catalog.complete and stage.browser.painter._timer is None)
        await pilot.pause()
        yield stage
