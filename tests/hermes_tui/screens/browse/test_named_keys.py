"""Keys that the screen names: they work where they are named, the mouse presses them, and others say why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_tui.commands.key_names import shown_keys
from hermes_tui.commands.registry import Place, applying
from hermes_tui.render.line import Line, Role
from hermes_tui.screens.repair.screen import RepairScreen
from hermes_tui.widgets.bar import Bar
from tests.hermes_tui.browsing import NARROW, WIDE, Stage, browsing
from tests.hermes_tui.screens.browse.test_screen import furnish

pytestmark = pytest.mark.slow

PLACES = {
    Place.SEARCH: (),
    Place.SESSIONS: ("tab",),
    Place.TRANSCRIPT: ("tab", "enter"),
    Place.HITS: (*"zebra", "tab"),
}
NO_KEYS = {"?", "f1", "/"}
"""The help, which is pinned, and the prompt."""


def named(line: Line) -> set[str]:
    """The keys that a row of the frame names."""
    return {key for part in line if part.role is Role.ACCENT and part.bold for key in shown_keys(part.text.strip())}


async def click_on(stage: Stage, words: str, *, row: int | None = None) -> None:
    """Click into the first words of that kind on the screen, or on one row of it."""
    await stage.until(lambda: words in (stage.text if row is None else stage.lines[row]))
    y = next(y for y, line in enumerate(stage.lines) if words in line) if row is None else row
    await stage.pilot.click(offset=(stage.lines[y].index(words) + len(words) // 2, y % stage.app.size.height))
    await stage.pilot.pause()


@pytest.mark.parametrize("size", [NARROW, WIDE])
@pytest.mark.parametrize("place", PLACES)
async def test_every_key_that_is_named_works_where_the_focus_is(
    tmp_path: Path, size: tuple[int, int], place: Place
) -> None:
    """Mutants: `press v`, `R re-ranks` and the banner's keys shown while letters are text."""
    async with browsing(furnish(tmp_path), size) as stage:
        await stage.shows("⇡A")
        await stage.press(*PLACES[place])
        await stage.pilot.pause(0.4)
        assert stage.place == place.name
        working = {key for command in applying(place, stage.state.conditions) for key in shown_keys(command.shown)}
        bars = {key for bar in stage.browser.query(Bar) if bar.display for key in named(bar.line(bar.size.width))}
        assert bars - NO_KEYS <= working
        assert len(bars) > 4


async def test_the_mouse_presses_what_is_named_and_opens_what_is_counted(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path), WIDE) as stage:
        await stage.shows("⇡A")
        await click_on(stage, "2 flagged", row=1)
        await stage.shows("y apply 1")
        assert isinstance(stage.app.screen, RepairScreen)
        await click_on(stage, "esc back", row=-1)
        await stage.until(lambda: stage.app.screen is stage.browser)
        await click_on(stage, "tab list", row=-1)
        await stage.until(lambda: stage.place == "SESSIONS")
        before = stage.widgets.session_list.cursor.key
        await click_on(stage, "↑↓ rows", row=-1)
        await stage.pilot.click(offset=(2, stage.app.size.height - 1))
        await stage.until(lambda: stage.widgets.session_list.cursor.key != before)
        await click_on(stage, "v)", row=1)
        await stage.shows("Why can't I see it?")
        await stage.press("escape")
        await click_on(stage, "enter open", row=-1)
        await stage.until(lambda: stage.place == "TRANSCRIPT")
        await click_on(stage, "esc back", row=-1)
        await stage.until(lambda: stage.place == "SESSIONS")
        await click_on(stage, "default", row=0)
        await stage.shows("Go to the other pane")


async def test_on_a_narrow_screen_the_mouse_alone_goes_in_and_out_and_quits(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path), NARROW) as stage:
        await click_on(stage, "Look around")
        await click_on(stage, "enter open", row=-1)
        await stage.shows("━ Sessions › Look around ━━")
        await click_on(stage, "Sessions ›", row=2)
        await stage.until(lambda: stage.place == "SESSIONS")
        await click_on(stage, "q quit", row=-1)
        assert stage.app.return_code == 0


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("tab", "r"), "both sources agree, nothing to repair"),
        (("tab", "d"), "both sources agree, nothing to repair"),
        (("tab", "e"), "e does nothing here · ? keys"),
        (("tab", "L"), "nothing else belongs to this session"),
        (("tab", "n"), "n does nothing here · ? keys"),
        (("tab", "enter", "enter"), "enter does nothing here · ? keys"),
        (("f7",), "f7 does nothing here · f1 keys"),
        (("tab", "tab"), "one pane: enter opens, esc goes back"),
        ((*"xylophone", "enter"), "there is no row"),
        ((*"xylophone", "tab", "r"), "there is no session here"),
        ((*"xylophone", "tab", "I"), "there is no session here"),
    ],
)
async def test_a_key_that_does_nothing_says_why(tmp_path: Path, keys: tuple[str, ...], said: str) -> None:
    async with browsing(furnish(tmp_path), NARROW) as stage:
        await stage.shows("⇡A")
        stage.widgets.session_list.move_to("tools")
        await stage.press(*keys)
        await stage.shows(said)


async def test_a_key_that_does_nothing_says_so_on_screens_without_a_line_for_it(tmp_path: Path) -> None:
    """Mutant: with the footer left out of `_say`, the help, the hidden sessions and a family stay silent."""
    async with browsing(furnish(tmp_path), NARROW) as stage:
        await stage.press("tab")
        for opens in ("v", "f1", "L"):
            stage.widgets.session_list.move_to("tip")
            await stage.press(opens)
            await stage.until(lambda: stage.app.screen is not stage.browser)
            await stage.press("f7")
            await stage.shows("f7 does nothing here · esc goes back")
            await stage.press("escape")
            await stage.until(lambda: stage.app.screen is stage.browser)
