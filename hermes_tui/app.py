"""App around the screens: theme, palette, the last filter before the terminal, the last error."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Timer
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen
from textual.widgets import Input

from hermes_tui.commands.model import AsksToQuit, HasPlace, HearsKeys, Offer, Offers, SeesKeys, TakesText
from hermes_tui.config import Config
from hermes_tui.control_char_filter import Backstop
from hermes_tui.early_keys import EarlyKeys
from hermes_tui.feed import KeptState, ProfileEntry
from hermes_tui.first_rows import FirstRows
from hermes_tui.frame_writer import FrameWriter
from hermes_tui.key_queue import KeyQueue, Typed
from hermes_tui.render.bound_keys import bound
from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.safe import one_line
from hermes_tui.screens.browse.screen import BrowserScreen
from hermes_tui.screens.browse.screens_over import SubScreens
from hermes_tui.screens.browse.session_acts import SessionScreens
from hermes_tui.screens.doctor import DoctorScreen
from hermes_tui.screens.export import ExportScreen
from hermes_tui.screens.family import FamilyScreen
from hermes_tui.screens.help import HelpScreen
from hermes_tui.screens.hidden import HiddenScreen
from hermes_tui.screens.manage import ManageScreen
from hermes_tui.screens.outline import OutlineScreen
from hermes_tui.screens.repair.screen import RepairScreen
from hermes_tui.screens.repairs import RepairsScreen
from hermes_tui.screens.resume import ResumeScreen, start
from hermes_tui.screens.statistics import StatisticsScreen
from hermes_tui.state.quit_key import QuitKey
from hermes_tui.state.typed_text import in_one_row
from hermes_tui.terminal_input import Burst, TerminalInput
from hermes_tui.widgets.choices import Choices
from hermes_tui.widgets.notices import say, say_pasted, say_unused
from hermes_tui.widgets.theme import ASCII_CLASS
from store import Session

SUB_SCREENS = SubScreens(
    RepairScreen,
    DoctorScreen,
    RepairsScreen,
    FamilyScreen,
    HiddenScreen,
    OutlineScreen,
    StatisticsScreen,
    SessionScreens(ManageScreen, ExportScreen, ResumeScreen, start),
)
DEFAULT_THEME = "textual-dark"
TERMINAL_THEME = "ansi-dark"
"""Theme of the terminal's own colours; under NO_COLOR the only one that writes none (docs/textual.md §6)."""

STDIN = 0
LOOK_AFTER = 2.0
"""Seconds between two looks whether the terminal is still there."""
TWICE = 1.0
"""Seconds between two ctrl+c that quit."""
TRYING = 60.0
"""Seconds for which the status line says what may be tried."""
GRACE = 8.0
"""Seconds that leaving may take after a signal."""


class HermesApp(App[str]):
    """Browses one home.

    Args:
        home: The store that is browsed first.
        config: The settings of the config file.
        profiles: Other stores that can be browsed; the palette offers them.
        searches: The file of saved searches, None to keep none.
        kept: What is kept across runs for all homes; without it until the end of this one.
        query: A search to begin with; `near_verb` is the verb that it may have been meant for, "" for none.
        ascii_only: Draw with ASCII characters alone, whatever the config says.
        few_colours: The terminal has 16 colours: its own are used, where no theme is named.
        early: What was typed into the terminal before it was the app's.
        picture: What stands on the terminal until then.
        now: The time, aware; its zone is the reader's.
    """

    TITLE = "hermes-tui"
    DEFAULT_MODE = "browse"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("f1", "help", show=False),
        Binding("ctrl+z", "suspend_process", show=False, priority=True),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]

    def __init__(
        self,
        home: ProfileEntry,
        *,
        config: Config | None = None,
        profiles: Sequence[ProfileEntry] = (),
        searches: Path | None = None,
        kept: KeptState | None = None,
        query: str = "",
        near_verb: str = "",
        ascii_only: bool = False,
        few_colours: bool = False,
        early: EarlyKeys | None = None,
        picture: FirstRows | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__()
        self.early, self.picture = early, picture
        self.config = config or Config()
        self._backstop, self._frames = Backstop(), FrameWriter()
        self._quit_key = QuitKey(bound("quit"))
        self._keys = KeyQueue(self, self._act)
        self._interrupted_at = float("-inf")
        glyphs = ASCII if ascii_only or self.config.ascii else UNICODE
        self.set_class(glyphs is ASCII, ASCII_CLASS, update=False)
        self._kept = kept or KeptState(None)
        self._kept.report = partial(self.call_later, self._show_complaint)
        browser = partial(BrowserScreen, glyphs=glyphs, now=now, searches=searches, sub_screens=SUB_SCREENS)
        browser = partial(browser, settings=self.config, has_profiles=bool(profiles))
        self._browser = browser(home)
        self.add_mode(self.DEFAULT_MODE, lambda: self._browser)
        self._profiles = [profile.name for profile in profiles]
        for profile in profiles:
            self.add_mode(profile.name, partial(browser, profile))
        self._query, self._meant = query, f" · did you mean the verb {near_verb}?" if near_verb else ""
        self._complaint = self.config.complaint
        self._choose_theme(few_colours=few_colours)

    def say_what_to_try(self) -> None:
        """Have the status line say for a minute what may be tried here."""
        state = self._browser.state
        state.trying_until = state.seconds() + TRYING

    def _choose_theme(self, *, few_colours: bool) -> None:
        """Take the theme of the config file, else the terminal's own if it has few colours, else that of before."""
        named = self.config.theme or os.environ.get("TEXTUAL_THEME")
        kept_theme = str(self._kept.setting("theme"))
        usual = kept_theme if kept_theme in self.available_themes else DEFAULT_THEME
        wanted = named or (TERMINAL_THEME if self.no_color or few_colours else usual)
        self._first_theme = self.theme = wanted if wanted in self.available_themes else DEFAULT_THEME
        if wanted != self.theme:
            self._complaint = f"no theme is called {one_line(wanted)}"

    def on_mount(self) -> None:
        """Answer the signals that end a program from inside the loop, where nothing is cut off half way."""
        self.app_resume_signal.subscribe(self, self._take_resumption)
        if not self.is_headless:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
                asyncio.get_running_loop().add_signal_handler(number, self._end_by_signal, number)

    def on_unmount(self) -> None:
        """Keep the theme that was chosen."""
        if self.theme != self._first_theme:
            self._kept.set("theme", self.theme)

    def offered(self) -> Iterator[Offer]:
        """For the palette: the other profiles, and all of them as one list."""
        for name in self._profiles:
            yield Offer(f"Profile {name}", "", partial(self.switch_mode, name))

    def on_ready(self) -> None:
        """Show what is wrong with the config file, once there is a place for it; look after the terminal."""
        if not self.is_headless:
            self.set_interval(LOOK_AFTER, self._leave_a_lost_terminal)
        if self._query:
            self._browser.take_text(self._query)
            self._browser.show_notice(f"searching for “{one_line(self._query)}”{self._meant}")
        if self._complaint:
            self._browser.show_notice(self._complaint)

    def begin_with(self, opening: tuple[Session, int | None] | None, *, picks: bool) -> None:
        """Begin with a session, at a message by its id; with `picks` leave with the id of what is opened."""
        self._browser.opening = opening
        self._browser.state.pick = self.exit if picks else None

    def get_driver_class(self) -> type[Driver]:
        """The driver that knows what came in one read, where Textual would take the one it is made from."""
        found = super().get_driver_class()
        return TerminalInput if found is LinuxDriver else found

    async def on_event(self, event: events.Event) -> None:
        """Take keys and pastes one after the other, each when the one before has done what it does."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._keys.take(event)
            return
        if isinstance(event, events.Resize):
            self._frames.forget()
        await super().on_event(event)

    async def _on_burst(self, message: Burst) -> None:
        message.stop()
        await self._keys.take(message)

    async def _act(self, typed: Typed) -> None:
        if isinstance(typed, events.Key):
            await self._press(typed)
        else:
            self._insert(typed)

    async def _press(self, event: events.Key) -> None:
        """Let the screen hear a key before it does anything; then do it, all of it if it needs no other widget.

        Textual would hand the key from the focused widget up to the app, queue by queue, and look at the next key
        meanwhile.
        """
        self._quit_key.take(event.character or "", event.time)
        self._report_key(event.time)
        if isinstance(self.screen, SeesKeys):
            self.screen.see_key(event.key)
        self.app_focus = True
        if await self._check_bindings(event.key, priority=True):
            return
        if isinstance(focused := self.focused, Input) and event.is_printable:
            focused._forward_event(event)
        else:
            await self._press_unbound(event)

    async def _press_unbound(self, event: events.Key) -> None:
        """Try the bindings from the focused widget up; where none has used the key either, say so."""
        if not await self._check_bindings(event.key):
            say_unused(self.screen, event)

    def _insert(self, typed: events.Paste | Burst) -> None:
        """Put what was pasted into an input or a search row; what only came too fast for fingers is dropped there."""
        if isinstance(focused := self.focused, Input):
            focused._forward_event(events.Paste(in_one_row(typed.text)))
        elif isinstance(typed, events.Paste) and isinstance(self.screen, TakesText):
            self.screen.take_text(typed.text)
        else:
            self._drop(typed.total if isinstance(typed, Burst) else len(typed.text), typed.time)

    def _drop(self, number: int, at: float) -> None:
        self._quit_key.take("v", at)
        self._report_key(at)
        if isinstance(self.screen, HearsKeys):
            self.screen.take_unused_key("", printable=True)
        say_pasted(self.screen, number)

    def _report_key(self, at: float) -> None:
        if isinstance(self.screen, HearsKeys):
            self.screen.hear_key(at)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The backstop before all others; and NO_COLOR takes the colours away where Textual would make them grey."""
        filters = super().get_line_filters()
        return [self._backstop, *(NoColor() if isinstance(each, Monochrome) else each for each in filters)]

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002  Textual's hook
        """None of Textual's own: the table of commands has what works here."""
        return ()

    async def action_quit_by_letter(self) -> None:
        """Leave, unless the letter may belong to a word that somebody types."""
        if not self._quit_key.holds_back():
            await self.action_quit()
        else:
            say(self.screen, f"{bound('quit')} again quits")

    async def action_quit(self) -> None:
        """Leave, but ask first on the screen from which something is being written."""
        browser = self.screen_stack[0]
        asking = next((screen for screen in self.screen_stack if isinstance(screen, AsksToQuit)), None)
        if asking is None or not isinstance(browser, BrowserScreen) or not browser.feed.writer.writing:
            self.exit()
            return
        while self.screen is not asking:
            self.pop_screen()
        asking.ask_to_quit()

    def action_command_palette(self) -> None:
        """Every command that works here, the other profiles, the themes."""
        if not isinstance(self.screen, Choices):
            here = self.screen.offered() if isinstance(self.screen, Offers) else ()
            every = (*here, *self.offered(), Offer("Theme", "", self._offer_themes), *self._themes(hidden=True))
            self.push_screen(Choices("Commands", every))

    def action_profiles(self) -> None:
        """The other profiles, and all of them as one list."""
        if self._profiles:
            self.push_screen(Choices("Profiles", self.offered()))
        else:
            say(self.screen, "there is one profile here")

    def _offer_themes(self) -> None:
        """The themes, each shown while the cursor is on it; the one of before first."""
        before = partial(setattr, self, "theme", self.theme)
        self.push_screen(Choices("Themes", self._themes(), leave=before))

    def _themes(self, *, hidden: bool = False) -> Iterator[Offer]:
        for name in sorted(self.available_themes, key=lambda name: (not hidden and name != self.theme, name)):
            take = partial(setattr, self, "theme", name)
            yield Offer(f"Theme {name}", "", take, preview=None if hidden else take, hidden=hidden)

    def action_help(self) -> None:
        """All keys, those first that work here, and the search language."""
        screen = self.screen
        place = screen.state.focus if isinstance(screen, BrowserScreen) else None
        self.push_screen(HelpScreen(screen.help_place if isinstance(screen, HasPlace) else place))

    def action_help_quit(self) -> None:
        """Ctrl+c copies in the search row; twice within a second it quits."""
        before, self._interrupted_at = self._interrupted_at, time.monotonic()
        if self._interrupted_at - before < TWICE:
            self.call_later(self.action_quit)
        else:
            say(self.screen, "ctrl+c again or ctrl+q quits")

    def _show_complaint(self, complaint: str) -> None:
        self._browser.show_notice(one_line(complaint))

    def _take_resumption(self, _: object) -> None:
        """Draw everything again; a plan was not seen meanwhile, and has to stand again before a key may write it."""
        self._report_key(time.monotonic())
        self._frames.forget()
        self.screen.query("*").refresh()

    def _end_by_signal(self, number: int) -> None:
        """Leave in good order, and in any case: a second signal, or a terminal that hangs, ends the process at once."""
        asyncio.get_running_loop().remove_signal_handler(number)
        late = Timer(GRACE, os._exit, (128 + number,))
        late.daemon = True
        late.start()
        self.exit(return_code=128 + number)

    def _leave_a_lost_terminal(self) -> None:
        """End as a hang-up would: where none was sent, Textual's reader would spin on what is gone for ever."""
        if not os.isatty(STDIN):
            self._end_by_signal(signal.SIGHUP)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Textual's hook: write what of a frame the terminal does not show yet."""
        super()._display(screen, self._frames.changes(renderable))

    def _set_pointer_shape(self, shape: str) -> None:
        """Textual would send OSC 22, which few terminals know; the only OSC that leaves here is a copy."""

    def _fatal_error(self) -> None:
        """Leave with one line instead of a traceback full of stored text; HERMES_TUI_TRACEBACK shows it all."""
        error = self._exception
        if error is None or os.environ.get("HERMES_TUI_TRACEBACK"):
            super()._fatal_error()
            return
        said = one_line(f"{type(error).__name__}: {error}")[:300]
        self.panic(Text(f"hermes-tui stopped: {said}\nNothing was written. HERMES_TUI_TRACEBACK=1 shows where."))
