"""The frame writer against a terminal emulator, and the bytes that keys send."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from unittest import mock

import pyte
import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.geometry import Region
from textual.strip import Strip

from hermes_tui.frame_writer import FrameWriter
from hermes_tui.screens.browse import painter
from hermes_tui.state import browser_state
from hermes_tui.widgets import first_picture
from tests import builders
from tests.hermes_tui.browsing import Stage, browsing

WIDTH, HEIGHT = 40, 12
CONSOLE = Console(color_system="truecolor")
STYLES = [
    Style(color="#101010", bgcolor="#202020"),
    Style(color="#f0f0f0", bgcolor="#202020", bold=True),
    Style(color="#f0f0f0", bgcolor="#303030", underline=True),
    Style(color="#f0f0f0", reverse=True, italic=True),
    Style(bold=True),
    Style(),
]
WORDS = ("fig", "quince ", "    ", " ", "部署", "山", "─│▸", "a", "orchard")


def _strip(random: Random, width: int) -> Strip:
    """Words in several looks, which fill a width."""
    segments: list[Segment] = []
    while (left := width - Strip(segments).cell_length) > 0:
        word = random.choice(WORDS)
        fits = Segment(word).cell_length <= left
        segments.append(Segment(word if fits else " " * left, random.choice(STYLES)))
    return Strip(segments)


def _layout(rows: list[list[Strip]]) -> LayoutUpdate:
    return LayoutUpdate([list(row) for row in rows], Region(0, 0, WIDTH, HEIGHT))


def _seen(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """The screen as it looks: on a blank cell no colour and no weight is seen."""
    return [
        [
            (cell.data, cell.bg, cell.reverse, cell.underscore)
            if cell.data == " " and not (cell.reverse or cell.underscore)
            else tuple(cell)
            for cell in (screen.buffer[y][x] for x in range(WIDTH))
        ]
        for y in range(HEIGHT)
    ]


def _shown(*written: str) -> list[list[tuple[object, ...]]]:
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    for text in written:
        stream.feed(text)
    return _seen(screen)


def test_a_terminal_shows_after_the_changes_what_it_shows_after_the_whole_frame() -> None:
    """Mutants: no look left out where an attribute ends; a change that begins in the middle of a wide letter; `NEAR`
    without a look at what stands between; a row that is compared by its texts alone."""
    random, writer = Random(7), FrameWriter()
    terminal = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(terminal)
    rows = [[_strip(random, 15), _strip(random, 25)] for _ in range(HEIGHT)]
    for number in range(40):
        for _ in range(random.randrange(3)):
            side = random.randrange(2)
            rows[random.randrange(HEIGHT)][side] = _strip(random, (15, 25)[side])
        update: ChopsUpdate | LayoutUpdate = _layout(rows)
        if random.random() < 0.5 and number:
            ends = [[15, WIDTH]] * HEIGHT
            update = ChopsUpdate(
                [{0: left, 15: right} for left, right in rows], [(y, 0, WIDTH) for y in range(HEIGHT)], ends
            )
        stream.feed(writer.changes(update).render_segments(CONSOLE))
        assert _seen(terminal) == _shown(_layout(rows).render_segments(CONSOLE))


def test_rows_that_moved_are_moved_by_the_terminal() -> None:
    """Mutants: rows that come in taken as known; a shift the wrong way; the thumb's column looked at."""
    random, writer, written = Random(3), FrameWriter(), [""]
    rows = [_strip(random, WIDTH - 1) for _ in range(60)]
    tracks = [Strip([Segment("┃" if y < 3 else " ", STYLES[y % 2])]) for y in range(HEIGHT)]
    for top in (20, 21, 22, 20, 23, 20, 19, 40):
        shown = _layout([[rows[top + y], tracks[y]] for y in range(HEIGHT)])
        written.append(writer.changes(shown).render_segments(CONSOLE))
        assert _shown(*written) == _shown(shown.render_segments(CONSOLE)), top
    sizes = [len(text) for text in written[1:]]
    assert max(sizes[1:3]) < sizes[0] / 4
    assert max(sizes[1:-1]) < sizes[-1]


def test_what_the_terminal_shows_already_is_not_written_until_it_may_show_anything() -> None:
    """Mutant: with `forget` left out, a terminal that was left stays empty."""
    random, writer = Random(1), FrameWriter()
    rows = [[_strip(random, WIDTH)] for _ in range(HEIGHT)]
    whole = writer.written(_layout(rows), ColorSystem.TRUECOLOR)
    assert writer.written(_layout(rows), ColorSystem.TRUECOLOR) == ""
    rows[3] = [Strip([Segment("x", Style(bgcolor="#404040"))]).adjust_cell_length(WIDTH)]
    assert "\x1b[4;1H" in writer.written(_layout(rows), ColorSystem.TRUECOLOR)
    writer.forget()
    assert len(writer.written(_layout(rows), ColorSystem.TRUECOLOR)) > len(whole) / 2


def test_a_row_with_letters_of_doubtful_width_is_written_whole() -> None:
    """Mutant: with its changes alone, what stands beside the letters may be a column off."""
    writer, plain = FrameWriter(), Style(color="#f0f0f0")
    for text, end in (("मेहनत", "a"), ("मेहनत", "b"), ("quince", "c")):
        line = Strip([Segment(text, plain), Segment(" fig ", plain), Segment(end, Style(bold=True))])
        written = writer.written(LayoutUpdate([[line]], Region(0, 0, WIDTH, 1)), ColorSystem.TRUECOLOR)
        assert text in written
        assert " fig " in written


@contextmanager
def _counted() -> Iterator[list[int]]:
    """The bytes of each frame that the app would write from now on."""
    frames: list[int] = []

    def take(app: App[None], _screen: object, update: object) -> None:
        if isinstance(update, CompositorUpdate):
            frames.append(len(update.render_segments(app.console).encode()))

    with mock.patch.object(App, "_display", take):
        yield frames


def _orchard(tmp_path: Path) -> Path:
    """Forty sessions that fill two panes."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        for number in range(40):
            says = f"quince {number} and docker plum fig orchard " * 3
            builders.store(db, f"s{number:02}", [builders.say("user", says), builders.say("assistant", says)])
    return home


async def _sent(stage: Stage, frames: list[int], *keys: str) -> int:
    """The bytes that keys send until the list and the pane have settled."""
    before, state = len(frames), stage.state
    await stage.press(*keys)
    await stage.until(
        lambda: (
            not stage.browser.painter._waiting
            and (not state.hits_shown or (state.search.results.done and not state.search.ranking))
            and state.reading.requested_at is None
            and state.reading.row is not None
            and state.reading.total > 0
            and (state.pane.row is None or state.pane.row.session.id == state.reading.row.session.id)
        )
    )
    await stage.pilot.pause(0.05)
    return sum(frames[before:])


async def _everything(stage: Stage, frames: list[int]) -> int:
    """The bytes of one full repaint of what stands there."""
    before = len(frames)
    stage.app._take_resumption(None)
    await stage.until(lambda: len(frames) > before)
    await stage.pilot.pause(0.05)
    return max(frames[before:])  # a number that is late is a frame of its own


@pytest.mark.slow
async def test_a_key_sends_what_it_changes_and_little_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants: with `changes` returning the update, every row fails; with LISTS for LISTS_ANSWERED, the letter."""
    for module, name in ((painter, "ANSWERED"), (painter, "HELD"), (browser_state, "HELD"), (first_picture, "HELD")):
        monkeypatch.setattr(module, name, 60.0)  # however slow the machine, the answer comes first
    home = _orchard(tmp_path)
    with _counted() as frames:
        async with browsing(home, (140, 40)) as stage:
            await _sent(stage, frames, "tab", "slash")
            for letter in "doc":
                sent = await _sent(stage, frames, letter)
                assert sent <= await _everything(stage, frames), letter
            whole = await _everything(stage, frames)  # what colours take differs from terminal to terminal
            for key, most in (("tab", whole / 2),) * 3 + (("j", whole / 2),) * 3:
                assert 0 < await _sent(stage, frames, key) < most, key
            await stage.press("m")
            await stage.pilot.pause(0.05)
            before = len(frames)
            await stage.press("j")
            await stage.until(lambda: 0 < sum(frames[before:]) < whole / 4)
