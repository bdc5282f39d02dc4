"""Colours of a terminal (SGR) in a tool's output, as looks of ours; every other sequence stays visible.

A colour becomes the role that is nearest to it, so that it is legible in every theme, and has no effect beyond a look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from colorsys import rgb_to_hsv

from hermes_tui.render.block import Paint
from hermes_tui.render.line import Line, Role, Span, in_look_of
from hermes_tui.render.safe import safe_line
from store.base.late_dataclass import replace

_SEQUENCE = re.compile("(?:\x1b\\[|\x9b)([0-9;:]{0,64})m")
_ROLES = (Role.DIM, Role.ERROR, Role.GOOD, Role.WARNING, Role.ACCENT, Role.ACCENT, Role.ACCENT, Role.TEXT)
"""Roles of the eight colours of a terminal: black, red, green, yellow, blue, magenta, cyan, white."""
_ATTRIBUTES: Mapping[int, tuple[bool | None, bool | None, bool | None]] = {
    1: (True, None, None),
    3: (None, True, None),
    4: (None, None, True),
    22: (False, None, None),
    23: (None, False, None),
    24: (None, None, False),
}
"""Bold, italic and underline after a code; None where it leaves that as it is."""
_STEPS = (0, 95, 135, 175, 215, 255)
"""Amounts of red, green and blue in the cube of 216 colours."""


def coloured(like: Span) -> Paint:
    """Lines whose SGR sequences are read; the rest looks like `like`. A colour goes on in the lines below."""

    def paint(lines: Sequence[str]) -> Sequence[Line]:
        drawn = list[Line]()
        state = like
        for line in lines:
            runs = list(_runs(line.removesuffix("\r"), state, like))
            state = runs[-1][1]
            parts = tuple(in_look_of(look, safe_line(text)) for text, look in runs if text)
            drawn.append(parts or (state,))
        return drawn

    return paint


def _runs(line: str, state: Span, like: Span) -> Iterator[tuple[str, Span]]:
    """The texts of a line, each with its look."""
    if "m" not in line or ("\x1b" not in line and "\x9b" not in line):
        yield line, state
        return
    done = 0
    for found in _SEQUENCE.finditer(line):
        yield line[done : found.start()], state
        state = _after(found[1], state, like)
        done = found.end()
    yield line[done:], state


def _after(codes: str, state: Span, like: Span) -> Span:
    """The look after a sequence; what is not known changes nothing."""
    numbers = [int(code[:4] or "0") for code in codes.replace(":", ";").split(";")]
    while numbers:
        code = numbers.pop(0)
        if code in {38, 48, 58}:
            role = _extended(numbers)
            state = replace(state, role=role) if code == 38 and role else state
        else:
            state = _changed(code, state, like)
    return state


def _changed(code: int, state: Span, like: Span) -> Span:
    if code in _ATTRIBUTES:
        bold, italic, underline = _ATTRIBUTES[code]
        return replace(
            state,
            bold=state.bold if bold is None else bold,
            italic=state.italic if italic is None else italic,
            underline=state.underline if underline is None else underline,
        )
    if 30 <= code <= 37 or 90 <= code <= 97:
        return replace(state, role=_ROLES[code % 10])
    return {0: like, 2: replace(state, role=Role.DIM), 39: replace(state, role=like.role)}.get(code, state)


def _extended(numbers: list[int]) -> Role | None:
    """The role of a colour by number or by its parts, which are taken from `numbers`."""
    kind = numbers.pop(0) if numbers else 0
    if kind == 5 and numbers:
        return _of_256(numbers.pop(0))
    if kind == 2 and len(numbers) >= 3:
        red, green, blue = (min(number, 255) for number in numbers[:3])
        del numbers[:3]
        return _nearest(red, green, blue)
    return None


def _of_256(number: int) -> Role:
    if number < 16:
        return _ROLES[number % 8]
    if number > 231:
        return Role.DIM if number < 244 else Role.TEXT
    high, low = divmod(number - 16, 36)
    return _nearest(_STEPS[high], _STEPS[low // 6], _STEPS[low % 6])


def _nearest(red: int, green: int, blue: int) -> Role:
    """The role of a colour by its hue; a grey is text, or dim where it is dark."""
    hue, saturation, value = rgb_to_hsv(red / 255, green / 255, blue / 255)
    if saturation < 0.25:
        return Role.TEXT if value > 0.6 else Role.DIM
    degrees = hue * 360
    if degrees < 25 or degrees >= 335:
        return Role.ERROR
    if degrees < 70:
        return Role.WARNING
    return Role.GOOD if degrees < 165 else Role.ACCENT
