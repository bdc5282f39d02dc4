"""Take the README's pictures: the real app on the demo home, with a fixed clock, driven by keys.

    python -m screenshots.shoot [NAME…]

writes screenshots/<name>.svg, all of them without a name.
The same code makes the same files: seed, clock and time zone are fixed, and the agent doesn't run.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from unittest import mock

from rich.cells import cell_len

from hermes_tui.demo.home import make_home
from hermes_tui.feed.serial_thread import SerialThread
from store import SessionDB

if TYPE_CHECKING:
    from textual.pilot import Pilot
    from textual.strip import Strip

    from hermes_tui.app import HermesApp

FOLDER = Path(__file__).parent
NOW = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)
MILLISECONDS = 4
"""What a search took, in every picture."""
CALM = 0.3
"""Seconds between two looks, which must show the same; longer than a list that hits stream into is held back."""
CALM_LOOKS = 3
"""Looks in a row that must show the same: what is asked for when something has come takes as long again."""
PATIENCE = 60.0
"""Seconds until the last answer must be on the screen."""

TO_THE_LEGACY_SESSION = ("tab", "down", "down")
TO_AN_EDIT = (*TO_THE_LEGACY_SESSION, "down", "enter", "}", "}", "J", "space", "J")
"""To an answer with code and a table below an edit, which is unfolded."""
TEXT = re.compile(r'(<text [^>]*?) textLength="[^"]*"([^>]*>)([^<]*)')
UNIQUE = re.compile(r"terminal-\d+")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: how large, which theme, which keys before."""

    columns: int
    rows: int
    keys: Sequence[str]
    theme: str = "textual-dark"
    colourless: bool = False
    """As under NO_COLOR."""


SIZES = ((80, 24), (140, 40))
LOOKS = {"": ("textual-dark", False), "light": ("textual-light", False), "ansi": ("ansi-dark", False)}
LOOKS["mono"] = ("ansi-dark", True)
"""Looks of the reader by the end of the picture's name: a theme, and whether no colour at all is shown."""
READER = {
    "-".join(filter(None, ("reader", f"{columns}x{rows}", look))): Shot(columns, rows, TO_AN_EDIT, theme, colourless)
    for columns, rows in SIZES
    for look, (theme, colourless) in LOOKS.items()
}
SHOTS = {
    "browse-80x24": Shot(80, 24, TO_THE_LEGACY_SESSION),
    "browse-140x40": Shot(140, 40, TO_THE_LEGACY_SESSION),
    "browse-140x40-light": Shot(140, 40, TO_THE_LEGACY_SESSION, theme="textual-light"),
    "search-80x24": Shot(80, 24, tuple("docker")),
    "search-140x40": Shot(140, 40, (*"docker", "tab", "down", "down", "down")),
    "repair-80x24": Shot(80, 24, (*TO_THE_LEGACY_SESSION, "r")),
    **READER,
}


MOVING = "search-moving-80x24"
TYPED = "docker time"
"""What is typed in the moving picture, a frame for each letter."""
STILL = 4
"""Frames that the last one stands for."""
FRAME_SECONDS = 0.5
PARTS = re.compile(r"<svg[^>]*?(viewBox=\"[^\"]*\")[^>]*>(.*)</svg>", re.DOTALL)


def shoot(names: Sequence[str], folder: Path = FOLDER) -> list[Path]:
    """Write the named pictures into a folder and give their paths."""
    os.environ |= {"TZ": "UTC", "TEXTUAL_ANIMATIONS": "none"}
    os.environ.pop("NO_COLOR", None)
    time.tzset()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hermes-tui-shots-")))
        stack.enter_context(mock.patch("time.time", NOW.timestamp))
        stack.enter_context(mock.patch("hermes_tui.feed.questions.round", return_value=MILLISECONDS, create=True))
        home = make_home(scratch / ".hermes", now=NOW.timestamp())
        return [_written(folder / f"{name}.svg", asyncio.run(_drawn(name, home))) for name in names]


async def _drawn(name: str, home: Path) -> str:
    """A picture of the table, or the one that moves."""
    if name != MOVING:
        return (await _frames(SHOTS[name], home))[-1]
    keys = tuple("space" if letter == " " else letter for letter in TYPED)
    frames = await _frames(Shot(80, 24, keys), home, every=True)
    return _moving([*frames, *frames[-1:] * (STILL - 1)])


def _moving(frames: Sequence[str]) -> str:
    """One SVG that shows pictures one after the other, by rules of style and without a script."""
    share, seconds = 100 / len(frames), FRAME_SECONDS * len(frames)
    layers, view = [], ""
    for number, frame in enumerate(frames):
        found = PARTS.search(frame)
        assert found is not None
        view, inside = found[1], found[2].replace("terminal-", f"frame{number}-")
        delay = f"animation-delay:{number * FRAME_SECONDS}s"
        layers.append(f'<g class="frame" style="{delay}">{inside}</g>')
    rules = (
        f".frame{{visibility:hidden;animation:shown {seconds}s step-end infinite}}"
        f"@keyframes shown{{0%{{visibility:visible}}{share:.3f}%{{visibility:hidden}}100%{{visibility:hidden}}}}"
    )
    return f'<svg {view} xmlns="http://www.w3.org/2000/svg"><style>{rules}</style>{"".join(layers)}</svg>\n'


async def _frames(shot: Shot, home: Path, *, every: bool = False) -> list[str]:
    """The screen after the keys, as SVG; with `every` also before them and after each."""
    from hermes_tui.app import HermesApp
    from hermes_tui.feed import ProfileEntry

    path = home / "state.db"
    if shot.colourless:
        os.environ["NO_COLOR"] = "1"
    opener, to_write = partial(SessionDB, path, read_only=True), partial(SessionDB, path)
    app = HermesApp(ProfileEntry("demo", opener, owner="demo", open_to_write=to_write), now=lambda: NOW)
    os.environ.pop("NO_COLOR", None)  # the next picture is one of colours again
    app.theme = shot.theme
    async with app.run_test(size=(shot.columns, shot.rows)) as pilot:
        await settled(pilot)
        frames = [_svg(app)] if every else []
        for key, after in zip(shot.keys, (*shot.keys[1:], ""), strict=True):
            await pilot.press(key)
            if every or not len(key) == len(after) == 1:  # words are typed in one go
                await settled(pilot)
            frames += [_svg(app)] if every else []
        await _as_if_opened_here(pilot)
        return frames or [_svg(app)]


async def _as_if_opened_here(pilot: Pilot[str]) -> None:
    """Forget the heights of messages that are not on the screen: the thumb depends on which were drawn on the way."""
    from hermes_tui.widgets.fenwick_heights import FenwickHeights
    from hermes_tui.widgets.transcript import Transcript
    from hermes_tui.widgets.transcript_layout import estimated_heights

    for pane in pilot.app.screen.query(Transcript):
        layout = pane.cursor.layout
        layout.heights = FenwickHeights()
        layout.heights.extend(estimated_heights(layout.index.heads, layout.measure, owned=False))
        layout._drawn.clear()
        pane._changed()
    await settled(pilot)


def _svg(app: HermesApp) -> str:
    return UNIQUE.sub("terminal", TEXT.sub(_loosened, app.export_screenshot(title="hermes-tui")))


async def settled(pilot: Pilot[str]) -> None:
    """Wait until no request runs and nothing on the screen changes; a screen that goes on changing is an error."""
    from textual.widgets import Input

    for field in pilot.app.screen.query(Input):
        field.cursor_blink = False
    async with asyncio.timeout(PATIENCE):
        before: list[Strip] = []
        calm = 0
        while calm < CALM_LOOKS:
            idle = _is_idle(pilot)
            await pilot.pause(CALM)
            shown = pilot.app.screen._compositor.render_strips()
            calm = calm + 1 if idle and _is_idle(pilot) and shown == before else 0
            before = shown


def _is_idle(pilot: Pilot[str]) -> bool:
    """Every serial thread of the app waits for a job and every worker has ended.

    On a slow machine an unchanged screen alone proves nothing.
    """
    from hermes_tui.widgets.transcript import Transcript

    if not all(worker.is_finished for worker in pilot.app.workers):
        return False
    if any(pane.rail.behind for pane in pilot.app.screen.query(Transcript)):
        return False
    frames = sys._current_frames()
    working = [thread for thread in threading.enumerate() if thread.name.startswith("hermes-tui ")]
    return all(_waits(frames.get(thread.ident or 0)) for thread in working)


def _waits(frame: FrameType | None) -> bool:
    """Whether a thread waits for a job; that of the marks beside a transcript begins a little later, and is awaited."""
    while frame is not None and frame.f_code is not SerialThread._next.__code__:
        frame = frame.f_back
    if frame is None:
        return False
    thread = frame.f_locals["self"]
    return thread._name != "marks" or not thread._waiting


def _loosened(found: re.Match[str]) -> str:
    """A text with characters of two cells without its `textLength`, which would squeeze it (docs/look.md §4)."""
    text = html.unescape(found[3])
    return found[0] if cell_len(text) == len(text) else f"{found[1]}{found[2]}{found[3]}"


def _written(path: Path, svg: str) -> Path:
    path.write_text(svg, encoding="utf-8")
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """Take the pictures that `argv` names, or all."""
    parser = argparse.ArgumentParser(description="Take the README's pictures.")
    parser.add_argument(
        "names", nargs="*", choices=[*SHOTS, MOVING, []], metavar="NAME", help=", ".join([*SHOTS, MOVING])
    )
    for path in shoot(parser.parse_args(argv).names or [*SHOTS, MOVING]):
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
