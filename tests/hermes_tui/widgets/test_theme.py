"""What roles look like: legible in every theme, and told apart without any colour."""

from __future__ import annotations

import pytest
from rich.style import Style
from textual.color import Color
from textual.theme import BUILTIN_THEMES
from textual.widget import Widget

from hermes_tui.render.line import Role, Span, blank, span
from hermes_tui.render.safe import SafeText
from hermes_tui.widgets.theme import (
    LEGIBLE,
    NOT_TEXT,
    VARIABLES,
    Ground,
    Palette,
    contrast,
    legible,
    palette_of,
    strip_of,
)
from tests.families import few
from tests.hermes_tui.stage import Stage

NOTHING = SafeText("")
COMPUTED = [name for name, theme in BUILTIN_THEMES.items() if not theme.ansi]
NATIVE = [name for name, theme in BUILTIN_THEMES.items() if theme.ansi]


def palette(name: str, *, monochrome: bool = False) -> Palette:
    variables = BUILTIN_THEMES[name].to_color_system().generate()
    return Palette(tuple(variables[variable] for variable in VARIABLES), monochrome)


def style(name: str, role: Role, ground: Ground = Ground.PLAIN, *, monochrome: bool = False) -> Style:
    return palette(name, monochrome=monochrome).style(Span(NOTHING, role), ground)


@pytest.mark.parametrize("name", few(COMPUTED, "textual-dark", "textual-light", "catppuccin-latte"))
def test_every_text_of_every_theme_can_be_read_on_every_ground(name: str) -> None:
    """Mutant: without `legible`, dim on catppuccin-latte and warning on textual-light fail."""
    colours = palette(name)
    for ground in Ground:
        best = contrast(colours.colour(Role.TEXT), colours.ground(ground))
        for role in set(Role) - NOT_TEXT:
            assert contrast(colours.colour(role, ground), colours.ground(ground)) >= min(LEGIBLE, best) - 0.01, (
                role,
                ground,
            )


@pytest.mark.parametrize("name", few(COMPUTED, "textual-dark", "textual-light", "catppuccin-latte"))
def test_every_theme_gives_every_span_a_colour_and_a_background(name: str) -> None:
    for ground in Ground:
        for role in Role:
            made = style(name, role, ground)
            assert made.color is not None
            assert made.bgcolor is not None


def test_dim_hair_and_tint_are_parts_of_the_foreground() -> None:
    colours = palette("textual-dark")
    assert colours.colour(Role.DIM) == Color(162, 162, 162)
    assert colours.colour(Role.HAIR) == Color(67, 67, 67)
    assert colours.ground(Ground.TINT) == Color(30, 30, 30)
    assert colours.ground(Ground.RESTING) == Color(36, 36, 36)


def test_a_colour_moves_towards_the_foreground_in_tenths_and_no_further_than_needed() -> None:
    black, white, grey = Color(0, 0, 0), Color(255, 255, 255), Color(150, 150, 150)
    assert legible(black, black, white) == black
    assert legible(grey, black, white) == grey.blend(black, 0.3)
    assert legible(grey, Color(200, 200, 200), white) == Color(200, 200, 200), "where even the foreground has less"


def test_a_cursor_row_speaks_in_the_foreground_colour_alone() -> None:
    for ground in (Ground.CURSOR, Ground.RESTING):
        for role in set(Role) - NOT_TEXT:
            assert style("textual-dark", role, ground).color == style("textual-dark", Role.TEXT).color
    assert style("textual-dark", Role.FOCUS, Ground.CURSOR).color != style("textual-dark", Role.TEXT).color


def test_what_is_about_to_be_replaced_is_dim() -> None:
    faded = style("textual-dark", Role.ERROR, Ground.FADED)
    assert faded.color == style("textual-dark", Role.DIM).color
    assert faded.bgcolor == style("textual-dark", Role.TEXT).bgcolor


def test_without_colour_attributes_carry_the_meaning_and_one_bar_alone_is_reversed() -> None:
    for ground in Ground:
        for role in Role:
            made = style("textual-dark", role, ground, monochrome=True)
            assert made.color is None
            assert made.bgcolor is None
            assert bool(made.reverse) == (ground is Ground.CURSOR)
    for role in (Role.ACCENT, Role.FOCUS, Role.WARNING, Role.ERROR):
        assert style("textual-dark", role, monochrome=True).bold
    for role in (Role.DIM, Role.HAIR):
        assert style("textual-dark", role, monochrome=True).dim
    assert not style("textual-dark", Role.TEXT, monochrome=True).bold
    assert style("textual-dark", Role.TEXT, Ground.BAND, monochrome=True).bold


@pytest.mark.parametrize("name", NATIVE)
def test_a_theme_of_the_terminal_s_own_colours_has_no_background(name: str) -> None:
    for ground in Ground:
        for role in Role:
            assert style(name, role, ground).bgcolor is None
    assert style(name, Role.ERROR).color is not None
    assert style(name, Role.DIM).dim
    assert style(name, Role.TEXT, Ground.CURSOR).reverse


def test_flags_of_a_span_stay_on_every_ground() -> None:
    match = Span(NOTHING, Role.ACCENT, bold=True, underline=True, reverse=True)
    for ground in Ground:
        made = palette("textual-light").style(match, ground)
        assert (made.bold, made.underline, made.reverse) == (True, True, True)
    assert not palette("textual-light", monochrome=True).style(match, Ground.CURSOR).reverse, "reversed twice"


def test_a_strip_is_as_wide_as_asked_and_every_segment_has_a_style() -> None:
    """A segment without a style crashes Textual's monochrome filter (docs/textual.md §1.3)."""
    for line in ((), (span("桂林"),), (span("long " * 20), blank(3))):
        strip = strip_of(line, 7, palette("nord"), Ground.CURSOR)
        assert strip.cell_length == 7
        assert all(segment.style is not None for segment in strip)


async def test_the_palette_is_that_of_the_theme_as_it_is_now() -> None:
    app = Stage(Widget())
    async with app.run_test() as pilot:
        dark = palette_of(app)
        app.theme = "textual-light"
        await pilot.pause()
        assert palette_of(app) != dark
        assert palette_of(app) == palette("textual-light")


async def test_no_color_makes_the_palette_monochrome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with Stage(Widget()).run_test() as pilot:
        assert palette_of(pilot.app).monochrome
