"""Styles of roles: from the theme's own variables, legible on their ground, or without any colour
(docs/look.md §3)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.strip import Strip

from hermes_tui.render.glyphs import ASCII, UNICODE, Glyphs
from hermes_tui.render.line import Line, Role, Span
from hermes_tui.render.safe import SafeText
from store.base.late_dataclass import dataclass, replace

LEGIBLE = 4.5
"""The contrast that every text colour has on its ground, where the foreground has it (WCAG 2.1, AA)."""

FROM_THEME = {
    Role.ACCENT: "text-primary",
    Role.FOCUS: "primary",
    Role.WARNING: "text-warning",
    Role.ERROR: "text-error",
    Role.GOOD: "text-success",
}
VARIABLES = ("foreground", "background", "primary-muted", "warning-muted", *FROM_THEME.values())
"""Variables of a theme, in the order of `Palette.values`."""
NOT_TEXT = frozenset({Role.FOCUS, Role.HAIR})
"""Bars and rules: they stay as they are on every ground."""
LOUD = frozenset({Role.ACCENT, Role.FOCUS, Role.WARNING, Role.ERROR})
"""Roles that are bold where there is no colour."""
QUIET = frozenset({Role.DIM, Role.HAIR})
NOTHING = SafeText("")
T = TypeVar("T")
ASCII_CLASS = "-ascii"
"""A CSS class that the app has where the terminal shows ASCII alone."""


class Ground(StrEnum):
    """Background of a line."""

    PLAIN = "plain"
    CURSOR = "cursor"
    """The cursor row of the pane that has the focus."""
    RESTING = "resting"
    """The cursor row of the other pane."""
    TINT = "tint"
    """The search row, code."""
    BAND = "band"
    """Banners and questions."""
    FADED = "faded"
    """Content that is about to be replaced: every text is dim."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The styles of one theme; pure, so that every theme can be tested without an app."""

    values: tuple[str, ...]
    """The theme's values of `VARIABLES`, as CSS."""
    monochrome: bool = False
    """No colour at all."""

    @property
    def native(self) -> bool:
        """True for a theme of the terminal's own sixteen colours, which nothing can be computed from."""
        return self.values[VARIABLES.index("background")].startswith("ansi_")

    def style(self, span: Span, ground: Ground = Ground.PLAIN) -> Style:
        """The style of a span on a ground."""
        return _style(self, replace(span, text=NOTHING), ground)

    def ground_style(self, ground: Ground = Ground.PLAIN) -> Style:
        """The style of empty cells on a ground."""
        return _style(self, Span(NOTHING), ground)

    def colour(self, role: Role, ground: Ground = Ground.PLAIN) -> Color:
        """The colour of a role on a ground, moved towards the foreground until it is legible; not for native themes."""
        roles, grounds = _colours(self.values)
        role = _settled(role, ground)
        return roles[role] if role in NOT_TEXT else legible(roles[role], roles[Role.TEXT], grounds[ground])

    def ground(self, ground: Ground) -> Color:
        """The colour of a ground; not for native themes."""
        return _colours(self.values)[1][ground]


@lru_cache(maxsize=32)
def _colours(values: tuple[str, ...]) -> tuple[Mapping[Role, Color], Mapping[Ground, Color]]:
    """The colours of a theme's roles and grounds."""
    theme = {name: Color.parse(value) for name, value in zip(VARIABLES, values, strict=True)}
    foreground, background = theme["foreground"], theme["background"]
    roles = {role: theme[name] for role, name in FROM_THEME.items()}
    roles[Role.TEXT] = foreground
    roles[Role.DIM] = background.blend(foreground, 0.70)
    roles[Role.HAIR] = background.blend(foreground, 0.24)
    grounds = {
        Ground.PLAIN: background,
        Ground.FADED: background,
        Ground.CURSOR: theme["primary-muted"],
        Ground.RESTING: background.blend(foreground, 0.09),
        Ground.TINT: background.blend(foreground, 0.06),
        Ground.BAND: theme["warning-muted"],
    }
    return roles, grounds


def _settled(role: Role, ground: Ground) -> Role:
    """The role in effect: on a cursor row and a band the foreground alone, dim where the ground is faded."""
    if role in NOT_TEXT:
        return role
    if ground in {Ground.CURSOR, Ground.RESTING, Ground.BAND}:
        return Role.TEXT
    return Role.DIM if ground is Ground.FADED else role


@lru_cache(maxsize=1024)
def _style(palette: Palette, look: Span, ground: Ground) -> Style:
    if look.tint and ground is Ground.PLAIN:
        ground = Ground.TINT
    role = _settled(look.role, ground)
    bold, dim, reverse = look.bold, False, look.reverse
    colour: RichColor | None = None
    back: RichColor | None = None
    if not (palette.monochrome or palette.native):
        colour, back = palette.colour(role, ground).rich_color, palette.ground(ground).rich_color
    else:
        # Grounds have no colours here, so attributes mark them: the cursor row is reversed, a band bold.
        bold = bold or role in LOUD or ground is Ground.BAND
        dim = role in QUIET
        reverse = reverse != (ground is Ground.CURSOR)
        if not palette.monochrome and role in FROM_THEME:
            colour = Color.parse(palette.values[VARIABLES.index(FROM_THEME[role])]).rich_color
    return Style(
        color=colour,
        bgcolor=back,
        bold=bold or None,
        dim=dim or None,
        italic=look.italic or None,
        underline=look.underline or None,
        reverse=reverse or None,
    )


def legible(colour: Color, foreground: Color, ground: Color) -> Color:
    """`colour` moved towards `foreground` in tenths until it has 4.5 : 1 on `ground`, or else `foreground`."""
    steps = (colour.blend(foreground, tenths / 10) for tenths in range(10))
    return next((step for step in steps if contrast(step, ground) >= LEGIBLE), foreground)


def contrast(first: Color, second: Color) -> float:
    """The contrast of two opaque colours, from 1 to 21 (WCAG 2.1)."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def palette_of(app: App[T]) -> Palette:
    """The palette of the app's theme, read at each painting, so that a new theme is in effect at once."""
    variables = app.theme_variables
    return Palette(tuple(variables[name] for name in VARIABLES), app.no_color)


def glyphs_of(app: App[T]) -> Glyphs:
    """The set of marks to paint with."""
    return ASCII if app.has_class(ASCII_CLASS) else UNICODE


def strip_of(line: Line, width: int, palette: Palette, ground: Ground = Ground.PLAIN) -> Strip:
    """A line as a strip of exactly `width` cells, in which every segment has a style of its own."""
    segments = [Segment(span.text, palette.style(span, ground)) for span in line]
    return Strip(segments).adjust_cell_length(width, palette.ground_style(ground))
