"""The app around the screens: the last filter, colours, the palette, the ways out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import Monochrome

from hermes_tui.app import HermesApp
from hermes_tui.config import Config
from hermes_tui.control_char_filter import Backstop
from hermes_tui.feed import KeptState, ProfileEntry
from tests import builders
from tests.hermes_tui.browsing import WIDE, browsing


def home_of_one(tmp_path: Path) -> Path:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", [builders.say("user", "one message"), builders.say("assistant", "one answer")])
    return home


def test_the_backstop_drops_what_a_terminal_acts_on_and_keeps_styles() -> None:
    style = Style(bold=True)
    hostile = "a\x1b]52;c;evil\x07b\x9b31m\u202ec\u2066d\n\t"
    segments = [Segment(hostile, style), Segment("plain", None), Segment("", None, [])]
    cleaned = Backstop().apply(segments, Color(0, 0, 0))
    assert [segment.text for segment in cleaned] == ["a]52;c;evilb31mcd", "plain", ""]
    assert cleaned[0].style is style
    assert cleaned[2].control == []


@pytest.mark.slow
async def test_every_line_goes_through_the_backstop_first(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path)) as stage:
        assert isinstance(stage.app.get_line_filters()[0], Backstop)


@pytest.mark.slow
async def test_no_color_takes_every_colour_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with browsing(home_of_one(tmp_path), WIDE) as stage:
        assert stage.app.theme == "ansi-dark"
        assert not [each for each in stage.app.get_line_filters() if isinstance(each, Monochrome)]
        await stage.type("one")
        await stage.shows("2 hits")
        await stage.press("tab", "enter")
        for strip in stage.app.screen._compositor.render_strips(stage.app.size):
            for line_filter in stage.app.get_line_filters():
                strip = strip.apply_filter(line_filter, Color(0, 0, 0))  # noqa: PLW2901
            colours = {(segment.style.color, segment.style.bgcolor) for segment in strip if segment.style}
            assert {colour.name for pair in colours for colour in pair if colour} <= {"default"}


@pytest.mark.slow
async def test_an_explicit_theme_holds_and_an_unknown_one_is_said(tmp_path: Path) -> None:
    home = home_of_one(tmp_path)
    async with browsing(home, config=Config(theme="textual-light")) as stage:
        assert stage.app.theme == "textual-light"
    async with browsing(home, config=Config(theme="no\x1bsuch")) as stage:
        assert stage.app.theme == "textual-dark"
        await stage.shows("no theme is called no␛such")


@pytest.mark.slow
async def test_a_search_of_the_command_line_is_typed(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path), WIDE, query="answer", near_verb="archive") as stage:
        await stage.shows("did you mean the verb archive?")
        await stage.shows("1 hit")
        assert stage.widgets.search_bar.text == "answer"


@pytest.mark.slow
async def test_ascii_draws_with_ascii_alone(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path), WIDE, ascii_only=True) as stage:
        await stage.press("tab", "enter")
        await stage.shows("one answer")
        assert stage.text.isascii(), [line for line in stage.lines if not line.isascii()]
        await stage.press("question_mark")
        assert stage.text.isascii(), [line for line in stage.lines if not line.isascii()]
        await stage.press("escape")
        await stage.pilot.resize_terminal(34, 8)
        await stage.shows("needs 40 x 10")


@pytest.mark.slow
async def test_the_palette_runs_commands_of_the_list_from_the_search_row(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path)) as stage:
        await stage.press("ctrl+p")
        await stage.type("session id")
        await stage.pilot.pause(0.4)
        await stage.press("enter")
        await stage.until(lambda: stage.app.clipboard == "s1")
        assert stage.place == "SESSIONS"


@pytest.mark.slow
async def test_the_palette_changes_the_theme_and_it_stays(tmp_path: Path) -> None:
    home, kept = home_of_one(tmp_path), KeptState(None)
    async with browsing(home, kept=kept) as stage:
        await stage.press("ctrl+p")
        await stage.type("theme nord")
        await stage.pilot.pause(0.4)
        await stage.press("enter")
        await stage.until(lambda: stage.app.theme == "nord")
    async with browsing(home, kept=kept) as stage:
        assert stage.app.theme == "nord"


@pytest.mark.slow
async def test_the_palette_reads_what_is_typed_as_text(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path)) as stage:
        await stage.press("ctrl+p")
        await stage.type("[/] [@click=app.quit]")
        await stage.pilot.pause(0.4)
        await stage.press("escape")
        await stage.shows("one message")


@pytest.mark.slow
async def test_ctrl_c_says_how_to_quit_and_ctrl_q_quits(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path)) as stage:
        await stage.press("ctrl+c")
        await stage.shows("ctrl+q quits")
        await stage.press("ctrl+q")
        assert stage.app.return_code == 0
    async with browsing(home_of_one(tmp_path / "again")) as stage:
        await stage.press("tab", "ctrl+c", "ctrl+c")
        assert stage.app.return_code == 0


@pytest.mark.slow
async def test_q_is_a_letter_in_the_search_row_and_quits_in_the_list(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path)) as stage:
        await stage.press("q")
        assert stage.widgets.search_bar.text == "q"
        await stage.press("escape", "down", "q")
        await stage.shows("q again quits")
        await stage.press("q")
        assert stage.app.return_code == 0


@pytest.mark.slow
def test_what_must_not_happen_leaves_one_line_and_no_stored_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = HermesApp(ProfileEntry("default", lambda: builders.db(home_of_one(tmp_path), read_only=True)))

    def burst() -> None:
        secret = "stored text"  # noqa: F841  a traceback with locals would show it
        raise ValueError("a mistake \x1b[31mof ours")

    app.call_later(burst)
    app.run(headless=True)
    printed = capsys.readouterr().err
    assert "hermes-tui stopped: ValueError: a mistake ␛[31mof ours" in printed
    assert "stored text" not in printed
    assert "Traceback" not in printed
    assert app.return_code == 1
