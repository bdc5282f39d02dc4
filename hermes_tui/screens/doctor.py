"""Screen of the doctor: the store's health, check by check, and the messages that wait to be written into it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import ClassVar

from textual import on
from textual.binding import BindingType

from hermes_tui.commands.registry import DOCTOR, Place, footer
from hermes_tui.feed import Feed, answers
from hermes_tui.render.bound_keys import bound
from hermes_tui.render.doctor import finding_lines, health_sentence, replayed_line, waiting_lines
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.heading import Heading, heading_line
from hermes_tui.render.line import Line
from hermes_tui.render.safe import SafeText
from hermes_tui.render.time import many
from hermes_tui.state.browser_state import LOOK_AFTER, SIGN_AFTER, BrowserState
from hermes_tui.widgets.footer import Item
from hermes_tui.widgets.framed_screen import FramedScreen
from hermes_tui.widgets.one_shot import call_after
from hermes_tui.widgets.page_frame import READ_ONLY, PageFrame, PageView, key_bindings, unwritten
from store.base.late_dataclass import dataclass, field
from store.files.outbox import Pending
from store.models import Finding

LOOKING = "looking changes nothing"


class Question(Enum):
    """What the footer asks."""

    REPLAY = auto()
    """Whether to write the messages that wait."""
    QUIT = auto()
    """Whether to quit while they are written."""


@dataclass(slots=True)
class DoctorState:
    """The values that the screen is drawn from."""

    where: str
    """The home's folder as people write it."""
    owner: str
    """The profile."""
    may_write: bool
    findings: list[Finding] = field(default_factory=list)
    checked: bool = False
    """Every check was made."""
    waiting: Sequence[Pending] = ()
    problems: Sequence[str] = ()
    """A sentence for each file that cannot be understood."""
    replays: list[answers.Replayed] = field(default_factory=list)
    writing: bool = False
    """Messages that waited are being written."""
    question: Question | None = None
    quitting: bool = False
    """The app ends once nothing is written any more."""

    @property
    def conditions(self) -> frozenset[str]:
        """The conditions that hold, for the commands that need one."""
        if self.writing:
            return frozenset()
        return frozenset({"idle", "waiting"} if self.may_write and self.waiting else {"idle"})

    def put(self, message: answers.DoctorAnswer) -> None:
        """Keep an answer."""
        match message:
            case answers.SpoolArrived():
                self.waiting, self.problems = message.waiting, message.problems
            case answers.FindingArrived():
                self.findings.append(message.finding)
            case answers.ChecksEnded():
                self.checked = True
            case answers.Replayed():
                self.replays.append(message)


def doctor_view(state: DoctorState, *, width: int, now: datetime, glyphs: Glyphs, slow: bool) -> PageView:
    """Draw a state. Pure.

    Args:
        now: The time, aware.
        slow: The checks have taken 150 ms.
    """
    status = health_sentence(state.findings, done=state.checked, slow=slow, glyphs=glyphs)
    heading = Heading(SafeText("Checks"), facts=(LOOKING,), focused=True)
    question, keys = _footer(state)
    lines = [*_lines(state, width, now, glyphs)]
    proposal = tuple(state.waiting) if state.question is Question.REPLAY else None
    return PageView(state.where, state.owner, status, heading, lines, keys, question, proposal)


def _footer(state: DoctorState) -> tuple[str, Sequence[Item]]:
    """A question with its answers, or "" and the keys."""
    match state.question:
        case Question.REPLAY:
            files = many(len(state.waiting), "file")
            return "Write what waits into state.db?", ((bound("replay"), f"write {files}"), ("esc", "leave it"))
        case Question.QUIT if state.writing:
            return "Messages are being written.", ((bound("replay"), "quit after this file"), ("esc", "stay"))
    words = {"esc": "stop after this file"} if state.writing else {}
    return "", [(keys, words.get(keys, word)) for keys, word in footer(Place.DOCTOR, state.conditions)]


def _lines(state: DoctorState, width: int, now: datetime, glyphs: Glyphs) -> Iterator[Line]:
    """What waits and what was written of it come first: only there something can be done here."""
    for replay in state.replays:
        error = str(replay.error) if replay.error else ""
        yield from replayed_line(replay.name, replay.written, error, width=width, glyphs=glyphs)
    ways = {"spool": f"{bound('replay')} writes them, see below"} if "waiting" in state.conditions else {}
    yield from finding_lines(state.findings, ways=ways, width=width, glyphs=glyphs)
    if state.waiting or state.problems:
        fact = unwritten("replay") if state.may_write else READ_ONLY
        yield ()
        yield heading_line(Heading(SafeText("Waiting"), facts=(fact,)), width, glyphs)
        yield from waiting_lines(state.waiting, state.problems, now=now, width=width, glyphs=glyphs)


class DoctorScreen(FramedScreen[None]):
    """Over the browser.

    Args:
        feed: Answers the requests.
        browser: Knows the home and the time.
    """

    CSS_PATH = "doctor.tcss"
    PLACE = Place.DOCTOR
    BINDINGS: ClassVar[list[BindingType]] = key_bindings(DOCTOR)

    def __init__(self, feed: Feed, browser: BrowserState) -> None:
        super().__init__()
        self._feed = feed
        self._browser = browser
        self._state = DoctorState(browser.where, browser.owner, feed.writer.may_write)
        self._frame = PageFrame("Doctor", agreement="replay")
        self._requested_at = 0.0

    def on_mount(self) -> None:
        """Listen, and ask for every check."""
        self._unsubscribe = self._feed.subscribe(self.post_message, answers.DoctorAnswer)
        self._frame.page.focus()
        self._check()

    def on_unmount(self) -> None:
        """Listen no more, and interrupt the check that runs."""
        self._unsubscribe()
        self._feed.health.cancel()

    @property
    def conditions(self) -> frozenset[str]:
        """The conditions that hold, for the commands that need one."""
        return self._state.conditions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A command works where the table says so; a question has its own answers."""
        asked = self._state.question is not None and action == "replay"
        return asked or super().check_action(action, parameters)

    def ask_to_quit(self) -> None:
        """Ask in the footer whether to quit while something is written."""
        self._state.question = Question.QUIT
        self._draw()

    @on(answers.DoctorAnswer)
    def _on_doctor_answered(self, message: answers.DoctorAnswer) -> None:
        if message.generation in (0, self._feed.generation("health")):
            self._state.put(message)
            self._draw()

    @on(answers.ReplayEnded)
    def _on_replay_ended(self) -> None:
        self._state.writing, self._state.question = False, None
        if self._state.quitting:
            self.app.exit()
        else:
            self._check()

    def action_replay(self) -> None:
        """Ask whether to write what waits, or answer the question with yes."""
        state, question = self._state, self._state.question
        if question is Question.REPLAY and not self._frame.agreed():
            return
        state.question = None
        if question is Question.QUIT:
            state.quitting = True
            self._feed.writer.stop()
        elif question is Question.REPLAY:
            state.replays, state.writing = [], True
            self._feed.health.replay()
        elif "waiting" in state.conditions:
            state.question = Question.REPLAY
        self._draw()

    def action_look_again(self) -> None:
        """Make every check again."""
        if not self._state.writing:
            self._check()

    def action_back(self) -> None:
        """Cancel the question; else stop what is written; else go back."""
        if self._state.question is not None:
            self._state.question = None
        elif self._state.writing:
            self._feed.writer.stop()
            self._frame.show_notice("stopping after this file")
        else:
            self.dismiss(None)
            return
        self._draw()

    def _check(self) -> None:
        self._state.findings, self._state.checked, self._requested_at = [], False, time.monotonic()
        self._feed.health.check()
        call_after(self, LOOK_AFTER, self._draw)
        self._draw()

    def _draw(self) -> None:
        slow, now = time.monotonic() - self._requested_at >= SIGN_AFTER, self._browser.now()
        glyphs = self._browser.glyphs
        self._frame.show(doctor_view(self._state, width=self.size.width, now=now, glyphs=glyphs, slow=slow))
