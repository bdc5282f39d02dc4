"""A monkey at the keyboard: `python -m tests.torture.monkey [--events N] [--seed N] [--mutant NAME]`.

Keys, words, pastes, bursts, clicks and sizes in any order and at any pace, on ten homes. Its oracle sees the screen as
text and knows when it pressed what; it shares no code with the wait, the focus rule and the pane that it judges.
Time passes only where the monkey waits, for the plan on the screen and for its keys alike: an event costs milliseconds,
and how loaded the machine is decides nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from types import SimpleNamespace
from unittest import mock

from textual import events, message
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.errors import NoWidget
from textual.pilot import OutOfBounds

from hermes_tui.feed.store_writer import StoreWriter
from hermes_tui.screens.browse import followed_row, painter
from hermes_tui.screens.browse.followed_row import FollowedRow
from hermes_tui.screens.browse.navigation import Navigation
from hermes_tui.state.plan_wait import PlanWait
from hermes_tui.terminal_input import ReadGrouping
from hermes_tui.widgets import page_frame
from tests.hermes_tui.browsing import Stage, browsing
from tests.homes.build import ERAS, build

HOMES = tuple(ERAS)[-10:]
STAND = 0.8
"""Seconds that a plan has to stand (docs/look.md §8)."""
SLACK = 1e-6
"""Seconds by which a sum of seconds may be off."""
LOOK = 0.005
"""Real seconds between two looks at what the app's threads bring."""
AT_ONCE = 0.005
"""Real seconds in place of those that the screen waits while somebody types."""
PLAN = ("nothing is written until you press y", "Write what waits into state.db?")
"""What is on the screen while `y` would write."""
KEYS = (
    *("down", "down", "up", "enter", "enter", "escape", "tab", "pagedown", "pageup", "home", "end", "left", "right"),
    *("space", "backspace", "slash", "left_square_bracket", "right_square_bracket", "question_mark", "f1", "ctrl+u"),
    *("ctrl+j", "ctrl+k", "ctrl+r", "ctrl+p", "ctrl+c", "f7"),
    *"nNJKtTfgGvdryuFMRmIYDeojkxywyyyu",
)
WORDS = ("retry ", "sql query", "fry yes", "docker ", "is:flagged ", "after:x ", "xylophones", "FryDyy", "ruyy", "[/]y")
SIZES = ((80, 24), (80, 24), (140, 40), (140, 40), (100, 30), (60, 14), (30, 8))
PACES = (*[0.0] * 9, 0.02, 0.02, 0.1, 0.3)
CHECK = 30
"""Events between two looks whether all is as it should be."""
SPAN = 300
"""Events between two tries to get out."""
READING, SOON, IDLE = 1.0, 20.0, 60.0
"""Real seconds that a plan, the pane of a row and the end of all answers are waited for."""
LAST = 60
"""Keys, clicks and looks that a complaint names."""
PICTURES = ("ANSWERED", "CALM", "HELD")
DELAYS = ("PREVIEW_AFTER", "TYPED_AFTER", "HELD")
NAMES = {" ": "space", "[": "left_square_bracket", "]": "right_square_bracket", "/": "slash", ":": "colon"}


@dataclass(slots=True)
class Finding:
    """What a run came to."""

    events: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    writes: int = 0
    wrong: list[str] = field(default_factory=list)


class Clock:
    """Seconds that pass where the monkey lets them."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pictures = 0
        """Frames that the app has drawn."""

    def note_picture(self) -> None:
        """The app has drawn a frame."""
        self.pictures += 1

    def __call__(self) -> float:
        """The time."""
        return self.now


class Monkey:
    """Plays with one app; a new one for each."""

    def __init__(self, stage: Stage, random: Random, finding: Finding, clock: Clock) -> None:
        self._stage = stage
        self._clock = clock
        self._random = random
        self._finding = finding
        self._parser, self._grouping = XTermParser(), ReadGrouping()
        self._plan: tuple[str, ...] | None = None
        self._plan_since = self._key_at = clock()
        self._pending: list[tuple[str, float]] = []
        """Keys that the app may not have looked at yet, and how long the plan had stood at each."""
        self._seen = -1
        self._did: deque[str] = deque(maxlen=LAST)

    def note_write(self) -> None:
        """The app begins to write: the key that it looks at has to be a `y` to a plan that stood."""
        self._finding.writes += 1
        if not any(key == "y" and stood >= STAND - SLACK for key, stood in self._pending):
            key, stood = self._pending[-1] if self._pending else ("", 0.0)
            self._complain(f"written after {key!r} to a plan that stood for {stood:.2f} s")
        self._pending.clear()

    async def play(self, number: int) -> None:
        """So many events, and a look whether all is as it should be."""
        for _ in range(number):
            if not self._stage.app.is_running or self._finding.wrong:
                return
            await self._act()
            self._finding.events += 1
            if self._finding.events % CHECK == 0:
                await self.check()

    async def check(self) -> None:
        """Wait until all is answered; then the pane is the cursor's, and letters in the search row are text."""
        stage = self._stage
        if self._random.random() < 0.5:
            for key in ("escape", "escape", "slash"):
                await self._key(key)
        await self._rest()
        if not stage.app.is_running or stage.app.screen is not stage.browser:
            return
        self._did.append("(look)")
        await self._check_pane()
        if stage.place == "SEARCH":
            await self._try_the_search_row()

    async def _check_pane(self) -> None:
        """Once all is answered, the pane beside the list is the cursor's."""
        end = time.monotonic() + SOON
        while (wrong := self._wrong_pane()) and time.monotonic() < end:
            await asyncio.sleep(10 * LOOK)
        if wrong:
            self._complain(wrong)

    def _wrong_pane(self) -> str:
        stage = self._stage
        stage.widgets.observe(stage.state)
        row, shown = stage.state.pane.row, stage.widgets.transcript._row
        if not stage.state.two_panes or stage.place == "TRANSCRIPT":
            return ""
        chain = stage.browser.controllers.reading.chain
        mine = shown is None if row is None else shown is not None and {row.session.id, shown.session.id} <= chain
        return "" if mine else f"the pane shows {shown and shown.session.id}, the cursor {row and row.session.id}"

    async def leave(self) -> None:
        """`esc` and `q` lead out from wherever this is."""
        stage = self._stage
        for _ in range(9):
            await self._key("escape")
            await stage.pilot.pause()
        await self._rest()
        for key in ("q", "q", "y"):
            if stage.app.is_running and stage.app.return_code is None:
                await self._key(key)
                await self._rest(seconds=SOON)
        if stage.app.return_code is None:
            self._complain(f"esc and q do not lead out of\n{stage.text}")

    async def _act(self) -> None:
        random, stage = self._random, self._stage
        match random.random():
            case chance if chance < 0.04:
                kind = "word"
                for letter in random.choice(WORDS):
                    await self._key(NAMES.get(letter, letter), letter)
                    await self._wait(random.choice(PACES))
            case chance if chance < 0.06:
                kind = "paste"
                stage.app.post_message(events.Paste(random.choice(WORDS) * random.randrange(1, 60) + "\ny\r"))
                self._pressed("paste")
            case chance if chance < 0.09:
                kind = "burst"
                read = random.choice(WORDS) + random.choice(("", "\r", "\ny", "y"))
                for typed in self._grouping.group(self._parser.feed(read), self._clock()):
                    self._pressed(typed.key if isinstance(typed, events.Key) else "burst")
                    stage.app.post_message(typed)
            case chance if chance < 0.15:
                kind = "click"
                await self._click(random.choice((1, 1, 2)))
            case chance if chance < 0.19:
                kind = "search"
                await self._search()
            case chance if chance < 0.21:
                kind = "size"
                await self._resize(*random.choice(SIZES))
            case chance if chance < 0.27:
                kind = "plan"
                await self._go_for_a_plan()
            case _:
                kind = "key"
                await self._key(random.choice(KEYS))
        self._finding.kinds[kind] += 1
        await self._wait(random.choice(PACES))

    async def _go_for_a_plan(self) -> None:
        """Somebody who means it: to a flagged session, its plan, sometimes the patience, and `y`."""
        await self._key("escape")
        for key in ("slash", "ctrl+u", "tab", self._random.choice("FFrD")):
            await self._key(key)
            await self._wait(0.05)
        if self._random.random() < 0.5:
            await self._wait(self._random.choice((0.0, 0.2, 0.5, 1.1)))
        else:
            await self._read_the_plan()
        await self._key("y")

    async def _resize(self, columns: int, rows: int) -> None:
        """Another size; a plan that is still there is the same in other lines."""
        self._look()
        before, since = self._plan, self._plan_since
        await self._stage.pilot.resize_terminal(columns, rows)
        self._look()
        if before is not None and self._plan is not None:
            self._plan_since = since

    async def _read_the_plan(self) -> None:
        """Wait until a plan stands, if one comes."""
        end = time.monotonic() + READING
        while self._plan is None and time.monotonic() < end:
            await asyncio.sleep(LOOK)
            self._look()
        await self._wait(self._random.choice((0.7, 0.9, 1.2)))

    async def _search(self) -> None:
        """Somebody who looks for a word, sees what there is, and takes the search out again."""
        if self._random.random() < 0.7:
            await self._resize(140, 40)
        for key in ("escape", "escape", "slash", "ctrl+u"):
            await self._key(key)
        for letter in self._random.choice(("docker", "xylophones", "the", "is:flagged ")):
            await self._key(NAMES.get(letter, letter), letter)
        for keys in ((), self._random.choice(((), ("tab", "escape"), ("down", "tab", "escape")))):
            for key in keys:
                await self._key(key)
            await self._rest()
            if self._stage.app.is_running and self._stage.app.screen is self._stage.browser:
                await self._check_pane()

    async def _click(self, times: int) -> None:
        stage, random = self._stage, self._random
        if not stage.lines:
            return
        width, height = stage.app.size
        row = random.choice((0, 1, 2, 3, height - 1, height - 1, random.randrange(height)))
        where = random.randrange(width), min(row, height - 1)
        named = [at for at, letter in enumerate(stage.lines[-1]) if letter == "y"] if row == height - 1 else []
        self._did.append(f"(click {where} {times})")
        with suppress(NoWidget, OutOfBounds):  # nothing lies there while another screen opens or the size changes
            place = (random.choice(named), where[1]) if named and times == 1 else where
            await stage.pilot.click(offset=place, times=times)
        self._look()

    async def _key(self, key: str, character: str | None = None) -> None:
        self._look()
        self._pressed(key)
        self._stage.app.post_message(events.Key(key, character or (key if len(key) == 1 else None)))
        await asyncio.sleep(0)

    def _pressed(self, key: str) -> None:
        """Note what is pressed now, and how long the plan on the screen had stood by then."""
        now = self._clock()
        stood = now - max(self._plan_since, self._key_at) if self._plan is not None else 0.0
        if not (self._stage.app._keys._typed or self._stage.app.message_queue_size):
            self._pending.clear()
        self._pending.append((key, stood))
        self._key_at = now
        self._did.append(key)

    def _look(self) -> None:
        """Look at the screen: another plan than before, or none, does not stand yet."""
        if self._clock.pictures == self._seen:
            return
        self._seen = self._clock.pictures
        lines = self._stage.lines if self._stage.app.is_running else []
        text = "\n".join(lines)
        plan = (*lines[:1], *lines[2:-1]) if any(words in text for words in PLAN) else None
        if plan != self._plan:
            self._plan, self._plan_since = plan, self._clock()

    async def _wait(self, seconds: float) -> None:
        """Let time pass; what comes to the screen came before."""
        if seconds:
            await self._stage.pilot.pause()
            self._look()
            self._clock.now += seconds

    async def _rest(self, *, seconds: float = IDLE) -> None:
        """Wait until nothing is awaited."""
        stage, end = self._stage, time.monotonic() + seconds
        await stage.pilot.pause()
        while stage.app.is_running and time.monotonic() < end:
            state = stage.state
            searching = state.hits_shown and not state.search.results.done
            loading = state.reading.requested_at is not None
            waiting = stage.app._keys._typed
            if not (
                waiting or searching or loading or stage.browser.painter._timer or stage.browser.feed.writer.writing
            ):
                break
            await asyncio.sleep(LOOK)
        await stage.pilot.pause()
        self._look()

    async def _try_the_search_row(self) -> None:
        """A letter after an arrow is text."""
        stage, before = self._stage, self._stage.widgets.search_bar.text
        for key in ("down", "r"):
            await self._key(key)
        end = time.monotonic() + IDLE
        while not (is_letter := self._has_letter(before, "r")) and time.monotonic() < end:
            await asyncio.sleep(LOOK)
        if not is_letter:
            after, focused = stage.widgets.search_bar.text, stage.app.focused
            self._complain(f"r in the search row after an arrow is no letter: {before!r}, {after!r}, {focused!r}")
        await self._key("backspace")
        await stage.pilot.pause()

    def _has_letter(self, before: str, letter: str) -> bool:
        stage = self._stage
        return stage.app.screen is stage.browser and sorted(stage.widgets.search_bar.text) == sorted(before + letter)

    def _complain(self, what: str) -> None:
        self._finding.wrong.append(f"{what}, after {' '.join(self._did)}")


@asynccontextmanager
async def at_its_time(clock: Clock) -> AsyncIterator[None]:
    """The app's plans, keys and clicks by a clock; what it waits for fingers is short."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(message, "_time", SimpleNamespace(get_time=clock)))
        stack.enter_context(mock.patch.object(page_frame, "PlanWait", partial(PlanWait, clock)))
        drawn = stack.enter_context(mock.patch.object(App, "post_display_hook"))
        drawn.side_effect = clock.note_picture
        for module, names in ((painter, PICTURES), (followed_row, DELAYS)):
            for name in names:
                stack.enter_context(mock.patch.object(module, name, AT_ONCE))
        yield


async def play(home: Path, random: Random, number: int, finding: Finding) -> None:
    """Play on one home, out and in again, until so many events were played."""
    begun, write = finding.events, StoreWriter.run
    while finding.events - begun < number and not finding.wrong:
        clock = Clock()
        async with at_its_time(clock), browsing(home, random.choice(SIZES[:5])) as stage:
            monkey = Monkey(stage, random, finding, clock)

            def run(self: StoreWriter, *given: object, monkey: Monkey = monkey, **options: object) -> None:
                monkey.note_write()
                write(self, *given, **options)  # type: ignore[arg-type]

            with mock.patch.object(StoreWriter, "run", run):
                await monkey.play(min(SPAN, number))
                if stage.app.return_code is None and not finding.wrong:
                    await monkey.leave()


def _without_the_wait(stack: ExitStack) -> None:
    stack.enter_context(mock.patch.object(PlanWait, "_is_over", lambda self, _at: self.stands))


def _without_the_focus_rule(stack: ExitStack) -> None:
    move = Navigation.move

    def moves_and_enters(self: Navigation, rows: int) -> None:
        move(self, rows)
        self.enter_list()

    stack.enter_context(mock.patch.object(Navigation, "move", moves_and_enters))


def _with_a_pane_that_lags(stack: ExitStack) -> None:
    follow = FollowedRow.follow

    def lags(self: FollowedRow) -> None:
        """As if the pane were opened where the cursor is moved, and nowhere else."""
        if self._state.pane.touched and self._state.pane.row is not None:
            follow(self)

    stack.enter_context(mock.patch.object(FollowedRow, "follow", lags))


MUTANTS: dict[str, Callable[[ExitStack], None]] = {
    "without the wait": _without_the_wait,
    "without the focus rule": _without_the_focus_rule,
    "with a pane that lags": _with_a_pane_that_lags,
}


@contextmanager
def mutant(name: str) -> Iterator[None]:
    """The app with one guard less; "" for the app as it is."""
    with ExitStack() as stack:
        if name:
            MUTANTS[name](stack)
        yield


def run(folder: Path, *, number: int, seed: int, homes: int = len(HOMES), broken: str = "") -> Finding:
    """Play `number` events in all on so many homes made in `folder`, with one guard less where it is named."""
    finding = Finding()
    with mutant(broken):
        for place, name in enumerate(HOMES[-homes:]):
            if not finding.wrong:
                build(folder / name, name)
                asyncio.run(play(folder / name / ".hermes", Random(seed + place), number // homes, finding))
                print(f"{name}, seed {seed + place}: {finding.events} events so far", file=sys.stderr, flush=True)
    return finding


def main() -> int:
    """Play, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.monkey", description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--homes", type=int, default=len(HOMES))
    parser.add_argument("--seed", type=int, default=20_260_401)
    parser.add_argument("--mutant", choices=MUTANTS, default="", help="the app with one guard less, which must fail")
    given = parser.parse_args()
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    with tempfile.TemporaryDirectory() as folder:
        finding = run(Path(folder), number=given.events, seed=given.seed, homes=given.homes, broken=given.mutant)
    kinds = ", ".join(f"{name} {number}" for name, number in finding.kinds.most_common())
    print(
        f"seeds {given.seed} to {given.seed + given.homes - 1}, {given.homes} homes, {finding.events} events ({kinds})"
    )
    print(f"{finding.writes} writes, {len(finding.wrong)} wrong")
    for wrong in finding.wrong:
        print(wrong)
    return 1 if finding.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
