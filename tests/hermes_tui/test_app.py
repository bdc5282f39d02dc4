"""The app around the screens: the last filter, colours, the palette, the ways out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import Monochrome

from hermes_tui import config
from hermes_tui.app import HermesApp
from hermes_tui.config import Config
from hermes_tui.control_char_filter import Backstop
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


async def test_every_line_goes_through_the_backstop_first(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path)) as stage:
        assert isinstance(stage.app.get_line_filters()[0], Backstop)


@pytest.mark.slow
async def test_no_color_takes_every_colour_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with browsing(home_of_one(tmp_path), WIDE) as stage:
        assert stage.app.theme == "ansi-dark"
        assert not [one for one in stage.app.get_line_filters() if isinstance(one, Monochrome)]
        await stage.type("one")
        await stage.shows("2 hits")
        await stage.press("down", "enter")
        for strip in stage.app.screen._compositor.render_strips(stage.app.size):
            for line_filter in stage.app.get_line_filters():
                strip = strip.apply_filter(line_filter, Color(0, 0, 0))  # noqa: PLW2901
            colours = {(segment.style.color, segment.style.bgcolor) for segment in strip if segment.style}
            assert {colour.name for pair in colours for colour in pair if colour} <= {"default"}


async def test_an_explicit_theme_holds_and_an_unknown_one_is_said(tmp_path: Path) -> None:
    home = home_of_one(tmp_path)
    async with browsing(home, config=Config(theme="textual-light")) as stage:
        assert stage.app.theme == "textual-light"
    async with browsing(home, config=Config(theme="no\x1bsuch")) as stage:
        assert stage.app.theme == "textual-dark"
        await stage.shows("no theme is called no␛such")


async def test_ascii_draws_with_ascii_alone(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path), WIDE, ascii_only=True) as stage:
        await stage.press("down", "enter")
        await stage.shows("one answer")
        assert stage.text.isascii(), [line for line in stage.lines if not line.isascii()]
        await stage.press("question_mark")
        assert stage.text.isascii(), [line for line in stage.lines if not line.isascii()]


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
async def test_the_palette_changes_the_theme(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path)) as stage:
        await stage.press("ctrl+p")
        await stage.type("theme nord")
        await stage.pilot.pause(0.4)
        await stage.press("enter")
        await stage.until(lambda: stage.app.theme == "nord")


@pytest.mark.slow
async def test_the_palette_reads_what_is_typed_as_text(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path)) as stage:
        await stage.press("ctrl+p")
        await stage.type("[/] [@click=app.quit]")
        await stage.pilot.pause(0.4)
        await stage.press("escape")
        await stage.shows("one message")


async def test_ctrl_c_says_how_to_quit_and_ctrl_q_quits(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path)) as stage:
        await stage.press("ctrl+c")
        await stage.shows("ctrl+q quits")
        await stage.press("ctrl+q")
        assert stage.app.return_code == 0


async def test_q_is_a_letter_in_the_search_row_and_quits_in_the_list(tmp_path: Path) -> None:
    async with browsing(home_of_one(tmp_path)) as stage:
        await stage.press("q")
        assert stage.browser.search_bar.text == "q"
        await stage.press("escape", "down", "q")
        assert stage.app.return_code == 0


def test_what_must_not_happen_leaves_one_line_and_no_stored_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = HermesApp(lambda: builders.db(home_of_one(tmp_path), read_only=True))

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


def test_the_config_file_is_where_the_platform_has_it(tmp_path: Path) -> None:
    user = Path("/home/u")
    assert config.locate({}, platform="linux", user_home=user) == user / ".config/hermes-tui/config.toml"
    assert config.locate({"XDG_CONFIG_HOME": "/x"}, platform="linux", user_home=user) == Path(
        "/x/hermes-tui/config.toml"
    )
    assert config.locate({"HERMES_TUI_CONFIG": "/y.toml"}, platform="darwin", user_home=user) == Path("/y.toml")
    assert config.locate({}, platform="win32", user_home=user).parts[-3:] == ("Roaming", "hermes-tui", "config.toml")


@pytest.mark.parametrize(
    ("text", "theme", "ascii_only", "complaint"),
    [
        ('theme = "nord"\nascii = true\nfuture = 3\n', "nord", True, ""),
        ("", None, False, ""),
        ("theme = 3\n", None, False, "theme must be a name in quotes"),
        ('theme = "nord"\nascii = "yes"\n', "nord", False, "ascii must be true or false"),
        ("theme = \n", None, False, "was left out"),
    ],
)
def test_a_config_file_is_read_as_far_as_it_is_sound(
    tmp_path: Path, text: str, theme: str | None, ascii_only: bool, complaint: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    read = config.load(path)
    assert (read.theme, read.ascii) == (theme, ascii_only)
    assert complaint in read.complaint
    assert bool(read.complaint) == bool(complaint)


def test_a_missing_config_file_is_no_complaint_and_an_unreadable_one_is(tmp_path: Path) -> None:
    assert config.load(tmp_path / "none.toml") == Config()
    (tmp_path / "folder.toml").mkdir()
    assert "was left out" in config.load(tmp_path / "folder.toml").complaint


def test_what_textual_reads_at_its_import_is_settled_unless_the_user_has() -> None:
    environ = {"ESCDELAY": "200"}
    config.tune(environ)
    assert environ["ESCDELAY"] == "200"
    assert environ["TEXTUAL_ANIMATIONS"] == "none"
