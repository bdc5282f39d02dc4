"""The screen of the doctor: how the store is, check by check, and the messages that wait to be written into it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from hermes_tui.commands.registry import TABLE, Offer, Place, applying, footer
from hermes_tui.feed import Feed
from hermes_tui.feed import answers as told
from hermes_tui.render.doctor import finding_lines, health_sentence, replayed_line, waiting_lines
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line
from hermes_tui.render.safe import SafeText
from hermes_tui.screens.help import HelpScreen
from hermes_tui.state.layout import LEAST, Layout
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.heading_rule import Heading, HeadRule, heading_line
from hermes_tui.widgets.status_line import StatusLine
from hermes_tui.widgets.text_page import TextPage
from hermes_tui.widgets.title_row import TitleRow
from hermes_tui.widgets.too_small_notice import TooSmallNotice
from store.models import Finding

SIGN_AFTER = 0.16
"""Seconds before it is said that the store is still being looked at."""
UNWRITTEN = "nothing is written until you press y"
READ_ONLY = "read-only: nothing is written"
LOOKING = "looking changes nothing"


class DoctorScreen(Screen[None]):
    """Over the browser.

    Args:
        feed: Asks the store.
        where: The home's folder as people write it.
        owner: The profile.
        now: The time, aware.
    """

    CSS_PATH = "doctor.tcss"
    ESCAPE_TO_MINIMIZE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, command.sentence, show=False, id=f"doctor.{command.id}.{number}")
        for command in TABLE
        if Place.DOCTOR in command.places
        for number, key in enumerate(command.keys)
    ]

    def __init__(self, feed: Feed, *, where: str, owner: str, glyphs: Glyphs, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.feed = feed
        self.glyphs = glyphs
        self._now = now
        self._where = where
        self._owner = owner
        self._found: list[Finding] = []
        self._spool = told.SpoolArrived(0, (), ())
        self._replays: list[told.Replayed] = []
        self._done = False
        self._question = ""
        """What is being asked in the footer's row: "replay", "quit" or nothing."""
        self._leaving = False
        self._asked = 0.0
        self._title = TitleRow("Doctor", id="title")
        self._status = StatusLine(id="status")
        self._head = HeadRule(id="head")
        self._page = TextPage(id="page")
        self._foot = Footer(id="foot")

    def compose(self) -> ComposeResult:
        """Title, status, head rule, page, footer."""
        yield self._title
        yield self._status
        yield self._head
        yield self._page
        yield self._foot
        yield TooSmallNotice(LEAST, id="small")

    def on_mount(self) -> None:
        """Ask for every check."""
        self._title.show(self._where, self._owner)
        self._head.show(Heading(SafeText("Checks"), facts=(LOOKING,), focused=True))
        self._page.focus()
        self._look()

    def on_unmount(self) -> None:
        """Want no more of it."""
        self.feed.leave_health()

    def offered(self) -> Iterator[Offer]:
        """For the palette: what works here."""
        for command in applying(Place.DOCTOR, self.conditions):
            for key in command.keys:
                if key.title:
                    yield Offer(key.title, command.shown, partial(self.run_action, key.action))

    @property
    def conditions(self) -> frozenset[str]:
        """What holds now, for the commands that need it."""
        idle = not self.feed.writing
        holds = {"idle": idle, "waiting": idle and self.feed.may_write and bool(self._spool.waiting)}
        return frozenset(name for name, met in holds.items() if met)

    def take(self, message: told.DoctorAnswer) -> None:
        """Put an answer on the screen, if it answers the last question."""
        if message.generation not in (0, self.feed.generation("health")):
            return
        match message:
            case told.SpoolArrived():
                self._spool = message
            case told.FindingArrived():
                self._found.append(message.finding)
            case told.ChecksEnded():
                self._done = True
            case told.Replayed():
                self._replays.append(message)
            case told.ReplayEnded():
                self._end()
        self._draw()

    def ask_to_quit(self) -> None:
        """Ask in the footer's row whether to quit while something is written."""
        self._question = "quit"
        self._draw()

    def action_replay(self) -> None:
        """Ask whether to write what waits, or take the answer."""
        if self._question == "quit":
            self._leaving, self._question = True, ""
            self.feed.stop()
        elif self._question == "replay":
            self._question, self._replays = "", []
            self.feed.replay()
        elif "waiting" in self.conditions:
            self._question = "replay"
        self._draw()

    def action_look_again(self) -> None:
        """Make every check again."""
        if not self.feed.writing:
            self._look()

    def action_back(self) -> None:
        """Withdraw the question; else stop what is written; else go back."""
        if self._question:
            self._question = ""
        elif self.feed.writing:
            self.feed.stop()
            self._status.tell("stopping after this file")
        else:
            self.dismiss(None)
            return
        self._draw()

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen(glyphs=self.glyphs))

    def _look(self) -> None:
        self._found, self._done, self._asked = [], False, time.monotonic()
        self.feed.health()
        self.set_timer(SIGN_AFTER, self._draw)
        self._draw()

    def _end(self) -> None:
        """Nothing is written any more."""
        if self._leaving:
            self.app.exit()
        else:
            self._question = ""
            self._look()

    @on(events.Resize)
    def _on_size_changed(self, event: events.Resize) -> None:
        form = Layout(event.size.width, event.size.height)
        for name in ("-low", "-tiny"):
            self.set_class(form.classes(single=False, reading=False)[name], name)
        self._draw()

    def _draw(self) -> None:
        slow = time.monotonic() - self._asked >= SIGN_AFTER - 0.01
        self._status.show(health_sentence(self._found, done=self._done, slow=slow, glyphs=self.glyphs))
        self._page.show([*self._lines(self.size.width)])
        number = len(self._spool.waiting)
        files = f"{number} file{'' if number == 1 else 's'}"
        match self._question:
            case "replay":
                self._foot.ask("Write what waits into state.db?", (("y", f"write {files}"), ("esc", "leave it")))
            case "quit" if self.feed.writing:
                self._foot.ask("Messages are being written.", (("y", "quit after this file"), ("esc", "stay")))
            case _:
                self._foot.show(self._items(), ("?", "help"))

    def _items(self) -> list[tuple[str, str]]:
        words = {"esc": "stop after this file"} if self.feed.writing else {}
        return [(keys, words.get(keys, word)) for keys, word in footer(Place.DOCTOR, self.conditions)]

    def _lines(self, width: int) -> Iterator[Line]:
        """What waits and what was written of it come first: only there something can be done here."""
        glyphs, spool = self.glyphs, self._spool
        for one in self._replays:
            error = str(one.error) if one.error else ""
            yield from replayed_line(one.name, one.written, error, width=width, glyphs=glyphs)
        ways = {"spool": "y writes them, see below"} if "waiting" in self.conditions else {}
        yield from finding_lines(self._found, ways=ways, width=width, glyphs=glyphs)
        if spool.waiting or spool.problems:
            fact = UNWRITTEN if self.feed.may_write else READ_ONLY
            yield ()
            yield heading_line(Heading(SafeText("Waiting"), facts=(fact,)), width, glyphs)
            yield from waiting_lines(spool.waiting, spool.problems, now=self._now(), width=width, glyphs=glyphs)
