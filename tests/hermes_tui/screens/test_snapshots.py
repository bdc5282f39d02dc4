"""The look of the screens, kept as SVG: an update is made only by someone who looked at the picture.

The demo home with a fixed clock and no agent; `LOOK` names the picture, its size, theme and keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from textual.app import App
from textual.pilot import Pilot

from hermes_tui.app import HermesApp
from hermes_tui.demo.home import make_home
from hermes_tui.feed import ProfileEntry
from hermes_tui.widgets.rail import ROOM
from hermes_tui.widgets.transcript_layout import estimated_heights
from screenshots.shoot import MILLISECONDS, NOW, TO_THE_LEGACY_SESSION, settled
from store import SessionDB
from store.models import Head

pytestmark = pytest.mark.slow

Compare = Callable[..., bool]
LEGACY = TO_THE_LEGACY_SESSION

LOOK: dict[str, tuple[tuple[int, int], str, tuple[str, ...]]] = {
    "browse-80x24": ((80, 24), "textual-dark", LEGACY),
    "browse-100x30": ((100, 30), "textual-dark", LEGACY),
    "browse-140x40": ((140, 40), "textual-dark", LEGACY),
    "browse-140x40-light": ((140, 40), "textual-light", LEGACY),
    "search-80x24": ((80, 24), "textual-dark", tuple("docker")),
    "search-100x30": ((100, 30), "textual-dark", (*"docker ", "tab", "down", "down")),
    "search-140x40": ((140, 40), "textual-dark", (*"docker ", "tab", "down", "down", "]")),
    "reader-80x24": ((80, 24), "textual-dark", (*LEGACY, "down", "down", "enter", "J")),
    "reader-140x40-light": ((140, 40), "textual-light", (*LEGACY, "down", "enter", "J")),
    "no-hits-80x24": ((80, 24), "textual-dark", tuple("dokcer compsoe")),
    "wrong-filter-80x24": ((80, 24), "textual-dark", tuple("after:yesterdya")),
    "help-80x24": ((80, 24), "textual-dark", ("tab", "?")),
    "palette-80x24": ((80, 24), "textual-dark", ("ctrl+p",)),
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo home, written once."""
    return make_home(tmp_path_factory.mktemp("demo") / ".hermes", now=NOW.timestamp())


def _at_one_width(heads: Iterable[Head], _: int, *, owned: bool) -> list[int]:
    return estimated_heights(heads, ROOM, owned=owned)


@pytest.fixture(autouse=True)
def _still() -> Iterator[None]:
    """Clock and measured milliseconds stand still."""
    with (
        mock.patch("time.time", NOW.timestamp),
        mock.patch("hermes_tui.feed.questions.round", return_value=MILLISECONDS, create=True),
        # The thumb goes by heights, which are estimates until a message is drawn, and a slow machine has drawn others
        # by the time of the picture: in pictures all of them stay estimates.
        mock.patch("hermes_tui.widgets.fenwick_heights.FenwickHeights.put"),
        mock.patch("hermes_tui.widgets.transcript_layout.estimated_heights", _at_one_width),
    ):
        time.tzset()
        yield


def pressing(keys: tuple[str, ...]) -> Callable[[Pilot[str]], object]:
    """Press keys one by one, each after the screen stands still; words are typed in one go."""

    async def press(pilot: Pilot[str]) -> None:
        await settled(pilot)
        for key, after in zip(keys, (*keys[1:], ""), strict=False):
            await pilot.press("space" if key == " " else key)
            if not (len(key) == len(after) == 1):
                await settled(pilot)

    return press


def app_on(home: Path, theme: str) -> App[str]:
    """The app as a user would start it on a home."""
    entry = ProfileEntry("demo", partial(SessionDB, home / "state.db", read_only=True), owner="demo")
    app = HermesApp(entry, now=lambda: NOW)
    app.theme = theme
    return app


@pytest.mark.parametrize("name", LOOK)
def test_the_screen_looks_as_it_did_when_somebody_looked(snap_compare: Compare, demo: Path, name: str) -> None:
    size, theme, keys = LOOK[name]
    assert snap_compare(app_on(demo, theme), terminal_size=size, run_before=pressing(keys))


def test_an_empty_home_says_what_was_looked_at_and_what_can_be_done(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = Path("hermes")
    home.mkdir()
    assert snap_compare(app_on(home, "textual-dark"), terminal_size=(80, 24), run_before=pressing(()))


def test_an_unreadable_store_shows_what_the_files_have(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = make_home(Path("hermes"), now=NOW.timestamp())
    (home / "state.db").unlink()
    (home / "state.db").mkdir()
    assert snap_compare(app_on(home, "textual-dark"), terminal_size=(80, 24), run_before=pressing(()))
